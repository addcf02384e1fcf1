# SPDX-License-Identifier: Apache-2.0
"""A slow machine keeps up with its camera."""

from __future__ import annotations

import pytest

from dwpose_ros.tracking.load_adapter import Effort, LoadAdapter, efforts


class Machine:
    """A camera at 30 Hz, an engine that takes its time, and a mailbox with one slot between."""

    def __init__(self, adapter: LoadAdapter) -> None:
        self.adapter, self.now, self.image = adapter, 0.0, 0
        self.dropped = self.used = self.changes = 0
        self.oldest_s = 0.0

    def run(self, seconds: float, detect_s: float, follow_s: float, hz: float = 30.0) -> Effort:
        end = self.now + seconds
        while self.now < end:
            newest = int(self.now * hz)
            effort = self.adapter.effort
            waiting = range(self.image + 1, newest + 1)
            taken = [i for i in waiting if i % effort.use_every == 0]
            self.image = newest
            if not taken:
                self.now = (newest + 1) / hz + 1e-6
                continue
            self.dropped += len(taken) - 1
            self.oldest_s = max(self.oldest_s, self.now - taken[-1] / hz)
            detected = self.used % effort.detect_every == 0
            self.used += 1
            took = follow_s + detected * detect_s
            self.now += took
            self.changes += self.adapter(self.now, took, detected, self.dropped)
        return self.adapter.effort


@pytest.mark.parametrize(
    "wanted, least, skip, found",
    [
        (1, 1, False, [(1, 1)]),
        (1, 10, False, [(1, 1), (2, 1), (4, 1), (8, 1), (10, 1)]),
        (5, 10, True, [(5, 1), (10, 1), (10, 2)]),
        (20, 10, True, [(20, 1), (20, 2)]),
    ],
)
def test_efforts(wanted, least, skip, found):
    assert efforts(wanted, least, skip) == [Effort(*one) for one in found]


@pytest.mark.parametrize(
    "detect_s, follow_s, effort",
    [
        (0.015, 0.010, (1, 1)),  # keeps up
        (0.040, 0.010, (2, 1)),
        (0.100, 0.012, (10, 1)),  # frames are dropped for detections alone
        (0.100, 0.060, (10, 2)),  # not even without the detector
    ],
)
def test_it_does_as_much_as_keeps_up(detect_s, follow_s, effort):
    machine = Machine(LoadAdapter(1, 10, True))
    assert machine.run(60.0, detect_s, follow_s) == effort
    changes = machine.changes
    machine.run(300.0, detect_s, follow_s)
    assert machine.changes == changes  # and stays there


def test_more_is_done_again_once_there_is_time():
    machine = Machine(LoadAdapter(1, 10, True))
    assert machine.run(60.0, 0.1, 0.06) == (10, 2)
    assert machine.run(300.0, 0.008, 0.010) == (1, 1)


def test_a_short_delay_changes_nothing():
    machine = Machine(LoadAdapter(1, 10, True))
    machine.run(10.0, 0.005, 0.01)
    machine.run(0.5, 0.3, 0.01)  # as while something else is loaded
    assert machine.run(10.0, 0.005, 0.01) == (1, 1) and machine.changes == 0


def test_nothing_changes_where_the_user_wants_none():
    machine = Machine(LoadAdapter(3, 1, False))
    assert machine.run(60.0, 0.2, 0.1) == (3, 1) and machine.changes == 0


def test_no_frame_that_is_taken_up_is_older_than_a_period():
    machine = Machine(LoadAdapter(1, 10, False))
    machine.run(60.0, 0.15, 0.05)
    assert machine.oldest_s <= 1 / 30 + 1e-6
