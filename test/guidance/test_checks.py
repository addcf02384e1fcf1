# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, NAMES, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.body_parts import POSTURES, SIDES
from dwpose_ros.guidance.checks import (
    CHECKS,
    POSTURE_CHECKS,
    centred,
    crown,
    cut_off,
    facing,
    held_up,
    leaning,
    light,
    looking,
    one_person,
    run_checks,
    sharp,
    sideways,
    size,
    still,
    too_close,
    too_far,
    visible,
)
from dwpose_ros.guidance.checks.apparent_size import reach_of
from dwpose_ros.guidance.checks.result import CheckResult, steps
from dwpose_ros.guidance.checks.runner import ENTER, relaxed
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.scale import Scale

SHIPPED = ("upper_body", "full_body", "face", "a_pose", "hands")
# Heights (shares of the image's) at which a person who stands in the middle is right.
RAISED = dict(arms=5, bend=185)  # both hands before the shoulders
WIDE = dict(arms=60, bend=90, box="points")  # both hands out to the side
RIGHT = {
    "upper_body": dict(height=1.5),
    "full_body": dict(height=0.8),
    "face": dict(height=5.0),
    "a_pose": dict(height=0.8, arms=40, bend=0, feet=1.8),
    "hands": dict(height=2.6, top=0.0, **RAISED),
}


def instruction(person, profile, mirrored=False, **observation) -> str:
    """What is said to a person: the first code, with its part; 'good' for none."""
    failed = {
        result.name: result
        for result in run_checks(person.view(**observation), profile, mirrored)
        if result.ok is False
    }
    if not failed:
        return "good"
    said = next(iter(failed.values()))
    while said.first in failed:
        said = failed[said.first]
    return " ".join(filter(None, (said.code, said.body_part)))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_person_in_the_right_place_is_right(person, profile, name):
    results = run_checks(person(**RIGHT[name]).view(), profile(name))
    assert [
        result.name
        for result in results
        if result.ok is False or result.ok is None and result.required
    ] == []
    assert [result.code for result in results if result.code] == []


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("image", [(640, 480), (1280, 720), (720, 1280), (3840, 2160)])
def test_what_is_right_does_not_depend_on_the_resolution(person, profile, name, image):
    right = dict(RIGHT[name])
    if name in ("face", "hands") and image[0] < image[1]:  # else wider than the image
        right |= dict(height=3.5) if name == "face" else dict(height=2.05, top=0.2)
    assert instruction(person(**right, image=image), profile(name)) == "good"


def test_nobody_is_asked_to_step_into_view(profile):
    (only,) = run_checks(None, profile("full_body"))
    assert (only.name, only.ok, only.value, only.code) == (
        "somebody",
        False,
        0.0,
        "step_into_view",
    )


@pytest.mark.parametrize(
    "name, height, said",
    [
        ("upper_body", 0.3, "move_closer"),
        ("upper_body", 1.0, "move_closer"),
        ("upper_body", 1.3, "good"),
        ("upper_body", 2.0, "good"),
        ("upper_body", 2.3, "move_back"),
        ("full_body", 0.3, "move_closer"),
        ("full_body", 0.55, "move_closer"),  # from the eyes to the toes they are a little smaller
        ("full_body", 0.65, "good"),
        ("full_body", 0.92, "good"),
        ("full_body", 1.2, "move_back"),
        ("face", 0.8, "move_closer"),
        ("face", 1.5, "move_closer"),
        ("face", 2.3, "good"),
        ("face", 6.0, "good"),
        ("face", 8.5, "move_back"),
    ],
)
def test_the_distance(person, profile, name, height, said):
    top = 0.04 if height == 0.92 else None
    if name == "face":  # which is the upper 13 % of a person: keep it in the middle
        top = 0.5 - 0.065 * height
    assert instruction(person(height=height, top=top), profile(name)) == said


@pytest.mark.parametrize(
    "top, whole, share",
    [(0.1, True, 1.0), (0.03, True, 1.0), (0.01, False, 71 / 72), (-0.15, False, 71 / 72)],
)
@pytest.mark.parametrize("hidden", [(), ("face",)])
def test_a_cropped_forehead_is_no_head(person, custom, top, whole, share, hidden):
    """No point is on it: the crown is where eyes and chin, or shoulders, say."""
    wanted = custom(parts=("head",) if hidden else ("head", "face"), margin=0.02)
    one = person(height=4.0, top=top, hidden=hidden)
    assert crown(one.view(), 0.3) == pytest.approx(top * 720, abs=12)
    result = cut_off(one.view(), wanted)
    assert (result.ok, result.code) == (whole, "" if whole else "move_back")
    assert result.value == pytest.approx(3 / 4 if hidden and not whole else share)
    assert cut_off(one.view(), custom(parts=("shoulders",))).ok  # who asked for no head


def test_the_crown_is_where_the_faces_own_points_say(person):
    """The body's eyes are truer of a small figure than of a face that fills the image."""
    observation = person(height=4.0, top=0.1).view()
    moved = observation.xy.copy()
    moved[[NAMES.index("left_eye"), NAMES.index("right_eye")]] += 30.0
    assert crown(observation._replace(xy=moved), 0.3) == crown(observation, 0.3)


