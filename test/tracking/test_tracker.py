# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from walkers import IMAGE, Stage, Walker, figure, nearest, together, walk

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import COUNT, NAMES
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.tracking.tracker import KEEP_S, POINTS, REACH, SIGMAS, Tracker, point_likeness


def boxes(*left: float, width: float = 100, height: float = 300) -> np.ndarray:
    """Boxes of one size, side by side."""
    return np.array([(x, 50, x + width, 50 + height) for x in left], np.float32).reshape(-1, 4)


def people(at: np.ndarray, phase: float = 0.0) -> PersonPoses:
    """A figure in each box."""
    at = np.asarray(at, float)
    sides = at[:, 2:] - at[:, :2]
    foot = np.stack([(at[:, 0] + at[:, 2]) / 2, at[:, 3]], 1)
    xy = foot[:, None] + figure(phase) * (sides[:, None, 1:] * (1, -1))
    return PersonPoses.of(xy, np.full((len(at), COUNT), 0.8), at, np.ones(len(at)))


def only_boxes(at: np.ndarray) -> PersonPoses:
    """People of whom no point is seen."""
    return people(at).replace(scores=np.zeros((len(at), COUNT), np.float32))


def ids_of(walkers: list[Walker], fps: float, seconds: float, **stage) -> dict[int, list[int]]:
    """Which ids each walker had, in order, in what a detector and a network make of them."""
    scene, tracker = Stage(walkers, **stage), Tracker()
    had: dict[int, list[int]] = {}
    for i in range(round(seconds * fps)):
        scene.time_s = i / fps
        found = scene(IMAGE)
        clear = scene.truth(least=0.9, apart=60)
        for given, who in zip(tracker(found, scene.time_s), nearest(found, scene.truth(0))):
            if who in clear and given not in had.setdefault(who, []):
                had[who].append(given)
    return had


NOBODY = PersonPoses.none()


@pytest.mark.parametrize(
    "a, b, wanted",
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (0, 0, 5, 5), 0.25),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # they touch
        ((0, 0, 10, 10), (50, 50, 60, 60), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
        ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),  # the wrong way round
    ],
)
def test_iou(a, b, wanted):
    found = iou(np.array([a], float), np.array([b], float))
    assert found.shape == (1, 1) and found[0, 0] == pytest.approx(wanted)
    assert iou(np.array([b], float), np.array([a], float))[0, 0] == pytest.approx(wanted)


def test_iou_is_of_all_pairs():
    found = iou(boxes(0, 200).astype(float), boxes(0, 50, 200).astype(float))
    assert found == pytest.approx(np.array([[1, 1 / 3, 0], [0, 0, 1]]))


def test_likeness_of_points_is_that_of_coco():
    """cocoeval.py: e = d² / (2 sigma)² / area / 2, and exp(-e)."""
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 100, (2, 23, 2)), rng.uniform(0, 100, (3, 23, 2))
    areas = np.array([9e3, 2e4])
    found = point_likeness(a, b, areas / 0.53)
    d2 = ((a[1] - b[2]) ** 2).sum(1)
    assert found.shape == (2, 3, 23)
    assert found[1, 2] == pytest.approx(np.exp(-d2 / (2 * SIGMAS) ** 2 / areas[1] / 2))


def test_ids_begin_at_1():
    """0 is nobody."""
    assert Tracker()(people(boxes(0, 200, 400)), 0.0) == [1, 2, 3]


def test_nobody_has_no_id():
    tracker = Tracker()
    assert tracker(NOBODY, 0.0) == []
    assert tracker(people(boxes(0)), 0.1) == [1]
    assert tracker(NOBODY, 0.2) == []


@pytest.mark.parametrize("make", [people, only_boxes])
def test_ids_survive_movement_and_change_of_order(make):
    tracker = Tracker()
    for i in range(30):
        left, right = 20 * i, 900 - 20 * i  # they pass each other, apart in height
        frame = np.concatenate([boxes(left), boxes(right) + [0, 350, 0, 350]])
        assert tracker(make(frame), i / 10) == [1, 2]
        assert tracker(make(frame[::-1]), i / 10 + 0.05) == [2, 1]


