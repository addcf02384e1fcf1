# SPDX-License-Identifier: Apache-2.0
"""Bags: rosbags itself reads what is recorded, and nodes hear what is played."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosbags.highlevel import AnyReader
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosless.interfaces import learn
from rosless.messages import serialize, type_hash
from rosless_helpers import wait_until
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String, UInt8

ROS2 = "import sys; from rosless.ros2 import main; sys.exit(main())"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def ros2(program):
    """ros2("bag info x") -> a Program."""
    return lambda words: program(ROS2, *shlex.split(words))


@pytest.fixture
def recorded(ros2, tmp_path):
    """recorded("-a", publish) -> a bag with what `publish` sends during the recording."""

    def record(words: str, publish, stop: int = signal.SIGINT) -> Path:
        bag = tmp_path / "bag"
        recorder = ros2(f"bag record {words} -o {bag}")
        publish()
        time.sleep(0.3)  # so that the last messages arrive
        recorder.popen.send_signal(stop)
        code, _, err = recorder.end()
        assert code == (0 if stop != signal.SIGKILL else -signal.SIGKILL) and "ERROR" not in err
        return bag

    return record


@pytest.fixture
def bag(tmp_path):
    """Ten headers on /stamp 0.05 s apart, one latched /map and one number on /other."""

    def qos(durability: QosDurability) -> list[Qos]:
        none = QosTime(0, 0)
        return [
            Qos(
                QosHistory.UNKNOWN,
                0,
                QosReliability.RELIABLE,
                durability,
                none,
                none,
                QosLiveliness.AUTOMATIC,
                none,
                False,
            )
        ]

    store, start = get_typestore(Stores.ROS2_JAZZY), 100 * 10**9
    with Writer(tmp_path / "ten", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        stamp, map_, other = (
            writer.add_connection(
                topic, message._TYPENAME, typestore=store, offered_qos_profiles=qos(durability)
            )
            for topic, message, durability in (
                ("/stamp", Header, QosDurability.VOLATILE),
                ("/map", String, QosDurability.TRANSIENT_LOCAL),
                ("/other", UInt8, QosDurability.VOLATILE),
            )
        )
        writer.write(map_, start, serialize(String(data="here")))
        for number in range(10):
            writer.write(
                stamp, start + number * 50_000_000, serialize(Header(frame_id=str(number)))
            )
        writer.write(other, start + 500_000_000, serialize(UInt8(data=7)))
    return tmp_path / "ten"


# Recording


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "mcap --storage-preset-profile zstd_fast"])
def test_what_is_recorded_is_read_by_rosbags(peer, recorded, storage):
    node = peer().node()
    pixels = np.random.default_rng(1).integers(0, 256, 1280 * 720 * 3, np.uint8)
    image = Image(width=1280, height=720, step=3840, encoding="bgr8", data=pixels)
    node.create_publisher(String, "map", LATCHED).publish(String(data="é"))

    def publish() -> None:
        early = node.create_publisher(Image, "image", QoSProfile(depth=30))
        wait_until(early.get_subscription_count)
        for _ in range(20):
            early.publish(image)
            time.sleep(1 / 30)
        late = node.create_publisher(
            Header, "late", 10
        )  # a topic that appears during the recording
        wait_until(late.get_subscription_count)
        late.publish(Header(frame_id="last"))

    began = time.time_ns()
    bag = recorded(f"-a -s {storage}", publish)
    with AnyReader([bag]) as reader:  # only by the definitions in the bag
        rows = [
            (c.topic, stamp, data, reader.deserialize(data, c.msgtype))
            for c, stamp, data in reader.messages()
            if c.topic in ("/map", "/image", "/late")
        ]
    stamps = [stamp for _, stamp, *_ in rows]
    assert began < stamps[0] and stamps == sorted(stamps) and stamps[-1] < time.time_ns()
    # The order of messages on different topics is not defined.
    rows.sort(key=lambda row: ("/map", "/image", "/late").index(row[0]))
    assert [topic for topic, *_ in rows] == ["/map"] + ["/image"] * 20 + ["/late"]
    assert [rows[n][3].__msgtype__ for n in (0, 1, 21)] == [
        "std_msgs/msg/String",
        "sensor_msgs/msg/Image",
        "std_msgs/msg/Header",
    ]
    assert (rows[0][3].data, rows[21][3].frame_id) == ("é", "last")
    assert {row[2] for row in rows[1:21]} == {serialize(image)}  # untouched
    with Reader(bag) as reader:
        known = {c.topic: c for c in reader.connections}
        assert {"/rosout", "/parameter_events", "/image", "/late", "/map"} == set(known)
        (offer,) = known["/map"].ext.offered_qos_profiles
        assert (offer.durability, offer.reliability) == (
            QosDurability.TRANSIENT_LOCAL,
            QosReliability.RELIABLE,
        )
        assert known["/image"].ext.offered_qos_profiles[0].durability == QosDurability.VOLATILE
        assert known["/image"].digest == type_hash("sensor_msgs/msg/Image")
        assert "MSG: std_msgs/Header" in known["/image"].msgdef.data


def test_only_what_is_wanted(peer, recorded):
    node = peer().node(namespace="/left")
    topics = {
        name: node.create_publisher(UInt8, name, qos_profile_sensor_data)
        for name in ("a", "b", "c")
    }

    def publish() -> None:
        wait_until(
            lambda: topics["a"].get_subscription_count() and topics["c"].get_subscription_count()
        )
        for publisher in topics.values():
            publisher.publish(UInt8(data=1))

    bag = recorded("/left/a /left/c", publish, signal.SIGTERM)
    with Reader(bag) as reader:
        assert sorted((c.topic, c.msgcount) for c in reader.connections) == [
            ("/left/a", 1),
            ("/left/c", 1),
        ]


def test_a_topic_that_is_silent_at_first(peer, recorded):
    """rosbag2 does not play MCAP files whose first chunk is empty."""
    publisher = peer().node().create_publisher(UInt8, "count", 10)

    def publish() -> None:
        wait_until(publisher.get_subscription_count)
        time.sleep(1.3)  # buffered messages are written once a second
        publisher.publish(UInt8(data=1))

    bag = recorded("/count", publish)
    with Reader(bag / "bag.mcap") as reader:
        assert [bool(chunk.message_index_length) for chunk in reader.storage.chunks] == [True]


@pytest.mark.differs(
    "A killed MCAP recording",
    "`ros2 bag reindex` repairs the file, which rosbag2 then plays",
    "`… is readable again: 5 messages, 16 bytes cut off`",
)
def test_a_killed_recording(peer, recorded, ros2):
    node = peer().node()
    publisher = node.create_publisher(UInt8, "count", 10)

    def publish() -> None:
        wait_until(publisher.get_subscription_count)
        for number in range(5):
            publisher.publish(UInt8(data=number))
        time.sleep(1.3)  # buffered messages are written once a second

    bag = recorded("/count", publish, signal.SIGKILL)
    file = bag / "bag.mcap"
    file.write_bytes(file.read_bytes() + b"\x06\xff\0\0\0\0\0\0\0in part")
    info = ros2(f"bag info {bag}").end()
    assert info[0] == 1 and f"`ros2 bag reindex {bag}` repairs it" in info[2]
    assert ros2(f"bag reindex {bag}").end() == (
        0,
        f"{file} is readable again: 5 messages, 16 bytes cut off\n",
        "",
    )
    assert (
        "Topic: /count | Type: std_msgs/msg/UInt8 | Count: 5 |" in ros2(f"bag info {bag}").end()[1]
    )
    assert "is complete: it needs no repair" in ros2(f"bag reindex {bag}").end()[2]


def test_info(bag, ros2):
    code, out, err = ros2(f"bag info {bag}").end()
    assert (code, err) == (0, "")
    rows = dict(line.split(":", 1) for line in out.strip().splitlines() if line[0] != " ")
    rows = {name: text.strip() for name, text in rows.items()}
    assert rows["Files"] == "ten.mcap" and rows["Storage id"] == "mcap"
    assert (rows["Duration"], rows["Messages"]) == ("0.500000000s", "12")
    assert rows["End"].endswith("(100.500000000)") and rows["Bag size"].endswith("KiB")
    assert rows["Topic information"].startswith("Topic: /map | Type: std_msgs/msg/String | Count:")


def test_info_on_a_compressed_bag(tmp_path, ros2):
    """Such as rosbag2 makes with --compression-mode file."""
    writer = Writer(tmp_path / "small", version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.FILE, CompressionFormat.ZSTD)
    with writer:
        writer.write(
            writer.add_connection(
                "/other", UInt8._TYPENAME, typestore=get_typestore(Stores.ROS2_JAZZY)
            ),
            10**9,
            serialize(UInt8(data=7)),
        )
    code, out, err = ros2(f"bag info {tmp_path / 'small'}").end()
    assert (code, err) == (0, "")
    assert "small.mcap.zstd" in out and "Storage id:        mcap" in out


def test_a_whole_bag_is_not_called_damaged_where_its_reader_has_gone(bag):
    code = "import rosless; rosless.activate(); " + ROS2
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    words = [sys.executable, "-c", code, "bag", "info", str(bag)]
    read, write = os.pipe()
    os.close(read)  # like `| head -1` after its line
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, text=True, env=env)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=env)
    assert (done.returncode, done.stderr) == (1, "ros2 bag: [Errno 28] No space left on device\n")


# Playing


@pytest.mark.differs("`ros2 bag play --clock`", "also publishes the time of each message")
def test_playing(bag, peer, ros2):
    """Play at half speed with a clock; a node that comes later gets the latched topic."""
    node = peer().node()
    node.set_parameters([Parameter("use_sim_time", value=True)])
    heard: list[tuple[float, str, float]] = []
    node.create_subscription(
        Header,
        "/stamp",
        lambda m: heard.append(
            (time.monotonic(), m.frame_id, node.get_clock().now().nanoseconds / 1e9)
        ),
        10,
    )
    player = ros2(f"bag play {bag} -r 0.5 --clock 100")
    wait_until(lambda: heard)
    maps: list[String] = []
    peer().node().create_subscription(String, "/map", maps.append, LATCHED)
    wait_until(lambda: maps == [String(data="here")])
    code, _, err = player.end()
    assert (code, err) == (0, "")
    assert [frame for _, frame, _ in heard] == [str(n) for n in range(10)]
    assert heard[-1][0] - heard[0][0] == pytest.approx(0.9, abs=0.2)  # 9 x 0.05 s / 0.5
    assert all(-0.02 < sim - 100 - 0.05 * n < 0.06 for n, (_, _, sim) in enumerate(heard))
    assert node.get_clock().now().nanoseconds / 1e9 >= 100.49


def test_a_part_under_another_name(bag, peer, ros2):
    node, heard = peer().node(), []
    node.create_subscription(Header, "/again/stamp", lambda m: heard.append(m.frame_id), 10)
    node.create_subscription(UInt8, "/other", heard.append, 10)
    code, _, err = ros2(
        f"bag play {bag} --topics /stamp --remap /stamp:=/again/stamp --start-offset 0.3 -r 10"
    ).end()
    assert (code, err, heard) == (0, "", ["6", "7", "8", "9"])


def test_who_listens_has_time_to_be_found(bag, peer, ros2):
    node, heard = peer().node(), []
    node.create_subscription(UInt8, "/other", heard.append, 10)
    began = time.monotonic()
    assert ros2(f"bag play {bag} -r 10 --delay 3").end()[0] == 0
    assert time.monotonic() - began > 3.0 and heard


def test_a_loop_ends_by_a_signal(bag, peer, ros2):
    node, heard = peer().node(), []
    node.create_subscription(UInt8, "/other", heard.append, 10)
    player = ros2(f"bag play -l -r 5 {bag}")
    wait_until(lambda: len(heard) >= 3)
    player.popen.send_signal(signal.SIGINT)
    assert player.end() == (0, "", "")


def test_types_that_are_not_installed(tmp_path, peer, ros2):
    """A bag contains the definitions of its types."""
    text, store = "uint8 legs\nstd_msgs/Header header\n", get_typestore(Stores.ROS2_JAZZY)
    store.register(get_types_from_msg(text, "zoo_msgs/msg/Animal"))
    with Writer(tmp_path / "zoo", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        animal = writer.add_connection("/animal", "zoo_msgs/msg/Animal", typestore=store)
        kind = learn("zoo_msgs/msg/Animal", animal.msgdef.data)
        writer.write(animal, 1, serialize(kind(legs=4)))
        broken = writer.add_connection(
            "/broken", "zoo_msgs/msg/Broken", msgdef="what is this", rihs01="RIHS01_0"
        )
        writer.write(broken, 2, b"\0\1\0\0")
    heard = []
    peer().node().create_subscription(kind, "/animal", heard.append, 10)
    code, _, err = ros2(f"bag play {tmp_path / 'zoo'}").end()
    assert code == 0 and [m.legs for m in heard] == [4]
    assert "/broken is not played: zoo_msgs/msg/Broken is not installed, and its definiti" in err


@pytest.mark.parametrize(
    "words, message",
    [
        ("record -a -o {bag}", "Output folder '{bag}' already exists: give another by -o"),
        ("record", "give either topics or -a, for all of them"),
        ("record -a /x", "give either topics or -a, for all of them"),
        (
            "record -a -s sqlite3 --storage-preset-profile zstd_fast -o {bag}x",
            "with --storage mcap",
        ),
        ("info {bag}/nope", "cannot be read as a bag"),
        ("play {bag}/nope", "cannot be read as a bag"),
        ("play {bag} --topics /nope", "the bag has no /nope; it has /map, /other, /stamp"),
        ("play {bag} -r 0", "--rate must be above 0, not 0.0"),
        ("play {bag} --clock -1", "must not be negative, but are -1.0, 0.0 and 0.0"),
        ("play {bag} --delay -2", "must not be negative, but are 0.0, 0.0 and -2.0"),
        ("play {bag} --remap /a", "--remap takes rules such as /from:=/to, not '/a'"),
    ],
)
def test_one_line_says_what_is_wrong(bag, ros2, words, message):
    code, out, err = ros2("bag " + words.format(bag=bag)).end()
    assert (code, out) == (1, "") and message.format(bag=bag) in err and err.count("\n") == 1


@pytest.mark.differs(
    "Feedback of actions",
    "not recorded in bags",
    "`/x/_action/feedback of type … is not recorded: …`",
)
def test_what_has_no_definition_is_named(peer, ros2, tmp_path):
    from example_interfaces.action import Fibonacci

    peer().node().create_publisher(Fibonacci.Impl.FeedbackMessage, "x/_action/feedback", 10)
    recorder = ros2(f"bag record /x/_action/feedback -o {tmp_path / 'bag'}")
    line = next(line for line in recorder.popen.stderr if "WARN" in line)
    assert (
        "/x/_action/feedback of type example_interfaces/action/Fibonacci_FeedbackMessage is "
        "not recorded: rosless has no definitions of actions for bags" in line
    )
    recorder.popen.send_signal(signal.SIGINT)
    assert recorder.end()[0] == 0
    assert "Messages:          0\n" in ros2(f"bag info {tmp_path / 'bag'}").end()[1]
    assert ros2(f"bag play {tmp_path / 'bag'}").end()[0] == 0