@pytest.mark.parametrize(
    "hidden, known",
    [
        ((), True),
        (("face",), True),
        (("face", "shoulders"), False),
        (("face", "head"), True),
        (("face", "left_eye", "left_ear"), False),
    ],
)
def test_the_crown(person, hidden, known):
    found = crown(person(height=0.8, top=0.1, hidden=hidden).view(), 0.3)
    assert found == pytest.approx(72, abs=4) if known else math.isnan(found)


@pytest.mark.parametrize("height", np.arange(1.8, 2.3, 0.03))
@pytest.mark.parametrize("x", np.arange(0.3, 0.36, 0.01))
def test_what_is_not_in_the_middle_by_wide_limits_is_not_by_narrow_ones(
    person, profile, height, x
):
    """Else it held and broke from frame to frame, and nothing was ever said."""
    wide, observation = profile("upper_body"), person(height=height, x=x).view()
    if not any(check(observation, wide).ok is False for check in (too_close, cut_off, too_far)):
        assert centred(observation, wide).ok or not centred(observation, relaxed(wide, ENTER)).ok


@pytest.mark.parametrize("height", np.arange(3.0, 5.7, 0.15))
@pytest.mark.parametrize("x", np.arange(0.24, 0.32, 0.02))
def test_who_need_not_come_or_go_is_in_the_middle_where_they_are(person, profile, height, x):
    """Not where they would be once they were further away, as eyes that are seen too high have
    it."""
    one = person(height=height, x=x, top=0.5 - 0.08 * height)
    one.xy[one.points("head"), 1] -= 70
    face, observation = profile("face"), one.view()
    if all(check(observation, face).ok for check in (too_close, cut_off, too_far)):
        result = centred(observation, face)
        assert result.ok == (abs(result.value) <= face.centre)


def test_a_face_is_as_large_as_its_own_points(person, profile):
    """The body's eyes and nose are among them, and seen less exactly."""
    one = person(height=4.0, top=0.1)
    own = size(one.view(), profile("face"))
    one.xy[one.points("head"), 1] += 60, -60, 30
    assert size(one.view(), profile("face")) == own


@pytest.mark.parametrize(
    "check, name, where, code, magnitude, count",
    [
        # An adult whose height is this share of the image's stands 2.63 m / share away; the ways are
        # to the middle of the distances at which the picture is right.
        (too_far, "full_body", dict(height=0.51), "move_closer", "", 3),  # from 5.3 m to 3.7 m
        (
            too_far,
            "full_body",
            dict(height=0.3),
            "move_closer",
            "",
            8,
        ),  # 5.4 m: but not all at once
        (too_far, "upper_body", dict(height=1.17), "move_closer", "little", 0),  # 0.13 m
        (too_close, "face", dict(height=7.5, top=-0.2), "move_back", "", 1),  # from 0.35 to 0.8 m
        (too_close, "full_body", dict(height=1.4, top=0), "move_back", "", 5),  # from 1.9 to 4.2 m
        (centred, "full_body", dict(x=0.3), "move_left", "", 2),  # 0.76 m, in steps of 0.35 m
        (centred, "full_body", dict(x=0.33), "move_left", "", 2),  # 0.64 m: 1.8 of them
        (centred, "full_body", dict(height=0.85, x=0.65), "move_right", "", 2),  # 0.53 m: 1.5
        (centred, "upper_body", dict(height=1.5, x=0.66), "move_right", "", 1),  # 0.32 m
        (centred, "upper_body", dict(height=1.9, x=0.66), "move_right", "little", 0),  # 0.25 m
        (cut_off, "full_body", dict(top=0.2), "move_back", "", 1),  # from 3.4 to 4.1 m
        (cut_off, "full_body", dict(height=1.0, top=0.2), "move_back", "", 3),
        (cut_off, "full_body", dict(height=2.0, top=-0.3), "move_back", "", 5),
    ],
)
def test_how_far(person, profile, check, name, where, code, magnitude, count):
    result = check(person(**where).view(), profile(name))
    assert result[:2] == (check.__name__, False)
    assert (result.code, result.magnitude, result.count) == (code, magnitude, count)


@pytest.mark.parametrize(
    "way_m, code, magnitude, count",
    [
        (0.0, "move_back", "little", 0),
        (0.27, "move_back", "little", 0),
        (0.28, "move_back", "", 1),
        (0.5, "move_back", "", 1),
        (0.79, "move_back", "", 1),
        (0.81, "move_back", "", 2),  # rather one too few: steps may be long
        (1.0, "move_closer", "", 2),
        (1.0, "move_forward", "", 2),
        (1.0, "move_left", "", 3),
        (0.35, "move_right", "", 1),
        (0.51, "move_right", "", 1),
        (0.57, "move_left", "", 2),
        (9.9, "move_closer", "", 8),
        (math.inf, "move_closer", "", 8),
        (math.nan, "move_closer", "", 1),  # as far as anybody can tell
        (0.35, "roll_back", "little", 0),
        (0.5, "roll_left", "half", 0),
        (0.8, "roll_closer", "half", 0),
        (1.0, "roll_closer", "", 1),
        (2.1, "roll_closer", "", 2),
    ],
)
def test_steps(way_m, code, magnitude, count):
    assert steps(way_m, code, None) == {"magnitude": magnitude, "count": count}


