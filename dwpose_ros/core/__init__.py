"""Data types and helpers that all other packages use. No ROS, no clock."""
