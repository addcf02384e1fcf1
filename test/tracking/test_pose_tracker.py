# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest
from walkers import IMAGE, SIZE, Stage, Walker, nearest, walk

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.estimator import TopDown
from dwpose_ros.tracking.one_euro import OneEuro
from dwpose_ros.tracking.pose_tracker import EXTRA, PoseTracker
from dwpose_ros.tracking.tracker import KEEP_S

FPS = 30
STANDING = Walker(walk(640, 0), pace_hz=0)


def watch(stage: Stage, video: PoseTracker, frames: int, first: int = 0):
    """Frame number, ids and people of each frame."""
    for i in range(first, first + frames):
        stage.time_s = i / FPS
        people = video(IMAGE, stage.time_s)
        ids = people.ids.tolist()
        assert len(set(ids)) == len(people)
        yield i, ids, people


def frames_with(stage: Stage, video: PoseTracker, frames: int, first: int = 0) -> list[int]:
    """On which frames anybody was given out."""
    return [i for i, ids, _ in watch(stage, video, frames, first) if ids]


def at_frames(stage: Stage) -> list[int]:
    """On which frames the detector ran."""
    return [round(t * FPS) for t in stage.detections]


class Whole:
    """An estimator that has no two steps."""

    name, runs_on = "whole", "cpu"

    def __init__(self) -> None:
        self.stage, self.closed = Stage([STANDING]), False

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        return self.stage(rgb)

    def close(self) -> None:
        self.closed = True


# --- What it is given, and what it passes on


@pytest.mark.parametrize("detect_every", [0, -3, 1.5, 2.0, True, False, "10", math.nan])
def test_a_detect_every_that_cannot_be(detect_every):
    with pytest.raises(ValueError, match=r"detect_every is .*, wanted a whole number of frames, "):
        PoseTracker(Stage([]), detect_every)


def test_without_one_it_is_what_suits_the_estimator():
    stage = Stage([])
    assert PoseTracker(stage).detect_every == 1
    stage.detect_every = 7
    assert PoseTracker(stage).detect_every == 7
    assert PoseTracker(stage, 3).detect_every == 3


def test_it_speaks_for_its_estimator():
    stage = Stage([])
    assert isinstance(stage, TopDown) and not isinstance(Whole(), TopDown)
    video = PoseTracker(stage, np.int64(7))
    assert (video.name, video.runs_on, video.detect_every) == ("stage", "cpu", 7)
    video.close()
    assert stage.closed


@pytest.mark.parametrize("whole", [True, False])
def test_every_frame_is_the_estimators_where_nothing_can_be_left_out(whole):
    """Its detector's ghost included: only ids are added."""
    ghost = [[50, 50, 150, 300]]
    ours, theirs = (Stage([STANDING], extra=lambda t: ghost) for _ in "ab")
    estimator = Whole() if whole else ours
    if whole:
        estimator.stage = ours
    video = PoseTracker(estimator, 10 if whole else 1)
    assert video.detect_every == 1
    for i in range(5):
        ours.time_s = theirs.time_s = i / FPS
        people = video(IMAGE, i / FPS)
        ids = people.ids.tolist()
        wanted = theirs(IMAGE)
        for name in ("xy", "scores", "boxes", "box_scores"):
            assert np.array_equal(getattr(people, name), getattr(wanted, name)), name
        assert sorted(ids) == [1, 2] and video.detections == i + 1


# --- When the detector runs


@pytest.mark.parametrize("every", [2, 5, 10, 30])
def test_the_detector_runs_on_every_nth_frame(every):
    stage = Stage([STANDING])
    video = PoseTracker(stage, every)
    assert frames_with(stage, video, 61) == list(range(61))
    assert at_frames(stage) == list(range(0, 61, every)) and video.detections == len(
        stage.detections
    )
    assert len(stage.crops) == 61  # and one estimation for each frame, not more


def test_an_empty_room_gives_nobody_and_costs_every_nth_detection():
    stage = Stage([])
    assert frames_with(stage, PoseTracker(stage, 10), 100) == []
    assert at_frames(stage) == list(range(0, 100, 10)) and not stage.crops


