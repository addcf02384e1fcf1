# SPDX-License-Identifier: Apache-2.0
"""Measure networks, and quantise them. No ROS."""
