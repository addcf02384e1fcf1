# SPDX-License-Identifier: Apache-2.0
"""The launch file as ROS 2's own tool tests one, while it runs and after it has ended:

    python3 -m launch_testing.launch_test test/ros/test_launch_testing.py

colcon test does that too. (The command `launch_test` runs with the system's Python, which may lack
what the nodes need.)
"""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

import pytest

pytest.importorskip(
    "launch_testing",
    reason="there is no launch_testing, which ROS 2 has (launch_testing_ros) and rosless has not",
)

import launch_testing.actions  # noqa: E402
import launch_testing.asserts  # noqa: E402
import launch_testing.markers  # noqa: E402
from launch import LaunchDescription  # noqa: E402
from launch.actions import IncludeLaunchDescription  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402
from launch.substitutions import PathJoinSubstitution  # noqa: E402
from launch_ros.substitutions import FindPackageShare  # noqa: E402
from launch_testing_ros import WaitForTopics  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from dwpose_ros.msg import Guidance, WholeBodyPose  # noqa: E402

# launch_test knows no conftest.py.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
import alone  # noqa: E402, F401
from holistic_models import READY  # noqa: E402

START_S = 60.0  # for all nodes and the network, on a slow machine
NODES = ("simulation", "pose", "overlay", "markers", "guidance", "capture", "speech", "downstream")

pytestmark = pytest.mark.skip(  # said by pytest alone
    "a launch test: python3 -m launch_testing.launch_test, or colcon test, runs it"
)
needs_holistic = unittest.skipUnless(READY, "holistic's networks are absent")


@launch_testing.markers.keep_alive  # else launch ends before the tests where it has nothing to do
def generate_test_description() -> LaunchDescription:
    guide = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([FindPackageShare("dwpose_ros"), "launch", "guide.launch.py"])
        ),
        launch_arguments={"source": "sim", "folder": tempfile.mkdtemp()}.items(),
    )
    return LaunchDescription([*READY * [guide], launch_testing.actions.ReadyToTest()])


@needs_holistic
class WhileItRuns(unittest.TestCase):
    def test_a_person_is_seen_and_told_what_to_do(self):
        topics = WaitForTopics(
            [("wholebody_pose", WholeBodyPose), ("guidance", Guidance), ("speech", String)],
            timeout=START_S,
        )
        try:
            self.assertTrue(topics.wait(), f"nothing on {topics.topics_not_received()}")
            self.assertEqual(topics.received_messages("wholebody_pose")[-1].width, 1280)
            self.assertNotEqual(topics.received_messages("speech")[-1].data, "")
        finally:
            topics.shutdown()

    def test_the_person_does_what_they_are_told(self, proc_output):
        proc_output.assertWaitFor(
            "ADJUSTING: ", process="guidance", strict_proc_matching=False, timeout=START_S
        )
        proc_output.assertWaitFor(
            "captured ", process="capture", strict_proc_matching=False, timeout=START_S
        )


@launch_testing.post_shutdown_test()
@needs_holistic
class AfterItEnded(unittest.TestCase):
    def test_all_nodes_ended_well(self, proc_info):
        self.assertEqual(
            {name.rpartition("-")[0] for name in proc_info.process_names()}, set(NODES)
        )
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_none_of_them_left_a_traceback(self, proc_output):
        for one in proc_output:
            self.assertNotIn(b"Traceback", one.text)
