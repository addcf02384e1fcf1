# SPDX-License-Identifier: Apache-2.0
"""Peers on the network that are broken, or mean it: they end no node, and no node tells or writes
for them what it must not."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from harness import Process, wait_until
from lifecycle_msgs.srv import GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from std_msgs.msg import Header, String

from dwpose_ros.action import Guide
from dwpose_ros.core.images import fill_compressed
from dwpose_ros.msg import CapturedImage
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.srv import Capture

SECRET = "parts: [hunter2]\npassword: hunter2\n"


@pytest.fixture
def active(peer, run):
    """active('guidance', ...) -> the node's process, once it is active."""

    def start(name: str, **parameters) -> Process:
        node = run(name, **parameters)
        wait_until(
            lambda: peer.call(GetState, f"/{name}/get_state").current_state.label == "active"
        )
        return node

    return start


@pytest.fixture
def refusal(peer):
    """refusal('guidance', profile='x') -> why the node refuses; empty if it does not."""

    def ask(node: str, **value: str) -> str:
        ((name, text),) = value.items()
        (result,) = peer.call(
            SetParameters,
            f"/{node}/set_parameters",
            parameters=[
                Parameter(
                    name=name,
                    value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text),
                )
            ],
        ).results
        assert result.successful == (not result.reason)
        return result.reason

    return ask


@pytest.fixture
def secrets(tmp_path) -> list[str]:
    """Names of files that are nobody's business, by all ways that there are."""
    (tmp_path / "private").mkdir()
    (tmp_path / "allowed").mkdir()
    secret = tmp_path / "private" / "secret.yaml"
    secret.write_text(SECRET)
    (tmp_path / "allowed" / "link.yaml").symlink_to(secret)
    return [
        "/etc/passwd",
        "/etc/shadow",
        str(secret),
        str(tmp_path / "allowed" / "link.yaml"),
        f"{tmp_path}/allowed/../private/secret.yaml",
        "../../../../etc/passwd",
        "~root/.bashrc",
        str(tmp_path / "private" / "nothing.yaml"),
        "/dev/zero",
    ]


def test_no_peer_reads_files_through_parameters(active, refusal, secrets, tmp_path):
    node = active("guidance", allowed_folders=str(tmp_path / "allowed"))
    for name in secrets:
        for parameter in ("profile", "language"):
            reason = refusal("guidance", **{parameter: name})
            assert "may not be named from the network" in reason, name
            assert "hunter2" not in reason and "root:" not in reason
    assert node.stop() == 0 and "hunter2" not in node.output


def test_no_peer_reads_files_through_requests(peer, active, secrets, tmp_path):
    node = active("capture", folder=tmp_path, allowed_folders=str(tmp_path / "allowed"))
    for name in secrets:
        response = peer.call(Capture, "capture", profile=name)
        assert not response.success and "may not be named" in response.message, name
    assert node.stop() == 0 and "hunter2" not in node.output and "root:" not in node.output


def test_no_peer_reads_files_through_goals(peer, active, secrets, tmp_path):
    node = active("guidance", allowed_folders=str(tmp_path / "allowed"))
    client = peer.keep(ActionClient(peer.node, Guide, "guide"))
    assert client.wait_for_server(20.0)
    for wanted in [{"profile": name} for name in secrets] + [{"language": secrets[0]}]:
        sent = peer.in_turn(lambda: client.send_goal_async(Guide.Goal(**wanted)))
        wait_until(sent.done)
        got = peer.in_turn(sent.result().get_result_async)
        wait_until(got.done)
        assert got.result().status == GoalStatus.STATUS_ABORTED
        assert "may not be named" in got.result().result.message
    assert node.stop() == 0 and "hunter2" not in node.output and "root:" not in node.output


@pytest.mark.parametrize(
    "name, given, parameter",
    [
        ("camera", {"source": "picture.png"}, "source"),
        ("camera", {}, "calibration"),
        ("pose", {}, "model"),
        ("pose", {}, "detector"),
        ("simulation", {}, "profile"),
    ],
)
def test_no_peer_has_files_opened_while_a_node_is_unconfigured(
    peer, run, refusal, secrets, tmp_path, name, given, parameter
):
    """Whoever may lead a node through its life may not have it publish the machine's pictures."""
    given = {key: tmp_path / value for key, value in given.items()}
    run(name, autostart=False, **given)
    peer.call(GetState, f"/{name}/get_state")
    for secret in [*secrets, f"file://{secrets[2]}", "concat:/etc/passwd"]:
        assert "may not be named from the network" in refusal(name, **{parameter: secret}), secret
    for own in given.values():  # what was given at the start
        assert refusal(name, **{parameter: str(own)}) == ""


