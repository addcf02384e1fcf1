# SPDX-License-Identifier: Apache-2.0
"""What RViz and Foxglove are told to show: files that they can read."""

from __future__ import annotations

from viewing import CONFIG, foxglove_layout, rviz_manager, rviz_topics


def test_rviz_looks_at_the_overlay_and_the_markers():
    assert rviz_topics() == {
        "overlay": "sensor_msgs/msg/Image",
        "markers": "visualization_msgs/msg/MarkerArray",
    }
    manager = rviz_manager()
    assert manager["Global Options"]["Fixed Frame"] == "dwpose_camera_link"
    # Nothing names another frame: launch gives RViz the one of its namespace.
    frames = [
        manager["Views"]["Current"]["Target Frame"],
        *(
            display["Reference Frame"]
            for display in manager["Displays"]
            if "Reference Frame" in display
        ),
    ]
    assert frames == ["<Fixed Frame>"] * 3


def test_each_panel_of_foxglove_has_a_place_and_each_place_a_panel():
    layout = foxglove_layout()

    def panels(node) -> list[str]:
        if isinstance(node, str):
            return [node]
        assert node["direction"] in ("row", "column") and 0 < node["splitPercentage"] < 100
        return panels(node["first"]) + panels(node["second"])

    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
    kinds = {panel.partition("!")[0] for panel in layout["configById"]}
    assert {"Image", "3D", "RawMessages", "DiagnosticSummary"} <= kinds


def test_foxglove_names_each_state_of_the_guidance():
    layout = foxglove_layout()
    rules = layout["configById"]["Indicator!state"]["rules"]
    message = (CONFIG.parent / "msg" / "Guidance.msg").read_text()
    states = [
        line.split("=")[1].split()[0]
        for line in message.splitlines()
        if line.startswith("uint8 ") and "=" in line
    ]
    assert [rule["rawValue"] for rule in rules] == states


def test_foxglove_looks_at_people_from_behind_the_camera_with_a_floor_below():
    panel = foxglove_layout()["configById"]["3D!people"]
    assert panel["followTf"] == "dwpose_camera_link"
    assert {layer["frameId"] for layer in panel["layers"].values()} == {"dwpose_camera_link"}
    # 0 degrees is from -y, 90 from -x; phi is from z.
    assert panel["cameraState"]["thetaOffset"] == 90 and 60 < panel["cameraState"]["phi"] < 90


def test_foxglove_shows_the_image_of_a_camera_without_calibration():
    # Told of a camera_info whose k is zero, as that of most webcams, it shows nothing.
    assert "calibrationTopic" not in foxglove_layout()["configById"]["Image!overlay"]["imageMode"]


def test_each_panel_has_its_title_in_foxglove_and_in_lichtblick():
    for config in foxglove_layout()["configById"].values():
        assert config["foxglovePanelTitle"] == config["lichtblickPanelTitle"]


def test_each_path_of_foxglove_is_a_field_of_the_guidance():
    panels = foxglove_layout()["configById"].values()
    paths = [config[key] for config in panels for key in ("path", "topicPath") if key in config]
    message = (CONFIG.parent / "msg" / "Guidance.msg").read_text()
    fields = {
        line.split()[1]
        for line in message.splitlines()
        if line.strip() and not line.startswith(("#", " "))
    }
    assert paths and {path.partition(".")[0] for path in paths} == {"/guidance"}
    assert {path.partition(".")[2] for path in paths} <= fields