@pytest.mark.parametrize(
    "magnitude, count, way_m, then",
    [
        ("little", 0, 0.32, 0),
        ("little", 0, 0.33, 1),  # a little, up to 0.324 m
        ("", 1, 0.22, 1),
        ("", 1, 0.21, 0),  # a step, down to 0.216 m
        ("", 1, 0.89, 1),
        ("", 1, 0.91, 2),
        ("", 2, 0.71, 2),
        ("", 2, 0.69, 1),
        ("", 3, 1.89, 3),
        ("", 3, 1.21, 3),
        ("", 3, 1.19, 2),
        ("", 3, 2.0, 4),
    ],
)
def test_the_number_of_steps_stays_until_the_way_is_well_beyond(magnitude, count, way_m, then):
    before = CheckResult("x", False, 0.0, code="move_back", magnitude=magnitude, count=count)
    assert steps(way_m, "move_back", before)["count"] == then
    # Other advice, or none, is no reason to stay at anything.
    fresh = steps(way_m, "move_back", None)
    assert steps(way_m, "move_back", before._replace(code="move_closer")) == fresh
    assert steps(way_m, "move_back", before._replace(ok=True)) == fresh


def test_half_a_metre_stays_until_the_way_is_well_beyond():
    before = CheckResult("x", False, 0.0, code="roll_back", magnitude="half")
    for way_m, then in ((0.3, "little"), (0.38, "half"), (0.93, "half"), (1.05, "")):
        assert steps(way_m, "roll_back", before)["magnitude"] == then, way_m
    # Who goes further than a metre when asked for one goes further than half a one, too.
    assert steps(0.9, "roll_back", None, Scale(metre_m=2.0))["magnitude"] == "half"


def walk(
    person,
    profile,
    distance_m: float,
    camera: float,
    image=(1280, 720),
    mirrored=False,
    x_m: float = 0.0,
) -> tuple[float, float, list[str]]:
    """Somebody of 1.7 m who does all they are told, to the very metre: where they end up, and
    what they were told. The camera is level, `camera` body heights above the ground."""
    told, span_px = [], 0.87 * image[0]
    while len(told) < 9:
        height = 1.7 * span_px / distance_m / image[1]
        where = dict(
            height=height, top=0.5 - (1 - camera) * height, x=0.5 + x_m * 0.87 / distance_m
        )
        one = person(**where, image=image, mirrored=mirrored, perspective=True)
        failed = [
            result for result in run_checks(one.view(), profile, mirrored) if result.ok is False
        ]
        if not failed:
            break
        code, count = failed[0].code, failed[0].count
        told.append(code)
        sign = {"move_left": 1, "move_right": -1, "move_back": 1, "move_closer": -1}[code]
        if code in ("move_left", "move_right"):
            x_m += sign * (count * 0.35 or 0.12)
        else:
            distance_m += sign * (count * 0.5 or 0.15)
    return distance_m, x_m, told


@pytest.mark.parametrize(
    "name, camera, distance_m, most",
    [
        *[
            ("full_body", 0.6, d, 1 if 1.6 < d < 6.5 else 2)
            for d in (1.3, 1.8, 2.4, 5.0, 6.0, 7.5)
        ],
        *[("full_body", 0.7, d, 2) for d in (1.3, 1.8, 2.4, 5.0, 6.0)],  # a camera at 1.2 m
        *[("upper_body", 0.8, d, 2) for d in (0.5, 0.8, 2.9, 4.0)],
        *[("face", 0.92, d, 2) for d in (0.3, 1.8, 2.4, 3.0)],
    ],
)
@pytest.mark.parametrize("image", [(1280, 720), (640, 480)])
def test_whoever_takes_as_many_steps_as_told_is_soon_right(
    person, profile, name, camera, distance_m, most, image
):
    _, _, told = walk(person, profile(name), distance_m, camera, image)
    assert 1 <= len(told) <= most and len(set(told)) == 1


def test_the_way_back_is_known_where_the_picture_is_hardly_possible(person, profile):
    """From 1.28 m above the ground a camera sees all of them from 4.3 m on, and until 4.5 m they
    are large enough: who is at 3.5 m has not just a little to go."""
    distance_m, _, told = walk(person, profile("full_body"), 3.5, 0.75)
    assert len(told) <= 3 and 4.2 < distance_m < 4.6


def test_the_size_goes_on_growing_where_feet_leave_the_image(person, profile):
    """Toes first, then ankles: who has them cut off would else look smaller, and so further away,
    than they are."""
    away = np.arange(2.6, 4.2, 0.1)
    heights = 1.7 * 0.87 * 1280 / 720 / away
    views = [person(height=h, top=0.5 - 0.41 * h, perspective=True).view() for h in heights]
    toes, ankles = (
        [v.scores[INDEX[p]] > 0.3 for v in views] for p in ("left_big_toe", "left_ankle")
    )
    assert 0 < sum(toes) < sum(ankles) < len(views)
    sizes = [size(v, profile("full_body")) for v in views]
    assert sizes * away == pytest.approx(np.full(len(away), (sizes * away).mean()), rel=0.04)


