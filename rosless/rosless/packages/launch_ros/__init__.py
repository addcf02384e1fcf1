"""Launching of ROS nodes."""

from rosless import missing

from launch_ros import actions, parameter_descriptions, substitutions

__all__ = ["actions", "parameter_descriptions", "substitutions"]

__getattr__ = missing("launch_ros")
