# SPDX-License-Identifier: Apache-2.0
"""The topics that the configs of RViz and Foxglove name."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

CONFIG = Path(__file__).resolve().parents[1] / "config"


def rviz_manager() -> dict:
    """The RViz config's part that says what is shown."""
    return yaml.safe_load((CONFIG / "dwpose.rviz").read_text())["Visualization Manager"]


def foxglove_layout() -> dict:
    return json.loads((CONFIG / "foxglove_layout.json").read_text())


def rviz_topics() -> dict[str, str]:
    """Topics of the RViz config, with the message type that each display takes."""
    types = {
        "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
        "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    }
    return {
        display["Topic"]["Value"]: types[display["Class"]]
        for display in rviz_manager()["Displays"]
        if "Topic" in display
    }


def foxglove_topics() -> dict[str, str]:
    """Topics of the Foxglove layout, with the panel that shows each."""
    found = {}
    for panel, config in foxglove_layout()["configById"].items():
        mode = config.get("imageMode", {})
        topics = [
            config.get("path"),
            config.get("topicPath"),
            config.get("topicToRender"),
            mode.get("imageTopic"),
            mode.get("calibrationTopic"),
            *mode.get("annotations", {}),
            *config.get("topics", {}),
        ]
        found |= {topic.partition(".")[0]: panel for topic in topics if topic}
    return found
