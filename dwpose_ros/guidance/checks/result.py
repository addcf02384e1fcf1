# SPDX-License-Identifier: Apache-2.0
"""The result of a check, and helpers that all checks share."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from dwpose_ros.guidance.scale import DEPTH, Scale

# Hysteresis of the magnitude, as a share of its limits, so that advice does not alternate between
# "a little" and "a step".
_HYSTERESIS = 0.2
LITTLE = 0.54  # shorter ways are "a little", in steps forward
ROLL_LITTLE, HALF = 0.4, 0.9  # the same in metres to roll; up to the second it is half a metre
MOST_STEPS = 8  # largest number of steps asked for at once


class CheckResult(NamedTuple):
    """The result of a check: passed (`ok` True), failed (False) or unknown (None).

    A check whose keypoints are not visible is reported as unknown, not failed. If it is
    `required`, no picture is captured while it is unknown, and `code` and `body_part` say what the
    person can do to make it known, which is said after some time. If it is not required, an
    unknown result is ignored.
    """

    name: str
    ok: bool | None
    value: float  # NaN if unknown
    minimum: float = math.nan  # NaN: no such limit
    maximum: float = math.nan
    unit: str = "1"
    code: str = ""  # the instruction, where it does not hold
    body_part: str = ""  # of the body, where the instruction names one
    magnitude: str = ""  # "little", "half" a metre or "big", by how much is missing
    # Of the steps to take, where the instruction is to take some; it hides tuple.count.
    count: int = 0  # type: ignore[assignment]
    required: bool = True
    track: float = math.nan  # changes like the value, but not when other points come into view
    remaining: float = math.nan  # growth to the best distance, as a logarithm, of `too_close`
    first: str = ""  # check that has to pass before this advice can be followed, if any


def described(result: CheckResult) -> str:
    """Return a result in words: "distance 0.4, at least 0.5 (head)"."""
    low, high = (f"{limit:.3g}" for limit in (result.minimum, result.maximum))
    wanted = (
        f"at most {high}"
        if math.isnan(result.minimum)
        else f"at least {low}"
        if math.isnan(result.maximum)
        else f"{low} to {high}"
    )
    body_part = f" ({result.body_part})" if result.body_part else ""
    return f"{result.name} {result.value:.3g}, {wanted}{body_part}"


def sideways(view_right: bool, mirrored: bool) -> str:
    """Return the person's own 'left' or 'right' for a direction in the image.

    In an image that is not mirrored, the person's left is on the image's right.
    """
    return "left" if view_right != mirrored else "right"


def with_magnitude(
    off: float, little: float, big: float, code: str, before: CheckResult | None
) -> str:
    """Return the magnitude of advice: "little", "" or "big".

    If the same advice was given before, its magnitude is kept until `off` is well beyond a limit.

    Args:
        off: the deviation.
        little: "little" up to this deviation.
        big: "big" from this deviation on.
        code: the instruction.
        before: the check's last result.
    """
    if before is not None and before.code == code and before.ok is False:
        if before.magnitude == "little":
            little *= 1 + _HYSTERESIS
        elif before.magnitude == "big":
            big *= 1 - _HYSTERESIS
        else:
            little, big = little * (1 - _HYSTERESIS), big * (1 + _HYSTERESIS)
    return "little" if off <= little else "big" if off >= big else ""


def steps(
    way_m: float, code: str, before: CheckResult | None, scale: Scale = Scale()
) -> dict[str, Any]:
    """Return `magnitude` and `count` of advice to walk `way_m`: "little", or a number of steps.

    It is one step if the way is unknown (NaN). If the same advice was given before, the number is
    kept until the way has changed enough.

    Args:
        way_m: metres for somebody of an adult's stature.
        code: the instruction.
        before: the check's last result.
        scale: how far a step of this person goes.
    """
    if math.isnan(way_m):
        return {"magnitude": "", "count": 1}
    there = before if before is not None and before.code == code and before.ok is False else None
    step = scale.step_of(code)
    rolls = code.startswith("roll_")
    little = ROLL_LITTLE * scale.metre_m if rolls else LITTLE * scale.step_m
    if there is not None:
        little *= 1 + _HYSTERESIS if there.magnitude == "little" else 1 - _HYSTERESIS
    if way_m <= little:
        return {"magnitude": "little", "count": 0}
    if rolls:
        half = HALF * scale.metre_m
        if there is not None:
            half *= 1 + _HYSTERESIS / 2 if there.magnitude == "half" else 1 - _HYSTERESIS / 2
        if way_m <= half:
            return {"magnitude": "half", "count": 0}
    wanted = min(way_m, 1e3) / step
    if code in DEPTH:  # rather one too few: the next advice is better
        wanted -= 0.1
    if there is not None and there.count and abs(wanted - there.count) < 0.5 + _HYSTERESIS:
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
    """Check a value against its limits; the result is unknown for NaN."""
    if math.isnan(value):
        return CheckResult(name, None, value, minimum, maximum, unit)
    code = low_code if value < minimum else high_code if value > maximum else None
    return CheckResult(name, code is None, value, minimum, maximum, unit, code or "")
