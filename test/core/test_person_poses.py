# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses, valid_boxes
from dwpose_ros.estimation.estimator import check_image


def test_nobody():
    nobody = PersonPoses.none()
    assert len(nobody) == 0 and not len(nobody.ids)
    assert (nobody.xy.shape, nobody.boxes.shape) == ((0, 133, 2), (0, 4))


def test_anything_array_like_becomes_float32():
    people = PersonPoses.of(np.ones((1, 133, 2)), [[0] * 133], [[0, 0, 9, 9]], [1])
    assert len(people) == 1
    arrays = people.xy, people.scores, people.boxes, people.box_scores
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    assert people.ids.tolist() == [0]


@pytest.mark.parametrize(
    "rows, left",
    [
        (1, [5]), (-1, [6]), (slice(0, 2), [4, 5]), (np.array([2, 0]), [6, 4]),
        (np.array([True, False, True]), [4, 6]), (slice(None, None, -1), [6, 5, 4]), ([], []),
    ],
)  # fmt: skip
def test_rows_of_people_are_people(rows, left):
    boxes = [[i, 0, i + 1, 1] for i in (4, 5, 6)]
    three = PersonPoses.of(np.zeros((3, 133, 2)), np.zeros((3, 133)), boxes).with_ids([4, 5, 6])
    some = three[rows]
    assert some.ids.tolist() == some.boxes[:, 0].tolist() == left and len(some) == len(left)


def test_it_cannot_be_changed_but_replaced():
    one = PersonPoses.of(np.zeros((1, 133, 2)), np.zeros((1, 133)), [[0, 0, 9, 9]])
    with pytest.raises(AttributeError):
        one.xy = np.ones((1, 133, 2))
    assert one.replace(xy=np.ones((1, 133, 2))).xy.all() and not one.xy.any()
    with pytest.raises(ValueError, match=r"ids has shape \(2,\), wanted \(1,\)"):
        one.with_ids([1, 2])


@pytest.mark.parametrize(
    "which, shape, message",
    [
        (0, (2, 17, 2), r"xy has shape \(2, 17, 2\), wanted \(2, 133, 2\)"),
        (0, (), r"xy has shape \(\), wanted \(0, 133, 2\)"),
        (1, (1, 133), r"scores has shape \(1, 133\), wanted \(2, 133\)"),
        (2, (2, 5), r"boxes has shape \(2, 5\), wanted \(2, 4\)"),
        (3, (2, 1), r"box_scores has shape \(2, 1\), wanted \(2,\)"),
        (4, (3,), r"ids has shape \(3,\), wanted \(2,\)"),
    ],
)
def test_a_wrong_shape_is_named_with_the_right_one(which, shape, message):
    arrays = [np.zeros(s) for s in ((2, 133, 2), (2, 133), (2, 4), (2,), (2,))]
    arrays[which] = np.zeros(shape)
    with pytest.raises(ValueError, match=message):
        PersonPoses.of(*arrays)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8),
    ],
)  # fmt: skip
def test_what_is_not_an_image_is_refused(image):
    with pytest.raises(ValueError, match=r"wanted \(h, w, 3\) and uint8"):
        check_image(image)


def one(xy=(1, 2), score=0.5, box=(0, 0, 9, 9), box_score=1.0) -> PersonPoses:
    """Somebody with one point, the nose."""
    points, scores = np.zeros((1, 133, 2)), np.zeros((1, 133))
    points[0, 0], scores[0, 0] = xy, score
    return PersonPoses.of(points, scores, [box], [box_score])


@pytest.mark.parametrize(
    "x, y, score, wanted",
    [
        (1, 2, 0.5, 0.5),
        (-5, 2, 0.5, 0.5),
        (math.nan, 2, 0.5, 0),
        (1, math.inf, 0.5, 0),
        (1, -math.inf, 0.5, 0),
        (2e5, 2, 0.5, 0),
        (1, 2, math.nan, 0),
        (1, 2, math.inf, 0),
        (1, 2, -1, 0),
    ],
)
def test_points_that_are_no_place_have_score_0(x, y, score, wanted):
    with np.errstate(all="raise"):
        people = one((x, y), score)
    assert people.scores[0, 0] == wanted
    assert np.isfinite(people.xy).all() and people.xy.dtype == people.scores.dtype == np.float32


@pytest.mark.parametrize(
    "box, wanted",
    [
        ((1, 2, 3, 4), (1, 2, 3, 4)),
        ((-10, -10, 2000, 2000), (-10, -10, 2000, 2000)),
        ((7, 7, 7, 7), (7, 7, 7, 7)),
        ((math.nan, 2, 3, 4), (10, 20, 30, 50)),
        ((1, 2, math.inf, 4), (10, 20, 30, 50)),
        ((1, 2, 3, 1e9), (10, 20, 30, 50)),
    ],
)
def test_a_box_that_is_no_place_is_the_bounding_box_of_the_visible_points(box, wanted):
    xy, scores = np.full((1, 133, 2), 99.0), np.full((1, 133), 0.1)
    xy[0, :2], scores[0, :2] = ((10, 20), (30, 50)), 0.9
    people = PersonPoses.of(xy, scores, [box])
    assert tuple(people.boxes[0]) == wanted and people.boxes.dtype == np.float32


def test_a_box_that_is_no_place_without_visible_points_is_zero():
    assert (one(score=0.1, box=(math.inf,) * 4).boxes == 0).all()


@pytest.mark.parametrize("score, wanted", [(0.4, 0.4), (math.nan, 0), (math.inf, 0), (-1, 0)])
def test_box_scores_are_finite(score, wanted):
    assert one(box_score=score).box_scores[0] == pytest.approx(wanted)


def test_what_replaces_arrays_is_cleaned_too_and_never_in_place():
    bad = np.full((1, 133, 2), np.nan, np.float32)
    assert (one().replace(xy=bad).scores == 0).all() and np.isnan(bad).all()


@pytest.mark.parametrize(
    "box, valid",
    [
        ((1, 2, 3, 4), True),
        ((1, 2, 1, 4), False),
        ((3, 2, 1, 4), False),
        ((math.nan, 2, 3, 4), False),
        ((1, 2, 3, 2e5), False),
    ],
)
def test_boxes_that_are_rectangles(box, valid):
    with np.errstate(all="raise"):
        assert valid_boxes(np.array([box], np.float32)).tolist() == [valid]
