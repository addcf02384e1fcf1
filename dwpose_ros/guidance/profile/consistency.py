# SPDX-License-Identifier: Apache-2.0
"""Refuses profiles that contradict themselves."""

from __future__ import annotations

import math

from dwpose_ros.guidance.body_parts import (
    FRONTAL,
    OF_ARMS,
    ONE_OF_ARMS,
    POSTURE_PARTS,
    height_of,
)
from dwpose_ros.guidance.profile.model import Profile, ProfileError


def refuse_contradictions(where: str, profile: Profile) -> None:
    """Raise ProfileError for a profile that no picture can fulfil."""
    for what in ("size", "brightness"):
        low, high = (getattr(profile, f"{what}_{end}") for end in ("minimum", "maximum"))
        if low >= high:
            raise ProfileError(
                f"{where}: {what}_minimum {low} must be less than {what}_maximum {high}"
            )
    room = 1 - 2 * profile.margin
    if profile.size_minimum > room:
        raise ProfileError(
            f"{where}: size_minimum {profile.size_minimum} must be at most "
            f"{room:g}, which a margin of {profile.margin} leaves"
        )
    if not height_of(profile.parts):
        raise ProfileError(
            f"{where}: parts is {list(profile.parts)!r}, which has no height to "
            "tell a size by; it must have another part, higher or lower"
        )
    if profile.side == "back" and "face" in profile.parts:
        raise ProfileError(f"{where}: parts has 'face', which cannot be seen with side 'back'")
    if not any(profile.weights.values()):
        raise ProfileError(
            f"{where}: quality leaves out every measure; at least one must have a weight above 0"
        )
    posture_limits = [w.name for w in profile.posture]
    if profile.side in ("left", "right"):
        for name in set(FRONTAL) & set(posture_limits):
            raise ProfileError(
                f"{where}: posture {name} cannot be seen with side "
                f"{profile.side!r}; ask for it with front or back"
            )
    arms = [name for name in ONE_OF_ARMS if name in posture_limits]
    if len(arms) > 1:
        raise ProfileError(
            f"{where}: posture has {' and '.join(arms)}; it can have only one of "
            f"{', '.join(ONE_OF_ARMS)}"
        )
    for name in posture_limits:
        _refuse_unseen(where, profile, name)
    if profile.repeat_s < profile.gap_s:
        raise ProfileError(
            f"{where}: repeat_s {profile.repeat_s} must be at least gap_s "
            f"{profile.gap_s}: nothing is said sooner"
        )
    if 0 < profile.hold_s < profile.debounce_s:  # 0: the capture is to come at once
        raise ProfileError(
            f"{where}: debounce_s {profile.debounce_s} must be at most hold_s "
            f"{profile.hold_s}: who is to hold still would not be told"
        )


def _refuse_unseen(where: str, profile: Profile, posture: str) -> None:
    """Raise ProfileError for a posture measured by points that cannot be in the image with the
    parts.

    Points that `parts` does not ask for may be in the image if the person is small enough. Arms
    may be held anywhere.
    """
    parts = (*profile.parts, *POSTURE_PARTS[posture])
    whole = height_of(body_part for body_part in parts if body_part not in OF_ARMS)
    if profile.size_minimum * whole > height_of(profile.parts):
        most = math.floor(1000 * height_of(profile.parts) / whole) / 1000
        raise ProfileError(
            f"{where}: posture {posture} cannot be seen with size_minimum {profile.size_minimum}: "
            f"{', '.join(POSTURE_PARTS[posture])} would be beyond the image; it must be at most "
            f"{most}, or parts must have them"
        )
