# SPDX-License-Identifier: Apache-2.0
"""Advice to walk: in which direction, and how many steps.

The steps lead to the middle of the allowed range, since a person who stops at its edge would soon
be told to move again. Distances are for an adult's stature; the scale, which is learned from
walks, says how many steps of this person they are.
"""

from __future__ import annotations

import math

from dwpose_ros.guidance.body_parts import in_image
from dwpose_ros.guidance.checks.apparent_size import reach_of
from dwpose_ros.guidance.checks.facing import facing
from dwpose_ros.guidance.checks.result import CheckResult, sideways, steps
from dwpose_ros.guidance.observation import Observation
from dwpose_ros.guidance.profile import Profile

_NEAR_M = 1.0  # distance assumed for a person who fills the image


def by_distance(
    result: CheckResult,
    observation: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """Add the number of steps to the best distance."""
    if result.ok is not False:
        return result
    reach = reach_of(observation, profile, mirrored)
    code = observation.scale.on_wheels(result.code)
    how = steps(abs(reach.best - reach.here), code, before, observation.scale)
    return result._replace(code=code, **how)


def to_the_side(
    result: CheckResult,
    right: bool,
    share: float,
    observation: Observation,
    profile: Profile,
    mirrored: bool,
    before: CheckResult | None,
) -> CheckResult:
    """Advise to move towards the image's right or left by a share of its width.

    The instruction is from the person's point of view. A person who is not turned as wanted turns
    first, since left and right would be misleading.
    """
    turned = facing(observation, profile, mirrored)
    first = "facing" if turned is not None and turned.ok is False else ""
    side = in_image(profile.side, mirrored)
    if side in ("left", "right"):  # the person faces along the image plane
        code = "move_forward" if right == (side == "right") else "move_backward"
    else:
        code = f"move_{sideways(right, mirrored != (side == 'back'))}"
    code = observation.scale.on_wheels(code)
    here = reach_of(observation, profile, mirrored).here
    way = share / observation.scale.focal * (_NEAR_M if math.isnan(here) else here)
    return result._replace(code=code, first=first, **steps(way, code, before, observation.scale))
