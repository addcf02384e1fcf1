# SPDX-License-Identifier: Apache-2.0
"""The settings for images that go to another machine: config/*_network.xml."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from dwpose_ros.ros import middleware_environment

CONFIG = Path(__file__).resolve().parents[2] / "config"
FRAME = 1500  # bytes that an Ethernet frame carries
HEADERS = 20 + 8  # of IP and UDP
SETTINGS = {
    "CYCLONEDDS_URI": (CONFIG / "cyclonedds_network.xml").as_uri(),
    **dict.fromkeys(
        middleware_environment.FAST_DDS_VARIABLES, str(CONFIG / "fastdds_network.xml")
    ),
}


@pytest.mark.parametrize(
    "file, name",
    [("cyclonedds_network.xml", "MaxMessageSize"), ("fastdds_network.xml", "maxMessageSize")],
)
def test_a_datagram_fits_one_frame(file, name):
    """Else it is lost with any of its frames."""
    sizes = [
        int(element.text.rstrip("B"))
        for element in ElementTree.parse(CONFIG / file).iter()
        if element.tag.endswith(name)
    ]
    assert len(sizes) == 1 and 1280 < sizes[0] <= FRAME - HEADERS


def test_a_large_image_comes_whole(command, tmp_path):
    """In hundreds of datagrams."""
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    command(
        "ros2",
        "run",
        "dwpose_ros",
        "camera",
        "--ros-args",
        "-p",
        f"source:={tmp_path}/noise.png",
        "-p",
        "loop:=true",
        env=SETTINGS,
    )
    reader = command(
        "ros2",
        "topic",
        "echo",
        "--once",
        "--field",
        "format",
        "/image_raw/compressed",
        env=SETTINGS,
    )
    reader.says("jpeg")
    assert reader.ended() == 0