@pytest.mark.parametrize("x_m", [-1.2, -0.8, 0.8, 1.2])
@pytest.mark.parametrize("mirrored", [False, True])
def test_and_in_the_middle(person, profile, x_m, mirrored):
    _, x_m, told = walk(person, profile("full_body"), 3.5, 0.6, mirrored=mirrored, x_m=x_m)
    assert len(told) == 1 and abs(x_m) < 0.25


@pytest.mark.parametrize("x, first", [(0.5, ""), (0.79, ""), (0.83, "centred"), (0.17, "centred")])
def test_who_would_walk_out_of_the_image_first_goes_to_the_middle(person, profile, x, first):
    """Until they have heard where to go they would be 1.3 times as far from it."""
    result = too_far(person(height=0.38, x=x).view(), profile("full_body"))
    assert (result.ok, result.code, result.count) == (False, "move_closer", 7)
    assert result.first == first


@pytest.mark.parametrize(
    "height, x, ok",
    [
        (0.8, 0.64, True),
        (0.8, 0.66, False),
        # Too close, as they are to be 1.8 times as far away: walking back alone mends it.
        (1.5, 0.75, True),
        (1.5, 0.79, False),
        # Too far, by 2.5 times: coming closer takes them away from the middle.
        (0.3, 0.55, True),
        (0.3, 0.57, False),
    ],
)
def test_the_middle_is_measured_from_where_they_will_be(person, custom, height, x, ok):
    wanted = custom(parts=("shoulders", "knees"), size_minimum=0.4, size_maximum=0.5)
    one = person(height=height, x=x, top=0.5 - 0.45 * height)
    result = centred(one.view(), wanted)
    assert (result.ok, result.code) == (ok, "" if ok else "move_right")
    assert result.value == pytest.approx(x - 0.5, abs=0.01)  # how far aside they are now


@pytest.mark.parametrize("hidden, ok", [((), True), (("face", "head"), None)])
def test_how_they_go_aside_is_known_of_who_shows_nothing_of_what_is_asked(
    person, profile, hidden, ok
):
    observation = person(height=4.0, top=0.1, hidden=hidden).view()._replace(aside=0.4)
    result = centred(observation, profile("face"))
    assert (result.ok, result.track) == (ok, 0.4)


@pytest.mark.parametrize(
    "side, code, mirrored_code",
    [
        # They stand at the image's left, and are to go to its right.
        ("front", "move_left", "move_right"),
        ("three_quarter_left", "move_left", "move_right"),
        ("three_quarter_right", "move_left", "move_right"),
        ("back", "move_right", "move_left"),  # who looks away from the camera has it the other way
        ("left", "move_backward", "move_forward"),  # who looks along the image goes ahead, or back
        ("right", "move_forward", "move_backward"),
    ],
)
@pytest.mark.parametrize("check", [centred, cut_off])
@pytest.mark.parametrize("mirrored", [False, True])
def test_sideways_is_as_they_are_turned(
    person, custom, side, code, mirrored_code, check, mirrored
):
    wide = {"left": 0.005, "right": 0.005, "front": 0.05, "back": 0.05}
    x = wide.get(side, 0.04) if check is cut_off else 0.25
    one = person(yaw=SIDES[side], mirrored=mirrored, x=1 - x if mirrored else x, height=0.8)
    assert one.xy[one.points("hips"), 0].mean() < 0.3 * one.width
    wanted = custom(side=side, parts=("shoulders", "hips"), facing=30, size_minimum=0.01)
    result = check(one.view(), wanted, mirrored)
    assert (result.ok, result.code) == (False, mirrored_code if mirrored else code)
    assert result.count > 1
    # Whoever is turned otherwise than they are to be turns first: left would mislead them.
    assert result.first == ""
    other = replace(wanted, side="front" if side in ("back", "left") else "back")
    result = check(one.view(), other, mirrored)
    assert result[:2] == (check.__name__, False) and result.first == "facing"


@pytest.mark.parametrize("check", [too_far, too_close, centred, cut_off])
def test_what_is_right_has_no_grade(person, profile, check):
    result = check(person().view(), profile("full_body"))
    assert result.ok is True and result.magnitude == ""


@pytest.mark.parametrize("name", ["upper_body", "full_body"])
@pytest.mark.parametrize("box", ["body", "points"])
@pytest.mark.parametrize("height", [6.5, 8.5, 12.0])
def test_a_face_that_fills_the_image_is_too_close_not_too_far(person, profile, name, box, height):
    """All that is wanted below it is cut off, so what is left of the parts is small."""
    face = person(height=height, top=0.5 - 0.09 * height, box=box)
    assert instruction(face, profile(name)) == "move_back"


