# SPDX-License-Identifier: Apache-2.0
"""What a check finds, and the words and grades that all checks share."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

# How much further a value must go before its grade changes back: advice that alternates between
# "a little" and "a step" is worse than either.
_GRADE_STICKS = 0.2
STEP_M = 0.5  # what somebody does who is asked for a step: shorter than in walking
SIDESTEP_M = 0.35
LITTLE_M = 0.27  # up to here it is "a little"
MOST_STEPS = 8  # that are asked for at once


class CheckResult(NamedTuple):
    """What a check found: it holds (`ok` True), it fails (False), or it cannot be judged (None).

    What cannot be judged is neither a pass nor a fault. Where it is `required`, there must be no
    capture; `code` and `part` then say what would make it judgeable, for somebody who waits too
    long. Where it is not, it is to be ignored.
    """

    name: str
    ok: bool | None
    value: float  # NaN where it cannot be judged
    minimum: float = math.nan  # NaN: no such limit
    maximum: float = math.nan
    unit: str = "1"
    code: str = ""  # the instruction, where it does not hold
    part: str = ""  # of the body, where the instruction names one
    magnitude: str = ""  # "little" or "big" where little or much is missing
    # Of the steps to take, where the instruction is to take some; it hides tuple.count.
    count: int = 0  # type: ignore[assignment]
    required: bool = True
    track: float = math.nan  # changes as the value does, but not when other points come into view
    first: str = ""  # the check that has to hold before this one's advice can be followed, if any


def sideways(view_right: bool, mirrored: bool) -> str:
    """'left' or 'right' as the person has it, for a direction in the image.

    A camera's image that is not mirrored shows the person's left on the image's right.
    """
    return "left" if view_right != mirrored else "right"


def with_magnitude(
    off: float, little: float, big: float, code: str, before: CheckResult | None
) -> str:
    """The grade of advice that is `off` by so much: up to `little`, from `big` on, or between.

    Where the same advice was given before, its grade stays until `off` is well beyond.
    """
    if before is not None and before.code == code and before.ok is False:
        if before.magnitude == "little":
            little *= 1 + _GRADE_STICKS
        elif before.magnitude == "big":
            big *= 1 - _GRADE_STICKS
        else:
            little, big = little * (1 - _GRADE_STICKS), big * (1 + _GRADE_STICKS)
    return "little" if off <= little else "big" if off >= big else ""


def steps(way_m: float, code: str, before: CheckResult | None) -> dict[str, Any]:
    """`magnitude` and `count` of advice to walk so far: "little", or a number of steps; one where
    the way is not known.

    Where the same advice was given before, the number stays until the way is well beyond.
    """
    if math.isnan(way_m):
        return {"magnitude": "", "count": 1}
    there = before if before is not None and before.code == code and before.ok is False else None
    little = LITTLE_M
    if there is not None:
        little *= 1 + _GRADE_STICKS if there.magnitude == "little" else 1 - _GRADE_STICKS
    if way_m <= little:
        return {"magnitude": "little", "count": 0}
    wanted = min(way_m, 1e3) / (SIDESTEP_M if code in ("move_left", "move_right") else STEP_M)
    wanted -= 0.1  # rather one too few: they may take long ones, and the next advice is better
    if there is not None and there.count and abs(wanted - there.count) < 0.5 + _GRADE_STICKS:
        return {"magnitude": "", "count": there.count}
    return {"magnitude": "", "count": min(max(math.floor(wanted + 0.5), 1), MOST_STEPS)}


def within(
    name: str,
    value: float,
    minimum: float = math.nan,
    maximum: float = math.nan,
    unit: str = "1",
    low_code: str = "",
    high_code: str = "",
) -> CheckResult:
    """A value against its limits; NaN cannot be judged."""
    if math.isnan(value):
        return CheckResult(name, None, value, minimum, maximum, unit)
    code = low_code if value < minimum else high_code if value > maximum else None
    return CheckResult(name, code is None, value, minimum, maximum, unit, code or "")
