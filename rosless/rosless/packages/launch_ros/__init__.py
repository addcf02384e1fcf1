# SPDX-License-Identifier: Apache-2.0
"""Launching of ROS nodes."""
