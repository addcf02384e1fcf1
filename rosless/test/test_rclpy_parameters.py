# SPDX-License-Identifier: Apache-2.0
"""Parameters, and `--ros-args`."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
import pytest
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    Log,
    ParameterDescriptor,
    ParameterEvent,
    SetParametersResult,
)
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy import logging
from rclpy._arguments import Arguments
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter
from rclpy.utilities import remove_ros_args
from rosless_helpers import wait_until
from std_msgs.msg import String
from std_srvs.srv import Trigger


@pytest.fixture
def node(peer):
    """A node with a parameter of each kind."""
    made = peer().node("camera")
    made.declare_parameter(
        "rate",
        30.0,
        ParameterDescriptor(
            description="Frames a second",
            floating_point_range=[FloatingPointRange(from_value=0.5, to_value=60.0, step=0.5)],
        ),
    )
    made.declare_parameter(
        "width",
        640,
        ParameterDescriptor(integer_range=[IntegerRange(from_value=0, to_value=4096, step=16)]),
    )
    made.declare_parameters("lens", [("name", "wide"), ("k", [1.0, 0.5]), ("on", True)])
    made.declare_parameter("serial", "A1", ParameterDescriptor(read_only=True))
    return made


def call(node, srv_type, name: str, **fields):
    client = node.create_client(srv_type, f"/camera/{name}")
    assert client.wait_for_service(5.0)
    return client.call(srv_type.Request(**fields), timeout_sec=5.0)


# Declaring and reading


def test_parameters_have_defaults(node):
    assert node.get_parameter("rate").value == 30.0
    assert node.get_parameter("lens.k").value == [1.0, 0.5]
    assert {n: p.value for n, p in node.get_parameters_by_prefix("lens").items()} == {
        "name": "wide",
        "k": [1.0, 0.5],
        "on": True,
    }
    assert node.describe_parameter("rate").description == "Frames a second"
    assert node.has_parameter("use_sim_time") and not node.has_parameter("nope")
    assert node.get_parameter_or("nope", Parameter("nope", value=1)).value == 1


def test_errors_of_declaring_and_reading(node):
    with pytest.raises(ParameterAlreadyDeclaredException, match="already declared: rate"):
        node.declare_parameter("rate", 1.0)
    with pytest.raises(ParameterNotDeclaredException, match="undeclared parameter.*: nope"):
        node.get_parameter("nope")
    with pytest.raises(TypeError, match="is not a parameter value: it must be a bool, int"):
        node.declare_parameter("bad", {"a": 1})
    with pytest.raises(InvalidParameterValueException, match="size.*Min: 0, Max: 3, value: 9"):
        node.declare_parameter(
            "size", 9, ParameterDescriptor(integer_range=[IntegerRange(from_value=0, to_value=3)])
        )
    assert not node.has_parameter("size")
    node.declare_parameter("must", Parameter.Type.STRING)
    with pytest.raises(ParameterUninitializedException, match="not initialized: must"):
        node.get_parameter("must")
    node.undeclare_parameter("must")
    with pytest.raises(ParameterImmutableException, match="serial"):
        node.undeclare_parameter("serial")


def test_one_descriptor_serves_several_parameters(node):
    shared = ParameterDescriptor(description="A side")
    node.declare_parameter("left", 1, shared)
    node.declare_parameter("right", "x", shared)
    assert (node.describe_parameter("left").name, shared.name) == ("left", "")
    assert node.set_parameters([Parameter("left", value=2)])[0].successful


# Setting


@pytest.mark.parametrize(
    "name, value, reason",
    [
        ("rate", 15.5, ""),
        ("width", 4096, ""),
        ("lens.k", [], ""),
        ("rate", 15, "Wrong parameter type, expected 'Type.DOUBLE' got 'Type.INTEGER'"),
        ("rate", 61.0, "Parameter rate out of range Min: 0.5, Max: 60.0, value: 61.0"),
        ("rate", 15.3, "The parameter value for rate is not a valid step"),
        ("width", 17, "The parameter value for width is not a valid step"),
        ("width", None, "Wrong parameter type"),
        ("lens.name", 1, "Wrong parameter type"),
        ("serial", "B", "Trying to set a read-only parameter: serial."),
    ],
)
def test_values_are_checked(node, name, value, reason):
    before = node.get_parameter(name).value
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert result.successful == (not reason) and result.reason.startswith(reason)
    assert node.get_parameter(name).value == (before if reason else value)


def test_callbacks_refuse_and_change(node):
    told = []

    def refuse(parameters):
        bad = [p.name for p in parameters if p.value == 13.0]
        return SetParametersResult(successful=not bad, reason=f"unlucky: {bad}")

    node.add_on_set_parameters_callback(refuse)
    node.add_pre_set_parameters_callback(
        lambda parameters: [*parameters, Parameter("lens.on", value=False)]
    )
    node.add_post_set_parameters_callback(lambda ps: told.extend(p.name for p in ps))
    result = node.set_parameters_atomically(
        [Parameter("width", value=320), Parameter("rate", value=13.0)]
    )
    assert not result.successful and result.reason == "unlucky: ['rate']"
    assert node.get_parameter("width").value == 640 and not told  # all or none
    assert all(r.successful for r in node.set_parameters([Parameter("width", value=320)]))
    assert told == ["width", "lens.on"] and node.get_parameter("lens.on").value is False
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("nope", value=1)])


class Lens(IntEnum):
    WIDE = 2


@pytest.mark.parametrize(
    "value, kind",
    [
        (np.float64(1.5), "DOUBLE"),
        (Lens.WIDE, "INTEGER"),
        ([np.float64(1.5), 2.5], "DOUBLE_ARRAY"),
        (True, "BOOL"),
        ([True, False], "BOOL_ARRAY"),
    ],
)
def test_values_of_subclasses_are_values(node, value, kind):
    assert Parameter("x", value=value).type_ is Parameter.Type[kind]
    assert node.declare_parameter("any", value).value == value
    assert (
        Parameter("any", value=value).to_parameter_msg().value
        == node.get_parameter("any").get_parameter_value()
    )


def test_a_callback_that_forgets_to_answer_refuses(node, capfd):
    node.add_on_set_parameters_callback(lambda parameters: None)
    (result,) = node.set_parameters([Parameter("width", value=320)])
    assert not result.successful and "returned None, wanted a SetParametersResult" in result.reason
    assert "returned None" in capfd.readouterr().err


def test_a_callback_before_that_leaves_nothing_refuses(node):
    node.add_pre_set_parameters_callback(lambda parameters: [])
    result = node.set_parameters_atomically([Parameter("width", value=320)])
    assert not result.successful and result.reason.startswith("parameter list cannot be empty")


def test_a_parameter_that_is_set_to_nothing_is_declared_no_more(peer):
    node = peer().node("free", allow_undeclared_parameters=True)
    node.set_parameters([Parameter("new", value=2)])
    assert node.set_parameters([Parameter("new", value=None)])[0].successful
    assert not node.has_parameter("new")


def test_changes_are_told_to_everybody(peer, node):
    events = []
    peer().node().create_subscription(ParameterEvent, "/parameter_events", events.append, 100)
    wait_until(lambda: node.count_subscribers("/parameter_events"))
    wait_until(lambda: node._rcl_parameter_events.get_subscription_count())
    node.set_parameters([Parameter("width", value=320)])
    wait_until(
        lambda: (
            [
                (e.node, e.changed_parameters[0].value.integer_value)
                for e in events
                if e.changed_parameters
            ]
            == [("/camera", 320)]
        )
    )


def test_undeclared_parameters_can_be_allowed(peer):
    node = peer("-p", "given:=1").node(
        "free",
        allow_undeclared_parameters=True,
        automatically_declare_parameters_from_overrides=True,
        parameter_overrides=[Parameter("also", value="x")],
    )
    assert [node.get_parameter(n).value for n in ("given", "also", "nope")] == [1, "x", None]
    assert node.set_parameters([Parameter("new", value=2)])[0].successful
    assert node.get_parameter("new").value == 2


# From other nodes


def test_services(peer, node):
    other = peer().node("other")
    names = call(other, ListParameters, "list_parameters").result
    assert set(names.names) >= {"rate", "lens.k"} and names.prefixes == ["lens"]
    assert call(other, ListParameters, "list_parameters", prefixes=["lens"]).result.names == [
        "lens.k",
        "lens.name",
        "lens.on",
    ]
    rate, k, nope = call(
        other, GetParameters, "get_parameters", names=["rate", "lens.k", "nope"]
    ).values
    assert (rate.double_value, list(k.double_array_value), nope.type) == (30.0, [1.0, 0.5], 0)
    assert list(
        call(other, GetParameterTypes, "get_parameter_types", names=["rate", "nope"]).types
    ) == [3, 0]
    (serial,) = call(
        other, DescribeParameters, "describe_parameters", names=["serial"]
    ).descriptors
    assert serial.read_only and serial.type == 4
    new = [Parameter("rate", value=10.0), Parameter("width", value=-16), Parameter("no", value=1)]
    results = call(
        other, SetParameters, "set_parameters", parameters=[p.to_parameter_msg() for p in new]
    ).results
    assert [r.successful for r in results] == [True, False, False]
    assert "undeclared parameter(s): no" in results[2].reason
    result = call(
        other,
        SetParametersAtomically,
        "set_parameters_atomically",
        parameters=[p.to_parameter_msg() for p in new[:2]],
    ).result
    assert not result.successful and node.get_parameter("rate").value == 10.0


# The command line


FILE = """
/**:
  ros__parameters: {rate: 1.0, lens: {name: any, k: [1, 2.5]}}
/left/camera:
  ros__parameters: {rate: 2.0, serial: L}
left:
  other: {ros__parameters: {rate: 3.0}}
  "*": {ros__parameters: {width: 7}}
"""


@pytest.mark.parametrize(
    "full_name, values",
    [
        ("/camera", {"rate": 1.0}),
        ("/left/camera", {"rate": 2.0, "serial": "L", "width": 7}),
        ("/left/other", {"rate": 3.0, "width": 7}),
        ("/left/deep/camera", {"rate": 1.0}),
    ],
)
def test_parameter_files(tmp_path, full_name, values):
    file = tmp_path / "p.yaml"
    file.write_text(FILE)
    arguments = Arguments(["x", "--ros-args", "--params-file", str(file)])
    assert arguments.parameters(full_name) == {"lens.name": "any", "lens.k": [1.0, 2.5], **values}


@pytest.mark.parametrize(
    "words, value",
    [
        ("-p a:=1 -p a:=2", 2),
        ("-p n:a:=1 -p a:=2", 2),
        ("-p a:=2 -p n:a:=1", 1),
        ("-p m:a:=3 -p a:=1", 1),
        ("-p a:=1 -- -p a:=9 --ros-args -p a:=4", 4),
    ],
)
def test_later_patterns_win(words, value):
    assert Arguments(["x", "--ros-args", *words.split()]).parameters("/n") == {"a": value}


@pytest.mark.differs(
    "A list of integers and floats, as a parameter", "a list of floats; ROS 2 refuses it"
)
@pytest.mark.parametrize(
    "text, value",
    [
        ("1", 1),
        ("-2", -2),
        ("1.", 1.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("true", True),
        ("off", False),
        ("hello", "hello"),
        ("'1'", "1"),
        ("", ""),
        ("12:30", "12:30"),
        ("2001-01-01", "2001-01-01"),
        ("1.2.3", "1.2.3"),
        ("[1, 2]", [1, 2]),
        ("[1, 2.5]", [1.0, 2.5]),
        ("['1']", ["1"]),
        ("/dev/video0", "/dev/video0"),
        ("a:=b", "a:=b"),
        # Like C's strtol and strtod, which rcl calls, and with rcl's words for true and false.
        ("y", True),
        ("N", False),
        ("0x1F", 31),
        ("010", 8),
        ("08", 8.0),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("+1", 1),
        ("12e4567", "12e4567"),
        ("inf", math.inf),
        ("-.inf", -math.inf),
        ("-Infinity", -math.inf),
        ("0x1p3", 8.0),
        ("99999999999999999999", 1e20),
        ("null", "null"),
        ("~", "~"),
        ("=", "="),
        ("!!str 1", "1"),
        ("nul", "nul"),
        ("1e3x", "1e3x"),
    ],
)
def test_values_are_yaml(text, value):
    got = Arguments(["x", "--ros-args", "-p", f"a:={text}"]).parameters("/n")["a"]
    assert got == value and type(got) is type(value)


@pytest.mark.differs(
    "Other `--ros-args` than those above, such as `--enclave`",
    "refused",
    "`ValueError: rosless does not know the ROS argument '--enclave'; …`",
)
@pytest.mark.parametrize(
    "words, message",
    [
        (["-p", "a=1"], "'a=1' is not a parameter: it must read name:=value or node:name:=value"),
        (["-p"], "'' is not a parameter"),
        (["-p", "a:=[1"], r"parameter value '\[1' is not YAML"),
        (["-p", "a:=[1, b]"], "a list parameter must hold one type of bool, int, float or str"),
        (["-p", "a:=#b"], "parameter value '#b' is a comment in YAML: put quotes around it"),
        (["-p", "a:=" + "[" * 9999], "is not YAML: it is nested too deeply"),
        (
            ["-p", "a:={b: 1}"],
            "{b: 1}: a parameter must be a bool, int, float, str or a list of one",
        ),
        (["-r", "a"], "'a' is not a remapping: it must read from:=to or node:from:=to"),
        (["-r", "/ns/n:a:=b"], "'/ns/n:a:=b' is not a remapping: .* the node's name alone"),
        (["-p", "/ns/n:a:=1"], "'/ns/n:a:=1' is not a parameter: .* the node's name alone"),
        (
            ["--params-file", "/no.yaml"],
            "parameter file '/no.yaml' cannot be read: .*No such file",
        ),
        (["-x"], "rosless does not know the ROS argument '-x'; it knows -r, -p"),
        (
            ["--enclave", "/x"],
            "rosless does not know the ROS argument '--enclave'; it knows -r, -p",
        ),
        (["--log-level", "loud"], "log level 'loud' is unknown: it must be one of unset, debug"),
    ],
)
def test_bad_arguments(peer, words, message):
    with pytest.raises(ValueError, match=message):
        peer(*words)


@pytest.mark.parametrize(
    "text, message",
    [
        ("- 1", "'top level' must be a mapping down to ros__parameters"),
        ("n: 1", "'/n' must be a mapping down to ros__parameters, not 1"),
        ("n: {ros__parameters: [1]}", "ros__parameters of '/n' must be a mapping"),
        ("n: {ros__parameters: {a: [1, x]}}", "p.yaml: a: a list parameter must hold one type"),
        (
            "n: {ros__parameters: {a: }}",
            "cannot be read: a value is missing: '' is the empty text",
        ),
        ("n: {ros__parameters: {a: &x [1], b: *x}}", r"aliases such as \*x are not supported"),
        ("n: {ros__parameters: {[a]: 1}}", "a key must be text"),
        ("n: {", "cannot be read"),
        ("\0", "cannot be read"),
    ],
)
def test_bad_parameter_files(tmp_path, text, message):
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        Arguments(["x", "--ros-args", "--params-file", str(file)])


def test_names_in_parameter_files_are_text(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("on: {ros__parameters: {1: {y: a}, 1e3: b, ~: c, <<: d}}")
    assert Arguments(["x", "--ros-args", "--params-file", str(file)]).parameters("/on") == {
        "1.y": "a",
        "1e3": "b",
        "~": "c",
        "<<": "d",
    }


def test_overrides_reach_the_node(peer):
    node = peer("-p", "rate:=5", "-p", "name:=x", "-p", "free:=[a]", "-p", "list:=[]").node("n")
    with pytest.raises(
        InvalidParameterTypeException,
        match="'rate' to '5' of type 'INTEGER', expecting type 'DOUBLE'",
    ):
        node.declare_parameter("rate", 1.0)
    assert node.declare_parameter("name", "y").value == "x"
    assert node.declare_parameter("free").value == ["a"]
    assert node.declare_parameter("list", ["a"]).value == []
    assert node.declare_parameter("kept", 1, ignore_override=True).value == 1
    with pytest.raises(ParameterException):
        node.declare_parameter("rate", 1.0)


@pytest.mark.parametrize(
    "words, own, topic, service",
    [
        ("", "/n", "/image", "/set"),
        ("-r __ns:=/left -r __node:=camera", "/left/camera", "/left/image", "/left/set"),
        ("-r image:=/x -r set:=put", "/n", "/x", "/put"),
        ("-r image:=a -r image:=b", "/n", "/a", "/set"),  # the first one wins
        ("-r n:image:=mine -r other:set:=theirs -r n:__node:=m", "/m", "/image", "/set"),
        ("-r m:image:=mine -r n:__node:=m", "/m", "/mine", "/set"),
        ("-r other:__node:=m -r n:__ns:=/a/b", "/a/b/n", "/a/b/image", "/a/b/set"),
        ("-r /image:=/x", "/n", "/x", "/set"),
        ("-r rostopic://image:=a -r n:rosservice://set:=put", "/n", "/a", "/put"),
        ("-r rosservice://image:=a -r rostopic://set:=put", "/n", "/image", "/set"),
        ("-r __ns:=/left -r image:=pic -r ~/own:=/own", "/left/n", "/left/pic", "/left/set"),
    ],
)
def test_remapping(peer, words, own, topic, service):
    node = peer(*words.split()).node("n")
    assert node.get_fully_qualified_name() == own
    assert node.create_publisher(String, "image", 1).topic_name == topic
    assert node.create_client(Trigger, "set").srv_name == service
    assert node.resolve_topic_name("image", only_expand=True).endswith("/image")
    if "own" in words:
        assert node.resolve_topic_name("~/own") == "/own"


@pytest.mark.parametrize("logs", ["stdout", "rosout"])
def test_logs_can_be_switched_off(peer, capfd, monkeypatch, logs):
    monkeypatch.setattr(logging, "to_terminal", True)
    one = peer(f"--disable-{logs}-logs")
    heard = []
    one.node("listener").create_subscription(Log, "/rosout", heard.append, 10)
    node = one.node("talker")
    node.get_logger().info("word")
    if logs == "stdout":
        wait_until(lambda: any(log.msg == "word" for log in heard))
        assert "word" not in capfd.readouterr().err
    else:
        assert "word" in capfd.readouterr().err and not node.count_publishers("/rosout")


def test_nodes_can_ignore_arguments(peer):
    one = peer("-r", "__ns:=/left", "-p", "a:=1", "-r", "x:=y")
    node = one.node("n", use_global_arguments=False)
    assert node.get_namespace() == "/" and node.declare_parameter("a", 0).value == 0
    assert node.resolve_topic_name("x") == "/x"


def test_other_arguments_are_left():
    assert remove_ros_args(["x", "-v", "--ros-args", "-p", "a:=1", "--", "file"]) == [
        "x",
        "-v",
        "file",
    ]
