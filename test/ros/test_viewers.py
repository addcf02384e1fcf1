# SPDX-License-Identifier: Apache-2.0
"""RViz and Foxglove show what our nodes publish: the same names, the same types."""

from __future__ import annotations

import cv2
import numpy as np
from harness import wait_until
from viewing import foxglove_topics, rviz_topics

MAYBE = {"/annotations"}  # only with foxglove_msgs


def test_all_topics_of_the_configs_are_published(
    peer, command, pose_model, detector_model, tmp_path
):
    cv2.imwrite(str(tmp_path / "scene.png"), np.full((480, 640, 3), 90, np.uint8))
    launch = command(
        "ros2",
        "launch",
        "dwpose_ros",
        "guide.launch.py",
        "speech:=false",
        "downstream:=false",
        f"source:={tmp_path / 'scene.png'}",
        "rate:=10.0",
        f"model:={pose_model()}",
        f"folder:={tmp_path}",
        f"detector:={detector_model([[80, 20, 240, 220]], [0.9])}",
    )

    def published() -> dict[str, list[str]]:
        return {
            name: types
            for name, types in peer.node.get_topic_names_and_types()
            if peer.node.count_publishers(name)
        }

    wanted = {f"/{topic}" for topic in rviz_topics()} | (foxglove_topics().keys() - MAYBE)
    wait_until(lambda: wanted <= published().keys())
    for topic, kind in rviz_topics().items():
        assert published()[f"/{topic}"] == [kind]
    assert published()["/guidance"] == ["dwpose_ros/msg/Guidance"]
    assert launch.stop() == 0 and "Traceback" not in launch.output
