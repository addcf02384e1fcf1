# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dwpose_ros.guidance.body_parts import SIDE_CODES, SIDES
from dwpose_ros.guidance.checks import CheckRunner, facing, head_yaw_deg, looking, run_checks
from dwpose_ros.guidance.checks.facing import body, body_turn, wrapped

THRESHOLD = 0.3
UPPER = ("hips", "knees", "feet", "left_heel", "right_heel")  # what an upper body does not show


@pytest.mark.parametrize("yaw", [-60, -30, -10, 0, 10, 30, 60])
@pytest.mark.parametrize("hidden, exact", [((), 2), (("face",), 2), (("face", "left_ear"), 7)])
def test_where_the_head_looks_is_measured(person, yaw, hidden, exact):
    """By face, ears or eyes; noses differ, which counts most with the eyes."""
    found = head_yaw_deg(person(yaw=yaw, hidden=hidden).view(), THRESHOLD)
    assert found == pytest.approx(yaw, abs=exact)


@pytest.mark.parametrize("yaw", [-30, -12, 0, 12, 30])
@pytest.mark.parametrize("height", [0.8, 2.5, 5.0])
def test_a_near_nose_does_not_turn_the_head(person, yaw, height):
    """From half a metre it is a quarter further from the middle than from afar."""
    near = person(yaw=yaw, height=height, top=0.5 - 0.08 * height, perspective=True)
    assert head_yaw_deg(near.view(), THRESHOLD) == pytest.approx(yaw, abs=2)


@pytest.mark.parametrize("hidden", [("face", "nose"), ("face", "left_ear", "right_eye")])
def test_where_the_head_looks_is_unknown(person, hidden):
    assert math.isnan(head_yaw_deg(person(hidden=hidden).view(), THRESHOLD))


def test_a_face_seen_through_the_head_looks_away(person):
    back = person(yaw=170)
    back.scores[back.points("head", "face")] = 0.9
    assert head_yaw_deg(back.view(), THRESHOLD) == pytest.approx(170, abs=2)


def test_a_head_without_width_has_a_yaw(person):
    flat = person()
    flat.xy[:, 0] = 640
    assert head_yaw_deg(flat.view(), THRESHOLD) == 0.0


@pytest.mark.parametrize(
    "degrees, same",
    [(0, 0), (170, 170), (190, -170), (-190, 170), (360, 0), (540, -180), (-45, -45)],
)
def test_wrapped(degrees, same):
    assert wrapped(degrees) == same


@pytest.mark.parametrize(
    "yaw, head, hidden, wanted, found, known",
    [
        # Body and head turn together: as the head, which tells best.
        (0, 0, (), 0, 0, True),
        (20, 20, (), 0, 20, True),
        (-50, -50, (), 0, -50, True),
        (50, 50, UPPER, 0, 50, True),
        (90, 90, (), 0, 90, True),
        # The head looks at the camera, the body does not: its width tells, and the feet which way.
        (60, 0, (), 0, 51.6, True),
        (-60, 0, (), 0, -51.6, True),
        (90, 0, (), 0, 90, True),
        (60, 0, ("left_heel",), 0, 51.6, True),  # by one foot
        (60, 0, ("left_heel", "right_heel"), 0, 51.6, False),
        (75, 0, UPPER, 0, 66, False),
        # So little that somebody slim would look the same: the benefit of the doubt.
        (30, 0, (), 0, 0, True),
        # The head looks aside, the body does not go with it.
        (0, 60, (), 0, 0, True),
        (0, -60, (), 0, 0, True),
        # From behind, where feet tell more than a width, and from the side.
        (180, 180, (), 0, 147, False),
        (180, 180, (), 180, 180, False),
        (140, 140, (), 180, 153, True),
        (-140, -140, (), 180, -153, True),
        (140, 140, ("left_heel",), 180, 162, True),
        (-90, -90, ("left_heel", "right_heel"), -90, -90, True),
        (-90, -90, ("left_heel", "right_heel", "face", "right_ear", "right_eye"), -90, -90, True),
        (
            -90,
            -90,
            ("left_heel", "right_heel", "face", "right_ear", "left_ear", "head"),
            -90,
            90,
            False,
        ),
        (-90, -90, ("left_heel", "right_heel", "face", "right_ear", "head"), -90, -90, True),
        (90, 90, ("left_heel", "right_heel", "face", "left_ear", "head"), 90, 90, True),
        # Without shoulders only the head tells.
        (40, 40, ("shoulders",), 0, 40, True),
    ],
)
def test_how_the_body_is_turned(person, yaw, head, hidden, wanted, found, known):
    turn, way = body_turn(person(yaw=yaw, head=head, hidden=hidden).view(), THRESHOLD, wanted)
    assert turn == pytest.approx(found, abs=3)
    assert way == known or found in (0, 180)


