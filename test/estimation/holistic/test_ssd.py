# SPDX-License-Identifier: Apache-2.0
"""Boxes and keypoints from a detector's raw outputs."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.estimation.holistic.ssd import Ssd

SIZE, ANCHORS = 32, {8: 2, 16: 6}
COUNT = 4 * 4 * 2 + 2 * 2 * 6


class Raw:
    """A network that answers with what the test sets."""

    inputs = {"image": (1, SIZE, SIZE, 3)}

    def __init__(self) -> None:
        self.values = np.zeros((1, COUNT, 8), np.float32)  # box and two keypoints
        self.logits = np.full((1, COUNT, 1), -9.0, np.float32)
        self.seen = None

    def __call__(self, feed):
        self.seen = feed["image"]
        return [self.values, self.logits]

    def put(self, anchor, logit, *values):
        self.values[0, anchor], self.logits[0, anchor] = values, logit


@pytest.fixture
def raw():
    return Raw()


def look(raw, min_score=0.3):
    return Ssd(raw, ANCHORS)(np.zeros((SIZE, SIZE, 3), np.uint8), min_score)


def test_nobody(raw):
    found = look(raw)
    assert found.boxes.shape == (0, 4) and found.points.shape == (0, 2, 2)
    assert found.scores.shape == (0,)


@pytest.mark.parametrize(
    "anchor, center",
    [
        (0, (4, 4)), (1, (4, 4)), (2, (12, 4)), (8, (4, 12)), (31, (28, 28)),
        (32, (8, 8)), (37, (8, 8)), (38, (24, 8)), (44, (8, 24)), (55, (24, 24)),
    ],
)  # fmt: skip
def test_values_are_pixels_from_the_centre_of_the_anchor_s_cell(raw, anchor, center):
    raw.put(anchor, 2.0, 1, -2, 8, 4, 3, 0, 0, -5)
    found = look(raw)
    x, y = center
    assert found.boxes * SIZE == pytest.approx(np.array([[x - 3, y - 4, x + 5, y]]))
    assert found.points * SIZE == pytest.approx(np.array([[[x + 3, y], [x, y - 5]]]))
    assert found.scores == pytest.approx([1 / (1 + np.exp(-2))])


def test_pixels_come_from_minus_1_to_1(raw):
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[:, 16:] = 255
    Ssd(raw, ANCHORS)(image, 0.5)
    assert raw.seen.dtype == np.float32 and raw.seen.shape == (1, SIZE, SIZE, 3)
    assert (raw.seen[:, :, :16] == -1).all() and raw.seen[:, :, 16:] == pytest.approx(1)


def test_overlapping_ones_are_one_at_their_mean_weighted_by_score(raw):
    raw.put(0, 0.0, 0, 0, 8, 8, 0, 0, 0, 0)  # score 0.5
    raw.put(1, 0.0, 2, 0, 8, 8, 4, 0, 0, 0)
    raw.put(31, 3.0, 0, 0, 8, 8, 0, 0, 0, 0)
    found = look(raw)
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3)), 0.5])
    assert found.boxes[1] * SIZE == pytest.approx([1, 0, 9, 8])
    assert found.points[1, 0] * SIZE == pytest.approx([6, 4])


def test_those_below_the_score_count_for_nothing(raw):
    raw.put(0, 0.0, 0, 0, 8, 8, 0, 0, 0, 0)
    raw.put(1, -2.0, 2, 0, 8, 8, 4, 0, 0, 0)
    assert look(raw).boxes[0] * SIZE == pytest.approx([0, 0, 8, 8])
    assert len(look(raw, 0.6).scores) == 0


@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_extreme_logits_are_scores(raw, logit):
    raw.put(0, logit, 0, 0, 0, 0, 0, 0, 0, 0)
    with np.errstate(all="raise", under="ignore"):
        assert len(look(raw).scores) == (logit > 0)
