# SPDX-License-Identifier: Apache-2.0
"""Check that a person does not lean towards the camera."""

from __future__ import annotations

import math

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.guidance.checks.facing import from_the_side
from dwpose_ros.guidance.checks.result import CheckResult
from dwpose_ros.guidance.checks.torso import breadth
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.own_widths import TORSO_M, lean_deg
from dwpose_ros.guidance.profile import Profile

_LEAN_DEG, _LEAN_SDS = 20.0, 2.5  # from which on somebody leans


def leaning(
    observation: Observation,
    profile: Profile,
    mirrored: bool = False,
    before: CheckResult | None = None,
) -> CheckResult | None:
    """The person does not lean towards the camera, by their own breadth; the value is in deg."""
    if profile.side not in ("front", "back"):
        return None
    width, torso = breadth(observation, profile.score)
    own, sd = observation.scale.breadth, observation.scale.breadth_sd
    result = CheckResult("leaning", None, math.nan, maximum=_LEAN_DEG, unit="deg", required=False)
    if not own > 0 or not torso >= 1.0 or from_the_side(observation, profile.score):
        return result
    broader = abs(width) / torso / own
    here = TORSO_M * observation.scale.focal * observation.width / torso
    hips = observation.xy[[INDEX["left_hip"], INDEX["right_hip"]], 1].mean()
    above = 1 + (observation.scale.horizon * observation.height - float(hips)) / torso
    value = lean_deg(broader, here, min(max(above, 0.0), 2.0))
    leans = value > _LEAN_DEG and broader > 1 + _LEAN_SDS * sd
    code = "sit_upright" if observation.scale.sits else "stand_upright"
    return result._replace(ok=not leans, value=value, code=code if leans else "")
