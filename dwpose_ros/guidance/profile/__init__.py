# SPDX-License-Identifier: Apache-2.0
"""Profiles: what the picture must show."""

from dwpose_ros.guidance.profile.loading import load_profile, load_step, read_mapping
from dwpose_ros.guidance.profile.model import Profile, ProfileError

__all__ = ["Profile", "ProfileError", "load_profile", "load_step", "read_mapping"]
