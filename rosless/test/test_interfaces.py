# SPDX-License-Identifier: Apache-2.0
"""Messages and services: rosidl's rules for Python, CDR, and interface files of packages."""

from __future__ import annotations

import copy
import importlib
import itertools
import pickle
import sys
from array import array
from functools import lru_cache

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Polygon, Pose, PoseWithCovariance
from rcl_interfaces.msg import ParameterType, ParameterValue
from rosbags.typesys import Stores, get_typestore
from rosless.interfaces import definition
from rosless.messages import deserialize, serialize, type_hash
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import (
    Bool,
    Byte,
    ByteMultiArray,
    Char,
    Float32,
    Float32MultiArray,
    Float64,
    Header,
    Int8,
    Int64,
    String,
    UInt8,
)
from std_srvs.srv import SetBool, Trigger
from supervised import run

from rosless import definitions, interfaces, messages

# Making messages


def test_fields_have_defaults_and_can_be_given():
    header = Header(frame_id="camera")
    assert (header.frame_id, header.stamp) == ("camera", Time(sec=0, nanosec=0))
    assert Pose().orientation.w == 1.0  # the definition says so
    assert Header().stamp is not Header().stamp
    assert SetBool.Request().data is False and SetBool.Response().message == ""


def test_unknown_fields_are_refused():
    with pytest.raises(AssertionError, match="std_msgs/msg/Header: nope; its fields are stamp"):
        Header(nope=1)
    with pytest.raises(AttributeError):
        Header().nope = 1


def test_constants():
    assert ParameterType.PARAMETER_DOUBLE == 3
    assert PointCloud2().fields == []  # a field whose name rosless could use itself


@pytest.mark.parametrize(
    "kind, good",
    [
        (String, "é" * 3),
        (String, ""),
        (Bool, True),
        (Byte, b"\xff"),
        (Char, 255),
        (UInt8, 255),
        (Int8, -128),
        (Int64, 2**63 - 1),
        (Float32, 1.5),
        (Float64, 1e300),
        (Float32, float("nan")),
        (Float32, float("inf")),
        (Float64, np.float64(2.0)),
        (ByteMultiArray, [b"a", b"\x80"]),
    ],
)
def test_values_that_fit(kind, good):
    message = kind(data=good)
    assert message.data is good or message.data == good
    again = deserialize(serialize(message), kind)
    assert again == message or good != good  # nan


@pytest.mark.differs(
    "Fields of messages",
    "always checked, as in Humble; Jazzy checks them only with `ROS_PYTHON_CHECK_FIELDS=1`",
    "`AssertionError: The 'data' field must be of type 'str', not 5`",
)
@pytest.mark.parametrize(
    "kind, bad, message",
    [
        (String, 5, "The 'data' field must be of type 'str', not 5"),
        (String, b"x", "of type 'str'"),
        (Bool, 1, "of type 'bool', not 1"),
        (Byte, 3, "of type 'bytes' with length 1, not 3"),
        (Byte, b"ab", "of type 'bytes' with length 1"),
        (UInt8, 256, r"an integer in \[0, 255\], not 256"),
        (UInt8, -1, r"an integer in \[0, 255\], not -1"),
        (Int8, 1.0, "of type 'int', not 1.0"),
        (Int64, 2**63, "an integer in"),
        (Float32, 1, "of type 'float', not 1"),
        (Float32, 1e39, "a float in"),
        (ByteMultiArray, [1], "of type 'bytes' with length 1, not 1"),
        (ByteMultiArray, 1, "a sequence of octet, not 1"),
        (Header, 1, "unknown"),
    ],
)
def test_values_that_do_not_fit(kind, bad, message):
    if kind is Header:
        with pytest.raises(AssertionError, match="a sub message of type 'Time', not 1"):
            Header(stamp=bad)
        return
    before = kind()
    with pytest.raises(AssertionError, match=message):
        before.data = bad
    assert before == kind()


# Arrays


