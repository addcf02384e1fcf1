# SPDX-License-Identifier: Apache-2.0
"""Parameters: what the nodes say of them, and what users may do with them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import supervised
from harness import ros2, wait_until
from lifecycle_msgs.srv import GetState
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "parameters.md"


def load_tool():
    spec = importlib.util.spec_from_file_location("parameters", ROOT / "tools" / "parameters.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


tool = load_tool()


@pytest.fixture(scope="module")
def nodes() -> dict:
    """Each node of ours, and what it says of its parameters."""
    return tool.all_rows()


@pytest.fixture
def active(peer):
    """active('pose') returns once it is."""

    def wait(name: str) -> None:
        wait_until(
            lambda: peer.call(GetState, f"/{name}/get_state").current_state.label == "active"
        )

    return wait


@pytest.fixture
def pose(run, active, pose_model, detector_model):
    """pose(max_age=0.2) -> an active pose node."""

    def start(**parameters):
        made = run(
            "pose",
            model=pose_model(),
            detector=detector_model([[0, 0, 9, 9]], [0.9]),
            **parameters,
        )
        active("pose")
        return made

    return start


def refusal(node: str, name: str, value: str) -> str:
    """The reason why a node refuses a value."""
    done = supervised.run(["ros2", "param", "set", node, name, value])
    start = "Setting parameter failed: "
    said = done.stdout + done.stderr
    assert start in said
    return said[said.index(start) + len(start) :].strip()


def test_the_page_is_what_the_nodes_say(nodes):
    assert {"camera", "pose", "guidance"} < set(nodes)
    assert PAGE.read_text() == tool.page(nodes), (
        "renew it: python tools/parameters.py > docs/parameters.md"
    )


def test_each_parameter_says_what_it_is(nodes):
    for name, rows in nodes.items():
        for row in rows:
            assert row.description, f"{name}: {row.name}"
            assert row.range or row.type not in ("integer", "double"), f"{name}: {row.name}"


def test_the_table_shows_all_that_a_node_says():
    row = tool.Row("rate", "double", "0.5", "0 to 9", "Hz", "yes", "of what comes on <topic>")
    assert tool.table([row, row._replace(default="", live="")]).splitlines()[2:] == [
        "| `rate` | double | `0.5` | 0 to 9 | Hz | yes | of what comes on &lt;topic> |",
        "| `rate` | double | empty | 0 to 9 | Hz |  | of what comes on &lt;topic> |",
    ]


def test_ros2_param_describes_them(peer, run):
    run("pose", autostart=False)
    peer.call(GetState, "/pose/get_state")  # Humble's ros2 param waits for no node
    said = ros2("param", "describe", "/pose", "max_age", "backend")
    for line in (
        "Parameter name: max_age",
        "Type: double",
        "Min value: 0.0",
        "Max value: 3600.0",
        "Description: frames older than this are not processed; 0: all frames are",
        "unit: s",
        "Parameter name: backend",
        "Type: string",
        "one of: auto, dwpose, holistic",
        "changes only while the node is unconfigured",
    ):
        assert line in said


def test_some_change_at_any_time_and_some_while_unconfigured(pose):
    pose()
    kinds = Parameter.Type  # whose names Python 3.14 writes as numbers
    for name, value, reason in [
        ("max_age", "-1.0", "Min: 0.0, Max: 3600.0, value: -1.0"),
        ("max_age", "1", f"Wrong parameter type, expected '{kinds.DOUBLE}' got '{kinds.INTEGER}'"),
        ("on_error", "weep", "parameter on_error is 'weep'; it must be one of 'continue', 'stop'"),
        (
            "detect_every",
            "5",
            "detect_every changes only while the node is unconfigured, and "
            "it is active: see `ros2 lifecycle set /pose`",
        ),
    ]:
        assert reason in refusal("/pose", name, value)
    assert ros2("param", "set", "/pose", "max_age", "0.25").endswith("Set parameter successful\n")
    # On a busy machine the command first says that it waits for the node.
    assert ros2("param", "get", "/pose", "max_age").endswith("Double value is: 0.25\n")
    ros2("lifecycle", "set", "/pose", "deactivate")
    assert "and it is inactive" in refusal("/pose", "detect_every", "5")
    ros2("lifecycle", "set", "/pose", "cleanup")
    assert ros2("param", "set", "/pose", "detect_every", "5").endswith(
        "Set parameter successful\n"
    )
    assert ros2("param", "get", "/pose", "detect_every").endswith("Integer value is: 5\n")


def test_what_a_node_cannot_use_is_refused_with_the_reason(run, active):
    run("guidance")
    active("guidance")
    assert "no_such.yaml" in refusal("/guidance", "profile", "no_such")
    assert ros2("param", "get", "/guidance", "profile") == "String value is: upper_body\n"


@pytest.mark.parametrize(
    "name, given",
    [
        ("camera", {"rate": 20.0, "loop": True, "frame_id": "left_eye"}),
        ("guidance", {"profile": "full_body", "language": "fr", "label": "007"}),
        ("pose", {"detect_every": 3, "on_error": "stop", "subpixel": False}),
    ],
)
def test_a_dumped_node_starts_the_same(
    command, run, active, tmp_path, pose_model, detector_model, name, given
):
    (tmp_path / "12").mkdir()
    cv2.imwrite(str(tmp_path / "12" / "0.png"), np.zeros((48, 64, 3), np.uint8))
    needed = {
        "camera": {"source": tmp_path / "12"},
        "pose": {"model": pose_model(), "detector": detector_model([[0, 0, 9, 9]], [0.9])},
    }
    first = run(name, **needed.get(name, {}), **given)
    active(name)
    ros2("param", "set", f"/{name}", "late_warning", "0.125")
    file = tmp_path / "dumped.yaml"
    file.write_text(ros2("param", "dump", f"/{name}"))
    assert first.stop() == 0
    for word in (*map(str, given), "late_warning: 0.125", "qos_overrides"):
        assert word in file.read_text()
    again = command("ros2", "run", "dwpose_ros", name, "--ros-args", "--params-file", file)
    active(name)
    assert ros2("param", "dump", f"/{name}") == file.read_text()
    assert again.stop() == 0 and "Traceback" not in again.output


@pytest.mark.parametrize(
    "given, reliability",
    [
        ({}, ReliabilityPolicy.BEST_EFFORT),
        (
            {"qos_overrides./image_raw.subscription.reliability": "reliable"},
            ReliabilityPolicy.RELIABLE,
        ),
    ],
)
def test_quality_of_service_can_be_overridden(peer, pose, given, reliability):
    pose(**given)
    (info,) = wait_until(lambda: peer.node.get_subscriptions_info_by_topic("/image_raw"))
    assert info.qos_profile.reliability == reliability
    assert f"Reliability: {reliability.name}" in ros2("topic", "info", "-v", "/image_raw")


@pytest.mark.parametrize(
    "node, given, told",
    [
        (
            "camera",
            "source:=0",
            "source is 0; it must be text: write it in two kinds of quotes, as -p source:=\"'0'\"",
        ),
        (
            "camera",
            "rate:=15",
            "rate is 15; it must be a number with a point: write -p rate:=15.0",
        ),
        ("camera", "loop:=1", "loop is 1; it must be true or false"),
        (
            "camera",
            "qos_overrides./image_raw.publisher.reliability:=relable",
            "qos_overrides./image_raw.publisher.reliability is 'relable', which cannot be",
        ),
        ("camera", "calibration:=/none.yaml", "the calibration /none.yaml does not exist"),
    ],
)
def test_a_value_that_cannot_be_is_one_line_that_says_what_can(run, command, node, given, told):
    process = command("ros2", "run", "dwpose_ros", node, "--ros-args", "-p", given)
    assert process.ended() == 2
    assert told in process.output and "Traceback" not in process.output


def test_a_mistyped_parameter_is_warned_of(command, tmp_path):
    file = tmp_path / "all.yaml"
    file.write_text(
        "/**: {ros__parameters: {of_another_node: 1, rate: 200}}\n"
        "/speech: {ros__parameters: {volumme: 50, language: fr}}\n"
        "/other: {ros__parameters: {nothing: 1}}\n"
    )
    node = command(
        "ros2",
        "run",
        "dwpose_ros",
        "speech",
        "--ros-args",
        "-p",
        "lenguage:=de",
        "-p",
        "qos_overrides./speaking.publisher.depth:=3",
        "-p",
        "xyz:=1",
        "--params-file",
        file,
    )
    node.says(
        "parameter 'xyz' was given, but there is none of this name: see `ros2 param list /speech`"
    )
    node.says(
        "parameter 'volumme' was given, but there is none of this name: did you mean 'volume'?"
    )
    node.says("parameter 'lenguage' was given")
    assert node.output.count("was given, but") == 3
