# SPDX-License-Identifier: Apache-2.0
"""The scale of a picture is learned from walks, and from nothing else."""

import math

import pytest

from dwpose_ros.core.anthropometry import FOCAL, STATURE_M
from dwpose_ros.guidance.scale import SIDESTEP, STEP_M, Scale, ScaleLearner
from dwpose_ros.guidance.sitting import Sitting
from dwpose_ros.guidance.walk import Seen


class Walker:
    """Somebody before a lens of `focal` image widths, who is `stature_m` tall."""

    def __init__(self, learner, focal=FOCAL, stature_m=STATURE_M, distance_m=4.0, tilted=0.5):
        self.learner, self.focal, self.stature_m, self.tilted = learner, focal, stature_m, tilted
        self.distance_m, self.x_m, self.time_s = distance_m, 0.0, 0.0
        self.knee_drop = math.nan
        self.stay(1.0)

    def _look(self):
        self.time_s += 0.1
        # As somebody of STATURE_M before a lens of FOCAL would be as large.
        here_m = self.distance_m * (STATURE_M / self.stature_m) * (FOCAL / self.focal)
        row = self.tilted - 0.5 / self.distance_m
        nearer, aside = -math.log(self.distance_m), self.x_m / self.stature_m
        self.learner.watch(Seen(self.time_s, here_m, nearer, aside, row, self.knee_drop))

    def stay(self, seconds):
        for _ in range(round(seconds * 10)):
            self._look()

    def ask(self, code, count, away_m=0.0, right_m=0.0, magnitude="", pause_s=2.0):
        self.learner.told(code, magnitude, count, self.time_s)
        self.stay(1.5)
        for _ in range(10):
            self.distance_m, self.x_m = self.distance_m + away_m / 10, self.x_m + right_m / 10
            self._look()
        self.stay(pause_s)

    def steps_m(self, code):
        """How far, in truth, a step is that is asked for from now on."""
        scale = self.learner.scale
        step_m = scale.step_of(code) * self.stature_m / STATURE_M
        # The distance is known by the assumed lens.
        return step_m if "left" in code else step_m * self.focal / scale.focal


@pytest.mark.parametrize("stature_m", [1.15, 1.7, 2.0])
@pytest.mark.parametrize("degrees", [40, 60, 110])
@pytest.mark.parametrize("step_m", [0.35, 0.7])
def test_after_one_walk_the_number_of_steps_is_better_and_after_two_it_is_right(
    stature_m, degrees, step_m
):
    focal = 0.5 / math.tan(math.radians(degrees / 2))
    learner = ScaleLearner()
    walker = Walker(learner, focal, stature_m)
    off = [abs(math.log(walker.steps_m("move_closer") / step_m))]
    for count in (2, 2):
        walker.ask("move_closer", count, away_m=-count * step_m)
        off.append(abs(math.log(walker.steps_m("move_closer") / step_m)))
    assert learner.walks == 2
    assert off[1] < max(0.45 * off[0], 0.06)
    assert off[2] < max(0.25 * off[0], 0.06)


def test_a_walk_to_the_side_tells_of_steps_and_not_of_the_lens():
    learner = ScaleLearner(0.7)
    walker = Walker(learner, 0.7)
    for _ in range(3):
        walker.ask("move_left", 2, right_m=2 * 0.5)
    assert learner.scale.focal == pytest.approx(0.7)
    assert walker.steps_m("move_left") == pytest.approx(0.5, rel=0.12)
    assert learner.scale.step_m > 1.2 * STEP_M


def test_a_calibrated_lens_is_used_from_the_start_and_kept():
    learner = ScaleLearner(0.35)
    assert learner.scale.focal == pytest.approx(0.35)
    Walker(learner, 0.35).ask("move_closer", 2, away_m=-1.6)
    assert learner.scale.focal == pytest.approx(0.35)


def test_who_is_told_something_else_on_the_way_has_not_gone_as_far_as_asked():
    learner = ScaleLearner()
    walker = Walker(learner)
    before = learner.scale
    walker.ask("move_closer", 6, away_m=-0.6, pause_s=0.0)  # still walking
    walker.ask("move_closer", 2, pause_s=0.0)
    assert learner.walks == 0
    assert learner.scale.step_m == pytest.approx(before.step_m, rel=0.2)


