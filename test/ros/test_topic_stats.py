# SPDX-License-Identifier: Apache-2.0
"""What is told of a topic: rate, age, and whether it has fallen silent."""

from __future__ import annotations

import math

import pytest

from dwpose_ros.ros.topic_stats import FIRST_S, TopicStats


def stats(rate_hz: float, seconds: float, **more) -> TopicStats:
    """A topic that had messages at a rate, from 100 s on."""
    made = TopicStats("/images", now=100.0, **more)
    for i in range(int(rate_hz * seconds)):
        made.tick(100 + i / rate_hz, age_s=0.01 + 0.001 * (i % 11))
    return made


@pytest.mark.parametrize("rate_hz", [1, 5, 30, 120])
def test_rate_and_age(rate_hz):
    one = stats(rate_hz, 8.0)
    assert one.rate_hz(108.0) == pytest.approx(rate_hz, rel=0.05)
    assert one.rate_hz(130.0) == 0  # nothing has come lately
    p50, p95 = one.age_ms()
    assert 10 <= p50 <= p95 <= 20


@pytest.mark.parametrize(
    "rate_hz, silent_s, stale",
    [
        (30, 0.5, False),
        (30, 0.8, True),  # `stale_after` of 0.7 s
        (1, 0.8, False),
        (1, 2.5, False),
        (1, 3.5, True),  # three periods of who sends slowly
    ],
)
def test_silence_is_a_fault_after_some_periods(rate_hz, silent_s, stale):
    one = stats(rate_hz, 10.0)
    last = 100 + (10 * rate_hz - 1) / rate_hz
    assert one.stale(last + silent_s, after_s=0.7) == stale
    assert not stats(rate_hz, 10.0, steady=False).stale(1e6, 0.7)  # of a topic that has events


def test_who_sends_may_take_a_while_to_start():
    new = TopicStats("/images", now=100.0)
    assert not new.stale(100 + 0.9 * FIRST_S, 0.7) and new.stale(100 + 1.1 * FIRST_S, 0.7)
    assert new.rate_hz(101) == 0 and all(map(math.isnan, new.age_ms()))