def test_files_below_allowed_folders_may_be_named(active, refusal, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("parts: [head, shoulders]\nsize_minimum: 0.2\nsize_maximum: 0.9\n")
    active("guidance", allowed_folders=str(tmp_path))
    assert refusal("guidance", profile=str(mine)) == ""
    assert "size_minimum is 'x'" in (
        mine.write_text(mine.read_text().replace("0.2", "x"))
        and refusal("guidance", profile=str(mine))
    )


@pytest.mark.parametrize("kind", ["pipe", "directory", "deep", "bomb", "large"])
def test_a_file_that_is_made_to_hurt_is_refused_at_once(peer, active, refusal, tmp_path, kind):
    path = tmp_path / "given.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_text(
            {
                "deep": "[" * 9000,
                "large": "x: " + "y" * 10**6,
                "bomb": "\n".join(
                    [
                        f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9 if i else ["x"]) + "]"
                        for i in range(10)
                    ]
                ),
            }[kind]
        )
    node = active("guidance", allowed_folders=str(tmp_path))
    assert "cannot be read" in refusal("guidance", profile=str(path))
    assert node.stop() == 0


def test_captures_can_only_be_sent_below_the_folder_given_at_the_start(
    peer, active, refusal, tmp_path
):
    active("capture", folder=tmp_path / "captures")
    for elsewhere in (
        "/tmp",
        str(tmp_path),
        f"{tmp_path}/captures/../elsewhere",
        "~nobody/x",
        "",
        "a\0b".replace("\0", ""),
    ):
        assert refusal("capture", folder=elsewhere) != ""
    assert refusal("capture", folder=str(tmp_path / "captures" / "monday")) == ""


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("label", "my label"),
        ("label", "../x"),
        ("profile", "~nobody/x.yaml"),
        ("language", "~x/y"),
        ("profile", "x" * 5000 + ".yaml"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_and_no_end(
    active, refusal, peer, parameter, value
):
    node = active("guidance")
    reason = refusal("guidance", **{parameter: value})
    assert reason and "Traceback" not in node.output
    assert peer.call(GetState, "/guidance/get_state").current_state.label == "active"


def captured(path: str, label: str = "me", image: bool = True) -> CapturedImage:
    msg = CapturedImage(header=Header(frame_id="camera"), label=label, image_path=path)
    msg.header.stamp.sec = 1_700_000_000
    if image:
        fill_compressed(msg.image, np.zeros((48, 64, 3), np.uint8), "png")
    else:
        msg.image.data = b"\xff\xd8 no picture"
    return msg


def test_downstream_writes_nowhere_but_below_its_folder(peer, active, tmp_path):
    folder = tmp_path / "mine" / "pictures"
    node = active("downstream", folder=folder)
    publisher = peer.publisher(CapturedImage, "captures", LATCHED)
    for i, path in enumerate(
        (f"{tmp_path}/evil/a.png", "../../evil.png", "", "/", "a\n[ERROR] b", "x" * 5000)
    ):
        publisher.publish(captured(path, f"no{i}"))
    for label in ("../evil", "a/b", "x" * 65, "\x1b[31m"):
        publisher.publish(captured("", label))
    publisher.publish(captured("x.png", image=False))
    publisher.publish(captured("x.png", "last"))
    wait_until(lambda: list(folder.glob("last_*_openpose.json")))
    assert node.stop() == 0 and "Traceback" not in node.output and "\x1b" not in node.output
    assert {p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*_posemap.png")} == {"mine"}
    assert not (tmp_path / "evil").exists()


def test_a_picture_that_claims_to_be_huge_is_not_made_room_for(peer, active, tmp_path):
    """30000 x 30000 white pixels are a file of 3 MB, and 2.7 GB in memory."""
    node = active("downstream", folder=tmp_path)
    publisher = peer.publisher(CapturedImage, "captures", LATCHED)
    huge = captured("x.png", "huge")
    _, small = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))
    data = bytearray(small.tobytes())
    data[16:24] = (30000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    huge.image.data = bytes(data)
    publisher.publish(huge)
    node.says("cannot be used")
    assert node.stop() == 0


def test_what_is_said_forges_no_log_lines(peer, active):
    node = active("speech")
    publisher = peer.publisher(String, "speech")
    publisher.publish(String(data="\x1b]0;evil\a\n[ERROR] [1] [speech]: fake"))
    node.says("fake")
    (line,) = [line for line in node.output.splitlines() if "fake" in line]
    assert "says: ]0;evil [ERROR]" in line and "\x1b" not in node.output
    assert node.stop() == 0
