# SPDX-License-Identifier: Apache-2.0
"""Guidance: decide what to tell the person, and when to capture. No ROS, no clock."""

from dwpose_ros.guidance.coach import Coach
from dwpose_ros.guidance.decision import Decision, State
from dwpose_ros.guidance.phrases import Phrases, load_phrases
from dwpose_ros.guidance.profile import Profile, ProfileError, load_profile

__all__ = [
    "Coach",
    "Decision",
    "Phrases",
    "Profile",
    "ProfileError",
    "State",
    "load_phrases",
    "load_profile",
]
