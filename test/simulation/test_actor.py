# SPDX-License-Identifier: Apache-2.0
"""The virtual person does what they are told, and not what they are not."""

import math

import numpy as np
import pytest

from dwpose_ros.guidance.body_parts import SIDES
from dwpose_ros.simulation.actor import Actor, Stance
from dwpose_ros.simulation.behavior import BEHAVIORS, Behavior, Gait
from dwpose_ros.simulation.bodies import Body
from dwpose_ros.simulation.sway import SWAY_TIME_S

START = Stance(0.0, 2.5, 0.0, "relaxed")
# Obedient, and nothing by chance.
GAIT = Gait(forward_m=0.5, backward_m=0.4, side_m=0.35, little=0.3, turn_deg=40.0)
EXACT = Behavior(spread=0.0, sway_m=0.0, sway_deg=0.0, gait=GAIT)
TURN_DEG = {"": 40.0, "little": 15.0}


def after(actor, *sentences, seconds=5.0):
    """Where they are some seconds after hearing these (code, body part, magnitude, count), one by one."""
    time_s = 0.0
    actor.at(time_s)
    for code, *more in sentences or [("",)]:
        if code:
            body_part, magnitude, count = (*more, *("", "", 0)[len(more) :])
            actor.hear(code, body_part, magnitude, time_s, count)
        for _ in range(round(seconds * 20)):
            time_s += 0.05
            stance = actor.at(time_s)
    return stance


@pytest.mark.parametrize(
    "code, x, distance, yaw",
    [
        ("move_left", GAIT.side_m, 0, 0),  # their left is the image's right
        ("move_right", -GAIT.side_m, 0, 0),
        ("move_closer", 0, -GAIT.forward_m, 0),
        ("move_back", 0, GAIT.backward_m, 0),
        ("turn_left", 0, 0, TURN_DEG[""]),
        ("turn_right", 0, 0, -TURN_DEG[""]),
        ("move_forward", 0, -GAIT.forward_m, 0),  # to where they look: here the camera
        ("move_backward", 0, GAIT.backward_m, 0),
        ("face_back", 0, 0, 180),
        ("face_left_side", 0, 0, -90),
        ("turn_around", 0, 0, 0),
        ("hold_still", 0, 0, 0),
        ("done", 0, 0, 0),
        ("no_such_code", 0, 0, 0),
    ],
)
def test_instructions_are_followed(code, x, distance, yaw):
    stance = after(Actor(START, EXACT), (code,), seconds=4)
    assert stance[:2] == pytest.approx((x, 2.5 + distance))
    by_eye = "face" in code or "around" in code
    assert stance.yaw_deg == pytest.approx(yaw, abs=30 if by_eye else 1e-9)


@pytest.mark.parametrize(
    "start, code, end",
    [
        (150, "turn_around", 0),
        (-150, "turn_around", 0),
        (170, "face_back", 180),
        (-170, "face_back", -180),
        (60, "face_camera", 0),
        (-150, "face_right_side", -270),
        (400, "face_camera", 360),
    ],
)
def test_they_turn_the_shorter_way_round(start, code, end):
    actor = Actor(START._replace(yaw_deg=float(start)), EXACT)
    assert after(actor, (code,)).yaw_deg == pytest.approx(end, abs=30)


@pytest.mark.parametrize(
    "side, code, mirrored_code",
    [
        ("front", "move_left", "move_right"),
        ("back", "move_right", "move_left"),
        ("left", "move_backward", "move_forward"),
        ("right", "move_forward", "move_backward"),
        ("three_quarter_left", "move_left", "move_right"),
    ],
)
def test_advice_to_go_sideways_takes_them_to_the_middle(side, code, mirrored_code):
    """As the checks give it for somebody at the image's left who stands as they are to."""
    there = START._replace(x_m=-0.6, yaw_deg=SIDES[side])
    assert -0.6 < after(Actor(there, EXACT), (code, "", "", 1)).x_m < 0.0
    assert after(Actor(there, EXACT), (mirrored_code, "", "", 1)).x_m < -0.6


