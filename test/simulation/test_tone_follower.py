# SPDX-License-Identifier: Apache-2.0
"""The simulated person who follows tones alone."""

from __future__ import annotations

import math

import pytest

from dwpose_ros.guidance.tones import Tone, ToneKind
from dwpose_ros.simulation.actor import Actor, Stance
from dwpose_ros.simulation.tone_follower import ToneFollower


def follow(start: Stance, tone_at, seconds: float = 20.0, seed: int = 1) -> Stance:
    """Where they are after hearing what `tone_at` makes of where they are."""
    actor = Actor(start, seed=seed)
    follower = ToneFollower(actor, seed, octaves=2.0)
    stance = start
    for i in range(round(10 * seconds)):
        stance = actor.at(i / 10)
        follower.hear(tone_at(stance), i / 10)
    return stance


def towards(x_m: float, distance_m: float):
    """Tones that are right within 0.25 m."""

    def tone(stance: Stance) -> Tone:
        aside, depth = stance.x_m - x_m, stance.distance_m - distance_m
        if max(abs(aside), abs(depth)) < 0.25:
            return Tone(ToneKind.HOLD, 1.0)
        # The image's right is the person's left.
        return Tone(
            ToneKind.GUIDE,
            math.exp(-abs(aside) - abs(depth)),
            math.copysign(0.7, -aside) * -1 if abs(aside) >= 0.25 else 0.0,
            math.copysign(1.0, depth) if abs(depth) >= 0.25 else 0.0,
        )

    return tone


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("x_m, distance_m", [(0.0, 1.5), (0.8, 4.0), (-0.8, 4.0), (0.5, 0.8)])
def test_they_find_the_place_by_ear(x_m, distance_m, seed):
    end = follow(Stance(x_m, distance_m, 0.0, "relaxed"), towards(0.0, 2.2), 40.0, seed)
    assert abs(end.x_m) < 0.4 and abs(end.distance_m - 2.2) < 0.4


def test_a_trembling_note_turns_them_to_the_sound():
    def tone(stance: Stance) -> Tone:
        wrong = abs(stance.yaw_deg) > 15
        return Tone(ToneKind.GUIDE if wrong else ToneKind.HOLD, 0.5, 0.7, 0.0, wrong)

    assert abs(follow(Stance(0.0, 2.0, 150.0, "relaxed"), tone).yaw_deg) < 20


def test_a_tick_brings_them_into_view():
    def tone(stance: Stance) -> Tone:
        outside = abs(stance.x_m) > 1.0
        return Tone(ToneKind.SEARCH if outside else ToneKind.SILENCE)

    assert abs(follow(Stance(-2.5, 3.0, 0.0, "relaxed"), tone).x_m) < 1.0


def test_silence_and_the_long_note_leave_them_where_they_are():
    for kind in (ToneKind.SILENCE, ToneKind.HOLD, ToneKind.TAKEN):
        end = follow(Stance(0.6, 3.0, 0.0, "relaxed"), lambda stance, kind=kind: Tone(kind))
        assert (end.x_m, end.distance_m) == pytest.approx((0.6, 3.0), abs=0.05)