@pytest.mark.parametrize("comes", range(1, 12))
def test_a_newcomer_is_found_by_the_nth_frame(comes):
    stage = Stage([STANDING, Walker(walk(200, 0, start_s=(comes - 0.5) / FPS))])
    first = {}
    for i, ids, _ in watch(stage, PoseTracker(stage, 10), 30):
        for given in ids:
            first.setdefault(given, i)
    assert first[1] == 0 and first[2] - comes < 10
    assert first[2] == 10 * math.ceil(comes / 10)


@pytest.mark.parametrize("jump", [200, 400])
def test_somebody_who_gets_out_of_their_box_is_looked_for_in_the_same_frame(jump):
    """200 px they are half in it still: the detector runs at the next frame at the latest."""
    stage = Stage([Walker(lambda t: (400 + jump * (t >= 13.5 / FPS), 600))])
    seen = list(watch(stage, PoseTracker(stage, 30), 20))
    assert [i for i, ids, _ in seen] == list(range(20)) and all(ids for _, ids, _ in seen)
    assert at_frames(stage)[1] in (14, 15) and len(at_frames(stage)) == 2


def test_points_that_no_longer_fit_their_box_call_the_detector():
    class Shrinks(Stage):
        def estimate(self, rgb, boxes):
            xy, scores = super().estimate(rgb, boxes)
            if self.time_s >= 3 / FPS:  # all points in a corner, as when a crop shows half
                xy = xy * 0.3 + boxes[:, None, :2] * 0.7
            return xy, scores

    stage = Shrinks([STANDING])
    frames_with(stage, PoseTracker(stage, 30), 30)
    # Once: what the detector then says is the new measure.
    assert at_frames(stage) == [0, 4]


def test_a_detector_that_finds_nothing_does_not_run_for_ever():
    """It goes blind, and the pose network finds people all the same."""
    stage = Stage([STANDING, Walker(walk(200, 0))], misses=lambda i, t: t > 0.9)
    frames_with(stage, PoseTracker(stage, 10), 300)
    turns = [i for i in at_frames(stage)]
    assert max(sum(start <= i < start + 10 for i in turns) for start in range(290)) <= 1 + EXTRA
    assert len(turns) <= 30 + 2


def test_points_that_never_fit_do_not_call_it_for_ever():
    class Shrinks(Stage):
        def estimate(self, rgb, boxes):
            xy, scores = super().estimate(rgb, boxes)
            if stage.detections[-1] != self.time_s:
                xy = xy * 0.3 + boxes[:, None, :2] * 0.7
            return xy, scores

    stage = Shrinks([STANDING])
    frames_with(stage, PoseTracker(stage, 10), 100)
    turns = at_frames(stage)
    assert max(sum(start <= i < start + 10 for i in turns) for start in range(90)) == 1 + EXTRA


def test_alarms_are_bounded_when_people_come_and_go_all_the_time():
    flicker = [
        Walker(lambda t, k=k: (100 + 200 * k, 600) if int(t * FPS / (k + 2)) % 2 else None)
        for k in range(6)
    ]
    stage = Stage(flicker)
    frames_with(stage, PoseTracker(stage, 10), 200)
    turns = at_frames(stage)
    assert max(sum(start <= i < start + 10 for i in turns) for start in range(190)) <= 1 + EXTRA


# --- Who is given out


def test_people_stay_who_they_are_between_detections():
    stage = Stage([Walker(walk(200, 150)), Walker(walk(1000, -100, 660), height=400)])
    seen = []
    for _, ids, people in watch(stage, PoseTracker(stage, 10), 25):
        assert ids == [1, 2]
        seen.append(nearest(people, stage.truth()))
        assert sorted(seen[-1]) == [0, 1] and seen[-1] == seen[0]


@pytest.mark.parametrize("end", range(41, 51))
def test_somebody_who_vanishes_is_gone_at_once(end):
    stage = Stage([Walker(walk(640, 100, end_s=(end - 0.5) / FPS))])
    assert frames_with(stage, PoseTracker(stage, 10), 80) == list(range(end))
    assert sum(i >= end for i in at_frames(stage)) <= 1 + (80 - end) // 10  # looked for once


@pytest.mark.parametrize("every", [2, 10, 30])
def test_somebody_who_walks_out_of_the_image_is_gone(every):
    stage = Stage([Walker(walk(900, 300))])
    for i, ids, people in watch(stage, PoseTracker(stage, every), 90):
        left = stage.walkers[0].pose(stage.time_s)[1][0]
        assert ids == ([1] if left < SIZE[0] - 80 else [] if left > SIZE[0] else ids)
        if stage.detections[-1] != stage.time_s:  # a detector may look past the border
            assert (people.boxes >= 0).all() and (people.boxes[:, 2:] <= SIZE).all()