def test_left_is_their_own_whichever_way_they_face():
    assert after(Actor(START._replace(yaw_deg=180.0), EXACT), ("move_left",)).x_m == (
        pytest.approx(-GAIT.side_m)
    )
    assert after(Actor(START._replace(yaw_deg=90.0), EXACT), ("move_left",)).distance_m == (
        pytest.approx(2.5 + GAIT.side_m)
    )


@pytest.mark.parametrize(
    "magnitude, count, x_m, way_m",
    [
        ("little", 0, 0.105, 0.15),
        ("little", 3, 0.315, 0.45),
        ("", 0, 0.35, 0.5),
        ("", 1, 0.35, 0.5),
        ("", 2, 0.7, 1.0),
        ("", 3, 1.05, 1.5),
    ],
)
def test_steps_are_counted(magnitude, count, x_m, way_m):
    closer = after(Actor(START, EXACT), ("move_closer", "", magnitude, count))
    left = after(Actor(START, EXACT), ("move_left", "", magnitude, count))
    assert (left.x_m, 2.5 - closer.distance_m) == (pytest.approx(x_m), pytest.approx(way_m))


def test_each_person_has_steps_of_their_own():
    def step(seed: int, body: Body = Body()) -> float:
        far = START._replace(distance_m=5.0)
        actor = Actor(far, EXACT._replace(gait=None, delay_s=(0.1, 0.2)), seed, body)
        before, time_s = actor.at(0.0).distance_m, 0.0
        ways = []
        while len(ways) < 2:
            actor.hear("move_closer", "", "", time_s)
            time_s += 8.0
            after = actor.at(time_s).distance_m
            if after != before:  # else they did not hear it
                ways.append(before - after)
            before = after
        assert ways[0] == pytest.approx(ways[1], abs=0.03)  # always the same, but for their sway
        return ways[0]

    tall = [step(seed, Body(1.9)) for seed in range(200)]
    small = [step(seed, Body(1.2, 8.0)) for seed in range(200)]
    # Relative to the stature, a child's steps are as long; and people differ more than by it.
    assert np.mean(tall) / np.mean(small) == pytest.approx(1.9 / 1.2, rel=0.1)
    assert 0.15 < np.std(tall) / np.mean(tall) < 0.35


def test_somebody_in_a_wheelchair_rolls_by_metres_and_takes_long_to_the_side():
    sits = START._replace(seated=True)
    habits = EXACT._replace(aside=0.35)
    actor = Actor(sits, habits, body=Body(seat="wheelchair"))
    assert after(actor, ("roll_closer", "", "", 2)).distance_m == pytest.approx(0.5)
    half = Actor(sits, habits, body=Body(seat="wheelchair"))
    assert after(half, ("roll_closer", "", "half", 0)).distance_m == pytest.approx(2.0)
    sideways = Actor(sits, habits, body=Body(seat="wheelchair"))
    assert after(sideways, ("roll_left", "", "", 1), seconds=1.5).x_m < 0.5
    assert after(sideways, seconds=3).x_m == pytest.approx(1.0)


def test_who_can_get_up_from_a_chair_does_so_when_asked_to():
    for rises in (True, False):
        body = Body(seat="chair", rises=rises)
        stance = after(Actor(START._replace(seated=True), EXACT, body=body), ("stand_up",))
        assert stance.seated is not rises


@pytest.mark.parametrize("magnitude", ["little", ""])
def test_grades_are_heard(magnitude):
    assert after(Actor(START, EXACT), ("turn_left", "", magnitude)).yaw_deg == TURN_DEG[magnitude]


@pytest.mark.parametrize(
    "code, posture",
    [
        ("arms_away", "a_pose"),
        ("arms_side", "t_pose"),
        ("open_hands", "hands_shown"),
        ("show_hands", "hands_shown"),
    ],
)
@pytest.mark.parametrize("magnitude", ["little", "", "big"])
def test_postures(code, posture, magnitude):
    assert after(Actor(START, EXACT), (code, "", magnitude)).posture == posture


