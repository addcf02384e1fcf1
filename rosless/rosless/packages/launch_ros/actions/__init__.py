# SPDX-License-Identifier: Apache-2.0
"""Actions: what a launch description can do with nodes."""

from launch_ros.actions.lifecycle_node import LifecycleNode
from launch_ros.actions.lifecycle_transition import LifecycleTransition
from launch_ros.actions.node import Node
from launch_ros.actions.push_ros_namespace import PushROSNamespace, PushRosNamespace
from launch_ros.actions.set_parameter import SetParameter
from launch_ros.actions.set_remap import SetRemap

__all__ = [
    "LifecycleNode",
    "LifecycleTransition",
    "Node",
    "PushROSNamespace",
    "PushRosNamespace",
    "SetParameter",
    "SetRemap",
]