@pytest.mark.parametrize("later_s, speed, every", [(0.1, 250, 10), (0.2, 250, 10), (0.3, 250, 3)])
def test_whoever_comes_in_where_somebody_went_out_is_another(later_s, speed, every):
    enters = 180 / speed + later_s
    stage = Stage(
        [
            Walker(walk(1100, speed)),
            Walker(walk(1360 + speed * enters, -speed, start_s=enters), height=320),
        ]
    )
    seen = [ids for _, ids, _ in watch(stage, PoseTracker(stage, every), 90)]
    assert seen[0] == [1] and seen[-1] == [2]


@pytest.mark.parametrize("every", [2, 5, 10])
def test_a_network_that_sees_people_everywhere_does_not_outlive_the_detector(every):
    """One detection without them, one look again, and they are gone."""
    stage = Stage([Walker(walk(640, 0, end_s=43.5 / FPS), pace_hz=0)], ghost_score=0.45)
    last = max(frames_with(stage, PoseTracker(stage, every), 100))
    assert last <= math.ceil(44 / every) * every


def test_a_blink_of_the_detector_costs_nothing():
    stage = Stage([STANDING], misses=lambda i, t: round(t * FPS) in (10, 30))
    assert frames_with(stage, PoseTracker(stage, 10), 60) == list(range(60))
    assert at_frames(stage)[:4] == [0, 10, 11, 21]  # it is asked again at the next frame


def test_a_detection_of_nobody_is_kept_out():
    """Where not even the best points would be drawn; every frame would publish it."""
    ghost = [[50, 50, 150, 300]]
    stage = Stage([STANDING], extra=lambda t: ghost)
    assert all(ids == [1] for _, ids, _ in watch(stage, PoseTracker(stage, 10), 30))
    assert all(len(ids) == 2 for _, ids, _ in watch(stage, PoseTracker(stage, 1), 3))


def test_a_second_box_of_the_same_person_is_that_person():
    """Their upper half, on some detections."""
    stage = Stage([STANDING], extra=lambda t: [[590, 265, 690, 460]] if t > 0.5 else [])
    for _, ids, people in watch(stage, PoseTracker(stage, 5), 40):
        assert ids == [1] and nearest(people, stage.truth()) == [0]


@pytest.mark.parametrize("glass", [True, False])
@pytest.mark.parametrize("every", [2, 10])
@pytest.mark.parametrize("height", [330, 300])
def test_people_who_cross_keep_their_ids(glass, every, height):
    stage = Stage(
        [Walker(walk(300, 180)), Walker(walk(900, -200), height=height, start=1.0)], glass=glass
    )
    had: dict[int, set] = {0: set(), 1: set()}
    for _, ids, people in watch(stage, PoseTracker(stage, every), 4 * FPS):
        clear = stage.truth(0.9, apart=60)
        for given, who in zip(ids, nearest(people, stage.truth(0))):
            if who in clear:
                had[who].add(given)
    assert sorted(map(sorted, had.values())) == [[1], [2]]


def test_somebody_hidden_at_the_border_is_not_taken_to_have_left():
    """They stand close, their feet below the border, and sink a little."""
    stage = Stage(
        [Walker(lambda t: None if 0.49 < t < 0.79 else (640, 800 + 30 * t), height=600, pace_hz=0)]
    )
    seen = [ids for _, ids, _ in watch(stage, PoseTracker(stage, 3), 40)]
    assert seen[0] == seen[-1] == [1] and [] in seen


def test_two_tracks_on_one_person_become_one_with_their_own_id():
    """The one behind is hidden bit by bit, until both boxes show the one before them."""
    stage = Stage([Walker(walk(400, 150)), Walker(walk(640, 0))])
    hidden, front = [], set()
    for _, ids, people in watch(stage, PoseTracker(stage, 30), 3 * FPS):
        names = nearest(people, stage.truth(0))
        assert names.count(0) == 1  # never twice, never lost
        hidden.append(1 not in names)
        front.add(ids[names.index(0)])
    assert len(front) == 1
    assert any(hidden) and not hidden[0] and not hidden[-1]


