# SPDX-License-Identifier: Apache-2.0
"""How often poses are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.guidance.look_rate import LookRate


@pytest.mark.parametrize("rate_hz, looks", [(60, 10), (30, 10), (25, 12.5), (15, 15), (5, 5)])
def test_ten_times_a_second_are_enough_and_no_slow_camera_is_left_out(rate_hz, looks):
    rate, random = LookRate(), np.random.default_rng(0)
    times = np.arange(0, 20, 1 / rate_hz)
    late = random.uniform(0, 0.1 / rate_hz, len(times))
    due = [rate.due(time_s) for time_s in times + late]
    assert sum(due) / 20 == pytest.approx(looks, rel=0.03)


def test_after_a_pause_and_when_a_bag_begins_anew_the_next_pose_is_looked_at():
    rate = LookRate()
    assert rate.due(100.0)
    assert not rate.due(100.03)
    assert rate.due(105.0)
    assert not rate.due(105.03)
    assert rate.due(7.0)
