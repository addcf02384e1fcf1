# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from dwpose_ros.core.keypoints import COUNT, LEFT_HAND
from dwpose_ros.evaluation.drift import DriftError, compare, exceeding, table
from dwpose_ros.evaluation.simcc import SimccNetwork

HEIGHTS = np.array([40.0])


def maps(bins=30, score=0.8):
    """Maps of one person that peak at ``bins`` with ``score``."""
    x, y = np.zeros((1, COUNT, 96)), np.zeros((1, COUNT, 128))
    x[0, :, bins] = y[0, :, bins] = score
    return x, y


def moved(exact, part, dx):
    x, y = exact[0].copy(), exact[1]
    x[:, part] = np.roll(x[:, part], dx, axis=-1)
    return x, y


def test_a_network_against_itself_has_no_drift(network, crops):
    exact = SimccNetwork(network())
    found = exact(crops)
    for drift in compare(found, exact(crops), np.full(4, 40.0), 0).values():
        assert drift.points and drift[1:] == (0, 0, 0, 0, 0, 0, 0)


def test_a_planted_displacement_is_counted():
    drifts = compare(maps(), moved(maps(), slice(91, 101), 3), HEIGHTS)  # 10 of 21, by 1.5 px
    hand = drifts["left_hand"]
    assert hand.points == 21 and hand.median_px == 0 and hand.p95_px == 1.5
    assert hand.p95_share == pytest.approx(1.5 / 40)
    assert hand.off_1 == hand.off_2 == pytest.approx(10 / 21)
    assert all(d.p95_px == 0 and d.off_1 == 0 for k, d in drifts.items() if k != "left_hand")


@pytest.mark.parametrize("bins, off_1, off_2", [(1, 0, 0), (2, 1, 0), (3, 1, 1)])
def test_off_by_bins(bins, off_1, off_2):
    hand = compare(maps(), moved(maps(), LEFT_HAND, -bins), HEIGHTS)["left_hand"]
    assert (hand.off_1, hand.off_2, hand.median_px) == (off_1, off_2, bins / 2)


def test_a_displacement_along_both_axes_is_a_distance():
    exact = maps()
    hand = compare(exact, [np.roll(exact[0], 3, -1), np.roll(exact[1], 4, -1)], HEIGHTS)["face"]
    assert hand.median_px == 2.5


def test_scores_that_change_and_points_that_are_lost():
    exact, other = maps(score=0.5), maps(score=0.5)
    other[1][:, :17] *= 0.5  # the lower peak counts
    drifts = compare(exact, other, HEIGHTS)
    assert drifts["body"].score == pytest.approx(-0.25) and drifts["body"].lost == 1
    assert drifts["face"].score == 0 and drifts["face"].lost == 0


def test_points_that_float32_does_not_see_are_not_compared():
    exact = maps(score=0.2)
    exact[0][:, 3] *= 3
    exact[1][:, 3] *= 3
    drifts = compare(exact, moved(exact, slice(0, 3), 40), HEIGHTS)
    assert drifts["body"].points == 1 and drifts["body"].p95_px == 0
    assert math.isnan(drifts["face"].p95_px)
    assert exceeding(drifts, 0) == []
    assert "sees none" in table(drifts)
    with pytest.raises(DriftError, match="sees no point"):
        exceeding(compare(maps(score=0.1), maps(), HEIGHTS), 5)


def test_the_limit_is_the_95th_percentile_of_the_worst_part():
    drifts = compare(maps(), moved(maps(), slice(91, 94), 4), HEIGHTS)  # 3 of 21
    assert exceeding(drifts, 2) == [] and exceeding(drifts, 1.9) == [
        "95 % of the left hand are within 2.0 px"]  # fmt: skip


def test_points_that_are_not_seen_any_more_did_not_stay():
    dark = maps(score=0.8)
    dark[0][:, :2] *= 0.1
    drifts = compare(maps(), dark, HEIGHTS)
    assert exceeding(drifts, 9) == ["12% of the body are not seen any more"]
    dark[0][:, 0] *= 10  # 1 of 17 is more than one in twenty, 1 of 68 is not
    dark[0][:, 1] *= 10
    dark[0][:, 23] *= 0.1
    assert exceeding(compare(maps(), dark, HEIGHTS), 9) == []