def test_five_people():
    stage = Stage(
        [
            Walker(walk(150 + 240 * k, 20 * (-1) ** k, 560 + 30 * k), height=300 + 15 * k)
            for k in range(5)
        ]
    )
    for _, ids, people in watch(stage, PoseTracker(stage, 10), 60):
        assert ids == [1, 2, 3, 4, 5] and sorted(nearest(people, stage.truth(0))) == list(range(5))
    assert len(stage.detections) == 6


def test_64_people():
    stage = Stage(
        [
            Walker(walk(40 + 79 * (k % 16), 0, 160 + 150 * (k // 16)), height=120)
            for k in range(64)
        ],
        noise=0.001,
        glass=True,
    )
    for _, ids, _ in watch(stage, PoseTracker(stage, 4), 6):
        assert ids == list(range(1, 65))


@pytest.mark.parametrize("speed", [400, 800])
def test_somebody_who_runs_is_kept_up_with(speed):
    """800 px/s is four body heights in two seconds."""
    stage = Stage([Walker(walk(150, speed))])
    frames = int((1130 - 150) / speed * FPS)
    for i, ids, people in watch(stage, PoseTracker(stage, 10), frames):
        assert ids == [1] and nearest(people, stage.truth(0)) == [0]
    assert len(stage.detections) <= frames // 10 + 2


# --- Boxes and scores mean what the detector's do


def worst_side(stage: Stage, video: PoseTracker, frames: int) -> float:
    """How far a side of the first one's box ever is from where the detector would put it, px."""
    return max(
        np.abs(people.boxes[0] - stage.all()[0][2]).max()
        for _, _, people in watch(stage, video, frames)
    )


def test_boxes_are_as_the_detectors_between_detections():
    """Somebody stands, walks, comes nearer: their box hardly tells when it was detected."""
    for walker in (STANDING, Walker(walk(300, 200), pace_hz=0)):
        stage = Stage([walker], noise=0.001)
        assert worst_side(stage, PoseTracker(stage, 30), 60) < 6

    class Nearer(Walker):
        def pose(self, time_s):
            self.height = 250 + 100 * time_s
            return super().pose(time_s)

    stage = Stage([Nearer(walk(600, 0), pace_hz=0)], noise=0.001)
    assert worst_side(stage, PoseTracker(stage, 30), 60) < 6


def test_a_box_follows_arms_that_are_raised():
    class Raises(Walker):
        def pose(self, time_s):
            xy, box = super().pose(time_s)
            xy[91:] -= (0, 600 * min(time_s, 0.6))  # both hands, far above the head
            box[1] = min(box[1], xy[91:, 1].min())
            return xy, box

    stage = Stage([Raises(walk(640, 0), pace_hz=0)], noise=0.001)
    assert worst_side(stage, PoseTracker(stage, 60), 40) < 20
    assert stage.all()[0][2][1] < 100 and len(stage.detections) == 1


@pytest.mark.parametrize("ground, cut", [(704, False), (712, False), (760, True), (850, True)])
def test_a_border_cuts_off_whom_it_cuts_off_on_every_frame(ground, cut):
    """Guidance asks the box: 704 and 712 are feet just above the image's lower border, 720."""

    def sway(t):
        return 640 + 40 * math.sin(3 * t), ground + 4 * math.sin(5 * t)

    stage = Stage([Walker(sway, height=500, pace_hz=0)], noise=0.0005)
    for i, ids, people in watch(stage, PoseTracker(stage, 10), 60):
        assert ids == [1] and (people.boxes[0, 3] >= 719) == cut


def test_the_box_score_is_the_detectors_lowered_as_the_points_fade():
    class Fades(Stage):
        def estimate(self, rgb, boxes):
            xy, scores = super().estimate(rgb, boxes)
            return xy, scores * (0.9 if round(self.time_s * FPS) % 10 == 5 else 1)

    stage = Fades([STANDING])
    for i, _, people in watch(stage, PoseTracker(stage, 10), 20):
        wanted = 0.9 * (0.9 if i % 10 == 5 else 1)
        assert people.box_scores[0] == pytest.approx(wanted, abs=1e-3)


def test_smoothing_is_for_the_eye_only():
    """Ids, boxes, scores and crops are those of points as they were found."""
    raw, smooth, own = (Stage([Walker(walk(300, 200))]) for _ in "abc")
    videos = (
        PoseTracker(raw, 5),
        PoseTracker(smooth, 5, smooth=True),
        PoseTracker(own, 5, OneEuro(beta=0.0)),
    )
    for (_, ids, a), (_, b_ids, b), (_, c_ids, c) in zip(
        *(watch(s, v, 30) for s, v in zip((raw, smooth, own), videos))
    ):
        assert ids == b_ids == c_ids
        for name in ("scores", "boxes", "box_scores"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
            assert np.array_equal(getattr(a, name), getattr(c, name))
    assert not np.array_equal(a.xy, b.xy) and not np.array_equal(b.xy, c.xy)
    assert all(np.array_equal(a, b) for a, b in zip(raw.crops, smooth.crops))
    assert (c.xy[0, :, 0] < a.xy[0, :, 0] - 10).mean() > 0.9  # it lags: at 200 px/s, 160 ms


def test_smoothing_on_every_frame():
    stage = Stage([STANDING])
    spread = []
    for smooth in (False, True):
        points = [people.xy[0] for _, _, people in watch(stage, PoseTracker(stage, 1, smooth), 40)]
        spread.append(np.std(points[10:], axis=0).mean())
    assert spread[1] < 0.6 * spread[0]


# --- What goes wrong


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(bad):
    class Bad(Stage):
        def detect(self, rgb):
            boxes, scores = super().detect(rgb)
            more = np.array([[bad] * 4, [10, 10, bad, 50], [50, 50, 20, 20]], np.float32)
            return np.concatenate([boxes, more]), np.append(scores, [0.9] * 3)

        def estimate(self, rgb, boxes):
            xy, scores = super().estimate(rgb, boxes)
            xy[:, 3::10], scores[:, 5::10] = bad, bad
            return xy, scores

    stage = Bad([STANDING])
    with np.errstate(invalid="raise", divide="raise"):
        for _, ids, people in watch(stage, PoseTracker(stage, 5), 20):
            arrays = people.xy, people.scores, people.boxes, people.box_scores
            assert ids == [1] and all(np.isfinite(array).all() for array in arrays)
            assert (people.scores[0, 3::10] == 0).all() and (people.scores[0, 5::10] == 0).all()


def test_a_person_of_whom_nothing_is_a_number_is_nobody():
    class Bad(Stage):
        def estimate(self, rgb, boxes):
            return np.full((len(boxes), COUNT, 2), np.nan), np.full((len(boxes), COUNT), np.nan)

    stage = Bad([STANDING])
    assert frames_with(stage, PoseTracker(stage, 5), 12) == []


@pytest.mark.parametrize("jump_s", [KEEP_S + 0.1, 1e6, -KEEP_S - 0.1, -1e6, math.nan])
def test_after_a_leap_in_time_everybody_is_looked_for(jump_s):
    stage = Stage([STANDING])
    video = PoseTracker(stage, 30)
    frames_with(stage, video, 5)
    assert video(IMAGE, 4 / FPS + jump_s).ids.tolist() == [2]
    assert video.detections == 2


@pytest.mark.parametrize("jump_s", [0.0, -0.5, 0.5])
def test_a_small_leap_in_time_changes_nothing(jump_s):
    stage = Stage([Walker(walk(300, 100))])
    video = PoseTracker(stage, 30)
    frames_with(stage, video, 5)
    crop = stage.crops[-1]
    assert video(IMAGE, 4 / FPS + jump_s).ids.tolist() == [1]
    assert video.detections == 1
    moved = (stage.crops[-1] - crop)[0, [0, 2]].mean()
    assert moved == pytest.approx(100 * max(jump_s, 0), abs=10)


def test_another_size_of_image_is_another_view():
    stage = Stage([STANDING])
    video = PoseTracker(stage, 30)
    frames_with(stage, video, 5)
    video(np.zeros((480, 640, 3), np.uint8), 5 / FPS)
    assert video.detections == 2


@pytest.mark.parametrize("step, when", [("detect", 20), ("estimate", 15)])
def test_what_the_estimator_raises_comes_through_and_the_next_frame_is_detected(step, when):
    class Fails(Stage):
        fails = False

        def detect(self, rgb):
            if self.fails and step == "detect":
                raise RuntimeError("no")
            return super().detect(rgb)

        def estimate(self, rgb, boxes):
            if self.fails and step == "estimate":
                raise RuntimeError("no")
            return super().estimate(rgb, boxes)

    stage = Fails([STANDING])
    video = PoseTracker(stage, 10)
    assert len(frames_with(stage, video, when)) == when
    stage.fails, stage.time_s = True, when / FPS
    with pytest.raises(RuntimeError):
        video(IMAGE, stage.time_s)
    stage.fails = False
    for i, ids, _ in watch(stage, video, 5, first=when + 1):
        assert ids == [1]
    assert at_frames(stage)[-1] == when + 1


def test_what_is_not_an_image_changes_nothing():
    stage = Stage([STANDING])
    video = PoseTracker(stage, 10)
    frames_with(stage, video, 3)
    with pytest.raises(ValueError, match="wanted"):
        video(IMAGE[..., 0], 3 / FPS)
    assert frames_with(stage, video, 3, first=3) == [3, 4, 5] and at_frames(stage) == [0]


# --- A long day


def visits(rng: np.random.Generator, seconds: float):
    """Somebody walks through the image, at a distance and a pace of their own, again and again."""
    legs, t = [], rng.uniform(0, 4)
    while t < seconds:
        direction, speed = rng.choice([-1, 1]), rng.uniform(120, 350)
        legs.append((t, t + 1440 / speed, -80 if direction > 0 else 1360, direction * speed))
        t += 1440 / speed + rng.uniform(1.2, 4)  # longer away than is remembered
    y = 600 + rng.uniform(-40, 40)

    def visit(time_s: float) -> int | None:
        return next((k for k, leg in enumerate(legs) if leg[0] <= time_s < leg[1]), None)

    def at(time_s: float):
        k = visit(time_s)
        return None if k is None else (legs[k][2] + legs[k][3] * (time_s - legs[k][0]), y)

    return visit, Walker(at, rng.uniform(280, 380), rng.uniform(0.7, 1.1), rng.uniform(0, 6))


@pytest.mark.parametrize("people, every, seed", [(1, 10, 0), (2, 10, 1), (3, 5, 2), (5, 10, 5)])
def test_a_long_session(people, every, seed):
    """Ids are one visit's and never another's; everybody is found in time; nobody is invented.

    Somebody hidden for longer than ``KEEP_S`` may come out with a new id. That one comes in at
    the very place where another goes out, or meets them behind a third, cannot be told without
    looking at their clothes: of 168 such visits of five people at once, 5 inherited an id, and 1
    got a second one. In these sessions nobody does.
    """
    seconds, rng = 24, np.random.default_rng(seed)
    who_when, walkers = zip(*(visits(rng, seconds) for _ in range(people)))
    stage = Stage(list(walkers), rng=rng)
    video = PoseTracker(stage, every)
    owner: dict[int, tuple] = {}  # id -> visit
    last: dict[tuple, tuple[int, float]] = {}  # visit -> its id, and when it was last seen
    unseen: dict[int, int] = {}  # walker -> frames in plain view without being given out
    ghosts = longest_ghosts = switches = reused = waited = 0
    for _, ids, found in watch(stage, video, seconds * FPS):
        now, clear = stage.time_s, stage.truth(1.0, apart=80)
        names = nearest(found, {i: xy for i, xy, _, _ in stage.all()})
        for given, who in zip(ids, names):
            if who not in clear:
                continue
            visit = (who, who_when[who](now))
            reused += owner.setdefault(given, visit) != visit
            before = last.get(visit, (given, now))
            switches += before[0] != given and now - before[1] <= KEEP_S
            last[visit] = given, now
        for i in range(people):
            unseen[i] = unseen.get(i, 0) + 1 if i in clear and i not in names else 0
        waited = max(waited, *unseen.values())
        there = np.array([box for _, _, box, _ in stage.all()]).reshape(-1, 4)
        nowhere = len(ids) and (
            not len(there) or (iou(found.boxes.astype(float), there).max(1) < 0.2).any()
        )
        ghosts = ghosts + 1 if nowhere else 0
        longest_ghosts = max(longest_ghosts, ghosts)
    assert len(last) >= 2 * people  # there was something to see
    assert (switches, reused) == (0, 0)
    assert waited < every and longest_ghosts <= 1
    assert len(stage.detections) < 2 * seconds * FPS / every
