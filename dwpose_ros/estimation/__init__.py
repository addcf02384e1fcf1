# SPDX-License-Identifier: Apache-2.0
"""Estimators of 133 whole-body keypoints, their models and the runtimes that run them. No ROS."""

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

__all__ = ["Estimator", "ModelError", "PersonPoses", "ExecutionTarget", "load"]
