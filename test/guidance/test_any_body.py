# SPDX-License-Identifier: Apache-2.0
"""People who sit, roll, or lack a limb get their picture, and are asked for nothing impossible."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from guided import Guided

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.guidance import ProfileError, load_profile
from dwpose_ros.guidance.allowances import Allowances
from dwpose_ros.guidance.checks import CheckRunner
from dwpose_ros.guidance.decision import Instruction
from dwpose_ros.guidance.instruction_policy import InstructionPolicy
from dwpose_ros.guidance.scale import ScaleLearner
from dwpose_ros.guidance.sitting import Sitting, knee_drop
from dwpose_ros.simulation.bodies import Body
from dwpose_ros.simulation.camera import SimulatedCamera
from dwpose_ros.simulation.movements import Stance

CAMERA = SimulatedCamera(height_m=1.2, tilt_deg=-6.0)


@pytest.mark.parametrize("stature_m, age", [(1.15, 6.0), (1.5, 12.0), (1.72, 35.0), (2.0, 35.0)])
@pytest.mark.parametrize("distance_m", [3.0, 3.6, 4.5])
@pytest.mark.parametrize("yaw_deg", [0.0, 40.0, -60.0])
@pytest.mark.parametrize("seat", ["", "chair", "wheelchair"])
def test_who_sits_is_known_by_the_knees(stature_m, age, distance_m, yaw_deg, seat):
    stance = Stance(0.0, distance_m, yaw_deg, "relaxed")
    one = Guided("full_body", Body(stature_m, age, seat), stance, camera=CAMERA)
    sitting = Sitting()
    for _ in range(8):
        xy, scores = one.people(one.actor.at(0.0)).xy[0], one.people(one.actor.at(0.0)).scores[0]
        drop = knee_drop(Seen(xy, scores), 0.3)
        sitting.watch(drop)
    assert sitting.sits == bool(seat), drop


class Seen:
    def __init__(self, xy, scores):
        self.xy, self.scores = xy, scores


def test_a_single_frame_makes_nobody_sit_or_stand():
    sitting = Sitting()
    for drop in (0.85, 0.2, 0.85, 0.3, math.nan, 0.85, 0.2, 0.2):
        sitting.watch(drop)
        assert not sitting.sits
    for drop in (0.2, math.nan, 0.2):
        sitting.watch(drop)
    assert sitting.sits
    for drop in (0.9, 0.9, 0.2, 0.9, math.nan, math.nan):
        sitting.watch(drop)
        assert sitting.sits


@pytest.mark.parametrize(
    "start", [Stance(0.0, 4.0, 0.0, "relaxed"), Stance(0.6, 3.2, 0.0, "relaxed")]
)
def test_a_wheelchair_is_told_to_roll_and_never_to_step(start):
    one = Guided("upper_body", Body(seat="wheelchair"), start, camera=CAMERA).run(40, True)
    assert one.captures
    walks = [code for code in one.codes if code.startswith(("move_", "roll_"))]
    assert walks and all(code.startswith("roll_") for code in walks)
    assert not {"stand_up", "stand_upright"} & set(one.codes)


def test_the_profile_may_say_how_somebody_moves():
    for mobility, begins in (("walking", "move_"), ("wheelchair", "roll_")):
        learner = ScaleLearner(mobility=mobility)
        assert learner.scale.on_wheels("move_closer").startswith(begins)
        assert learner.scale.on_wheels("turn_left") == "turn_left"


def test_who_can_stand_up_is_asked_once_and_does():
    start = Stance(0.0, 4.0, 0.0, "relaxed")
    one = Guided("full_body", Body(seat="chair", rises=True), start, camera=CAMERA).run(40, True)
    assert one.codes[0] == "stand_up" and one.codes.count("stand_up") == 1 and one.captures
    assert not any(code.startswith("roll_") for code in one.codes)


def test_who_cannot_stand_up_is_asked_once_and_pictured_as_they_sit():
    start = Stance(0.0, 3.5, 0.0, "relaxed")
    one = Guided("full_body", Body(seat="wheelchair"), start, camera=CAMERA).run(60, True)
    assert one.codes.count("stand_up") == 1 and one.captures


def test_nobody_is_asked_to_stand_up_for_a_picture_of_the_upper_body():
    for profile in ("upper_body", "face", "hands"):
        one = Guided(profile, Body(seat="chair", rises=True), camera=CAMERA).run(30, True)
        assert "stand_up" not in one.codes


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("lost", ["hand", "forearm"])
def test_a_missing_hand_is_asked_for_and_then_left_out(side, lost):
    body = Body(without=f"{side}_{lost}")
    one = Guided("hands", body, Stance(0.0, 1.6, 0.0, "relaxed")).run(60, True)
    assert one.captures
    left_out = [what for _, code, what in one.said if code == "leave_out"]
    assert left_out == [f"{side}_hand"]
    assert sum(what == "hands" for _, code, what in one.said if code == "show") <= 2


def test_that_a_limb_is_left_out_is_said_to_its_end(custom):
    policy, hold = InstructionPolicy(custom(parts=("hands",))), Instruction("hold_still")
    policy.told(Instruction("leave_out", "left_hand"), 10.0)
    for now in (10.5, 11.0):
        policy.debounced(hold, now, busy=True)
        assert not policy.speak(hold, now, busy=True)
    assert policy.speak(hold, 11.5, busy=False)


def test_a_hand_that_is_only_hidden_is_not_left_out_at_once():
    one = Guided("hands", Body(), Stance(0.0, 1.2, 0.0, "hands_shown"))
    one.run(0.6)
    one.body = Body(without="left_hand")  # it goes behind the back
    one.run(9)
    assert "leave_out" not in one.codes and "show" in one.codes


def test_two_hands_are_not_left_out_of_a_picture_of_hands():
    one = Guided("hands", Body(), Stance(0.0, 1.6, 0.0, "relaxed"), behavior="obedient")
    one.actor.hear = lambda *args: None
    while one.now < 250 and "goodbye" not in one.codes:
        one.run(5)
    assert "leave_out" not in one.codes and one.codes[-1] == "goodbye" and not one.captures


def test_of_two_hands_the_second_is_not_left_out_after_the_first(custom):
    allowances, wanted = Allowances(), custom(parts=("hands",))
    allowances.told("show", "hands", 0.0)
    due = [allowances.due(wanted.points[:21], wanted, False, now) for now in (0.0, 5.0)]
    assert due == ["", "left_hand"]
    other = replace(wanted, without=("left_hand",))
    assert {allowances.due(other.points, other, False, now) for now in range(5, 60)} == {""}


def test_hands_that_were_left_out_are_wanted_in_a_picture_of_nothing_else(person, custom):
    learner, wanted = ScaleLearner(), custom(parts=("hands",))
    for limb in ("left_hand", "right_hand"):
        learner.told("leave_out", "", 0, 1.0, limb)
    results = CheckRunner(wanted, learner=learner)(person(hidden=("left_wrist",)).view())
    assert any(result.name == "visible" for result in results)


def test_somebody_else_has_all_their_limbs():
    learner = ScaleLearner()
    learner.told("leave_out", "", 0, 1.0, "left_hand")
    assert learner.allowances.without == ("left_hand",)
    learner.forget_person()
    assert learner.allowances.without == ()


def test_what_a_profile_leaves_out_is_not_wanted(profile, custom):
    whole = custom(parts=("head", "shoulders", "elbows", "hips", "knees", "feet"))
    less = custom(parts=whole.parts, without=("left_foot", "right_arm"))
    gone = set(whole.points) - set(less.points)
    assert {INDEX["left_ankle"], INDEX["left_big_toe"], INDEX["right_elbow"]} == gone
    assert {INDEX["right_ankle"], INDEX["right_big_toe"], INDEX["left_elbow"]} == (
        set(whole.points_in(True)) - set(less.points_in(True))
    )


@pytest.mark.parametrize(
    "line, said",
    [
        ("seated: perhaps", "seated is 'perhaps'; it must be one of allowed, no"),
        ("mobility: boat", "mobility is 'boat'; it must be one of auto, walking, wheelchair"),
        ("without: [tail]", "without is ['tail']; it must be a list of"),
        ("without: left_hand", "without is 'left_hand'; it must be a list of"),
        ("without: [head, hips]", "which leaves no parts"),
        ("parts: [hands]\nwithout: [left_hand, right_arm]", "which leaves no parts"),
    ],
)
def test_what_a_profile_cannot_say(tmp_path, line, said):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "size_minimum: 0.3\nsize_maximum: 0.6\n"
        + ("" if "parts:" in line else "parts: [head, hips]\n")
        + f"{line}\n"
    )
    with pytest.raises(ProfileError) as error:
        load_profile(path)
    assert said in str(error.value)


def test_a_runner_leaves_out_what_was_said_to_be(person, custom):
    learner, wanted = ScaleLearner(), custom(parts=("head", "shoulders", "elbows", "hips"))
    runner = CheckRunner(wanted, learner=learner)

    def visible():
        found = runner(person(hidden=("left_elbow",)).view())
        return next(result for result in found if result.name == "visible").ok

    assert visible() is False
    learner.told("leave_out", "", 0, 1.0, "left_arm")
    assert visible() is True


@pytest.mark.parametrize(
    "profile, body, camera_m",
    [
        ("upper_body", Body(1.15, 6.0), 1.5),
        ("upper_body", Body(1.29, 8.0), 1.6),
        ("full_body", Body(1.65, 49.0, "wheelchair"), 1.0),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_who_is_cut_off_before_they_are_large_enough_is_pictured_smaller(
    profile, body, camera_m, seed
):
    """A camera that is high for somebody does not send them to and fro."""
    start = Stance(0.0, 4.0, 0.0, "relaxed")
    camera = SimulatedCamera(height_m=camera_m)
    one = Guided(profile, body, start, camera=camera, seed=seed).run(60, True)
    assert one.captures
    ways = [code.split("_")[1] for code in one.codes if code.startswith(("move_", "roll_"))]
    turns = sum(way != last for last, way in zip(ways, ways[1:]))
    assert turns <= 3, one.codes
