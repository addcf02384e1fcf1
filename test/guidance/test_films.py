# SPDX-License-Identifier: Apache-2.0
"""What is said to films of real people, and of an empty room."""

from __future__ import annotations

import clips
import numpy as np
import pytest

from dwpose_ros.guidance import State


@pytest.mark.parametrize("profile", ["full_body", "upper_body", "face", "hands"])
def test_to_an_empty_room_nothing_is_said_but_that_somebody_should_come(profile):
    """Nor shown, but for the first half a second after somebody left."""
    empty = clips.truth("one_by_one.mp4")["nobody"]
    told = clips.guide(clips.poses("one_by_one.mp4"), profile)
    there = [t for t in told if clips.within(t.time_s, empty)]
    assert {t.decision.code for t in there if t.decision.speak} <= {"step_into_view"}
    shown = {
        t.decision.code
        for t in there
        if any(start + 0.5 <= t.time_s <= end for start, end in empty)
    }
    assert "step_into_view" in shown and shown <= {"step_into_view", "pause"}
    assert not any(t.decision.capture for t in there)


def test_who_stands_there_is_guided():
    there = clips.truth("one_by_one.mp4")["one_person_from_behind_standing"]
    told = clips.guide(clips.poses("one_by_one.mp4"), "full_body")
    for start, end in there:
        said = [t.decision.code for t in told if start <= t.time_s <= end and t.decision.speak]
        assert said and "step_into_view" not in said


# --- Hands

MOVES = {"walk": (0.2, 2.9), "night": (0.3, 0.85)}  # s, when hands are moved, by eye
RESTS = {"book": (0.8, 3.1), "sorry": (0.7, 1.9)}  # when they rest, or go slowly


@pytest.mark.parametrize("name", ["walk", "night", "sorry", "book", "milk", "yes"])
@pytest.mark.parametrize("parts", [(), ("head", "shoulders")])
def test_no_picture_is_taken_while_hands_move(name, parts, custom):
    """Nor have they moved for most of the hold, whether the picture is to show arms or not."""
    wanted = custom(parts=parts, hold_s=1.0) if parts else "upper_body"
    frames = clips.poses(f"{name}.mkv")
    for told in clips.guide(frames, wanted, turns=2):
        if told.decision.capture:
            at = told.time_s % (frames[-1].time_s + frames[1].time_s)
            for earlier in np.arange(0, min(0.6, at), 0.1):
                assert clips.hand_speed(frames, at - earlier) < clips.BLUR_PX


@pytest.mark.parametrize("name", MOVES)
def test_who_moves_their_hands_is_not_still(name):
    start, end = MOVES[name]
    told = [
        t
        for t in clips.guide(clips.poses(f"{name}.mkv"), "upper_body")
        if start + 0.2 <= t.time_s <= end
    ]
    # But for moments in which they turn; by the body alone, half of the time and more.
    assert np.mean([t.decision.state == State.HOLDING for t in told]) < 0.25


@pytest.mark.parametrize("name", RESTS)
def test_who_rests_their_hands_before_them_gets_their_picture(name):
    start, end = RESTS[name]
    told = clips.guide(clips.poses(f"{name}.mkv"), "upper_body")
    captures = [t.time_s for t in told if t.decision.capture]
    assert captures and start + 0.5 <= captures[0] <= end
    assert "keep_still" not in [t.decision.code for t in told if t.decision.speak]


@pytest.mark.parametrize("name", ["milk", "yes", "night", "walk"])
def test_who_comes_to_rest_gets_their_picture(name):
    """The film ends with their hands at their sides, and stays there for two seconds."""
    frames = clips.poses(f"{name}.mkv")
    last, step = frames[-1], frames[1].time_s
    rest = [last._replace(time_s=last.time_s + (k + 1) * step) for k in range(round(2 / step))]
    captures = [
        t.time_s for t in clips.guide([*frames, *rest], "upper_body") if t.decision.capture
    ]
    assert captures and last.time_s < captures[-1]
