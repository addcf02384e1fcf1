# SPDX-License-Identifier: Apache-2.0
"""A clock that is set while the nodes run, as NTP does once the network is there."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from harness import wait_until
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from test_bags import Session, asked, play_live

from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.steady import since_boot

SET_AFTER_S = 3.5  # while they are asked to go aside


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_guidance_and_capture_go_on(peer, run, tmp_path, step_s):
    began = time.monotonic()

    def now() -> Time:
        elapsed = time.monotonic() - began
        return Time(seconds=1e9 + elapsed + (step_s if elapsed > SET_AFTER_S else 0.0))

    clock = peer.node.create_publisher(Clock, "/clock", 10)
    peer.node.create_timer(0.01, lambda: clock.publish(Clock(clock=now().to_msg())))
    folder = tmp_path / "captures"
    folder.mkdir()
    session = Session(peer, run, folder, use_sim_time=True)
    images, poses = (
        peer.listen(kind, topic)
        for kind, topic in ((Image, "image_raw"), (WholeBodyPose, "wholebody_pose"))
    )
    began = time.monotonic()
    play_live(peer, now)
    assert len(images) == len(poses)
    wait_until(lambda: session.captures)
    session.stop()
    told, spoken, files = session.result()
    assert [code for code in asked(told) if code] == ["move_closer", "move_left"]
    # How many steps, and whether somebody was lost at the jump, depends on how busy the machine is.
    sometimes = ("Close enough.", "Step in front of the camera.")
    closer, left, *then = [text for text in dict.fromkeys(spoken) if text not in sometimes]
    assert re.fullmatch(r"\d steps closer\.", closer)
    assert re.fullmatch(r"(Take a step|\d steps) to your left\.", left)
    assert then[-2:] == ["Perfect, hold still.", "Thank you, that is done."]
    # The picture is of after the step, and nothing of before it is taken for recent.
    (stamp,) = (m.pose.header.stamp.sec for m in session.captures)
    assert abs(stamp - 1e9 - step_s) < 60 and len(files) == 3


def test_a_suspended_machine_s_clock_was_not_set():
    """Where a container's clock is not another one, it agrees with the kernel's uptime."""
    uptime = Path("/proc/uptime")
    if not uptime.is_file():
        pytest.skip("this is no Linux")
    assert since_boot() == pytest.approx(float(uptime.read_text().split()[0]), abs=1.0)
