# SPDX-License-Identifier: Apache-2.0
"""The scale of a picture: how far one step of this person goes in it, learned from their walks.

A single picture of a person does not tell whether a child is near or an adult is far, or which
lens looks. What a walk of a known number of steps changes in the picture does. Two numbers are
estimated, both as logarithms with a normal distribution, by a Kalman filter (R. E. Kalman, J.
Basic Eng. 82, 1960): the length of a step in statures, and the focal length in image widths. A
walk towards the camera tells of their ratio; one to the side, of the step alone. A third is the
row of the horizon, towards which everything moves that goes away: it tells how the camera is
tilted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.anthropometry import FOCAL, STATURE_M
from dwpose_ros.guidance.allowances import Allowances
from dwpose_ros.guidance.horizon import Horizon
from dwpose_ros.guidance.own_widths import OwnWidths
from dwpose_ros.guidance.sitting import Sitting
from dwpose_ros.guidance.walk import Seen, Walk

STEP_M = 0.5  # a step on request of an adult of STATURE_M, before anything is learned
# The others as shares of it: habits differ, so that each is known only roughly from another.
SIDESTEP, BACKSTEP, LITTLE = 0.7, 1.0, 0.42
METRE_M = 1.0
# Most webcams and telephones have a horizontal field of view of 60 to 90 degrees.
_USUAL = 0.74 / FOCAL
_STEP_SD, _FOCAL_SD = 0.30, 0.38  # of the logarithms, before anything is learned
# A slow step takes so long (T. Oberg et al., J. Rehabil. Res. Dev. 30, 1993), so that the speed of
# a walk tells of the steps, too, even of one that was ended on the way.
_STEP_S, _PACE_SD = 0.65, 0.3
_PACE_TIME_S = 0.45  # over which the speed is measured
_WALK_SD, _ASIDE_SD = 0.15, 0.3  # of one walk; turns, too, move points to the side
_RATIO_SD, _LITTLE_SD = 0.2, 0.35  # of a share above
# How far away people are who begin, of which a lens that shows them very small is a part.
_START_M, _START_SD = 2.4, 0.55
_MOST_OFF_SDS = 1.5
_LEAST_GROWTH, _LEAST_ASIDE = 0.06, 0.06  # of a walk: logarithm of the size, statures
_REST_S, _REST = 0.5, 0.035  # who changed by less in this time has come to rest
_LONGEST_S = 12.0  # from an instruction to the end of its walk
DEPTH = {"move_closer": 1.0, "move_back": -1.0, "roll_closer": 1.0, "roll_back": -1.0}
# What tells somebody on the way to go no further.
ENOUGH = {code: "close_enough" if way > 0 else "far_enough" for code, way in DEPTH.items()}
SIDE = {"move_left", "move_right", "roll_left", "roll_right"}


class Scale(NamedTuple):
    """What is known of the lens, and of how far this person goes."""

    focal: float = FOCAL
    """Focal length in image widths."""
    step_m: float = STEP_M
    """Length of a step of somebody who is STATURE_M tall."""
    metre_m: float = METRE_M
    """How far they roll when asked to roll a metre, in the same unit."""
    horizon: float = 0.5
    """Row of the horizon, in heights of the image from the top."""
    horizon_sd: float = 0.0
    """Standard deviation of it."""
    sits: bool = False
    """The person sits."""
    rolls: bool = False
    """The person rolls, instead of walking."""

    breadth: float = math.nan
    """Widths of their shoulders plus hips, in torso lengths, when they face the camera."""
    breadth_sd: float = math.nan
    """Standard deviation of it, as a share."""

    def on_wheels(self, code: str) -> str:
        """Return the instruction to roll, in place of one to walk, for somebody who rolls."""
        return "roll_" + code[5:] if self.rolls and code.startswith("move_") else code

    def step_of(self, code: str) -> float:
        """Return the length of a step or, in a wheelchair, a metre, of an instruction, m."""
        if code.startswith("roll_"):
            return self.metre_m
        if code in SIDE:
            return self.step_m * SIDESTEP
        return self.step_m * (BACKSTEP if code == "move_back" else 1.0)


class ScaleLearner:
    """Learns the scale from what was asked for, and how far the person then went.

    Args:
        focal: of a calibrated camera, in image widths; NaN if unknown.
        mobility: "walking" or "wheelchair"; "auto": whoever sits is taken to roll.
    """

    def __init__(self, focal: float = math.nan, mobility: str = "auto") -> None:
        # Logarithms of step / STEP_M, and of focal / FOCAL.
        self._state = np.array([0.0, math.log(_USUAL)])
        self._spread = np.diag([_STEP_SD**2, _FOCAL_SD**2])
        self._horizon = Horizon()
        self._calibrated = math.nan
        self.mobility = mobility
        self.forget_person()
        self.calibrate(focal)

    @property
    def scale(self) -> Scale:
        """What is known now."""
        return self._scale

    @property
    def walks(self) -> int:
        """The number of walks of this person that it has learned from."""
        return self._walks

    def calibrate(self, focal: float) -> None:
        """Take the focal length of a calibrated camera, in image widths; NaN leaves it unknown."""
        if math.isnan(focal) or focal == self._calibrated:
            return
        self._calibrated = focal
        self._state[1] = math.log(focal / FOCAL)
        self._spread[1, :] = self._spread[:, 1] = 0.0
        self._unwalked = self._state, self._spread
        self._update()

    def forget_person(self) -> None:
        """Somebody else is there, before the same camera."""
        self._state[0] = 0.0
        self._spread[0] = _STEP_SD**2, 0.0
        self._spread[:, 0] = _STEP_SD**2, 0.0
        self._horizon.forget_person()
        self._metre = METRE_M
        self._under_way: dict[bool, Walk] = {}  # by whether it is to the side
        self._trail: list[Seen] = []
        self._started = False
        self._walks = 0
        self._sitting = Sitting()
        self._widths = OwnWidths()
        self._unwalked = self._state, self._spread  # before anything was learned from walks
        self.allowances = Allowances()
        self._update()

    def told(self, code: str, magnitude: str, count: int, now: float, body_part: str = "") -> None:
        """Note that an instruction begins to be spoken."""
        self.allowances.told(code, body_part, now)
        if code in ENOUGH.values():  # they will not go as far as they were asked to
            if False in self._under_way:
                self._under_way[False] = self._under_way[False]._replace(ended=True)
            return
        if code not in DEPTH and code not in SIDE:
            return
        # Who still walks has not gone as far as was asked for: nothing is learned from that.
        self._under_way.pop(code in SIDE, None)
        if self._trail and not self._moves(code):
            units = {"little": math.nan, "half": 0.5}.get(magnitude, float(max(count, 1)))
            self._under_way[code in SIDE] = Walk(code, units, self._trail[-1])

    def watch(self, seen: Seen) -> None:
        """Take in a new frame."""
        if self._trail and not 0 <= seen.time_s - self._trail[-1].time_s < _LONGEST_S:
            self._trail, self._under_way = [], {}
        self._trail = [s for s in self._trail if seen.time_s - s.time_s <= _REST_S] + [seen]
        self._sitting.watch(seen.knee_drop, seen.here_m)
        known = self._widths.breadth
        self._widths.watch(seen.breadth, seen.head_deg, seen.here_m, seen.time_s)
        changed = self._sitting.sits != self._scale.sits
        if changed:  # their shoulders are at another height, and what they did were no steps
            self._horizon.forget_person()
            self._state, self._spread = self._unwalked
        changed |= self._widths.breadth != known and not math.isnan(self._widths.breadth)
        if self._horizon.watch(seen.here_m, seen.row) or changed:
            self._update()
        if not self._started and not math.isnan(seen.here_m):
            self._started = True
            if math.isnan(self._calibrated):
                off = math.log(_START_M / max(seen.here_m, 0.1))
                self._learn(np.array([0.0, 1.0]), off, _START_SD)
                self._unwalked = self._state, self._spread
        self._measure_pace()
        for aside, walk in list(self._under_way.items()):
            over = seen.time_s - walk.start.time_s > _LONGEST_S
            # Of a diagonal walk the smaller part is hardly seen, so they must rest on both axes.
            rests = not self._moves("move_closer") and not self._moves("move_left")
            if self._went(walk, seen) and rests:
                self._finish(walk)
                over = True
            if over:
                del self._under_way[aside]

    def _measure_pace(self) -> None:
        """Note the speed of a walk towards the camera, or away from it."""
        walk, last = self._under_way.get(False), self._trail[-1]
        ago = next((s for s in self._trail if last.time_s - s.time_s >= _PACE_TIME_S), None)
        if walk is None or ago is None or math.isnan(walk.start.here_m):
            return
        then, now = (
            walk.start.here_m * math.exp(walk.start.nearer - s.nearer) for s in (ago, last)
        )
        speed = (then - now) * DEPTH[walk.code] / (last.time_s - ago.time_s)
        if speed > walk.speed:
            self._under_way[False] = walk._replace(speed=speed)

    def _moves(self, code: str) -> bool:
        """Whether they have moved on an instruction's axis lately."""
        first, last = self._trail[0], self._trail[-1]
        if last.time_s - first.time_s < 0.5 * _REST_S and self._under_way:
            return True  # too few frames to tell
        change = last.aside - first.aside if code in SIDE else last.nearer - first.nearer
        return abs(change) > _REST

    @staticmethod
    def _went(walk: Walk, seen: Seen) -> bool:
        if walk.code in SIDE:
            return abs(seen.aside - walk.start.aside) > _LEAST_ASIDE
        return abs(seen.nearer - walk.start.nearer) > _LEAST_GROWTH

    def _finish(self, walk: Walk) -> None:
        """Learn from a walk that has ended."""
        end, start = self._trail[-1], walk.start
        growth = end.nearer - start.nearer
        if walk.code in SIDE:
            way = abs(end.aside - start.aside) * STATURE_M
            row = np.array([1.0, 0.0])
        else:
            if growth * DEPTH[walk.code] < 0 or math.isnan(start.here_m):
                return  # not what was asked for
            way = abs(start.here_m * (1 - math.exp(-growth)))
            row = np.array([1.0, -1.0])
        if walk.code.startswith("roll_"):
            if not walk.ended:
                self._learn_metre(walk, way)
            return
        if self._sitting.sits:  # a chair is moved by other steps, and as fast as it goes
            return
        if walk.code not in SIDE and walk.speed > 0:
            share = BACKSTEP if walk.code == "move_back" else 1.0
            off = math.log(walk.speed * _STEP_S / share / STEP_M)
            self._learn(row, max(-1.5, min(off, 1.5)), _PACE_SD)
        if walk.ended:
            return
        little = math.isnan(walk.units)
        share = SIDESTEP if walk.code in SIDE else BACKSTEP if walk.code == "move_back" else 1.0
        step = STEP_M * share * (LITTLE if little else 1.0)
        spread = math.hypot(
            _ASIDE_SD if walk.code in SIDE else _WALK_SD,
            _LITTLE_SD if little else 0.0,
            _RATIO_SD if share < 1.0 else 0.0,
        )
        off = math.log(max(way, 1e-3) / (1.0 if little else walk.units) / step)
        self._walks += 1
        self._learn(row, max(-1.5, min(off, 1.5)), spread)

    def _learn_metre(self, walk: Walk, way: float) -> None:
        if math.isnan(walk.units):
            return
        if walk.code not in SIDE:
            way *= self._scale.focal / FOCAL
        self._walks += 1
        found = max(0.3, min(way / walk.units / METRE_M, 3.0))
        self._metre = math.exp(0.3 * math.log(self._metre) + 0.7 * math.log(found))
        self._update()

    def _learn(self, row: np.ndarray, value: float, spread: float) -> None:
        """Update the state by a measurement of `row @ state`."""
        off = float(value - row @ self._state)
        known = float(row @ self._spread @ row)
        # What is far from all that is expected was no such walk, and tells little (Huber).
        spread *= max(1.0, abs(off) / math.sqrt(known + spread**2) / _MOST_OFF_SDS)
        gain = self._spread @ row / (known + spread**2)
        self._state = self._state + gain * off
        self._spread = self._spread - np.outer(gain, row @ self._spread)
        self._update()

    def _update(self) -> None:
        step, focal = np.exp(self._state)
        self._scale = Scale(
            focal=FOCAL * float(focal),
            step_m=STEP_M * float(step),
            metre_m=METRE_M * self._metre,
            horizon=self._horizon.row,
            horizon_sd=self._horizon.deviation,
            breadth=self._widths.breadth,
            breadth_sd=self._widths.deviation,
            sits=self._sitting.sits,
            rolls=self.mobility == "wheelchair" or self.mobility == "auto" and self._sitting.sits,
        )
