# SPDX-License-Identifier: Apache-2.0
"""Launch ROS nodes."""