def test_a_part_that_is_not_seen_is_shown():
    assert after(Actor(START, EXACT), ("show", "feet")).distance_m > 2.5
    assert abs(after(Actor(START._replace(yaw_deg=70.0), EXACT), ("show", "face")).yaw_deg) < 30
    assert after(Actor(START, EXACT), ("show", "hands")).posture == "hands_shown"


def test_they_take_time_to_begin_and_to_arrive():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    actor.hear("move_closer", "", "", 0.0, 2)
    assert actor.at(0.35).distance_m == 2.5
    under_way = actor.at(1.2).distance_m
    arrived = 2.5 - 2 * GAIT.forward_m
    assert arrived < under_way < 2.5 and actor.moving
    assert actor.at(4.0).distance_m == pytest.approx(arrived) and not actor.moving


@pytest.mark.parametrize(
    "first, later_s, second, x_m, way_m, yaw",
    [
        # Of two sentences about the same, begun or not, the later one counts.
        ("move_closer", 0.1, "move_back", 0, GAIT.backward_m, 0),
        ("turn_left", 0.1, "turn_right", 0, 0, -40),
        # Others are done one beside the other.
        ("move_closer", 0.1, "move_left", GAIT.side_m, -GAIT.forward_m, 0),
        ("move_closer", 0.1, "turn_left", 0, -GAIT.forward_m, 40),
        ("turn_left", 0.1, "move_back", 0, GAIT.backward_m, 40),
        ("move_closer", 1.0, "turn_left", 0, -GAIT.forward_m, 40),
        ("turn_left", 1.0, "move_back", 0, GAIT.backward_m, 40),
    ],
)
def test_several_sentences(first, later_s, second, x_m, way_m, yaw):
    actor = Actor(START, EXACT)
    actor.hear(first, "", "", 0.0)
    for i in range(round(later_s * 20)):
        actor.at(i / 20)
    actor.hear(second, "", "", later_s)
    for i in range(100):
        stance = actor.at(later_s + i / 20)
    assert stance[:3] == pytest.approx((x_m, 2.5 + way_m, yaw))


def test_a_walk_that_is_begun_ends_where_the_next_begins():
    actor = Actor(START, EXACT)
    actor.hear("move_closer", "", "", 0.0, 4)
    for i in range(25):
        actor.at(i / 20)
    actor.hear("move_back", "", "", 1.2)
    for i in range(25, 150):
        stance = actor.at(i / 20)
    assert 1.3 < stance.distance_m < 2.4  # four steps closer and one back would be 1.0


def test_the_same_again_is_not_begun_later():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    for i in range(9):
        actor.hear("move_closer", "", "", i / 10)
    assert actor.at(0.95).distance_m < 2.5  # on the way since 0.9 s at the latest


def test_who_stands_sways_smoothly():
    """As far as the behavior says, but not from one frame to the next."""
    actor = Actor(START, Behavior(sway_m=0.02, sway_deg=2.0), 1)
    for fps in (10, 60):
        ways = np.array([actor.at(i / fps)[:3] for i in range(300 * fps)]) - START[:3]
        assert ways.std(0) == pytest.approx([0.02, 0.02, 2.0], rel=0.3)
        steps = np.abs(np.diff(ways, axis=0)).max(0)
        assert (steps < 6 * np.array([0.02, 0.02, 2.0]) / fps / SWAY_TIME_S).all()
        actor = Actor(START, Behavior(sway_m=0.02, sway_deg=2.0), 2)


def test_hold_still_stops_them_on_their_way_and_calms():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    actor.hear("move_closer", "", "", 0.0, 2)
    for i in range(1, 21):
        actor.at(i / 20)
    actor.hear("hold_still", "", "", 1.0)
    stopped = [actor.at(1 + i / 20) for i in range(1, 80)]
    assert stopped[-1] == stopped[-20] and 1.5 < stopped[-1].distance_m < 2.5


