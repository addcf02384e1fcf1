"""Whether a picture that was taken is within the limits of its profile."""

from __future__ import annotations

import math

from dwpose_ros.capture.quality import Quality
from dwpose_ros.guidance.checks import Verdict, judge, relaxed
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.view import View

TOLERANCE = 0.1  # share by which the limits are wider for a picture


def broken_limit(view: View | None, quality: Quality, profile: Profile,
                 mirrored: bool = False) -> str:
    """Which limit a picture breaks, by the name of its check, in one line; empty if none.

    A person who was told to hold still may be as far off as the guidance lets them, and a single
    frame errs more than they do: the limits are a little wider. How fast somebody moves is unknown
    in the first frame, and no fault; anything else that a check requires must be known.
    """
    if view is not None:
        view = view._replace(brightness=quality.brightness, sharpness=quality.value("sharpness"))
    for verdict in judge(view, relaxed(profile, TOLERANCE), mirrored):
        if verdict.ok is False:
            return _told(verdict)
        if verdict.ok is None and verdict.required and verdict.name != "still":
            return f"{verdict.name} cannot be judged"
    if quality.score < profile.quality_minimum:
        worst = quality.worst(profile.weights)
        why = f": {worst.name} {worst.value:.3g} (score {worst.score:.0f})" if worst else ""
        return f"quality {quality.score:.0f}, at least {profile.quality_minimum:.0f}{why}"
    return ""


def _told(verdict: Verdict) -> str:
    low, high = (f"{limit:.3g}" for limit in (verdict.minimum, verdict.maximum))
    wanted = (f"at most {high}" if math.isnan(verdict.minimum) else
              f"at least {low}" if math.isnan(verdict.maximum) else f"{low} to {high}")
    part = f" ({verdict.part})" if verdict.part else ""
    return f"{verdict.name} {verdict.value:.3g}, {wanted}{part}"
