# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses
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