def test_fixed_arrays_of_numbers_are_numpy():
    info = CameraInfo()
    assert info.k.dtype == np.float64 and info.k.shape == (9,)
    info.k[4] = 2.0
    assert CameraInfo().k[4] == 0.0  # messages share no default
    info.k = list(range(9))
    assert info.k.dtype == np.float64
    mine = np.arange(9.0)
    info.k = mine
    assert info.k is mine
    for bad, message in (
        ([0.0] * 8, "exactly 9 elements, not '8 elements'"),
        (3, "a sequence"),
        (np.zeros(9, np.float32), "one-dimensional with dtype float64"),
        (np.zeros((9, 1)), "one-dimensional"),
        (["a"] * 9, "only float64 val"),
    ):
        with pytest.raises(AssertionError, match=message):
            info.k = bad


@pytest.mark.parametrize(
    "given",
    [
        array("B", [1, 2]),
        b"\1\2",
        bytearray(b"\1\2"),
        memoryview(b"\1\2"),
        [1, 2],
        (1, 2),
        np.array([1, 2], np.uint8),
        np.array([1, 2], np.int64),
        np.array([[1], [2]], np.uint8),
        range(1, 3),
    ],
)
def test_sequences_of_numbers_are_arrays(given):
    image = Image(data=given)
    assert image.data == array("B", [1, 2])
    if isinstance(given, array):
        assert image.data is given  # not copied


@pytest.mark.parametrize(
    "bad",
    ["ab", [256], [-1], [0.5], ["a"], [None], {1, 2}, 5, None, np.array([1.0]), np.array([300])],
)
def test_sequences_refuse_what_would_change(bad):
    with pytest.raises(AssertionError, match="The 'data' field must"):
        Image(data=bad)


def test_sequences_can_grow():
    polygon, points = Polygon(), []
    polygon.points = points
    from geometry_msgs.msg import Point32

    points.append(Point32(x=1.0))
    polygon.points.append(Point32())
    assert len(polygon.points) == 2 and polygon.points[0].x == 1.0
    with pytest.raises(AssertionError, match="sub message of type 'Point32'"):
        polygon.points = [Point()]
    floats = Float32MultiArray(data=[1, 2.5])
    floats.data.append(3.0)
    assert floats.data == array("f", [1, 2.5, 3])


# Methods of messages


def test_equality():
    assert Header(frame_id="a") == Header(frame_id="a") != Header(frame_id="b")
    assert CameraInfo() == CameraInfo() != CameraInfo(k=[1.0] * 9)
    assert String(data="a") != String(data="a\0")
    assert String() != Char() and String() != "" and Point(x=float("nan")) != Point(x=float("nan"))


def test_text():
    assert repr(Header(frame_id="a")) == (
        "std_msgs.msg.Header(stamp=builtin_interfaces.msg.Time(sec=0, nanosec=0), frame_id='a')"
    )
    assert repr(UInt8(data=3)) == "std_msgs.msg.UInt8(data=3)"
    assert "data=[1, 2]" in repr(Image(data=[1, 2]))
    assert repr(SetBool.Request(data=True)) == "std_srvs.srv.SetBool_Request(data=True)"


def test_field_types():
    assert ParameterValue.get_fields_and_field_types()["byte_array_value"] == "sequence<octet>"
    types = CameraInfo.get_fields_and_field_types()
    assert (types["k"], types["d"], types["roi"]) == (
        "double[9]",
        "sequence<double>",
        "sensor_msgs/RegionOfInterest",
    )


@pytest.mark.parametrize("message", [Header(frame_id="a"), SetBool.Request(data=True), Image()])
def test_messages_can_be_copied_and_pickled(message):
    assert copy.deepcopy(message) == pickle.loads(pickle.dumps(message)) == message


# On the wire


