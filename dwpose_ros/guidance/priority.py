# SPDX-License-Identifier: Apache-2.0
"""Which of the failed checks is acted on first."""

from __future__ import annotations

from collections.abc import Sequence

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.compliance import PLACING, ComplianceTracker, axis
from dwpose_ros.guidance.scale import DEPTH

LONG_WALK, LONG_ROLL = 3, 1  # steps; metres


def is_long(code: str, count: int) -> bool:
    """Whether a walk takes so long that something can be said meanwhile."""
    return count >= (LONG_ROLL if code.startswith("roll_") else LONG_WALK)


def choose(
    failing: Sequence[CheckResult],
    compliance: ComplianceTracker,
    said: tuple[str, str],
    now: float,
) -> CheckResult | None:
    """Return the first failed check; while the person is acting on it, the next one that can be
    acted on meanwhile. None if none has failed.

    A long walk comes before everything that can be done on the way.

    Args:
        failing: the failed checks, in order of their priority.
        compliance: what the person does.
        said: code and body part of what was said last.
        now: s.
    """
    by_name = {result.name: result for result in failing}
    walk = next(
        (
            result
            for result in failing
            if result.code in DEPTH and is_long(result.code, result.count)
        ),
        None,
    )
    if walk is not None and failing[0].code in PLACING:
        failing = [walk, *(result for result in failing if result is not walk)]
    for result in failing:
        due = _due(result, by_name, compliance, now)
        if due is not None and (result is failing[0] or due.code in PLACING):
            return due
    spoken = (result for result in failing if (result.code, result.body_part) == said)
    return next(spoken, failing[0] if failing else None)


def _due(
    result: CheckResult,
    failing: dict[str, CheckResult],
    compliance: ComplianceTracker,
    now: float,
) -> CheckResult | None:
    """Return the check, or the one that must come first; None if the person is acting on all of
    it.
    """
    if result.first in failing:
        due = _due(failing[result.first], failing, compliance, now)
        if due is not None or axis(result.code) == "head":  # it turns with the body
            return due
    about = compliance.under_way(result.code) or compliance.awaits(result.code, now)
    return None if about else result
