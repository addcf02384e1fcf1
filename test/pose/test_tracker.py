from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.pose.tracker import KEEP_S, MIN_IOU, Tracker, iou


def boxes(*left: float, width: float = 100, height: float = 300) -> np.ndarray:
    """Boxes of one size, side by side."""
    return np.array([(x, 50, x + width, 50 + height) for x in left], np.float32).reshape(-1, 4)


NOBODY = boxes()


@pytest.mark.parametrize("a, b, wanted", [
    ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
    ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
    ((0, 0, 10, 10), (0, 0, 5, 5), 0.25),
    ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # they touch
    ((0, 0, 10, 10), (50, 50, 60, 60), 0.0),
    ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),  # the wrong way round
])
def test_iou(a, b, wanted):
    found = iou(np.array([a], float), np.array([b], float))
    assert found.shape == (1, 1) and found[0, 0] == pytest.approx(wanted)
    assert iou(np.array([b], float), np.array([a], float))[0, 0] == pytest.approx(wanted)


def test_iou_is_of_all_pairs():
    found = iou(boxes(0, 200).astype(float), boxes(0, 50, 200).astype(float))
    assert found == pytest.approx(np.array([[1, 1 / 3, 0], [0, 0, 1]]))


def test_ids_begin_at_1():
    """0 is nobody."""
    assert Tracker()(boxes(0, 200, 400), 0.0) == [1, 2, 3]


def test_nobody_has_no_id():
    tracker = Tracker()
    assert tracker(NOBODY, 0.0) == []
    assert tracker(boxes(0), 0.1) == [1]
    assert tracker(NOBODY, 0.2) == []


def test_ids_survive_movement_and_change_of_order():
    tracker = Tracker()
    for i in range(30):
        left, right = 20 * i, 900 - 20 * i  # they pass each other, apart in height
        frame = np.concatenate([boxes(left), boxes(right) + [0, 350, 0, 350]])
        assert tracker(frame, i / 10) == [1, 2]
        assert tracker(frame[::-1], i / 10 + 0.05) == [2, 1]


def test_somebody_who_comes_nearer_keeps_the_id():
    tracker = Tracker()
    for i, size in enumerate(np.linspace(50, 600, 30)):
        frame = np.array([[640 - size / 2, 700 - size, 640 + size / 2, 700]])
        assert tracker(frame, i / 10) == [1]


@pytest.mark.parametrize("step, ids", [(60, [1]), (70, [2])])
def test_a_jump_is_another_person(step, ids):
    """Boxes of 100 px share a fifth of their union at a step of 66.7 px."""
    tracker = Tracker()
    tracker(boxes(0), 0.0)
    assert (iou(boxes(0), boxes(step))[0, 0] >= MIN_IOU) == (ids == [1])
    assert tracker(boxes(step), 0.1) == ids


def test_the_best_overlap_is_taken_first():
    tracker = Tracker()
    tracker(boxes(0, 60), 0.0)
    assert tracker(boxes(50, 10), 0.1) == [2, 1]
    assert tracker(boxes(30), 0.2) == [1]  # 30 is nearer to 10 than to 50? equally: the first


@pytest.mark.parametrize("away_s, ids", [(0.5, [1]), (KEEP_S, [1]), (KEEP_S + 0.1, [2])])
def test_somebody_out_of_sight_is_remembered_for_a_moment(away_s, ids):
    tracker = Tracker()
    tracker(boxes(0), 10.0)
    assert tracker(NOBODY, 10.0 + away_s / 2) == []
    assert tracker(boxes(5), 10.0 + away_s) == ids


def test_ids_are_never_used_again():
    tracker = Tracker()
    given = []
    for i in range(50):
        given += tracker(boxes(*(np.arange(i % 4) * 200)), i * 5.0)
    assert len(given) == len(set(given)) == sum(i % 4 for i in range(50))
    assert given == sorted(given)


def test_one_id_is_one_person():
    tracker = Tracker()
    tracker(boxes(0), 0.0)
    assert sorted(tracker(boxes(0, 5, 10), 0.1)) == [1, 2, 3]
    assert tracker(boxes(0, 5, 10), 0.2) == tracker(boxes(0, 5, 10), 0.3)


@pytest.mark.parametrize("back_s, ids", [(0.5, [1]), (900.0, [2])])
def test_a_clock_that_jumps_back(back_s, ids):
    tracker = Tracker()
    tracker(boxes(0), 1000.0)
    assert tracker(boxes(0), 1000.0 - back_s) == ids
    assert tracker(boxes(0), 1000.1 - back_s) == ids


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -3e38])
@pytest.mark.parametrize("where", [slice(None), slice(0, 1), slice(2, 4)])
def test_a_box_that_is_no_place_does_not_cost_the_others_their_ids(bad, where):
    tracker = Tracker()
    tracker(boxes(0, 200, 400), 0.0)
    for i in range(1, 5):
        frame = boxes(0, 200, 400)
        frame[1, where] = bad
        with np.errstate(all="raise"):
            ids = tracker(frame, i / 10)
        assert (ids[0], ids[2]) == (1, 3) and ids[1] not in (1, 3)
    assert tracker(boxes(0, 200, 400), 0.5)[::2] == [1, 3]