def test_a_walk_in_the_other_direction_tells_nothing_of_steps():
    learner = ScaleLearner()
    walker = Walker(learner)
    before = learner.scale
    walker.ask("move_closer", 2, away_m=1.0)
    assert learner.scale[:3] == before[:3]
    assert learner.walks == 0


def test_somebody_else_has_steps_of_their_own_but_the_same_lens():
    learner = ScaleLearner()
    walker = Walker(learner, 0.4)
    for _ in range(3):
        walker.ask("move_closer", 1, away_m=-0.9)
        walker.ask("move_left", 2, right_m=1.2)
    focal = learner.scale.focal
    assert focal != pytest.approx(FOCAL, rel=0.1)
    learner.forget_person()
    assert learner.scale.step_m == pytest.approx(STEP_M)
    assert learner.scale.focal == pytest.approx(focal)
    assert learner.walks == 0


def test_the_horizon_is_where_everything_comes_from():
    learner = ScaleLearner()
    walker = Walker(learner, tilted=0.3)
    walker.ask("move_closer", 4, away_m=-2.0)
    assert learner.scale.horizon == pytest.approx(0.3, abs=0.04)


def test_before_anything_is_learned_an_adult_takes_steps_of_half_a_metre():
    assert Scale().step_of("move_closer") == STEP_M
    assert Scale().step_of("move_right") == pytest.approx(STEP_M * SIDESTEP)
    assert Scale().step_of("roll_back") == 1.0


def test_what_is_no_such_walk_tells_little():
    """As when a person whom the border cuts off seems to be elsewhere."""
    learner = ScaleLearner()
    walker = Walker(learner)
    for _ in range(2):
        walker.ask("move_closer", 1, away_m=-STEP_M)
    before = learner.scale
    walker.ask("move_closer", 1, away_m=-4 * STEP_M)
    assert before.step_m < learner.scale.step_m < 1.5 * before.step_m
    assert before.focal / 1.5 < learner.scale.focal <= before.focal


def test_on_a_chair_nobody_takes_steps():
    """What was learned from steps before it was seen that they sit is forgotten."""
    learner = ScaleLearner()
    walker = Walker(learner)
    fresh = learner.scale
    walker.ask("move_closer", 3, away_m=-0.5)
    assert learner.scale.step_m < 0.8 * fresh.step_m
    walker.knee_drop = 0.2
    walker.stay(1.0)
    assert learner.scale.sits and learner.scale.rolls
    assert learner.scale.step_m == pytest.approx(fresh.step_m)
    assert learner.scale.focal == pytest.approx(fresh.focal)
    walker.ask("move_closer", 3, away_m=-0.5)
    assert learner.scale.step_m == pytest.approx(fresh.step_m)


def test_who_is_told_that_it_is_enough_has_not_rolled_as_far_as_asked():
    learner = ScaleLearner(mobility="wheelchair")
    walker = Walker(learner)
    learner.told("roll_closer", "", 3, walker.time_s)
    walker.stay(1.0)
    learner.told("close_enough", "", 0, walker.time_s)
    for _ in range(10):
        walker.distance_m -= 0.1
        walker.stay(0.1)
    walker.stay(2.0)
    assert learner.scale.metre_m == 1.0 and learner.walks == 0
    walker.ask("roll_closer", 1, away_m=-0.6)
    assert learner.scale.metre_m < 0.9


def test_half_a_metre_tells_as_much_as_a_whole_one():
    for magnitude, went_m in (("half", 0.3), ("", 0.6)):
        learner = ScaleLearner(mobility="wheelchair")
        walker = Walker(learner)
        learner.told("roll_closer", magnitude, 0, walker.time_s)
        for _ in range(10):
            walker.distance_m -= went_m / 10
            walker.stay(0.1)
        walker.stay(2.0)
        assert learner.walks == 1
        assert learner.scale.metre_m == pytest.approx(0.6, rel=0.2), magnitude


def test_who_sits_near_the_camera_does_not_seem_to_stand():
    """Knees that point at it are as far below the hips as of who stands."""
    sitting = Sitting()
    for _ in range(10):
        sitting.watch(0.3, 2.5)
    for _ in range(50):
        sitting.watch(0.85, 1.2)
    assert sitting.sits
    for _ in range(10):
        sitting.watch(0.85, 2.5)
    assert not sitting.sits