def test_somebody_who_comes_nearer_keeps_the_id():
    tracker = Tracker()
    for i, size in enumerate(np.linspace(50, 600, 30)):
        frame = np.array([[640 - size / 2, 700 - size, 640 + size / 2, 700]])
        assert tracker(people(frame), i / 10) == [1]


@pytest.mark.parametrize("fps", [5, 10, 30])
@pytest.mark.parametrize("glass", [True, False])
@pytest.mark.parametrize("height, later", [(330, 0.0), (330, 1.5), (290, 0.0)])
def test_two_people_who_cross_keep_their_ids(fps, glass, height, later):
    """Both in sight all the time, as through glass, or one hidden behind the other."""
    pair = [Walker(walk(300, 150)), Walker(walk(900, -180), height=height, start=later)]
    assert ids_of(pair, fps, 4, glass=glass) == {0: [1], 1: [2]} or (
        ids_of(pair, fps, 4, glass=glass) == {0: [2], 1: [1]}
    )


def test_somebody_overtaken_keeps_the_id():
    pair = [Walker(walk(200, 260)), Walker(walk(400, 80), height=300)]
    assert sorted(ids_of(pair, 30, 4).values()) == [[1], [2]]


def test_four_people_in_a_muddle_keep_their_ids():
    crowd = [
        Walker(walk(x, speed, y), height=height, start=i)
        for i, (x, speed, y, height) in enumerate(
            [
                (200, 200, 620, 340),
                (1000, -150, 600, 320),
                (500, 90, 590, 300),
                (1100, -240, 580, 290),
            ]
        )
    ]
    for glass in (True, False):
        had = ids_of(crowd, 30, 4, glass=glass)
        assert sorted(had.values()) == [[1], [2], [3], [4]]


def test_poses_tell_two_people_apart_whose_boxes_coincide():
    tracker, box = Tracker(), boxes(0)
    both = [people(box, 0.0), people(box, np.pi / 2)]
    frame = together(*both)
    backwards = frame[::-1]
    assert tracker(frame, 0.0) == [1, 2]
    assert tracker(backwards, 0.1) == [2, 1]
    assert tracker(frame, 0.2) == [1, 2]


def test_points_that_are_not_seen_do_not_count():
    """Somebody's arms go behind a table; where the network puts them says nothing."""
    tracker = Tracker()
    for i in range(10):
        frame = people(boxes(0, 60), phase=1.0)
        if i % 2:
            frame.xy[0, 5:17], frame.xy[1, 5:17] = frame.xy[1, 5:17], frame.xy[0, 5:17].copy()
            frame.scores[:, 5:] = 0
        assert tracker(frame, i / 10) == [1, 2]


def test_half_a_person_is_the_same_person():
    """Their legs go behind a table, and the detector's box with them."""
    tracker = Tracker()
    whole = people(boxes(100))
    assert tracker(whole, 0.0) == [1]
    half = whole.replace(
        boxes=whole.boxes - np.array([0, 0, 0, 190], np.float32),
        scores=whole.scores * (np.arange(COUNT) < 11),
    )
    assert tracker(half, 0.03) == [1]


@pytest.mark.parametrize(
    "sizes, after_s, ids",
    [
        (REACH - 0.02, 0.0, [1]),
        (REACH + 0.02, 0.0, [2]),
        (0.8, 0.2, [1]),
        (0.9, 0.2, [2]),  # somebody who may have been running: 2.5 sizes/s more
        (1.15, 0.9, [1]),
        (1.25, 0.9, [2]),
    ],
)
@pytest.mark.parametrize("make", [people, only_boxes])
def test_a_jump_is_another_person(sizes, after_s, ids, make):
    tracker = Tracker()
    tracker(make(boxes(0)), 0.0)
    assert tracker(make(boxes(sizes * np.sqrt(100 * 300))), after_s) == ids


