# SPDX-License-Identifier: Apache-2.0
"""Data types and helpers that all other packages use. No ROS, no clock."""
