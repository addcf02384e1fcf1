# SPDX-License-Identifier: Apache-2.0
"""A session in a bag: replayed, it gives the same guidance and the same captures."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from harness import wait_until
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from supervised import LIMIT_S
from test_guidance import HEIGHT, WIDTH, portrait

from dwpose_ros.core.images import fill
from dwpose_ros.msg import CapturedImage, Guidance, WholeBodyPose
from dwpose_ros.ros.qos import LATCHED

RATE_HZ = 15


@pytest.fixture(autouse=True)
def bags():
    if (
        not shutil.which("ros2")
        or subprocess.run(["ros2", "bag", "--help"], capture_output=True).returncode
    ):
        pytest.skip("this ROS 2 has no ros2 bag")


class Session:
    """What the nodes said and took, by the stamps of the poses."""

    def __init__(self, peer, run, folder: Path, **more) -> None:
        self.nodes = [
            # A busy machine that plays with pauses is no camera that has stopped.
            run("guidance", profile="upper_body", notice=False, stale_after=LIMIT_S, **more),
            run("capture", folder=folder, **more),
        ]
        self._guidance = peer.listen(Guidance, "guidance")
        self.speech = peer.listen(String, "speech")
        self.captures = peer.listen(CapturedImage, "captures", LATCHED)
        self._folder = folder
        for node in ("guidance", "capture"):
            wait_until(lambda: any(n == node for n in peer.node.get_node_names()))
        wait_until(lambda: peer.node.count_subscribers("/wholebody_pose") >= 2)

    def result(self) -> tuple[list, list[str], dict[str, bytes]]:
        """What was told each time it changed, what was spoken, and the files."""
        told = []
        for one in self._guidance:
            what = one.state, one.code, one.count
            if not told or told[-1][1] != what:
                told.append(((one.header.stamp.sec, one.header.stamp.nanosec), what))
        # How long the capture took is the machine's affair.
        adjusting = [
            t for t in told if t[1][0] == Guidance.ADJUSTING and t[1][1] != "step_into_view"
        ]
        return (
            adjusting,
            # Not what is said before the frames. An empty one silences a sentence: that depends on
            # how long it takes to say, and on the clock of the machine.
            [m.data for m in self.speech if m.data not in ("One moment, please.", "")],
            {p.name: p.read_bytes() for p in sorted(self._folder.iterdir())},
        )

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


def play_live(peer, now: Callable[[], Time] | None = None, empty_s: float = 0.0) -> None:
    """Somebody comes closer, is too far to one side, stands right; each frame looks different.
    `now` is the camera's clock; at first nobody is there for so long."""
    now = now or peer.node.get_clock().now
    told = peer.listen(Guidance, "guidance")
    images = peer.publisher(Image, "image_raw", 10, readers=2)
    poses = peer.publisher(WholeBodyPose, "wholebody_pose", 10, readers=3)
    random = np.random.default_rng(1)
    background = random.integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    for size, x, seconds in (
        (0.0, 0.5, empty_s),
        (0.2, 0.5, 2.5),
        (0.5, 0.2, 3.0),
        (0.5, 0.5, 3.0),
    ):
        for _ in range(int(seconds * RATE_HZ)):
            person = portrait(size or 0.2, x)
            jitter = random.normal(0, 0.2, 133).astype(np.float32)
            header = Header(stamp=now().to_msg(), frame_id="camera")
            frame = np.ascontiguousarray(np.roll(background, random.integers(99), 1))
            images.publish(fill(Image(header=header), frame.repeat(4, 0).repeat(4, 1)))
            person.x = person.x + jitter
            poses.publish(
                WholeBodyPose(
                    header=header,
                    width=WIDTH,
                    height=HEIGHT,
                    model="test",
                    persons=[person] if size else [],
                )
            )
            time.sleep(1 / RATE_HZ)
            # At the pace of the nodes: on a busy machine they would leave frames out, which are in
            # the bag. Only what is sent before anything was told may have been lost.
            end = time.monotonic() + (LIMIT_S if told else 1.0)
            while time.monotonic() < end and not any(t.header.stamp == header.stamp for t in told):
                time.sleep(0.005)


def asked(told) -> list[str]:
    """What was asked for, in order. Whoever is there at a bound may hear that it is enough."""
    codes = dict.fromkeys(what[1] for _, what in told)
    return [code for code in codes if code != "close_enough"]


def test_a_session_that_is_replayed_is_the_same_to_the_bit(peer, run, command, tmp_path):
    recorder = command(
        "ros2", "bag", "record", "-o", tmp_path / "bag", "/image_raw", "/wholebody_pose"
    )
    (tmp_path / "live").mkdir()
    live = Session(peer, run, tmp_path / "live")
    play_live(peer, empty_s=0.8)  # the first messages after a match may be lost
    wait_until(lambda: live.captures)
    live.stop()
    assert recorder.stop() == 0
    told, spoken, files = live.result()
    assert asked(told) == ["move_closer", "move_left"]
    assert len(files) == 3 and spoken[-1] == "Thank you, that is done."
    (tmp_path / "replay").mkdir()
    again = Session(peer, run, tmp_path / "replay", use_sim_time=True)
    play = ("--clock", "100", "--delay", "2", "--rate", "0.25")  # slow enough for a busy machine
    assert command("ros2", "bag", "play", tmp_path / "bag", *play).ended(90.0) == 0
    wait_until(lambda: again.captures)
    again.stop()
    assert again.result() == (told, spoken, files)
