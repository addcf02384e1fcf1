"""The virtual person does what they are told, and not what they are not."""

import math

import pytest

from dwpose_ros.simulation.actor import STEP_M, TEMPERS, TURN_DEG, Actor, Stance, Temper

START = Stance(0.0, 2.5, 0.0, "relaxed")
EXACT = Temper(spread=0.0, sway_m=0.0, sway_deg=0.0)  # obedient, and nothing by chance


def after(actor, *sentences, seconds=5.0):
    """Where they are some seconds after hearing these, one by one."""
    time_s = 0.0
    actor.at(time_s)
    for code, *more in sentences or [("",)]:
        if code:
            part, grade = (*more, "", "")[:2]
            actor.hear(code, part, grade, time_s)
        for _ in range(round(seconds * 20)):
            time_s += 0.05
            stance = actor.at(time_s)
    return stance


@pytest.mark.parametrize("code, x, distance, yaw", [
    ("move_left", STEP_M[""], 0, 0),  # their left is the image's right
    ("move_right", -STEP_M[""], 0, 0),
    ("move_closer", 0, -STEP_M[""], 0),
    ("move_back", 0, STEP_M[""], 0),
    ("turn_left", 0, 0, TURN_DEG[""]),
    ("turn_right", 0, 0, -TURN_DEG[""]),
    ("turn_around", 0, 0, 180),
    ("face_back", 0, 0, 180),
    ("hold_still", 0, 0, 0),
    ("done", 0, 0, 0),
    ("no_such_code", 0, 0, 0),
])
def test_instructions_are_followed(code, x, distance, yaw):
    stance = after(Actor(START, EXACT), (code,), seconds=4)
    assert stance[:2] == pytest.approx((x, 2.5 + distance))
    assert stance.yaw_deg == pytest.approx(yaw, abs=30 if code == "face_back" else 1e-9)


def test_left_is_their_own_whichever_way_they_face():
    assert after(Actor(START._replace(yaw_deg=180.0), EXACT), ("move_left",)).x_m == (
        pytest.approx(-STEP_M[""]))
    assert after(Actor(START._replace(yaw_deg=90.0), EXACT), ("move_left",)).distance_m == (
        pytest.approx(2.5 + STEP_M[""]))


@pytest.mark.parametrize("grade", ["little", "", "big"])
def test_grades_are_heard(grade):
    stance = after(Actor(START, EXACT), ("move_closer", "", grade))
    assert stance.distance_m == pytest.approx(2.5 - STEP_M[grade])


@pytest.mark.parametrize("code, posture", [
    ("arms_away", "a_pose"), ("arms_side", "t_pose"), ("open_hands", "hands_shown")])
def test_postures(code, posture):
    assert after(Actor(START, EXACT), (code,)).posture == posture


def test_a_part_that_is_not_seen_is_shown():
    assert after(Actor(START, EXACT), ("show", "feet")).distance_m > 2.5
    assert abs(after(Actor(START._replace(yaw_deg=70.0), EXACT), ("show", "face")).yaw_deg) < 30
    assert after(Actor(START, EXACT), ("show", "hands")).posture == "hands_shown"


def test_they_take_time_to_begin_and_to_arrive():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    actor.hear("move_closer", "", "big", 0.0)
    assert actor.at(0.35).distance_m == 2.5
    under_way = actor.at(1.2).distance_m
    assert 2.5 - STEP_M["big"] < under_way < 2.5 and actor.moving
    assert actor.at(4.0).distance_m == pytest.approx(2.5 - STEP_M["big"]) and not actor.moving


def test_a_later_sentence_replaces_one_that_was_not_begun():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    actor.hear("move_closer", "", "", 0.0)
    actor.hear("move_left", "", "", 0.1)
    for i in range(100):
        stance = actor.at(0.1 + i / 20)
    assert stance[:2] == pytest.approx((STEP_M[""], 2.5))


def test_hold_still_stops_them_on_their_way_and_calms():
    actor = Actor(START, EXACT)
    actor.at(0.0)
    actor.hear("move_closer", "", "big", 0.0)
    for i in range(1, 21):
        actor.at(i / 20)
    actor.hear("hold_still", "", "", 1.0)
    stopped = [actor.at(1 + i / 20) for i in range(1, 80)]
    assert stopped[-1] == stopped[-20] and stopped[-1].distance_m > 2.5 - STEP_M["big"]


def test_they_stay_in_the_room():
    stance = after(Actor(START, EXACT), *[("move_closer", "", "big")] * 8)
    assert stance.distance_m == 0.5


@pytest.mark.parametrize("temper", sorted(TEMPERS))
def test_the_same_seed_is_the_same_person(temper):
    a, b, c = (after(Actor(START, temper, seed), ("move_left",), ("turn_left",))
               for seed in (1, 1, 2))
    assert a == b and a != c


def test_tempers_do_what_their_names_say():
    def moved(temper, seconds=2.0):
        runs = [after(Actor(START, temper, s), ("move_closer",), seconds=seconds)
                for s in range(40)]
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


def test_an_unknown_temper():
    with pytest.raises(ValueError, match="temper 'angry' is unknown; there are obedient, slow"):
        Actor(START, "angry")
