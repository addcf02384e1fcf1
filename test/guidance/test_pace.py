# SPDX-License-Identifier: Apache-2.0
"""A calm and a brisk pace."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dwpose_ros.guidance import Coach, load_phrases
from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.pace import PACES, paced

FINE = [CheckResult("somebody", True, 1.0, 1.0), CheckResult("centred", True, 0.0, -0.1, 0.1)]
ENGLISH = load_phrases(Path(__file__).resolve().parents[2] / "config" / "phrases" / "en.yaml")


def held(profile) -> tuple[float, list[str]]:
    """When a picture of somebody who stands right at once is taken, and what is said before."""
    coach, said, busy_until = Coach(profile), [], 0.0
    for i in range(100):
        now = i / 10
        decision = coach.update(FINE, now, busy=now < busy_until)
        if decision.speak:
            busy_until = now + 0.5
            said.append(ENGLISH.text(decision.code, count=decision.count))
        if decision.capture:
            return now, said
    return math.inf, said


def test_the_normal_pace_is_the_profiles(profile):
    wanted = profile("full_body")
    assert paced(wanted, "normal") is wanted
    assert held(wanted)[1] == ["Perfect, hold still."]


def test_calm_says_the_seconds_and_counts_down(profile):
    time_s, said = held(paced(profile("full_body"), "calm"))
    assert time_s == pytest.approx(5.0, abs=0.11)
    assert said == ["Hold for 5 seconds.", "3", "2", "1"]


def test_brisk_is_short(profile):
    time_s, said = held(paced(profile("full_body"), "brisk"))
    assert time_s == pytest.approx(1.0, abs=0.11) and said == ["Hold for one second."]


@pytest.mark.parametrize("pace", [p for p in PACES if p != "normal"])
def test_every_step_has_the_pace(profile, pace):
    session = paced(profile("turnaround"), pace)
    change = PACES[pace]
    for before, step in zip(profile("turnaround").steps, session.steps):
        assert (step.hold_s, step.say_seconds) == (change.hold_s, True)
        assert step.repeat_s == pytest.approx(before.repeat_s * change.waits)
        assert step.gap_s == pytest.approx(before.gap_s * change.waits)
        assert (step.step, step.side, step.parts) == (before.step, before.side, before.parts)
    with pytest.raises(KeyError):
        paced(session, "hurried")