def test_they_stay_in_the_room():
    stance = after(Actor(START, EXACT), *[("move_closer", "", "", 3)] * 3)
    assert stance.distance_m == 0.5


@pytest.mark.parametrize("behavior", sorted(BEHAVIORS))
def test_the_same_seed_is_the_same_person(behavior):
    a, b, c = (
        after(Actor(START, behavior, seed), ("move_left",), ("turn_left",)) for seed in (1, 1, 2)
    )
    assert a == b and a != c


LOOKS = np.arange(1, 451) / 15
FRAMES = {
    "10 Hz": np.arange(1, 301) / 10,
    "30 Hz": np.arange(1, 901) / 30,
    "15 Hz and a ms": LOOKS + np.random.default_rng(0).uniform(-0.001, 0.001, 450),
    "once a second": np.arange(1, 31),
}


def guided(behavior, seed, frames):
    """Where they are after 30 s of a sentence every 1.7 s, when they are looked at then."""
    actor = Actor(START, behavior, seed)
    actor.at(0.0)
    codes = "move_left", "move_closer", "turn_left", "turn_right", "move_back", "move_right"
    sentences = [(1.7 * i, codes[i % 6]) for i in range(1, 16)]
    for now in [*frames, 30.1]:
        while sentences and sentences[0][0] <= now:
            time_s, code = sentences.pop(0)
            actor.hear(code, "", "", time_s)
        stance = actor.at(now)
    return stance


@pytest.mark.parametrize("behavior", sorted(BEHAVIORS))
def test_the_same_seed_is_the_same_person_whenever_they_are_looked_at(behavior):
    for seed in range(5):
        first, *others = (guided(behavior, seed, frames) for frames in FRAMES.values())
        for other in others:
            assert other[:3] == pytest.approx(first[:3], abs=1e-6) and other[3:] == first[3:]


def test_whims_come_as_often_as_the_behavior_says():
    """Also where they are seldom looked at: once in 30 s they are away for four."""
    for hz in (2, 20):
        actor = Actor(START, Behavior(leaves_s=26.0), 0)
        there = [actor.at(i / hz).present for i in range(6000 * hz)]
        assert np.mean(there) == pytest.approx(26 / 30, abs=0.03)
        assert (np.diff(there) != 0).sum() / 2 == pytest.approx(200, abs=45)


def test_a_clock_that_jumps_is_no_time_lived():
    """As a simulated one does that begins at 0, or a recording that begins anew."""
    actor = Actor(START, EXACT)
    actor.at(0.0)
    assert actor.at(1.7e9)[:3] == START[:3]
    actor.at(100.0)
    actor.hear("move_closer", "", "", 100.0)
    assert actor.at(102.0).distance_m == pytest.approx(2.5 - GAIT.forward_m)


def test_behaviors_do_what_their_names_say():
    def moved(behavior, seconds=2.0):
        runs = [
            after(Actor(START, behavior, s), ("move_closer",), seconds=seconds) for s in range(40)
        ]
        return sum(2.5 - r.distance_m for r in runs) / len(runs)

    assert moved("overshooting") > 1.5 * moved("obedient")
    assert moved("slow") < 0.5 * moved("obedient")
    assert 0.3 < moved("hard_of_hearing") / moved("obedient") < 0.85
    lefts = [after(Actor(START, "confused", s), ("move_left",)).x_m for s in range(60)]
    assert 0.5 < sum(x > 0 for x in lefts) / 60 < 0.9
    walked = [after(Actor(START, "restless", s), seconds=15) for s in range(20)]
    assert sum(math.hypot(w.x_m, w.distance_m - 2.5) > 0.05 for w in walked) > 10
    gone = Actor(START, "leaving", 3)
    there = [gone.at(i / 10).present for i in range(600)]
    assert 0.3 < sum(there) / 600 < 0.95 and there[0]


def test_an_unknown_behavior():
    with pytest.raises(ValueError, match="behavior 'angry' is unknown; there are obedient, slow"):
        Actor(START, "angry")
