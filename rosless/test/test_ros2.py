# SPDX-License-Identifier: Apache-2.0
"""The `ros2` command, with a node that runs."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys

import pytest
import supervised
import yaml
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosless.ros2 import main
from rosless_helpers import LOOKALIKES, wait_until
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from std_srvs.srv import SetBool

ROS2 = "import sys; from rosless.ros2 import main; sys.exit(main())"


@pytest.fixture
def ros2(program):
    """ros2("topic list") -> a Program."""
    return lambda words: program(ROS2, *shlex.split(words))


@pytest.fixture
def said(ros2):
    """said("topic list", "node list") -> their outputs; both run at once and must succeed."""

    def run(*commands: str) -> list[str]:
        started = [ros2(words) for words in commands]
        ended = [one.end() for one in started]
        assert [(code, err) for code, _, err in ended] == [(0, "")] * len(ended)
        return [out for _, out, _ in ended]

    return run


@pytest.fixture
def camera(peer):
    """A node with a topic, a service, parameters and the like."""
    node = peer("-r", "__ns:=/left").node("camera")
    node.declare_parameter(
        "rate",
        30.0,
        ParameterDescriptor(
            description="Frames a second",
            additional_constraints="not too many",
            floating_point_range=[FloatingPointRange(from_value=0.5, to_value=60.0)],
        ),
    )
    node.declare_parameter("lens.name", "wide", ParameterDescriptor(read_only=True))
    node.declare_parameter("lens.k", [1.0, 0.5])
    node.heard = []
    node.create_subscription(Header, "in", node.heard.append, 10)
    node.image = node.create_publisher(Image, "image", qos_profile_sensor_data)

    def flip(request, response):
        response.success, response.message = not request.data, "done"
        return response

    node.create_service(SetBool, "flip", flip)
    return node


def test_list(camera, said):
    topics, nodes, services = said("topic list -t", "node list", "service list -t")
    assert topics.split()[::2] == ["/left/image", "/left/in", "/parameter_events", "/rosout"]
    assert "/left/image [sensor_msgs/msg/Image]\n" in topics
    assert nodes == "/left/camera\n"
    assert "/left/flip [std_srvs/srv/SetBool]\n" in services


def test_info(camera, said):
    short, verbose, topic, service, node = said(
        "topic info /left/image",
        "topic info -v /left/in",
        "topic type /left/in",
        "service type /left/flip",
        "node info /left/camera",
    )
    assert short == "Type: sensor_msgs/msg/Image\nPublisher count: 1\nSubscription count: 0\n"
    assert {
        "Publisher count: 0",
        "Node name: camera",
        "Node namespace: /left",
        "Endpoint type: SUBSCRIPTION",
        "  Reliability: RELIABLE",
    } <= set(verbose.splitlines())
    assert (topic, service) == ("std_msgs/msg/Header\n", "std_srvs/srv/SetBool\n")
    assert node.startswith("/left/camera\n  Subscribers:\n    /left/in: std_msgs/msg/Header\n")
    assert "\n  Service Servers:\n    /left/camera/describe_parameters: " in node
    assert node.endswith("  Service Clients:\n\n  Action Servers:\n\n  Action Clients:\n\n")


def test_echo(camera, ros2):
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    camera.create_publisher(String, "map", latched).publish(String(data="é"))
    started = [
        ros2("topic echo --once " + words)
        for words in (
            "/left/map",
            "/left/image",
            "/left/image --field header.frame_id",
            "--no-arr /left/image sensor_msgs/msg/Image",
            "/left/image --field nope",
        )
    ]
    wait_until(lambda: camera.image.get_subscription_count() == 4)
    camera.image.publish(Image(header=Header(frame_id="lens"), width=2, data=range(200)))
    (_, map_, _), (_, full, _), field, (_, short, _), bad = (one.end() for one in started)
    assert map_ == "data: é\n---\n"
    assert full.startswith("header:\n  stamp:\n    sec: 0\n    nanosec: 0\n  frame_id: lens\n")
    assert full.endswith("\n- 127\n- '...'\n---\n")
    assert field == (0, "lens\n---\n", "")
    assert "data: '<sequence type: array, length: 200>'" in short
    assert bad == (1, "", "ros2 topic: sensor_msgs/msg/Image has no field 'nope'\n")


def test_hz(camera, ros2):
    started = ros2("topic hz /left/image")
    camera.create_timer(0.02, lambda: camera.image.publish(Image()))
    rate = re.fullmatch(r"average rate: ([\d.]+)", started.line())
    assert 30 < float(rate[1]) < 70
    assert re.fullmatch(
        r"\tmin: [\d.]+s max: [\d.]+s std dev: [\d.]+s window: \d+", started.line()
    )
    started.popen.send_signal(signal.SIGINT)
    assert started.end()[::2] == (130, "")


def test_pub(camera, ros2):
    header = "/left/in std_msgs/msg/Header"
    once, thrice, endless = (
        ros2("topic pub " + words)
        for words in (
            f"--once {header} '{{stamp: {{sec: 3}}, frame_id: once}}'",
            "-t 3 -r 50 /left/in std_msgs/Header 'frame_id: thrice'",
            f"{header} '{{frame_id: 1}}'",
        )
    )
    code, out, err = once.end()
    assert (code, err) == (0, "") and "publishing #1: std_msgs.msg.Header(stamp=" in out
    assert thrice.end()[::2] == (0, "")
    wait_until(lambda: any(h.frame_id == "1" for h in camera.heard))
    endless.popen.send_signal(signal.SIGTERM)
    assert endless.end()[::2] == (143, "")
    heard = [(h.stamp.sec, h.frame_id) for h in camera.heard if h.frame_id != "1"]
    assert sorted(heard) == [(0, "thrice")] * 3 + [(3, "once")]


def test_call(camera, said):
    assert said("service call /left/flip std_srvs/srv/SetBool '{data: true}'") == [
        "requester: making request: std_srvs.srv.SetBool_Request(data=True)\n\nresponse:\n"
        "std_srvs.srv.SetBool_Response(success=False, message='done')\n\n"
    ]


def test_reading_parameters(camera, said):
    everything, listed, rate, k, described, dumped = said(
        "param list",
        "param list /left/camera",
        "param get /left/camera rate",
        "param get left/camera lens.k",
        "param describe /left/camera rate lens.name",
        "param dump /left/camera",
    )
    assert everything == "/left/camera:\n  lens.k\n  lens.name\n  rate\n  use_sim_time\n"
    assert listed == everything.partition("\n")[2]
    assert rate == "Double value is: 30.0\n" and k == "Double values are: [1.0, 0.5]\n"
    assert described == (
        "Parameter name: rate\n  Type: double\n  Description: Frames a second\n  Constraints:\n"
        "    Min value: 0.5\n    Max value: 60.0\n    Additional constraints: not too many\n"
        "Parameter name: lens.name\n  Type: string\n  Constraints:\n    Read only: true\n"
    )
    assert yaml.safe_load(dumped) == {
        "/left/camera": {
            "ros__parameters": {
                "rate": 30.0,
                "use_sim_time": False,
                "lens": {"name": "wide", "k": [1.0, 0.5]},
            }
        }
    }


def test_setting_parameters(camera, ros2):
    started = [
        ros2(f"param set /left/camera {words}")
        for words in ("rate 61.0", "rate fast", "lens.name x", "nope 1", "rate 25.0")
    ]
    ended = [one.end() for one in started]
    for (code, out, _), reason in zip(
        ended, ("out of range", "Wrong parameter type", "read-only", "undeclared parameter")
    ):
        assert code == 1 and re.match(f"Setting parameter failed: .*{reason}", out)
    assert ended[-1] == (0, "Set parameter successful\n", "")
    assert camera.get_parameter("rate").value == 25.0


@pytest.mark.differs(
    "`ros2 param dump`",
    "leaves out parameters that are not set; ROS 2 writes `null`, which it reads as text",
)
def test_what_is_dumped_is_read_as_it_was(camera, peer, ros2, tmp_path):
    texts = {f"text.{number}": text for number, text in enumerate(LOOKALIKES)}
    for name, text in texts.items():
        camera.declare_parameter(name, text)
    camera.declare_parameter("texts", list(LOOKALIKES))
    camera.declare_parameter("1e3.on", "a key")
    camera.declare_parameter("lens.name.of", "below a name that has a value")
    camera.declare_parameter("unset", None, ParameterDescriptor(dynamic_typing=True))
    code, dumped, err = ros2("param dump /left/camera").end()
    assert (code, err) == (0, "")
    file = tmp_path / "camera.yaml"
    file.write_text(dumped, encoding="utf-8")
    again = peer("-r", "__ns:=/left", "--params-file", str(file)).node("camera")
    wanted = {
        name: p.value
        for name, p in camera.get_parameters_by_prefix("").items()
        if name not in ("use_sim_time", "unset")
    }
    assert len(wanted) == len(texts) + 6
    for name, value in wanted.items():
        assert again.declare_parameter(name, value).value == value, name
    assert not again._rcl_overrides.keys() - wanted.keys() - {"use_sim_time"}


def test_loading_parameters(camera, ros2, tmp_path):
    file = tmp_path / "p.yaml"
    camera.declare_parameter("label", "")
    file.write_text(
        "/**: {ros__parameters: {lens: {k: [2.0]}}}\n"
        "/left/camera: {ros__parameters: {rate: 12.5, label: '1e3'}}\n"
        "other: {ros__parameters: {rate: 1.0}}\n"
    )
    loaded = "Set parameter rate successful\nSet parameter label successful\n"
    assert ros2(f"param load /left/camera {file}").end() == (0, loaded, "")
    assert [camera.get_parameter(n).value for n in ("rate", "label", "lens.k")] == [
        12.5,
        "1e3",
        camera.get_parameter("lens.k").value,
    ]
    assert camera.get_parameter("lens.k").value[0] == 1.0
    assert ros2(f"param load --use-wildcard left/camera {file}").end() == (
        0,
        "Set parameter lens.k successful\n" + loaded,
        "",
    )
    assert list(camera.get_parameter("lens.k").value) == [2.0]
    file.write_text("/left/camera: {ros__parameters: {lens: {name: x}, rate: 1.5, nope: 1}}\n")
    code, out, err = ros2(f"param load /left/camera {file}").end()
    assert (code, out) == (1, "Set parameter rate successful\n")
    assert re.fullmatch(
        "Set parameter lens.name failed: .*read-only.*\n"
        "Set parameter nope failed: .*undeclared.*\n",
        err,
    )
    file.write_text("/**: {ros__parameters: {rate: 1.0}}\n")
    assert ros2(f"param load /left/camera {file}").end() == (
        1,
        "",
        f"ros2 param: '{file}' has no parameters of /left/camera; --use-wildcard also uses "
        "those of /**\n",
    )


def test_interfaces(said):
    service, message, listed = said(
        "interface show std_srvs/srv/SetBool",
        "interface show std_msgs/msg/String",
        "interface list",
    )
    assert service.count("---\n") == 1 and message == "string data\n"
    assert {"std_msgs/msg/String", "std_srvs/srv/SetBool"} < set(listed.split())


@pytest.mark.parametrize(
    "words, code, message",
    [
        ("doctor", 2, "ros2: rosless has no command 'doctor'; it has action, bag, interface"),
        ("topic", 2, "the following arguments are required: verb"),
        ("topic nope /x", 2, "invalid choice: 'nope'"),
        (
            "topic echo /x nope_msgs/msg/X",
            1,
            "ros2 topic: unknown interface type 'nope_msgs/msg/X'",
        ),
        ("topic echo x/ std_msgs/msg/String", 1, "Invalid topic name 'x/'"),
        (
            "topic pub /x std_msgs/msg/String '{nope: 1}'",
            1,
            "std_msgs/msg/String has no field 'nope'",
        ),
        (
            "topic pub /x std_msgs/msg/String [1]",
            1,
            "values of std_msgs/msg/String must be a mapping",
        ),
        (
            "topic pub /x std_msgs/msg/Int32 '{data: a}'",
            1,
            "The 'data' field must be of type 'int'",
        ),
        ("topic pub /x std_msgs/msg/Int32 '{a'", 1, "'{a' is not YAML"),
        ("topic pub -r 0 /x std_msgs/msg/Int32", 1, "--rate must be above 0, not 0.0"),
        ("service call /x std_msgs/msg/String", 1, "'std_msgs/msg/String' is not a service type"),
        (
            "service call --timeout 0.1 /x std_srvs/srv/SetBool",
            1,
            "ros2 service: service '/x' did not appear in 0.1 s",
        ),
        ("param get /left/camera no", 1, "ros2 param: parameter not set: 'no' of /left/camera"),
        ("interface show nope", 1, "unknown interface 'nope': give <package>/msg/<Name>"),
    ],
)
def test_one_line_says_what_is_wrong(camera, monkeypatch, capsys, words, code, message):
    monkeypatch.setattr(sys, "argv", ["ros2", *shlex.split(words)])
    try:
        got = main()
    except SystemExit as end:  # argparse raises it
        got = end.code
    assert got == code and message in capsys.readouterr().err


def test_what_is_not_there(ros2):
    cases = {
        "topic echo /no": "ros2 topic: topic '/no' does not appear to be published yet",
        "node info /no": "ros2 node: unable to find node '/no'; see `ros2 node list`",
        "param get /no x": "ros2 param: node not found: '/no'; see `ros2 node list`",
    }
    started = [ros2(words) for words in cases]
    for one, message in zip(started, cases.values()):
        code, out, err = one.end()
        assert code == 1 and err.startswith(message) and err.count("\n") == 1


def test_that_a_command_waits_is_not_among_what_it_writes(ros2):
    """What `ros2 param dump` writes goes into a file."""
    code, out, err = ros2("service call --timeout 0.5 /no std_srvs/srv/SetBool").end()
    assert code == 1 and "waiting for service" in err and "waiting" not in out


def test_what_the_system_refuses_is_one_line(program):
    env = {"CYCLONEDDS_URI": "<x"}
    code, out, err = program(ROS2, "topic", "list", env=env).end()
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("ros2 topic: Cyclone DDS cannot join domain ")
    assert "Traceback" not in err


def test_nobody_needs_to_read_all(camera):
    camera.create_timer(0.01, lambda: camera.image.publish(Image()))
    env = {**os.environ, "CODE": "import rosless; rosless.activate(); " + ROS2}
    env.pop("PYTHONUNBUFFERED", None)
    for words, reader, lines in (
        ("interface list", "head -n 1", 1),
        ("topic echo /left/image", "head -n 1", 1),
        ("interface show std_msgs/msg/String", "true", 0),
    ):
        done = supervised.run(
            [
                "sh",
                "-c",
                f'{{ "{sys.executable}" -c "$CODE" {words}; echo "code $?" >&2; }} | {reader}',
            ],
            env=env,
        )
        assert (done.stdout.count("\n"), done.stderr) == (lines, "code 0\n")