def test_at_a_door_one_leaves_and_another_comes_in():
    """Somebody walked out at the left border, of whom the trailing half was still seen; in the
    next frame, as near as can be, a leading half is walking in."""
    tracker = Tracker()
    left, right = (np.char.startswith(NAMES[:17], side) for side in ("left", "right"))
    for i in range(10):
        leaving = people(boxes(60 - 10 * i))
        leaving.scores[0, 17:] = 0
        leaving.scores[0, :17] *= ~right
        assert tracker(leaving, i / 30) == [1]
    coming = people(boxes(-30))
    coming.scores[0, 17:] = 0
    coming.scores[0, :17] *= ~left
    assert tracker(coming, 10 / 30) == [2]


def test_a_ghost_keeps_its_id_wherever_its_points_are():
    """A box that shows nobody has points all over it, with low scores; they prove nothing."""
    tracker, rng = Tracker(), np.random.default_rng(0)
    for i in range(30):
        ghost = people(boxes(0))
        ghost.xy[:] = rng.uniform((0, 50), (100, 350), ghost.xy.shape)
        ghost.scores[:] = rng.uniform(0, 0.2, ghost.scores.shape)
        assert tracker(ghost, i / 30) == [1]


def test_the_likest_pair_is_taken_first():
    tracker = Tracker()
    tracker(people(boxes(0, 60)), 0.0)
    assert tracker(people(boxes(50, 10)), 0.1) == [2, 1]


def test_of_two_who_fit_equally_the_older_gets_the_person():
    tracker = Tracker()
    tracker(people(boxes(0, 0)), 0.0)
    assert tracker(people(boxes(0)), 0.1) == [1]


@pytest.mark.parametrize("away_s, ids", [(0.5, [1]), (KEEP_S, [1]), (KEEP_S + 0.1, [2])])
def test_somebody_out_of_sight_is_remembered_for_a_moment(away_s, ids):
    tracker = Tracker()
    tracker(people(boxes(0)), 10.0)
    assert tracker(NOBODY, 10.0 + away_s / 2) == []
    assert tracker(people(boxes(5)), 10.0 + away_s) == ids


@pytest.mark.parametrize("hidden_s", [0.1, 0.5, 0.9])
def test_somebody_who_walks_behind_a_pillar_comes_out_with_their_id(hidden_s):
    """At 250 px/s they come out far from where they went in; somebody else stands there."""
    tracker = Tracker()
    for i in range(90):
        time_s = i / 30
        walker = [] if 1.0 <= time_s < 1.0 + hidden_s else [250 * time_s]
        frame = people(boxes(*walker, 900))
        ids = dict(zip([*walker, "other"], tracker(frame, time_s)))
        assert ids["other"] == 2
        assert not walker or ids[walker[0]] == 1


@pytest.mark.parametrize("frames", [2, 60])
def test_velocity_is_known_from_the_second_frame(frames):
    tracker = Tracker()
    for i in range(frames):
        tracker(people(boxes(150 * i / 30)), i / 30)
    assert tracker.velocity(1) == pytest.approx([150, 0], abs=1)
    assert tracker.velocity(2).tolist() == [0, 0]


@pytest.mark.parametrize("share, ids", [(0.6, [1]), (0.4, [2]), (1.6, [1]), (2.2, [2])])
def test_nobody_is_suddenly_half_or_twice_as_large(share, ids):
    """A child steps before an adult: the same place, another person."""
    tracker = Tracker()
    tracker(only_boxes(boxes(0)), 0.0)
    middle = np.array([50, 200, 50, 200])
    assert tracker(only_boxes(middle + share * (boxes(0) - middle)), 0.1) == ids


