# SPDX-License-Identifier: Apache-2.0
"""Frame in, people out: estimators of 133 keypoints, their models, and drawing. No ROS here."""

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

__all__ = ["Estimator", "ModelError", "PersonPoses", "ExecutionTarget", "load"]
