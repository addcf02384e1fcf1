# SPDX-License-Identifier: Apache-2.0
"""The pace of guidance: how long it waits, and for how many seconds a person holds still."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from dwpose_ros.guidance.profile import Profile


class Pace(NamedTuple):
    """How a profile's times change."""

    waits: float
    """Factor on the times between sentences."""
    hold_s: float
    """How long all must hold before the capture; "N seconds" is said."""


PACES = {"normal": None, "calm": Pace(1.5, 5.0), "brisk": Pace(0.7, 1.0)}


def paced(profile: Profile, pace: str) -> Profile:
    """Return a profile at one of PACES; "normal" is the profile's own.

    Raises:
        KeyError: the pace is unknown.
    """
    change = PACES[pace]
    if change is None:
        return profile
    return replace(
        profile,
        hold_s=change.hold_s,
        say_seconds=True,
        gap_s=profile.gap_s * change.waits,
        repeat_s=profile.repeat_s * change.waits,
        sequence=tuple(paced(step, pace) for step in profile.sequence),
    )
