"""What RViz and Foxglove are told to show: files that they can read, of topics that there are."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

CONFIG = Path(__file__).resolve().parents[1] / "config"


def rviz_topics() -> dict[str, str]:
    """Topics of the RViz config, with the message type that each display takes."""
    types = {"rviz_default_plugins/Image": "sensor_msgs/msg/Image",
             "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray"}
    manager = yaml.safe_load((CONFIG / "dwpose.rviz").read_text())["Visualization Manager"]
    return {display["Topic"]["Value"]: types[display["Class"]]
            for display in manager["Displays"] if "Topic" in display}


def foxglove_topics() -> dict[str, str]:
    """Topics of the Foxglove layout, with the panel that shows each."""
    found = {}
    for panel, config in json.loads((CONFIG / "foxglove_layout.json").read_text())[
            "configById"].items():
        mode = config.get("imageMode", {})
        topics = [config.get("path"), config.get("topicPath"), config.get("topicToRender"),
                  mode.get("imageTopic"), mode.get("calibrationTopic"),
                  *mode.get("annotations", {}), *config.get("topics", {})]
        found |= {topic.partition(".")[0]: panel for topic in topics if topic}
    return found


def test_rviz_looks_at_the_overlay_and_the_markers():
    assert rviz_topics() == {"overlay": "sensor_msgs/msg/Image",
                             "markers": "visualization_msgs/msg/MarkerArray"}
    manager = yaml.safe_load((CONFIG / "dwpose.rviz").read_text())["Visualization Manager"]
    assert manager["Global Options"]["Fixed Frame"] == "camera"
    assert manager["Views"]["Current"]["Target Frame"] == "camera"


def test_each_panel_of_foxglove_has_a_place_and_each_place_a_panel():
    layout = json.loads((CONFIG / "foxglove_layout.json").read_text())

    def panels(node) -> list[str]:
        if isinstance(node, str):
            return [node]
        assert node["direction"] in ("row", "column") and 0 < node["splitPercentage"] < 100
        return panels(node["first"]) + panels(node["second"])
    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
    kinds = {panel.partition("!")[0] for panel in layout["configById"]}
    assert {"Image", "3D", "RawMessages", "DiagnosticSummary"} <= kinds


def test_foxglove_names_each_state_of_the_guidance():
    layout = json.loads((CONFIG / "foxglove_layout.json").read_text())
    rules = layout["configById"]["Indicator!state"]["rules"]
    message = (CONFIG.parent / "msg" / "Guidance.msg").read_text()
    states = [line.split("=")[1].split()[0] for line in message.splitlines()
              if line.startswith("uint8 ") and "=" in line]
    assert [rule["rawValue"] for rule in rules] == states
