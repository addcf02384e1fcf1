# SPDX-License-Identifier: Apache-2.0
"""How large somebody can be before a border cuts them off."""

from __future__ import annotations

import pytest

from dwpose_ros.guidance.checks import CheckResult
from dwpose_ros.guidance.checks.fits import Fits


@pytest.fixture
def smallest(custom):
    """smallest((code of what cuts off, or "" for nothing, size, s), ...) -> what is asked for."""

    def after(*moments: tuple[str, float, float]) -> float:
        fits, now = Fits(), 0.0
        for code, size, lasts_s in moments:
            for _ in range(round(lasts_s * 10)):
                now += 0.1
                fits.watch(CheckResult("cut_off", not code, 0.8, 1.0, code=code), size, now)
        return fits.size_minimum(custom(size_minimum=0.5, size_maximum=0.9))

    return after


@pytest.mark.parametrize("back", ["move_back", "roll_back"])
def test_who_was_cut_off_and_is_not_when_smaller_may_be_smaller(smallest, back):
    assert smallest((back, 0.55, 1.0), ("", 0.5, 0.5)) == pytest.approx(0.55 * 0.82)
    assert smallest(("", 0.4, 1.0), (back, 0.5, 1.0), ("", 0.4, 1.0)) == pytest.approx(0.41)


@pytest.mark.parametrize(
    "moments",
    [
        [],
        [("move_back", 0.8, 1.0), ("", 0.7, 1.0)],  # they can be large enough
        [("move_back", 0.5, 0.3), ("", 0.4, 1.0)],  # for a moment: the network erred
        [("move_back", 0.5, 1.0)],  # nobody knows yet when they are not
        [("move_back", 0.5, 1.0), ("", 0.495, 1.0)],  # as large as before: the size errs
        [("move_closer", 0.3, 1.0), ("", 0.4, 1.0)],  # the camera looks down
        [("move_back", 0.3, 1.0), ("", 0.4, 1.0), ("", 0.25, 1.0)],  # when larger, they are not
        [("move_left", 0.5, 1.0), ("", 0.4, 1.0)],
        [("move_back", float("nan"), 1.0), ("", 0.4, 1.0)],
    ],
)
def test_everybody_else_must_be_as_large_as_the_profile_wants(smallest, moments):
    assert smallest(*moments) == 0.0


def test_nobody_is_pictured_at_less_than_half_the_size(smallest):
    assert smallest(("move_back", 0.2, 1.0), ("", 0.1, 1.0)) == 0.25