def test_neither_shoulders_nor_face_tell_nothing(person):
    turn, _ = body_turn(person(hidden=("shoulders", "face", "head")).view(), THRESHOLD, 0)
    assert math.isnan(turn)


@pytest.mark.parametrize("shoulders", [0.75, 1.0, 1.25])
@pytest.mark.parametrize("hidden", [(), UPPER])
def test_slim_and_broad_people_who_face_the_camera_do(person, custom, shoulders, hidden):
    one = person(hidden=hidden)
    points = one.points("shoulders", "hips")
    one.xy[points, 0] = 640 + (one.xy[points, 0] - 640) * shoulders
    least, most, _, _ = body(one.view(), THRESHOLD)
    assert least < 25
    assert facing(one.view(), custom(facing=25)).ok


@pytest.mark.parametrize("lean", [0, 20, -35, 60])
def test_who_leans_is_not_turned(person, custom, lean):
    least, _, _, _ = body(person(lean=lean).view(), THRESHOLD)
    assert least == 0 and facing(person(lean=lean).view(), custom(facing=20)).ok
    least, most, _, _ = body(person(lean=lean, yaw=70).view(), THRESHOLD)
    assert 60 < least < 70 < most < 80


@pytest.mark.parametrize(
    "yaw, code, mirrored_code",
    [
        (0, "", ""),
        (20, "", ""),
        (-20, "", ""),
        (40, "turn_right", "turn_left"),  # they look to the image's right, which is their left
        (-40, "turn_left", "turn_right"),
        (75, "face_camera", "face_camera"),  # how far that is they see for themselves
        (100, "face_camera", "face_camera"),
        (-100, "face_camera", "face_camera"),
        (180, "turn_around", "turn_around"),
        (150, "turn_around", "turn_around"),
        (-150, "turn_around", "turn_around"),
    ],
)
@pytest.mark.parametrize("hidden", [(), ("face",), ("left_ear",)])
def test_which_way_to_turn(person, profile, yaw, code, mirrored_code, hidden):
    observation = person(yaw=yaw, hidden=hidden).view()
    assert facing(observation, profile("full_body"), False).code == code
    assert facing(observation, profile("full_body"), True).code == mirrored_code


@pytest.mark.parametrize(
    "yaw, code, magnitude",
    [
        (28, "turn_right", "little"),
        (45, "turn_right", ""),
        (95, "face_camera", ""),
        (150, "turn_around", ""),
    ],
)
def test_how_far_to_turn(person, profile, yaw, code, magnitude):
    result = facing(person(yaw=yaw).view(), profile("full_body"))
    assert (result.code, result.magnitude) == (code, magnitude)


@pytest.mark.parametrize(
    "yaw, head, hidden, faced, looked",
    [
        (0, 0, (), "", ""),
        (0, 40, (), "", "look_at_camera"),  # only the head
        (60, 0, (), "turn_right", ""),  # only the body
        (-60, 0, (), "turn_left", ""),
        (60, 0, ("left_heel", "right_heel"), "face_camera", ""),  # which way, nobody can tell
        (75, 0, UPPER, "face_camera", ""),
        (60, -50, (), "turn_right", "look_at_camera"),
    ],
)
def test_body_and_head_are_measured_each_for_itself(
    person, profile, yaw, head, hidden, faced, looked
):
    observation = person(yaw=yaw, head=head, hidden=hidden).view()
    assert (
        facing(observation, profile("full_body")).code,
        looking(observation, profile("full_body")).code,
    ) == (
        faced,
        looked,
    )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("off", [0, 10, 35, -35, 80, -80, 180])
