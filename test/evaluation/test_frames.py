# SPDX-License-Identifier: Apache-2.0
import sys

import cv2
import numpy as np
import pytest

from dwpose_ros.estimation.detectors import open_detector
from dwpose_ros.evaluation import frames
from dwpose_ros.evaluation.frames import FramesError


def test_a_video_is_used_from_end_to_end(tmp_path):
    path = str(tmp_path / "v.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(10):
        writer.write(np.full((48, 64, 3), (0, 0, 20 * i), np.uint8))
    writer.release()
    found = dict(frames.frames(path, 4))
    assert [name.split("#")[1] for name in found] == ["0", "2", "5", "7"]
    means = [rgb[..., 0].mean() for rgb in found.values()]  # red
    assert means == pytest.approx([0, 40, 100, 140], abs=4)


def bag(path, topics, messages=6):
    writing = pytest.importorskip("rosbags.rosbag2")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    types = store.types
    header = types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](1, 2), "camera")
    with writing.Writer(path, version=8) as writer:
        for topic, compressed in topics:
            kind = f"sensor_msgs/msg/{'CompressedImage' if compressed else 'Image'}"
            connection = writer.add_connection(topic, kind, typestore=store)
            for i in range(messages):
                pixels = np.full((48, 64, 3), (10, 10, 20 * i), np.uint8)
                data = cv2.imencode(".png", pixels)[1].ravel() if compressed else pixels.ravel()
                message = (
                    types[kind](header, "png", data)
                    if compressed
                    else types[kind](header, 48, 64, "bgr8", 0, 192, data)
                )
                writer.write(connection, 1000 * i, store.serialize_cdr(message, kind))
    return str(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_bag(tmp_path, compressed):
    path = bag(tmp_path / "bag", [("/image", compressed)])
    found = list(frames.frames(path, 3))
    assert [name.split("#")[1] for name, _ in found] == ["/image@0", "/image@2000", "/image@4000"]
    assert [rgb[0, 0].tolist() for _, rgb in found] == [[20 * i, 10, 10] for i in (0, 2, 4)]


def test_a_bag_of_several_topics_needs_one_named(tmp_path):
    path = bag(tmp_path / "bag", [("/a", False), ("/b", True)])
    with pytest.raises(FramesError, match="wanted one --topic of image topics: /a, /b"):
        list(frames.frames(path, 3))
    with pytest.raises(FramesError, match="'/c' is not one of its image topics: /a, /b"):
        list(frames.frames(path, 3, "/c"))
    assert len(list(frames.frames(path, 3, "/b"))) == 3


def test_without_rosbags_the_line_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "metadata.yaml").write_text("")
    monkeypatch.setitem(sys.modules, "rosbags.highlevel", None)
    with pytest.raises(FramesError, match="pip install 'dwpose_ros.quantize.'"):
        list(frames.frames(str(tmp_path), 3))


def test_a_broken_bag(tmp_path):
    pytest.importorskip("rosbags")
    (tmp_path / "metadata.yaml").write_text("nothing")
    with pytest.raises(FramesError, match=str(tmp_path)):
        list(frames.frames(str(tmp_path), 3))


def test_the_largest_people_count(network, pictures, detector, monkeypatch):
    monkeypatch.setattr(frames, "PEOPLE_A_FRAME", 1)
    found = open_detector(detector)
    samples, seen = frames.samples_of([str(pictures)], 4, "", found, (48, 64))
    assert seen == len(samples) == 4
    assert [s.name.split("/")[-1] for s in samples] == ["0.png", "2.png", "4.png", "6.png"]
    # 140 x 210 in 3:4 is framed by its height: it is 1 / 1.25 of the crop
    assert samples[0].heights == pytest.approx([64 / 1.25])
    # 160 x 120 pixels were shown to the detector at twice their size.
    rgb = cv2.cvtColor(cv2.imread(str(pictures / "0.png")), cv2.COLOR_BGR2RGB)
    middle = samples[0].crops[0, 28:36, 20:28].reshape(-1, 3).mean(0)
    assert middle == pytest.approx(rgb[50:65, 103:118].reshape(-1, 3).mean(0), abs=8)
