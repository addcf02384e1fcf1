# SPDX-License-Identifier: Apache-2.0
"""Who is there, and who only seems to be."""

from __future__ import annotations

import math

import clips
import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic
from walkers import figure, together

from dwpose_ros.core.keypoints import COUNT, FACE
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.core.proportions import length_spread
from dwpose_ros.tracking.pose_tracker import PoseTracker
from dwpose_ros.tracking.presence import Presence, shape_change
from dwpose_ros.tracking.tracker import KEEP_S

SINGLE = ["walk", "sorry", "book", "milk", "yes", "night"]
GHOSTS_S = 0.5  # for so long at most, a ghost may be taken for somebody
QUICK_S = 0.3  # after which somebody is known to be there of whom the detector was not sure


def longest_s(frames, spans) -> float:
    """For how long at most somebody was published within the spans, without a break."""
    longest, since = 0.0, None
    for frame in frames:
        there = bool(len(frame.people)) and clips.within(frame.time_s, spans)
        since = (frame.time_s if since is None else since) if there else None
        longest = max(longest, frame.time_s - since if there else 0.0)
    return longest


# --- Films


def test_nobody_is_seen_in_an_empty_room_with_a_table():
    empty = clips.truth("one_by_one.mp4")["nobody"]
    frames = clips.poses("one_by_one.mp4")
    assert longest_s(frames, empty) <= GHOSTS_S


def test_who_stands_with_their_back_to_the_camera_is_seen():
    there = clips.truth("one_by_one.mp4")["one_person_from_behind_standing"]
    frames = [f for f in clips.poses("one_by_one.mp4") if clips.within(f.time_s, there)]
    assert len(frames) > 400
    assert sum(len(f.people) == 1 for f in frames) >= 0.98 * len(frames)


@pytest.mark.parametrize("name", SINGLE)
def test_real_people_are_seen_in_every_frame(name):
    frames = clips.poses(f"{name}.mkv")
    assert sum(bool(len(f.people)) for f in frames) >= 0.99 * len(frames)


# --- Bodies that are moved by hand


def people(
    xy: np.ndarray, box_score: float = 0.5, scores: np.ndarray | None = None
) -> PersonPoses:
    """One person with these points (133, 2); who was found with this score."""
    scores = np.full(COUNT, 0.8) if scores is None else scores
    return PersonPoses.of(xy[None], scores[None], [[0, 0, 100, 200]], [box_score])


def person(phase: float = 0.0) -> np.ndarray:
    """(133, 2) px of somebody who walks, 300 px tall."""
    return 300 * figure(phase)


def body_only() -> np.ndarray:
    scores = np.zeros(COUNT)
    scores[:23] = 0.8
    return scores


def times_there(
    show, seconds: float, fps: float = 30, presence=None, since: float = 100.0
) -> list[float]:
    """When somebody is there whom `show` gives for each time, from the beginning on."""
    presence = presence or Presence()
    times = np.arange(round(seconds * fps)) / fps
    return [t for t in times if presence(show(t).with_ids([1]), since + t).all()]


def ghost(seed: int = 0, fps: float = 30):
    """Points anywhere, elsewhere in each tenth of a second."""
    random = np.random.default_rng(seed)
    frames = {}

    def at(t: float) -> PersonPoses:
        key = int(t * 10 + 1e-6)
        if key not in frames:
            frames[key] = random.uniform(0, 60, (COUNT, 2))
        return people(frames[key], 0.55, body_only())

    return at


@pytest.mark.parametrize("fps", [5, 10, 30, 60])
@pytest.mark.parametrize("seed", range(5))
def test_points_that_are_anywhere_are_nobody_at_any_frame_rate(seed, fps):
    assert times_there(ghost(seed), 4.0, fps) == []


def test_whom_the_detector_is_sure_of_is_there_at_once():
    presence = Presence()
    assert presence(people(person(), 0.9).with_ids([7]), 0.0).tolist() == [True]


@pytest.mark.parametrize("fps", [10, 15, 30, 60])
def test_somebody_doubtful_who_stands_there_is_seen_within_some_tenths_of_a_second(fps):
    body = person()
    assert times_there(lambda t: people(body, 0.52, body_only()), 1.0, fps)[0] <= QUICK_S


@pytest.mark.parametrize("fps", [10, 30])
@pytest.mark.parametrize("speed", [0.0, 600.0])
def test_somebody_doubtful_who_walks_past_is_seen_within_some_tenths_of_a_second(fps, speed):
    def walking(t: float) -> PersonPoses:
        return people(person(2 * math.pi * 0.9 * t) + (speed * t, 0), 0.52, body_only())

    assert times_there(walking, 1.0, fps)[0] <= QUICK_S + 0.1


def test_who_is_there_stays_there_while_they_turn_and_wave():
    def turning(t: float) -> PersonPoses:
        xy = person(2 * math.pi * t)
        middle = xy[:, 0].mean()
        xy[:, 0] = middle + (xy[:, 0] - middle) * math.cos(2 * math.pi * t / 4)
        return people(xy, 0.9)

    assert len(times_there(turning, 4.0)) == 4 * 30