@pytest.mark.parametrize("mirrored", [False, True])
def test_every_side(person, custom, side, off, mirrored):
    """`off` degrees too far to their own left, or right. The feet tell what the width does not."""
    turned = off
    if side == "back" and off in (10, 35, -35):
        turned = off * 1.5  # from behind, the width alone tells the angle
    observation = person(yaw=SIDES[side] + turned, mirrored=mirrored).view()
    result = facing(observation, custom(side=side, facing=20, parts=("shoulders",)), mirrored)
    named = SIDE_CODES[side]
    around = "turn_around" if side == "front" else named
    said = {0: "", 10: "", 35: "turn_right", -35: "turn_left", 80: named, -80: named, 180: around}
    assert (result.ok, result.code) == (not said[off], said[off])
    assert (result.minimum, result.maximum) == (SIDES[side] - 20, SIDES[side] + 20)
    if not result.ok and off != 180:
        assert result.value > SIDES[side] if off > 0 else result.value < SIDES[side]


@pytest.mark.parametrize("side, yaw", [("left", -90), ("right", 90)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_far_side_need_not_be_seen(person, custom, side, yaw, mirrored):
    """From the left nobody sees the right eye, whatever an estimator calls it in a mirror."""
    far = "right" if side == "left" else "left"
    hidden = [
        f"{far}_{p}"
        for p in (
            "eye",
            "ear",
            "shoulder",
            "elbow",
            "hip",
            "knee",
            "ankle",
            "big_toe",
            "heel",
            "wrist",
        )
    ]
    one = person(yaw=yaw, hidden=("face", *hidden), mirrored=mirrored)
    one.scores[one.points("face")] = 0.1
    wanted = custom(side=side, parts=("head", "shoulders", "elbows", "hips", "knees", "feet"))
    missed = {result.name: result for result in run_checks(one.view(), wanted, mirrored)}
    assert missed["visible"].ok and missed["cut_off"].ok and missed["too_far"].ok
    other = replace(wanted, side=far)
    assert not {result.name: result for result in run_checks(one.view(), other, mirrored)}[
        "visible"
    ].ok


def test_from_behind_ears_make_a_head(person, custom):
    wanted = custom(side="back", parts=("head", "shoulders"))
    assert all(result.ok is not False for result in run_checks(person(yaw=180).view(), wanted))
    bald = person(yaw=180, hidden=("left_ear",))
    assert [
        result.body_part for result in run_checks(bald.view(), wanted) if result.ok is False
    ] == ["head"]


def test_left_or_right_that_cannot_be_told_is_unknown(person, custom):
    hidden = ("left_heel", "right_heel", "face", "left_ear", "right_ear", "head")
    result = facing(person(yaw=-90, hidden=hidden).view(), custom(side="left"))
    assert (result.ok, result.code, result.required) == (None, "face_left_side", True)
    assert math.isnan(result.value)
    # But from the front it is neither.
    front = facing(person(hidden=hidden).view(), custom(side="left"))
    assert (front.ok, front.code) == (False, "face_left_side")


def test_what_cannot_be_seen_is_unknown(person, profile):
    nothing = facing(person(hidden=("shoulders", "face", "head")).view(), profile("full_body"))
    assert (nothing.ok, nothing.code, nothing.body_part) == (None, "show", "shoulders")
    head = looking(person(hidden=("face", "nose")).view(), profile("full_body"))
    assert (head.ok, head.code, head.body_part, head.required) == (None, "show", "head", True)


@pytest.mark.parametrize(
    "side, head, code",
    [
        ("front", 0, ""),
        ("front", 30, "look_at_camera"),
        ("left", -90, ""),
        ("left", 0, "look_ahead"),
        ("right", 90, ""),
        ("three_quarter_left", -45, ""),
        ("three_quarter_left", 0, "look_ahead"),
        ("three_quarter_right", 45, ""),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_where_the_head_is_to_look(person, custom, side, head, code, mirrored):
    one = person(yaw=SIDES[side], head=head, mirrored=mirrored)
    result = looking(one.view(), custom(side=side, facing=25), mirrored)
    assert (result.ok, result.code) == (not code, code)
    assert result.value == pytest.approx(head, abs=2)


def test_from_the_side_an_unknown_head_is_let_pass(person, custom):
    one = person(yaw=-90, hidden=("face", "right_ear", "right_eye"))
    result = looking(one.view(), custom(side="left"))
    assert (result.ok, result.required) == (None, False)


def test_what_is_not_asked_for(person, custom):
    observation = person(yaw=60).view()
    assert (
        facing(observation, custom(facing=180)) is looking(observation, custom(facing=180)) is None
    )
    assert looking(observation, custom(looking=180)) is None
    assert looking(person(yaw=180).view(), custom(side="back")) is None
    assert looking(observation, custom(facing=180, looking=10)).ok is False


@pytest.mark.parametrize("name, height", [("upper_body", 1.5), ("full_body", 0.8)])
@pytest.mark.parametrize("seen_through_the_head", [False, True])  # as MediaPipe does
def test_somebody_seen_from_behind_turns_around(
    person, profile, name, height, seen_through_the_head
):
    back = person(height=height, yaw=180)
    if seen_through_the_head:
        back.scores[back.points("head")] = 0.99
    failed = [
        result.code for result in run_checks(back.view(), profile(name)) if result.ok is False
    ]
    assert failed[0] == "turn_around"


def film(person, run_checks: CheckRunner, turns) -> list[str]:
    """What is said about turning while somebody is turned like that, without repetitions."""
    said = []
    for yaw in turns:
        code = next(
            result.code for result in run_checks(person(yaw=yaw).view()) if result.name == "facing"
        )
        if not said or said[-1] != code:
            said.append(code)
    return said


def test_near_a_right_angle_the_advice_stays(person, profile):
    """Shoulders cross over there, and did once change 'turn right' to 'turn around' and back."""
    noise = 90 + 12 * np.sin(np.arange(60) * 1.7)
    assert film(person, CheckRunner(profile("full_body")), noise) == ["face_camera"]


@pytest.mark.parametrize(
    "start, said",
    [
        (55, ["turn_right", ""]),
        (70, ["face_camera", "turn_right", ""]),
        (110, ["face_camera", "turn_right", ""]),
        (170, ["turn_around", "face_camera", "turn_right", ""]),
    ],
)
def test_from_far_off_what_to_face_and_near_it_which_way(person, profile, start, said):
    assert film(person, CheckRunner(profile("full_body")), range(start, -20, -5)) == said


def test_turning_the_long_way_round_is_not_called_back(person, profile):
    """Told to turn right they turn left: from where that matters little, only what to face."""
    run_checks = CheckRunner(profile("full_body"))
    assert film(person, run_checks, range(40, 200, 5)) == [
        "turn_right",
        "face_camera",
        "turn_around",
    ]
    assert film(person, run_checks, range(200, 361, 5)) == [
        "turn_around",
        "face_camera",
        "turn_left",
        "",
    ]


def test_who_turns_too_far_is_told_to_turn_back(person, profile):
    assert film(person, CheckRunner(profile("full_body")), [55, 40, -50]) == [
        "turn_right",
        "turn_left",
    ]


@pytest.mark.parametrize(
    "turns, said",
    [
        ([57, 65, 57, 50, 47, 57], ["turn_right", "face_camera"]),  # from 60 on, and down to 45
        ([65, 42, 57], ["face_camera", "turn_right"]),
        ([115, 135, 115, 105, 115], ["face_camera", "turn_around"]),  # from 120 on, down to 100
        ([135, 95, 115], ["turn_around", "face_camera"]),
    ],
)
def test_the_advice_does_not_flicker(person, profile, turns, said):
    assert film(person, CheckRunner(profile("full_body")), turns) == said


def test_who_shows_their_back_is_told_to_turn_around_for_a_portrait_too(person, profile):
    face = profile("face")
    behind = facing(person(yaw=175).view(), face)
    assert (behind.ok, behind.code) == (False, "turn_around")
    # Once told it stays so until they have come far enough to see the camera.
    assert facing(person(yaw=110).view(), face, before=behind).code == "turn_around"
    assert facing(person(yaw=110).view(), face).code != "turn_around"
    assert facing(person(yaw=60).view(), face, before=behind).code == "look_at_camera"