def test_whoever_is_forgotten_comes_back_as_another():
    tracker = Tracker()
    tracker(people(boxes(0, 200)), 0.0)
    tracker.forget(1)
    tracker.forget(99)  # nobody
    assert tracker(people(boxes(0, 200)), 0.1) == [3, 2]


def test_ids_are_never_used_again():
    tracker = Tracker()
    given = []
    for i in range(50):
        given += tracker(people(boxes(*(np.arange(i % 4) * 200))), i * 5.0)
    assert len(given) == len(set(given)) == sum(i % 4 for i in range(50))
    assert given == sorted(given)


def test_one_id_is_one_person():
    tracker = Tracker()
    tracker(people(boxes(0)), 0.0)
    assert sorted(tracker(people(boxes(0, 5, 10)), 0.1)) == [1, 2, 3]
    assert tracker(people(boxes(0, 5, 10)), 0.2) == tracker(people(boxes(0, 5, 10)), 0.3)


def test_64_people():
    tracker, rng = Tracker(), np.random.default_rng(0)
    frame = np.concatenate([boxes(*np.arange(8) * 150) + [0, y, 0, y] for y in range(0, 800, 100)])
    for i in range(5):
        order = rng.permutation(64)
        ids = tracker(people(frame[order] + rng.normal(0, 2, (64, 1))), i / 30)
        if not i:
            first = order
        assert [int(first[given - 1]) for given in ids] == order.tolist()


@pytest.mark.parametrize("back_s, ids", [(0.0, [1]), (0.5, [1]), (900.0, [2])])
def test_a_clock_that_stands_or_jumps_back(back_s, ids):
    tracker = Tracker()
    for i in range(10):
        tracker(people(boxes(10 * i)), 1000.0 + i / 30)
    now = 1000.3 - back_s
    assert tracker(people(boxes(100)), now) == ids
    assert tracker(people(boxes(100)), now) == ids
    assert tracker(people(boxes(110)), now + 0.03) == ids


def test_a_clock_that_leaps_ahead():
    tracker = Tracker()
    tracker(people(boxes(0)), 0.0)
    assert tracker(people(boxes(0)), 1e9) == [2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -3e38])
@pytest.mark.parametrize("where", [slice(None), slice(0, 1), slice(2, 4)])
@pytest.mark.parametrize("points", [True, False])
def test_a_box_that_is_no_place_does_not_cost_the_others_their_ids(bad, where, points):
    """If points are seen, those who are in it keep their own as well."""
    tracker = Tracker()
    make = people if points else only_boxes
    tracker(make(boxes(0, 200, 400)), 0.0)
    for i in range(1, 5):
        frame = make(boxes(0, 200, 400))
        frame.boxes[1, where] = bad
        frame = frame.replace(boxes=frame.boxes.astype(float))
        before = frame.boxes.copy()
        with np.errstate(all="raise", under="ignore"):
            ids = tracker(frame, i / 10)
        assert (ids[0], ids[2]) == (1, 3) and (ids[1] == 2 if points else ids[1] > 3)
        assert np.array_equal(frame.boxes, before, equal_nan=True)  # nobody else's are touched
    assert tracker(make(boxes(0, 200, 400)), 0.5) == [1, 2, 3]


def test_a_box_without_an_area_is_where_its_points_are_and_stays_as_it_is():
    frame = people(boxes(0, 200))
    frame = frame.replace(boxes=np.full((2, 4), 7.0))
    tracker = Tracker()
    assert tracker(frame, 0.0) == [1, 2] == tracker(frame, 0.1)
    assert (frame.boxes == 7).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_points_that_are_nowhere(bad):
    tracker = Tracker()
    for i in range(5):
        frame = people(boxes(0, 200))
        frame.xy[0, i : i + 8] = bad
        frame.xy[1] = bad
        frame = frame.replace(xy=frame.xy)
        with np.errstate(all="raise", under="ignore"):
            assert tracker(frame, i / 10) == [1, 2]


def test_every_point_has_its_sigma():
    assert len(SIGMAS) == POINTS.stop
