"""What is said to films of real people, and of an empty room."""

from __future__ import annotations

import clips
import pytest


@pytest.mark.parametrize("profile", ["full_body", "upper_body", "face", "hands"])
def test_to_an_empty_room_nothing_is_said_but_that_somebody_should_come(profile):
    """Nor shown, but for the first half a second after somebody left."""
    empty = clips.truth("one_by_one.mp4")["nobody"]
    told = clips.guide(clips.poses("one_by_one.mp4"), profile)
    there = [t for t in told if clips.within(t.time_s, empty)]
    assert {t.decision.code for t in there if t.decision.speak} <= {"step_into_view"}
    shown = {t.decision.code for t in there
             if any(start + 0.5 <= t.time_s <= end for start, end in empty)}
    assert "step_into_view" in shown and shown <= {"step_into_view", "pause"}
    assert not any(t.decision.capture for t in there)


def test_who_stands_there_is_guided():
    there = clips.truth("one_by_one.mp4")["one_person_from_behind_standing"]
    told = clips.guide(clips.poses("one_by_one.mp4"), "full_body")
    for start, end in there:
        said = [t.decision.code for t in told
                if start <= t.time_s <= end and t.decision.speak]
        assert said and "step_into_view" not in said
