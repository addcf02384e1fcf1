# SPDX-License-Identifier: Apache-2.0
"""The benchmark's ideal coach is as fast as the person's own pace allows, and no coach is faster."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmark"))

from guidance import PHRASES, REACTION_S, episode  # noqa: E402
from guidance_groups import World  # noqa: E402
from ideal import ideal  # noqa: E402

from dwpose_ros.guidance import load_profile  # noqa: E402
from dwpose_ros.guidance.phrases import speaking_s  # noqa: E402
from dwpose_ros.simulation.actor import Actor  # noqa: E402
from dwpose_ros.simulation.behavior import Behavior, Gait  # noqa: E402
from dwpose_ros.simulation.bodies import Body  # noqa: E402
from dwpose_ros.simulation.camera import SimulatedCamera  # noqa: E402
from dwpose_ros.simulation.movements import Stance  # noqa: E402

PATH = ROOT / "config" / "profiles" / "upper_body.yaml"
PROFILE = load_profile(PATH)
PACE = Behavior(delay_s=(0.4, 0.6), walk_m_s=0.5, turn_deg_s=50.0, gait=Gait())


def needed(start: Stance) -> tuple[float, int]:
    world = World(Body(), SimulatedCamera(height_m=1.3), start)
    return ideal(world, Actor(start, PACE), PROFILE, PHRASES, REACTION_S)


def test_who_stands_right_needs_only_to_hold_still():
    assert needed(Stance(0.0, 2.0, 0.0, "relaxed")) == (PROFILE.hold_s, 0)


def test_who_goes_takes_as_long_as_their_own_pace():
    near, far = (needed(Stance(0.0, distance, 0.0, "relaxed")) for distance in (4.0, 5.0))
    assert near[1] == far[1] == 1
    assert far[0] - near[0] == pytest.approx(1.0 / PACE.walk_m_s)
    said = speaking_s(PHRASES.text("move_closer", count=1))
    assert near[0] > PROFILE.hold_s + REACTION_S + said + 0.5 + 1.0 / PACE.walk_m_s


def test_who_turns_and_goes_does_both_at_once():
    turned, sentences = needed(Stance(0.0, 2.0, 180.0, "relaxed"))
    both, more = needed(Stance(0.0, 4.0, 180.0, "relaxed"))
    assert (sentences, more) == (1, 2)
    assert turned < both < turned + needed(Stance(0.0, 4.0, 0.0, "relaxed"))[0] - PROFILE.hold_s


@pytest.mark.parametrize("group", ["adults", "wheelchair", "lens_110"])
def test_no_coach_is_faster(group):
    times = [
        [episode(coach, str(PATH), "obedient", group, seed).time_s for seed in range(8)]
        for coach in ("ideal", "coach")
    ]
    ours = [time_s for time_s in times[1] if math.isfinite(time_s)]
    assert len(ours) >= 4 and sum(sorted(times[0])[: len(ours)]) < sum(ours)
