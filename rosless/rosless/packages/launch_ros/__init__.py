"""Launching of ROS nodes."""