def test_cdr_is_what_ros_2_writes():
    """The bytes come from rmw_cyclonedds of ROS 2 Jazzy."""
    assert serialize(String(data="abc")) == bytes.fromhex("000100000400000061626300")
    assert serialize(Header(stamp=Time(sec=1, nanosec=2), frame_id="f")) == bytes.fromhex(
        "000100000100000002000000020000006600"
    )
    assert serialize(Trigger.Request()) == bytes.fromhex("0001000000")


NUMBERS = [0, 1, -1, 127, -128, 2**31 - 1]
TEXTS = ["", "a", "é\n€", "x" * 1000]


@pytest.mark.parametrize("text, number", itertools.product(TEXTS, NUMBERS))
def test_messages_come_back_from_cdr(text, number):
    pose = PoseWithCovariance(covariance=[float(number)] * 36)
    pose.pose.position.x = float(number)
    value = ParameterValue(
        bool_value=number > 0,
        integer_value=number,
        string_value=text,
        byte_array_value=[bytes([number & 255])] * 3,
        bool_array_value=[True, False],
        integer_array_value=NUMBERS,
        double_array_value=[0.5] * len(text),
        string_array_value=TEXTS,
    )
    image = Image(header=Header(frame_id=text), data=text.encode(), height=abs(number))
    for message in (pose, value, image, SetBool.Response(success=True, message=text)):
        again = deserialize(serialize(message), type(message))
        assert again == message
        assert [type(getattr(again, n)) for n in message.get_fields_and_field_types()] == [
            type(getattr(message, n)) for n in message.get_fields_and_field_types()
        ]


def test_big_endian_cdr_is_understood():
    assert deserialize(bytes.fromhex("00000000000000026600"), String).data == "f"


def test_bytes_that_are_no_cdr():
    whole = serialize(Image(header=Header(frame_id="camera"), data=bytes(100)))
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=f"{length} bytes are not the CDR of a sensor_msgs/"):
            deserialize(whole[:length], Image)
    wrong = whole[:12] + b"\xff" * 4 + whole[16:]  # the length of frame_id
    with pytest.raises(ValueError, match="are not the CDR"):
        deserialize(wrong, Image)


def test_hashes_are_those_of_ros_2():
    assert type_hash("std_msgs/msg/String") == (
        "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
    )


# Finding types


def test_types_are_found_by_name():
    assert interfaces.get_interface("std_msgs/String") is String
    assert interfaces.get_interface("std_srvs/srv/SetBool") is SetBool
    for bad in ("std_msgs/msg/Nope", "nope_msgs/msg/String", "String", "std_msgs/action/String"):
        with pytest.raises(ValueError, match=f"unknown interface type '{bad}'"):
            interfaces.get_interface(bad)
    with pytest.raises(ImportError):
        importlib.import_module("nope_msgs.msg")
    with pytest.raises(ImportError, match="cannot import name 'Nope'"):
        from std_msgs.msg import Nope  # noqa: F401
    names: dict = {}
    exec("from std_srvs.srv import *", names)
    assert names["SetBool"] is SetBool