def test_a_ghost_that_takes_somebody_s_place_is_gone_within_half_a_second():
    presence, body = Presence(), person()
    times_there(lambda t: people(body, 0.9), 2.0, presence=presence)
    seen = times_there(ghost(), 3.0, presence=presence, since=102.0)
    assert 0 < len(seen) and max(seen) <= GHOSTS_S


@pytest.mark.parametrize("what", [FACE, slice(112, 133), slice(5, 9), slice(11, 23)])
def test_part_of_somebody_is_enough(what):
    """A face, a hand, shoulders and elbows, or legs, and nothing else of them."""
    scores, body = np.zeros(COUNT), person()
    scores[what] = 0.8
    body[FACE] = body[0] + np.random.default_rng(1).uniform(-20, 20, (68, 2))
    body[112:133] = body[10] + np.random.default_rng(2).uniform(-20, 20, (21, 2))
    seen = times_there(lambda t: people(body, 0.52, scores), 2.0)
    assert seen and seen[0] <= 0.6


def test_a_face_that_fills_the_picture_is_somebody_at_its_second_frame():
    scores, body = np.zeros(COUNT), person()
    scores[FACE] = 1.0
    body[FACE] = np.random.default_rng(1).uniform(0, 400, (68, 2))
    assert times_there(lambda t: people(body, 0.7, scores), 1.0)[0] <= 1 / 15


def test_who_comes_back_after_long_is_looked_at_anew():
    presence, body = Presence(), person()
    assert presence(people(body, 0.9).with_ids([1]), 0.0).all()
    assert presence(people(body, 0.5).with_ids([1]), KEEP_S).all()
    assert not presence(people(body, 0.5, body_only()).with_ids([1]), 2.1 * KEEP_S).any()


def test_people_are_told_each_by_their_own_and_keep_their_order():
    presence, spectre = Presence(), ghost()
    body = person()
    for k in range(30):
        both = together(spectre(k / 30), people(body, 0.9))
        assert presence(both.with_ids([4, 2]), k / 30).tolist() == [False, True]
        assert presence(PersonPoses.none().with_ids([]), k / 30).shape == (0,)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1e30])
def test_what_is_no_place_is_no_error(bad):
    presence = Presence()
    for k in range(10):
        xy = person()
        xy[k::2] = bad
        with np.errstate(all="raise"):
            assert presence(people(xy, bad).with_ids([1]), k / 30).shape == (1,)


def test_time_that_stands_still_or_jumps_back_is_no_error_and_no_evidence():
    presence, body = Presence(), person()
    assert not any(
        presence(people(body, 0.5, body_only()).with_ids([1]), 5.0).any() for _ in range(50)
    )
    assert not presence(people(body, 0.5, body_only()).with_ids([1]), 4.9).any()


# --- The measures


def test_spread_of_lengths_is_small_for_a_body_at_any_size_and_large_for_points_anywhere():
    scores, random = np.full(COUNT, 0.8), np.random.default_rng(3)
    small, large = (length_spread(person() * size, scores) for size in (0.2, 3.0))
    assert small == pytest.approx(large) and small < 0.35
    thrown = [length_spread(random.uniform(0, 100, (COUNT, 2)), scores) for _ in range(50)]
    assert np.median(thrown) > 0.42
    assert math.isnan(length_spread(person(), np.zeros(COUNT)))
    assert math.isnan(length_spread(np.zeros((COUNT, 2)), scores))


def test_change_of_shape_is_of_no_shift_and_no_growth():
    body, seen = person()[:23], np.ones(23, bool)
    assert shape_change(body, seen, 1.3 * body + (40, -9), seen) == pytest.approx(0, abs=1e-9)
    shaken = body + np.random.default_rng(4).normal(0, 20, body.shape)
    assert shape_change(body, seen, shaken, seen) > 0.05
    assert math.isnan(shape_change(body, seen, body, np.zeros(23, bool)))
    assert math.isnan(shape_change(0 * body, seen, body, seen))


# --- In the video


def test_a_ghost_costs_nobody_else_their_id_or_frame():
    spectre, body = ghost(), person() + (400, 0)

    class Both:
        name, runs_on = "both", "cpu"

        def __call__(self, rgb):
            there = people(body, 0.9).replace(boxes=np.array([[500, 0, 600, 200]]))
            return together(spectre(self.time_s), there)

    estimator = Both()
    video, shown = PoseTracker(estimator, smooth=True), []
    for k in range(60):
        estimator.time_s = k / 30
        found = video(np.zeros((480, 640, 3), np.uint8), k / 30)
        ids = found.ids.tolist()
        assert len(ids) == len(found) == 1
        shown += ids
        np.testing.assert_allclose(found.xy[0], body, atol=1e-3)
    assert len(set(shown)) == 1


@needs_holistic
@pytest.mark.parametrize("name", ["000000000785.jpg", "000000040083.jpg"])
def test_people_in_photographs_of_sport_are_seen_at_once(data, name):
    from dwpose_ros.estimation.holistic import Holistic

    video = PoseTracker(Holistic())
    rgb = cv2.cvtColor(cv2.imread(str(data / name)), cv2.COLOR_BGR2RGB)
    assert min(len(video(rgb, k / 10)) for k in range(10)) >= 1
    video.close()
