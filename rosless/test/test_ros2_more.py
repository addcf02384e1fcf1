# SPDX-License-Identifier: Apache-2.0
"""More of the `ros2` command: automatic stamps, parts of messages, measures of topics."""

from __future__ import annotations

import re
import shlex
import signal
import sys

import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point32, Polygon, PolygonStamped
from rclpy.time import Time as RosTime
from rosless.ros2 import main
from rosless.ros2.values import field_of, from_yaml
from rosless_helpers import wait_until
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String

ROS2 = "import sys; from rosless.ros2 import main; sys.exit(main())"


@pytest.fixture
def ros2(program):
    """ros2("topic list") -> a Program."""
    return lambda words: program(ROS2, *shlex.split(words))


@pytest.fixture
def node(peer):
    return peer().node("camera")


def test_a_header_is_stamped_with_the_time_of_each_message(node, ros2):
    headers, times, began = [], [], node.get_clock().now().nanoseconds
    node.create_subscription(PolygonStamped, "shape", headers.append, 10)
    node.create_subscription(Time, "time", times.append, 10)
    node.create_subscription(Header, "head", times.append, 10)
    started = [
        ros2(f"topic pub -t 3 -r 20 {words}")
        for words in (
            "/shape geometry_msgs/msg/PolygonStamped '{header: auto, polygon: {points: [{x: 1}]}}'",
            "/head std_msgs/msg/Header '{stamp: now, frame_id: auto}'",
        )
    ]
    assert [one.end()[::2] for one in started] == [(0, "")] * 2
    wait_until(lambda: len(headers) == len(times) == 3)
    for stamps in ([m.header.stamp for m in headers], [m.stamp for m in times]):
        moments = [RosTime.from_msg(stamp).nanoseconds for stamp in stamps]
        assert began < moments[0] < moments[1] < moments[2]
    assert headers[0].polygon.points[0].x == 1.0 and times[0].frame_id == "auto"


def test_what_is_said_of_stamps_is_text_elsewhere():
    with pytest.raises(ValueError, match="values of std_msgs/msg/Header must be a mapping"):
        from_yaml(PolygonStamped, "{header: auto}")
    with pytest.raises(ValueError, match="values of std_msgs/msg/Header must .* not 'now'"):
        from_yaml(PolygonStamped, "{header: now}", [])
    stamps = []
    assert from_yaml(String, "{data: auto}", stamps).data == "auto" and not stamps


def test_floats_may_be_written_as_ros2_reads_them():
    assert from_yaml(Point32, "{x: 1e3, y: 2}").x == 1000.0
    with pytest.raises(AssertionError, match="'x' field must be of type 'float', not 'much'"):
        from_yaml(Point32, "{x: much}")


def test_a_part_of_each_message_is_printed(node, ros2):
    publisher = node.create_publisher(PolygonStamped, "shape", 10)
    part, whole, nothing = (
        ros2(f"topic echo --once /shape --field '{path}'")
        for path in ("polygon.points[1].y", "polygon.points[-1]", "polygon.points[0].nope")
    )
    wait_until(lambda: publisher.get_subscription_count() == 3)
    points = [Point32(x=1.0, y=2.0), Point32(x=3.0, y=4.0)]
    publisher.publish(PolygonStamped())
    publisher.publish(PolygonStamped(polygon=Polygon(points=points)))
    assert part.end() == (
        0,
        "4.0\n---\n",
        "points has 0 elements, so it has no polygon.points[1].y\n",
    )
    assert whole.end()[1] == "x: 3.0\ny: 4.0\nz: 0.0\n---\n"
    assert nothing.end()[::2] == (
        1,
        "points has 0 elements, so it has no polygon.points[0].nope\n"
        "ros2 topic: geometry_msgs/msg/PolygonStamped has no field 'polygon.points[0].nope'\n",
    )


@pytest.mark.parametrize(
    "path, message",
    [
        ("nope", "sensor_msgs/msg/JointState has no field 'nope'"),
        (
            "name[x]",
            r"'name\[x\]' of 'name\[x\]' is not a field: it must have the form name or name\[0\]",
        ),
        ("header[0]", r"'header' of 'header\[0\]' is not an array"),
        ("header.frame_id[0]", "'frame_id' of .* is not an array"),
        ("name[0].x", "has no field"),
        ("__class__", "has no field"),
        ("get_fields_and_field_types", "has no field"),
    ],
)
def test_parts_that_no_message_has(path, message):
    with pytest.raises(ValueError, match=message):
        field_of(JointState(name=["a"]), path)