DEFINITIONS = {
    "msg/Part.msg": """# One part.
uint8 LEFT=1
uint8 RIGHT = 2  # the other
string NAME="a # b"
float32 SCALE=-1.5
byte MARK=200
bool ON=true
# What follows has defaults.
uint8 side 2
string name "none"  # its name
float32[2] box [1.0, 2.0]
int16[] list [1, -2]
string[] words ["a", "b"]
bool on true
""",
    "msg/Whole.msg": """std_msgs/Header header
Part main
Part[] parts
Part[2] two
float64[<=3] few
string<=4 short
Part[<=1] one
bool[] flags
byte[2] pair
byte[2] ends [1, 200]
char letter
""",
    "msg/Empty.msg": "",
    "msg/Wide.msg": "wstring text\n",
    "srv/Ask.srv": """uint8 HOW=1
string question "why"
Part about
---
string answer
Whole[] all
""",
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The folder of a package `shop` with these definitions, found by AMENT_PREFIX_PATH."""
    for name, text in DEFINITIONS.items():
        file = tmp_path / "share" / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    # Its own cache: clearing the common one would also make new classes for types in use.
    common = messages.message_class
    own = lru_cache(maxsize=None)(common.__wrapped__)
    monkeypatch.setattr(
        messages,
        "message_class",
        lambda name: (own if name.startswith("shop/") else common)(name),
    )
    yield tmp_path / "share" / "shop"
    for name in [n for n in sys.modules if n.partition(".")[0] == "shop"]:
        del sys.modules[name]
    for typename in [n for n in definitions.store.fielddefs if n.startswith("shop/")]:
        for store in (definitions.store, messages.wire):
            store.fielddefs.pop(typename, None)
            store.types.pop(typename, None)


@pytest.mark.differs(
    "`wstring` fields",
    "not there",
    "`ValueError: … pkg/msg/wstring is not installed, and rosless does not have it`",
)
def test_a_package_s_own_files(shop):
    from shop.msg import Empty, Part, Whole
    from shop.srv import Ask

    assert (Part.LEFT, Part.RIGHT, Part.NAME, Part.SCALE, Part.MARK, Part.ON) == (
        1,
        2,
        "a # b",
        -1.5,
        b"\xc8",
        True,
    )
    part = Part()
    assert (part.side, part.name, part.on) == (2, "none", True)
    assert part.box.tolist() == [1.0, 2.0] and part.list == array("h", [1, -2])
    assert part.words == ["a", "b"]
    whole = Whole(
        header=Header(frame_id="x"),
        parts=[Part(side=1)],
        few=[1.0],
        short="abcd",
        flags=[True],
        pair=[b"a", b"b"],
        letter=7,
    )
    assert [p.side for p in whole.two] == [2, 2] and whole.two[0] is not whole.two[1]
    assert Whole().ends == [b"\x01", b"\xc8"]
    assert Ask.Request().question == "why" and Ask.Request.HOW == 1
    for message in (whole, Empty(), part, Ask.Response(all=[whole])):
        assert deserialize(serialize(message), type(message)) == message
    for bad in (
        {"short": "abcde"},
        {"few": [1.0] * 4},
        {"two": [Part()]},
        {"pair": [b"a"]},
        {"one": [Part(), Part()]},
    ):
        with pytest.raises(AssertionError, match=f"The '{next(iter(bad))}' field must be"):
            Whole(**bad)
    assert Whole.get_fields_and_field_types()["one"] == "sequence<shop/Part, 1>"
    assert definition("shop/msg/Part") == DEFINITIONS["msg/Part.msg"]
    assert "shop/srv/Ask" in interfaces.interface_names()
    with pytest.raises(ValueError, match="shop/msg/Wide: shop/msg/wstring is not installed"):
        from shop.msg import Wide  # noqa: F401


@pytest.mark.parametrize(
    "file, text, message",
    [
        ("msg/Bad.msg", "uint8\n", "Bad.msg cannot be read"),
        ("msg/Bad.msg", "nosuch a\n", "shop/msg/Bad: shop/msg/nosuch is not installed"),
        ("srv/Bad.srv", "uint8 a\n", "Bad.srv: a service must have one line ---"),
    ],
)
def test_a_bad_file_is_named(shop, file, text, message):
    (shop / file).write_text(text)
    module = importlib.import_module(f"shop.{file[:3]}")
    with pytest.raises(ValueError, match=message):
        module.Bad


def test_pythons_own_names_are_no_message_packages():
    """Python tries them while it imports what is needed to look for packages."""
    code = (
        "import contextlib, sys\n"
        "with contextlib.suppress(ImportError):\n    import _winapi\n"
        "print('rosless.index' in sys.modules)"
    )
    done = run([sys.executable, "-c", code])
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_ros_2_s_definitions_are_those_of_rosbags():
    theirs = get_typestore(Stores.ROS2_JAZZY).fielddefs
    ours = {name: definitions.store.fielddefs.get(name) for name in theirs}
    assert ours == theirs, "run tools/rosless_definitions.py"
