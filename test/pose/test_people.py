import numpy as np
import pytest

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.estimator import check_image


def test_nobody():
    assert [a.shape for a in PersonPoses.none()] == [(0, 133, 2), (0, 133), (0, 4), (0,)]


def test_anything_array_like_becomes_float32():
    people = PersonPoses.of(np.ones((1, 133, 2)), [[0] * 133], [[0, 0, 9, 9]], [1])
    assert len(people.xy) == 1
    assert {a.dtype for a in people} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "which, shape, message",
    [
        (0, (2, 17, 2), r"xy has shape \(2, 17, 2\), wanted \(2, 133, 2\)"),
        (0, (), r"xy has shape \(\), wanted \(0, 133, 2\)"),
        (1, (1, 133), r"scores has shape \(1, 133\), wanted \(2, 133\)"),
        (2, (2, 5), r"boxes has shape \(2, 5\), wanted \(2, 4\)"),
        (3, (2, 1), r"box_scores has shape \(2, 1\), wanted \(2,\)"),
    ],
)
def test_a_wrong_shape_is_named_with_the_right_one(which, shape, message):
    arrays = [np.zeros(s) for s in ((2, 133, 2), (2, 133), (2, 4), (2,))]
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