def test_a_face_beyond_the_border_on_every_side_is_too_close(person, profile):
    face = person(height=30.0, top=-2.2)  # an eye and the nose
    assert {instruction(face, profile(name)) for name in SHIPPED if name != "hands"} == {
        "move_back"
    }


@pytest.mark.parametrize(
    "where, code",
    [
        (dict(height=0.8, x=0.05), "move_left"),  # the image's left is the person's right
        (dict(height=0.8, x=0.95), "move_right"),
        (dict(height=0.8, top=-0.1), "move_back"),  # the head
        (dict(height=0.8, top=0.3), "move_back"),  # the feet
        (dict(height=0.97, x=0.06, top=0.1), "move_back"),  # feet and side: back mends both
        (dict(height=0.95, image=(180, 720), top=0.02), "move_back"),  # both sides
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_border_that_cuts_says_where_to_go(person, custom, where, code, mirrored):
    if mirrored:
        code = {"move_left": "move_right", "move_right": "move_left"}.get(code, code)
    parts = ("head", "shoulders", "elbows", "hips", "knees", "feet")
    result = cut_off(person(**where).view(), custom(parts=parts), mirrored)
    assert (result.ok, result.code) == (False, code)
    assert 0 < result.value < 1 == result.minimum


@pytest.mark.parametrize(
    "horizon, horizon_sd, code",
    [
        (0.5, 0.05, "move_back"),
        (0.5, 0.35, "move_closer"),  # nobody knows yet
        (1.2, 0.05, "move_closer"),  # the camera looks up
    ],
)
def test_of_a_small_person_who_is_cut_off_the_horizon_tells_which_way_helps(
    person, profile, horizon, horizon_sd, code
):
    observation = (
        person(height=0.45, top=0.62)
        .view()
        ._replace(scale=Scale(horizon=horizon, horizon_sd=horizon_sd))
    )
    assert cut_off(observation, profile("full_body"), False).code == code


def test_the_margin_counts_as_cut_off(person, custom):
    near = person(height=0.9, top=0.09)  # toes at 0.977 of the image
    assert cut_off(near.view(), custom(margin=0.0), False).ok
    assert not cut_off(near.view(), custom(margin=0.05), False).ok


@pytest.mark.parametrize(
    "where, code",
    [
        (dict(x=0.02), "move_left"),
        (dict(x=0.98), "move_right"),
        (dict(top=0.4), "move_back"),
        (dict(top=-0.2), "move_back"),
    ],
)
def test_without_a_margin_a_box_that_ends_at_the_border_is_cut(person, custom, where, code):
    assert cut_off(person(**where).view(), custom(margin=0.0), False).code == code


@pytest.mark.parametrize("name", ["full_body", "upper_body"])
def test_invented_legs_are_not_seen(person, profile, name):
    """A network that puts feet just inside the border does not know that the body goes on."""
    cut = person(height=1.5, top=0.05)
    invented = cut.points("knees", "feet")
    cut.xy[invented, 1] = np.linspace(690, 708, len(invented))
    cut.scores[invented] = 0.8
    assert cut.box[3] == cut.height
    wanted = {"full_body": "move_back", "upper_body": "good"}
    assert instruction(cut, profile(name)) == wanted[name]


@pytest.mark.parametrize(
    "name, where, said",
    [
        # Whatever hides a part, the border does not: the person's lower body is cut, as it may be,
        # or seen, and stepping back would not help.
        ("upper_body", dict(height=1.5, hidden=("elbows",)), "show elbows"),
        ("upper_body", dict(height=1.5, hidden=("left_elbow",)), "show elbows"),
        ("upper_body", dict(height=1.25, top=0.03, hidden=("elbows",)), "show elbows"),
        ("upper_body", dict(height=1.5, hidden=("nose",)), "show head"),
        ("full_body", dict(hidden=("left_knee",)), "show knees"),
        ("full_body", dict(hidden=("right_big_toe",)), "show feet"),
        ("full_body", dict(hidden=("hips", "feet")), "show hips"),  # the first of the profile's
        ("full_body", dict(hidden=("left_small_toe", "elbows", "face")), "good"),  # not asked for
        # These may well be beyond the border.
        ("upper_body", dict(height=2.05, top=0.35, hidden=("hips",)), "move_back"),
        ("full_body", dict(height=1.0, top=0.05), "move_back"),
    ],
)
def test_a_part_that_cannot_be_seen_is_named(person, profile, name, where, said):
    assert instruction(person(**where), profile(name)) == said


def test_every_part_can_be_missed(person, custom):
    whole = ("head", "face", "shoulders", "elbows", "wrists", "hips", "knees", "feet", "hands")
    for body_part in whole:
        result = visible(person(hidden=(body_part,)).view(), custom(parts=whole), False)
        # The points of the head are not those of the face: one can be missed without the other.
        assert (result.ok, result.body_part, result.code) == (False, body_part, "show")
        assert result.value == pytest.approx(1 - 1 / len(whole))
    assert visible(person().view(), custom(parts=whole), False).value == 1.0


@pytest.mark.parametrize(
    "height, hidden, said",
    [
        (0.3, ("feet",), "move_closer"),  # too small to make out: nearer mends it
        (0.3, ("elbows",), "move_closer"),
        (0.85, ("feet",), "show feet"),  # large enough without them
    ],
)
def test_too_far_is_measured_by_the_parts_that_are_seen(person, profile, height, hidden, said):
    assert instruction(person(height=height, hidden=hidden), profile("full_body")) == said


@pytest.mark.parametrize(
    "x, code, mirrored_code",
    [
        (0.50, "", ""),
        (0.60, "", ""),
        (0.40, "", ""),
        (
            0.30,
            "move_left",
            "move_right",
        ),  # the image's left: towards its middle is their own left
        (0.70, "move_right", "move_left"),
    ],
)
def test_left_and_right_are_the_persons_own(person, profile, x, code, mirrored_code):
    observation = person(x=x).view()
    assert centred(observation, profile("full_body"), False).code == code
    assert centred(observation, profile("full_body"), True).code == mirrored_code
    assert centred(observation, profile("full_body"), False).value == pytest.approx(
        x - 0.5, abs=0.01
    )


@pytest.mark.parametrize(
    "view_right, mirrored, side",
    [(True, False, "left"), (False, False, "right"), (True, True, "right"), (False, True, "left")],
)
def test_sideways(view_right, mirrored, side):
    assert sideways(view_right, mirrored) == side


@pytest.mark.parametrize(
    "where, said",
    [
        (dict(arms=10, bend=0), "show_hands hands"),  # below the border: no way to go is any help
        (dict(arms=10, bend=0, height=0.8), "show_hands hands"),  # seen, but they hang
        (dict(arms=90, bend=0), "show_hands hands"),  # beyond the image on both sides
        (dict(arms=10, bend=0, height=6.0, top=-0.3), "move_back"),  # no room for hands
        (dict(**RAISED, height=1.0, top=0.2), "move_closer"),
        (dict(**RAISED, height=12.0, top=-1.5), "move_back"),
        (dict(**RAISED, height=1.2, top=0.2, x=0.03), "move_left"),  # one is beyond the border
        (
            dict(**RAISED, height=4.5, top=-0.4, x=0.1),
            "move_back",
        ),  # and from further away it is not
        # All of one hand is beyond the border: about where the other one is on the other side.
        (dict(**WIDE, height=1.3, top=0.1, x=0.76), "move_right"),
        (dict(**WIDE, height=1.3, top=0.1, x=0.16), "move_left"),
        (dict(**WIDE, height=2.2, top=0.1, x=0.7), "move_back"),
        (dict(**WIDE, height=2.6, top=0.1, x=0.88), "move_back"),  # a shoulder, too
        (dict(**WIDE, height=1.3, top=0.1, hidden=tuple(NAMES[LEFT_HAND])), "show hands"),
        (dict(**RAISED, hidden=("right_hand_root",)), "show hands"),
        (dict(**RAISED, yaw=40), "good"),  # wherever they look
    ],
)
def test_hands_may_be_anywhere(person, profile, where, said):
    assert instruction(person(**{"height": 2.6, "top": 0.0, **where}), profile("hands")) == said


@pytest.mark.parametrize(
    "where, value, ok",
    [
        (dict(arms=10, bend=0), -0.98, False),
        (dict(arms=90, bend=0), 0.0, True),
        (dict(**RAISED), 0.98, True),
        (dict(arms=(170, 10), bend=0), -0.98, False),
        (dict(arms=(170, 10), bend=0, hidden=("right_elbow",)), 0.98, True),
        (dict(**RAISED, hidden=("elbows",)), None, None),  # hands that are seen may be anywhere
        (dict(**RAISED, hidden=("elbows", "hands")), -1.0, False),
        (dict(**RAISED, hidden=("elbows", "hands", "hips")), -1.0, False),
        # Nothing but shoulders: they may be held up beyond the image.
        (dict(**RAISED, hidden=("elbows", "hands", "hips", "head")), None, None),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_held_up(person, profile, where, value, ok, mirrored):
    result = held_up(
        person(0.7, top=0.15, mirrored=mirrored, **where).view(), profile("hands"), mirrored
    )
    assert result.ok is ok and not result.required
    assert (
        math.isnan(result.value)
        if value is None
        else (result.value == pytest.approx(value, abs=0.02))
    )
    assert (result.code, result.body_part) == (
        ("show_hands", "hands") if ok is False else ("", "")
    )


@pytest.mark.parametrize("arms, ok", [((170, 10), True), ((10, 170), False)])
def test_from_the_side_the_near_hand_is_held_up(person, custom, arms, ok):
    wanted = custom(parts=("hands",), side="left", posture=(POSTURES["open_hands"],))
    assert held_up(person(0.6, arms=arms, bend=0, yaw=-90).view(), wanted).ok is ok


def test_from_the_side_no_far_hand_is_beyond_a_border(person, custom):
    """The one that is to be seen is what has to be in the middle."""
    observation = person(
        2.0, top=0.1, yaw=-60, x=0.2, arms=60, bend=90, hidden=tuple(NAMES[RIGHT_HAND])
    ).view()
    left = observation.xy[LEFT_HAND, 0]
    assert centred(observation, custom(parts=("hands",), side="left")).value == pytest.approx(
        (left.min() + left.max()) / 2 / observation.width - 0.5
    )


def test_only_hands_that_are_to_be_open_are_held_up(person, profile, custom):
    for wanted in (profile("a_pose"), custom(parts=("hands",))):
        assert held_up(person().view(), wanted) is None


def test_hands_are_as_large_as_the_larger_one(person, profile):
    """However far apart they are, and even where only one is seen."""
    left = tuple(NAMES[LEFT_HAND])
    sizes = [
        size(person(1.0, top=0.1, **stands).view(), profile("hands"))
        for stands in (
            dict(**RAISED),
            dict(arms=(5, 10), bend=(185, 0)),
            dict(**RAISED, hidden=left[3:4]),
            dict(**RAISED, hidden=left),
        )
    ]
    assert sizes == pytest.approx([sizes[0]] * 4, rel=0.1) and 0.08 < sizes[0] < 0.15


@pytest.mark.parametrize("side, yaw", [("left", -90), ("right", 90), ("back", 180)])
def test_of_a_head_without_face_the_body_tells_how_large_it_is(person, custom, side, yaw):
    """Ears have no height of their own."""
    head = size(person(1.2, top=0.1, yaw=yaw).view(), custom(parts=("head",), side=side))
    assert head == pytest.approx(0.021 * 1.2, rel=0.2)


@pytest.mark.parametrize(
    "x, hidden, said",
    [
        (0.5, (), "good"),
        (0.5, ("nose",), "good"),  # of who is turned a little away
        (0.38, (), "move_backward"),
        (0.38, ("nose",), "move_backward"),
    ],
)
def test_no_border_cuts_off_a_nose(person, custom, x, hidden, said):
    wanted = custom(parts=("head", "shoulders"), side="left", size_minimum=0.2, centre=0.5)
    observation = dict(height=3.5, top=0.1, yaw=-90, image=(720, 1280), hidden=("face", *hidden))
    assert instruction(person(x=x, **observation), wanted) == said


@pytest.mark.parametrize(
    "hidden", [(), ("hands",), ("hands", "elbows", "wrists"), ("hands", "hips", "knees", "feet")]
)
def test_of_hands_that_hang_it_is_told_how_large_they_will_be(person, profile, hidden):
    """By the body: nearly as large as they are, held up."""
    up, hanging = (
        size(person(1.0, top=0.1, **stands).view(), profile("hands"))
        for stands in (dict(**RAISED), dict(arms=10, bend=0, fist=1, hidden=hidden))
    )
    assert hanging == pytest.approx(up, rel=0.15)


@pytest.mark.parametrize("arms", [10, 90, 150])
def test_lifted_elbows_do_not_make_anybody_small(person, custom, arms):
    """Where they are to be lifted, how tall somebody is comes from head and shoulders."""
    observation = person(2.0, top=0.1, arms=arms, hidden=("hips", "knees", "feet")).view()
    wanted = custom(parts=("head", "shoulders", "hips"), posture=(POSTURES["arms_side"],))
    assert size(observation, wanted) == pytest.approx(0.4 * 2.0, rel=0.05)


def test_hands_far_apart_need_room(person, profile):
    """And more of it where they are not in the middle, as long as that is not to be mended."""
    wide, narrow, aside, off = (
        reach_of(person(0.8, top=0.1, **stands).view(), profile("hands"), False).near
        for stands in (
            dict(arms=60, bend=90),
            dict(**RAISED),
            dict(arms=60, bend=90, x=0.6),
            dict(arms=60, bend=90, x=0.8),
        )
    )
    assert narrow < wide < aside and off == pytest.approx(wide, rel=0.02)


@pytest.mark.parametrize(
    "speed, ok", [(0.0, True), (0.25, True), (0.3, False), (math.nan, None), (math.inf, False)]
)
def test_still(person, profile, speed, ok):
    result = still(person().view(speed=speed), profile("full_body"))
    assert (result.ok, result.code) == (ok, "keep_still" if ok is False else "")
    assert result.required


@pytest.mark.parametrize(
    "check, field, value, ok, code",
    [
        (light, "brightness", 0.5, True, ""),
        (light, "brightness", 0.12, True, ""),
        (light, "brightness", 0.1, False, "more_light"),
        (light, "brightness", 0.95, False, "less_light"),
        (light, "brightness", math.nan, None, ""),
        (sharp, "sharpness", 100.0, True, ""),
        (sharp, "sharpness", 20.0, True, ""),
        (sharp, "sharpness", 19.0, False, "clean_lens"),
        (sharp, "sharpness", math.nan, None, ""),
    ],
)
def test_light_and_sharpness(person, profile, check, field, value, ok, code):
    """As long as nobody measures them, they are no reason to wait."""
    result = check(person().view()._replace(**{field: value}), profile("full_body"))
    assert (result.ok, result.code, result.required) == (ok, code, False)


@pytest.mark.parametrize(
    "others, code", [(0, "more_people"), (1, "more_people"), (2, ""), (3, "one_person")]
)
def test_several_people(person, custom, others, code):
    result = one_person(person().view(others=others), custom(people=3))
    assert (result.ok, result.code, result.minimum, result.maximum) == (not code, code, 3, 3)


@pytest.mark.parametrize("others, ok", [(0, True), (1, False), (3, False)])
def test_one_person(person, profile, others, ok):
    result = one_person(person().view(others=others), profile("full_body"), False)
    assert (result.ok, result.value, result.maximum) == (ok, others + 1, 1.0)
    assert result.code == ("" if ok else "one_person")


@pytest.mark.parametrize(
    "wrong, first",
    [
        (dict(others=1, speed=9), "one_person"),
        (dict(height=1.4, x=0.9, others=1), "one_person"),
        (dict(height=1.4, x=0.9, speed=9), "move_back"),
        (dict(height=0.3, x=0.4, yaw=60, speed=9), "move_closer"),
        (dict(height=0.5, x=0.1, speed=9), "move_left"),  # first: they would walk out
        (dict(height=0.5, x=0.1, yaw=40, speed=9), "turn_right"),  # before: else left misleads
        (dict(x=0.2, yaw=40, speed=9), "turn_right"),
        (dict(x=0.2, speed=9), "move_left"),
        (dict(yaw=40, speed=9, hidden=("left_knee",)), "turn_right"),
        (dict(speed=9, hidden=("left_knee",)), "show knees"),
        (dict(speed=9), "keep_still"),
        (dict(), "good"),
    ],
)
def test_the_first_of_several_faults_is_said(person, profile, wrong, first):
    observation = {k: wrong.pop(k) for k in ("others", "speed") if k in wrong}
    assert instruction(person(**wrong), profile("full_body"), **observation) == first


def test_the_order_of_the_checks():
    assert CHECKS == (
        one_person,
        too_close,
        cut_off,
        too_far,
        centred,
        facing,
        looking,
        visible,
        leaning,
        *POSTURE_CHECKS,
        light,
        sharp,
        still,
    )


def test_a_result_tells_value_limits_and_unit(person, profile):
    wanted = profile("full_body")
    results = {result.name: result for result in run_checks(person(x=0.6).view(speed=0.1), wanted)}
    assert [*results] == [
        "somebody",
        *(check.__name__ for check in CHECKS if check not in POSTURE_CHECKS),
    ]  # which it asks for not
    assert results["too_far"].minimum == wanted.size_minimum
    assert math.isnan(results["too_far"].maximum)
    assert results["too_close"].maximum == wanted.size_maximum
    assert (
        results["too_close"].value
        == results["too_far"].value
        == pytest.approx(size(person().view(), wanted))
        == pytest.approx(0.8 * (0.985 - 0.064), abs=1e-3)
    )
    assert (results["centred"].minimum, results["centred"].maximum) == (-0.15, 0.15)
    assert {result.unit for result in results.values()} == {"people", "1", "deg", "1/s"}


BAD = [math.nan, math.inf, -math.inf, 1e30, -3e38]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("what", ["every point", "a knee", "the scores", "the box", "all"])
def test_what_is_not_a_place_counts_as_not_seen(person, profile, what, bad):
    one = person()
    if what == "every point":
        one.xy[:] = bad
    elif what == "a knee":
        one.xy[one.points("left_knee"), 0] = bad
    elif what == "the scores":
        one.scores[:] = bad if not bad > 0 else math.nan
    elif what == "the box":
        one.box[:] = bad
    else:
        one.xy[:], one.scores[:], one.box[:] = bad, math.nan, bad
    with np.errstate(all="raise"):
        observation = TargetSelector(profile("full_body")).look(
            PersonPoses.of(one.xy[None], one.scores[None], one.box[None], ids=[1]),
            one.width,
            one.height,
            0.0,
        )
        results = run_checks(observation, profile("full_body"))
    failed = [result.code + result.body_part for result in results if result.ok is False]
    assert failed == {"a knee": ["showknees"], "the box": []}.get(what, ["showhead"])


@pytest.mark.parametrize("bad", BAD)
def test_a_box_that_is_no_place_hides_no_cut(person, profile, bad):
    cut = person(height=1.2)
    cut.box[:] = bad
    observation = TargetSelector(profile("full_body")).look(
        PersonPoses.of(cut.xy[None], cut.scores[None], cut.box[None], ids=[1]),
        cut.width,
        cut.height,
        0.0,
    )
    assert not all(
        result.ok is not False for result in run_checks(observation, profile("full_body"))
    )


def test_all_checks_take_under_a_millisecond(person, profile):
    wanted, observation = profile("a_pose"), person().view()
    run_checks(observation, wanted)
    took = []
    for _ in range(20):
        start = time.perf_counter()
        run_checks(observation, wanted)
        took.append(time.perf_counter() - start)
    assert min(took) < 1e-3


def test_an_empty_image_size_does_not_crash(person, profile):
    observation = person().view()._replace(width=1, height=1)
    assert too_close(observation, profile("full_body"), False).code == "move_back"
    assert too_far(observation, profile("full_body"), False).ok