def test_parts_of_arrays():
    state = JointState(name=["a", "b"], position=[0.5])
    assert field_of(state, "") is state and field_of(state, "name") == ["a", "b"]
    assert field_of(state, "name[-1]") == "b" and field_of(state, "position[0]") == 0.5
    with pytest.raises(IndexError, match=r"position has 1 elements, so it has no position\[1\]"):
        field_of(state, "position[1]")


def test_how_much_a_topic_takes_and_how_old_it_comes(node, ros2):
    publisher = node.create_publisher(PolygonStamped, "shape", 10)

    def publish() -> None:
        message = PolygonStamped()
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    bandwidth, delay, hz = (ros2(f"topic {verb} /shape") for verb in ("bw", "delay", "hz"))
    wait_until(lambda: publisher.get_subscription_count() == 3)
    node.create_timer(0.02, publish)
    assert bandwidth.line() == "Subscribed to [/shape]"
    assert re.fullmatch(r"[\d.]+ K?B/s from \d+ messages", bandwidth.line())
    assert re.fullmatch(r"\tMessage size mean: ([\d.]+ K?B) min: \1 max: \1", bandwidth.line())
    assert re.fullmatch(r"average delay: [\d.]+", delay.line())
    assert re.fullmatch(r"\tmin: [\d.]+s max: [\d.]+s std dev: [\d.]+s window: \d+", delay.line())
    while not hz.line().startswith("average rate: "):
        pass
    for one in (bandwidth, delay, hz):
        one.popen.send_signal(signal.SIGINT)
        assert one.end()[::2] == (130, "")


def test_topics_of_a_type(node, ros2):
    for name in ("b", "a", "_hidden"):
        node.create_publisher(String, name, 10)
    node.create_publisher(Header, "c", 10)
    found, count, none = (
        ros2(f"topic find {words}")
        for words in (
            "std_msgs/msg/String",
            "-c std_msgs/msg/String --include-hidden-topics",
            "std_msgs/msg/Bool",
        )
    )
    assert [one.end() for one in (found, count, none)] == [
        (0, "/a\n/b\n", ""),
        (0, "3\n", ""),
        (0, "", ""),
    ]


def test_packages(tmp_path, program):
    for name in ("zoo", "ark"):
        marker = tmp_path / "share/ament_index/resource_index/packages" / name
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    tool = tmp_path / "lib" / "ark" / "tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    (tool.parent / "notes.txt").write_text("no program")

    def pkg(words: str) -> tuple[int, str, str]:
        return program(ROS2, "pkg", *words.split(), env={"AMENT_PREFIX_PATH": str(tmp_path)}).end()

    assert {"ark\n", "zoo\n"} <= set(pkg("list")[1].splitlines(keepends=True))
    assert pkg("prefix zoo") == (0, f"{tmp_path}\n", "")
    assert pkg("prefix --share zoo") == (0, f"{tmp_path}/share/zoo\n", "")
    assert pkg("executables ark") == (0, "ark tool\n", "")
    assert pkg("executables --full-path ark") == (0, f"{tool}\n", "")
    assert "ark tool\n" in pkg("executables")[1]
    for verb in ("prefix", "executables"):
        code, _, err = pkg(f"{verb} nope")
        assert code == 1 and err.startswith("ros2 pkg: Package 'nope' not found: ")


@pytest.mark.differs(
    "Other commands, verbs and options of `ros2` (`doctor`, `component`, `security`, `echo --csv`, `launch --launch-prefix`, `bag record -e`, `bag play --start-paused` …)",
    "not there",
    "`…; rosless has no such thing, a full ROS 2 may`",
)
@pytest.mark.differs(
    "The daemon of `ros2`",
    "there is none: each command listens for about a second",
    "`ros2: rosless has no command 'daemon'; …`",
)
@pytest.mark.parametrize(
    "words",
    [
        "doctor",
        "wtf",
        "security create_keystore x",
        "component list",
        "daemon status",
        "multicast send",
        "topic echo --csv /x",
        "topic pub --use-sim-time /x std_msgs/msg/String",
        "pkg create x",
        "param delete /n x",
        "bag convert x",
        "bag record -e x",
        "bag record --max-bag-size 1 x",
        "bag play --start-paused x",
        "run --prefix gdb a b",
        "launch --launch-prefix x a b",
        "node list -c",
    ],
)
def test_what_only_a_full_ros2_has_is_said_so(monkeypatch, capsys, words):
    monkeypatch.setattr(sys, "argv", ["ros2", *words.split()])
    try:
        code = main()
    except SystemExit as end:  # argparse raises it
        code = end.code
    err = capsys.readouterr().err
    assert code == 2 and "rosless has" in err and "full ROS 2" in err
