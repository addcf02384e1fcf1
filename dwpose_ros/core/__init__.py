# SPDX-License-Identifier: Apache-2.0
"""Knowledge that everything else rests on. No ROS, no clock."""
