# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from pathlib import Path

import pytest

from dwpose_ros.core.keypoints import COUNT, NAMES
from dwpose_ros.guidance import ProfileError, load_profile
from dwpose_ros.guidance.body_parts import PARTS
from dwpose_ros.guidance.profile import read_mapping
from dwpose_ros.quality import NAMES as NAMES_OF_MEASURES

PROFILES = Path(__file__).resolve().parents[2] / "config" / "profiles"
GOOD = "parts: [head, shoulders]\nsize_minimum: 0.2\nsize_maximum: 0.5\n"


@pytest.fixture
def write(tmp_path):
    """write(text) -> path of a profile with that text."""

    def _write(text: str | bytes, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def refused(path: Path) -> str:
    """Why a profile is refused: one line that begins with its path."""
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message[len(f"{path}: ") :]


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*")), ids=lambda p: p.name)
def test_every_shipped_profile_loads(path):
    profile = load_profile(path)
    assert profile.name == path.stem
    assert profile.description.endswith(".")
    assert profile.size_minimum < profile.size_maximum


def test_the_shipped_profiles_are_those_promised():
    assert {p.stem for p in PROFILES.iterdir()} == {
        "upper_body",
        "full_body",
        "face",
        "a_pose",
        "hands",
        "turnaround",
    }


def test_a_profile_is_named_after_its_file_and_has_defaults(write):
    profile = load_profile(str(write(GOOD, "passport photo.yaml")))
    assert (profile.name, profile.parts) == ("passport photo", ("head", "shoulders"))
    assert (profile.size_minimum, profile.size_maximum, profile.hold_s) == (0.2, 0.5, 1.5)


def test_whole_numbers_are_numbers(write):
    profile = load_profile(write(GOOD + "hold_s: 3\n"))
    assert profile.hold_s == 3.0 and isinstance(profile.hold_s, float)


def test_points_are_those_of_the_parts(write):
    profile = load_profile(write(GOOD))
    assert [NAMES[i] for i in profile.points] == [
        "nose",
        "left_eye",
        "right_eye",
        "left_shoulder",
        "right_shoulder",
    ]


def test_parts_hold_both_sides_of_a_pair():
    for body_part, points in PARTS.items():
        names = [NAMES[i] for i in points]
        assert len(set(points)) == len(points) and max(points) < COUNT
        sides = [sum(n.startswith(side) for n in names) for side in ("left_", "right_")]
        assert sides[0] == sides[1], body_part


@pytest.mark.parametrize(
    "key, value",
    [
        ("size_minimum", "'0.5'"),
        ("size_minimum", "large"),
        ("size_minimum", "[0.1]"),
        ("size_minimum", "true"),
        ("size_minimum", ""),
        ("size_minimum", "2026-01-01"),
        ("size_minimum", ".nan"),
        ("size_maximum", ".inf"),
        ("size_maximum", "-.inf"),
        ("size_minimum", "-0.1"),
        ("size_maximum", "1.01"),
        pytest.param("size_maximum", "1" + "0" * 400, id="1e400"),
        ("margin", "0.41"),
        ("margin", "-0.01"),
        ("centre", "0.6"),
        ("facing", "181"),
        ("still", "-1"),
        ("score", "1.5"),
        ("hold_s", "-1"),
        ("hold_s", "61"),
        ("debounce_s", ".nan"),
        ("gap_s", "soon"),
        ("repeat_s", "1e9"),
        ("looking", "-1"),
        ("looking", "front"),
        ("brightness_minimum", "-0.1"),
        ("brightness_maximum", "255"),
        ("sharpness_minimum", "[5]"),
        ("facing", ".inf"),
        ("quality_minimum", "101"),
        ("quality_minimum", "-1"),
        ("quality_minimum", "good"),
    ],
)
def test_a_value_that_is_no_fitting_number_is_named_with_its_limits(write, key, value):
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    message = refused(write("\n".join([*lines, f"{key}: {value}"])))
    assert message.startswith(f"{key} is ")
    assert "it must be a number from 0.0 to " in message


@pytest.mark.parametrize(
    "parts, shown",
    [
        ("[head, tail]", "['head', 'tail']"),
        ("head", "'head'"),
        ("[]", "[]"),
        ("", "None"),
        ("[[head]]", "[['head']]"),
        ("{head: 1}", "{'head': 1}"),
        ("[head, 1]", "['head', 1]"),
        ("[null]", "[None]"),
    ],
)
def test_unknown_parts_are_named_with_those_there_are(write, parts, shown):
    message = refused(write(f"parts: {parts}\nsize_minimum: 0.2\nsize_maximum: 0.5\n"))
    assert message == f"parts is {shown}; it must be a list of {', '.join(PARTS)}"


@pytest.mark.parametrize("text", ["5", "[a]", "2026-01-01", "true"])
def test_a_description_that_is_no_text(write, text):
    message = refused(write(GOOD + f"description: {text}\n"))
    assert message.startswith("description is ") and "text" in message


@pytest.mark.parametrize(
    "line, key",
    [
        ("size_minimun: 0.3", "'size_minimun'"),
        ("1: 2", "1"),
        ("name: x", "'name'"),
        ("null: 2", "None"),
    ],
)
def test_an_unknown_key_is_named_with_those_there_are(write, line, key):
    message = refused(write(GOOD + line))
    assert message.startswith(f"unknown key {key}; the keys are parts, size_minimum,")
    assert "hold_s" in message and " name" not in message


@pytest.mark.parametrize("key", ["parts", "size_minimum", "size_maximum"])
def test_a_missing_key_is_named(write, key):
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    assert refused(write("\n".join(lines))) == f"key '{key}' is missing"


@pytest.mark.parametrize("low, high", [(0.5, 0.5), (0.6, 0.5)])
def test_the_least_size_must_be_less_than_the_largest(write, low, high):
    message = refused(write(f"parts: [head]\nsize_minimum: {low}\nsize_maximum: {high}\n"))
    assert message == f"size_minimum {low} must be less than size_maximum {high}"


@pytest.mark.parametrize(
    "text, shown", [("", "None"), ("[1, 2]", "[1, 2]"), ("just words", "'just words'"), ("3", "3")]
)
def test_what_is_no_mapping(write, text, shown):
    assert refused(write(text)) == f"must hold a mapping of keys to values, not {shown}"


@pytest.mark.parametrize(
    "text",
    [
        "parts: [head\nsize_minimum: 0.2",
        "a:\n\t- b",
        "a: b: c",
        "!!python/object:os.system {}",
        "{[1]: 2}",
        "- a\nb",
        b"\xff\xfe\x00",
        b"\x00",
        "day: 2026-13-45",
    ],
)
def test_broken_yaml_is_one_line(write, text):
    assert refused(write(text)).startswith("cannot be read: ")


GOOD_SESSION = GOOD + "hold_s: 2\nsteps:\n"


def test_a_profile_without_steps_is_its_only_step(write):
    profile = load_profile(write(GOOD))
    assert profile.steps == (profile,) and profile.step == ""


def test_steps_override_what_is_beside_them(write):
    path = write(
        GOOD_SESSION
        + """
  - side: front
  - {side: back, parts: [hips, knees], hold_s: 1, description: From behind.}
  - {name: near, size_minimum: 0.3}
  - {}
"""
    )
    profile = load_profile(path)
    assert [s.step for s in profile.steps] == ["front", "back", "near", "4"]
    assert [s.side for s in profile.steps] == ["front", "back", "front", "front"]
    assert [s.hold_s for s in profile.steps] == [2.0, 1.0, 2.0, 2.0]
    assert [s.size_minimum for s in profile.steps] == [0.2, 0.2, 0.3, 0.2]
    assert profile.steps[1].parts == ("hips", "knees")
    assert {s.name for s in profile.steps} == {"mine"} == {profile.name}
    assert all(s.steps == (s,) for s in profile.steps)  # a step is a profile by itself
    assert (profile.step, profile.description) == ("", "")
    assert repr(profile) and hash(profile)


def test_steps_may_say_all_that_is_needed(write):
    steps = load_profile(
        write("steps: [{parts: [head], size_minimum: 0.1, size_maximum: 0.2}]")
    ).steps
    assert [(s.step, s.parts) for s in steps] == [("1", ("head",))]


@pytest.mark.parametrize(
    "steps, said",
    [
        ("steps: []", "steps is []; it must be a list of mappings of keys to values"),
        ("steps: front", "steps is 'front'; it must be a list of mappings"),
        ("steps: [front]", "steps is ['front']; it must be a list of mappings"),
        ("steps: {side: front}", "steps is {'side': 'front'}; it must be"),
        ("steps: [{}, {steps: []}]", "step 2: a step cannot have steps"),
        ("steps: [{}, {sied: front}]", "step 2: unknown key 'sied'; the keys are name, parts,"),
        (
            "steps: [{side: top}]",
            "step 1: side is 'top'; it must be one of front, three_quarter_left",
        ),
        ("steps: [{side: [left]}]", "step 1: name is ['left']"),
        (
            "steps: [{side: left}, {side: left}]",
            "step 2: name is 'left'; it must be a text that no",
        ),
        ("steps: [{name: 1}]", "step 1: name is 1; it must be a text"),
        ("steps: [{name: ' '}]", "step 1: name is ' '; it must be a text"),
        ("steps: [{facing: 999}]", "step 1: facing is 999; it must be a number from 0.0 to 180.0"),
        ("steps: [{size_maximum: 0.1}]", "step 1: size_minimum 0.2 must be less than"),
        ("colour: red\nsteps: [{}]", "unknown key 'colour'; the keys are parts"),
    ],
)
def test_a_step_that_is_wrong_is_named_by_its_number(write, steps, said):
    assert refused(write(GOOD + steps)).startswith(said)


def test_turnaround_is_a_session_of_four_captures():
    steps = load_profile(PROFILES / "turnaround.yaml").steps
    assert [s.step for s in steps] == [s.side for s in steps] == ["front", "left", "back", "right"]
    assert [s.side_code for s in steps] == [
        "face_camera",
        "face_left_side",
        "face_back",
        "face_right_side",
    ]


@pytest.mark.parametrize(
    "text, posture_limits",
    [
        ("[upright, arms_away]", {"upright": (None, 12.0), "arms_away": (25.0, 65.0)}),
        (
            "{upright: true, open_hands: true}",
            {"upright": (None, 12.0), "open_hands": (0.85, None)},
        ),
        ("{upright: 8, arms_up: 1}", {"upright": (None, 8.0), "arms_up": (1.0, None)}),
        ("{feet_apart: [1, 2.5]}", {"feet_apart": (1.0, 2.5)}),
        ("[]", {}),
    ],
)
def test_postures(write, text, posture_limits):
    whole = GOOD.replace("shoulders", "feet")  # all of somebody can be seen
    profile = load_profile(write(whole + f"posture: {text}\n"))
    found = {w.name: tuple(None if math.isnan(v) else v for v in w[1:]) for w in profile.posture}
    assert found == posture_limits
    assert {profile.posture_limit(name).name for name in posture_limits} == set(posture_limits)
    assert profile.posture_limit("feet_together") is None


@pytest.mark.parametrize(
    "text, said",
    [
        (
            "upright",
            "posture is 'upright'; it must be a list, or a mapping to limits, of upright,",
        ),
        (
            "[upright, relaxed]",
            "posture is ['upright', 'relaxed']; it must be a list, or a mapping",
        ),
        ("[[upright]]", "posture is "),
        ("", "posture is None"),
        ("5", "posture is 5"),
        ("{upright: [1, 2]}", "posture upright is [1, 2]; it must be a number from 0.0 to 90.0"),
        ("{upright: false}", "posture upright is False"),
        ("{upright: 100}", "posture upright is 100; it must be a number from 0.0 to 90.0"),
        (
            "{upright: 0}",
            "posture upright is 0; it must be a number from 0.0 to 90.0, but not 0.0",
        ),
        (
            "{open_hands: 1}",
            "posture open_hands is 1; it must be a number from 0.0 to 1.0, but not 1",
        ),
        ("{arms_away: 30}", "posture arms_away is 30; it must be true or [minimum, maximum]"),
        ("{arms_away: [30]}", "posture arms_away is [30]; it must be true or [minimum, maximum]"),
        (
            "{arms_away: [30, 200]}",
            "posture arms_away is 200; it must be a number from 0.0 to 180.0",
        ),
        ("{arms_away: [30, .nan]}", "posture arms_away is nan; it must be a number"),
        (
            "{arms_away: [60, 30]}",
            "posture arms_away is [60, 30]; the minimum must be less than the",
        ),
        ("[arms_away, arms_up]", "posture has arms_away and arms_up; it can have only one of"),
        ("[arms_side, arms_up]", "posture has arms_side and arms_up; it can have only one of"),
    ],
)
def test_postures_that_are_wrong_are_named(write, text, said):
    assert refused(write(GOOD + f"posture: {text}\n")).startswith(said)


@pytest.mark.parametrize(
    "text, said",
    [
        (
            "brightness_minimum: 0.6\nbrightness_maximum: 0.6",
            "brightness_minimum 0.6 must be less than brightness_maximum 0.6",
        ),
        (
            "margin: 0.4\nsize_minimum: 0.4",
            "size_minimum 0.4 must be at most 0.2, which a margin of",
        ),
        ("side: back\nparts: [face]", "parts has 'face', which cannot be seen with side 'back'"),
        ("side: left\nposture: [arms_away]", "posture arms_away cannot be seen with side 'left'"),
        (
            "side: right\nposture: [feet_apart]",
            "posture feet_apart cannot be seen with side 'right'",
        ),
        (
            "side: up",
            "side is 'up'; it must be one of front, three_quarter_left, left, back, right",
        ),
        ("side: null", "side is None; it must be one of"),
        ("side: [front]", "side is ['front']; it"),
        ("people: 0", "people is 0; it must be a whole number from 1 to 10"),
        ("people: 1.5", "people is 1.5; it must be a whole"),
        ("people: true", "people is True; it"),
        ("people: '2'", "people is '2'; it must be a whole"),
        ("people: 11", "people is 11; it must"),
        ("people: .nan", "people is nan; it must be a whole number"),
        ("still: 0", "still is 0; it must be a number from 0.0 to 100.0, but not 0.0"),
        ("centre: 0.0", "centre is 0.0; it must be a number from 0.0 to 0.5, but not 0.0"),
        ("facing: 0", "facing is 0; it must be a number from 0.0 to 180.0, but not 0.0"),
        ("looking: 0", "looking is 0; it must be a number from 0.0 to 180.0, but not 0.0"),
        ("score: 1", "score is 1; it must be a number from 0.0 to 1.0, but not 1.0"),
        (
            "quality_minimum: 100",
            "quality_minimum is 100; it must be a number from 0.0 to 100.0, but",
        ),
        (
            "gap_s: 2\nrepeat_s: 1.5",
            "repeat_s 1.5 must be at least gap_s 2.0: nothing is said sooner",
        ),
        (
            "hold_s: 0.2",
            "debounce_s 0.3 must be at most hold_s 0.2: who is to hold still would not",
        ),
        *(
            (
                f"parts: [{body_part}]",
                f"parts is ['{body_part}'], which has no height to tell a size by; it must",
            )
            for body_part in ("shoulders", "elbows", "wrists", "hips", "knees")
        ),
        (
            "parts: [head, face]\nposture: [upright]",
            "posture upright cannot be seen with size_minimum "
            "0.2: shoulders, hips would be beyond the image; it must be at most 0.19, or parts must",
        ),
        (
            "parts: [head]\nposture: [arms_straight]",
            "posture arms_straight cannot be seen with size_",
        ),
        (
            "posture: [upright, feet_apart]",
            "posture feet_apart cannot be seen with size_minimum 0.2",
        ),
        (
            "steps: [{}, {parts: [head], posture: [arms_up]}]",
            "step 2: posture arms_up cannot be seen",
        ),
    ],
)
def test_contradictions_are_refused(write, text, said):
    keys = [line.split(":")[0] for line in text.splitlines()]
    lines = [line for line in GOOD.splitlines() if line.split(":")[0] not in keys]
    assert refused(write("\n".join([*lines, text]))).startswith(said)


@pytest.mark.parametrize(
    "about, has, lacks",
    [
        ("", ("sharpness", "face_sharpness", "eyes_open"), ("head_yaw", "hands_sharpness")),
        (
            "parts: [head, face]",
            ("face_sharpness", "head_yaw", "inter_eye_distance", "mouth_closed"),
            ("hands_sharpness",),
        ),
        (
            "side: back",
            ("sharpness", "motion", "crop_margins", "single_person"),
            ("face_sharpness", "eyes_open", "illumination_uniformity"),
        ),
        ("side: left", ("sharpness",), ("face_sharpness", "head_yaw")),
        ("parts: [hands]", ("hands_sharpness", "sharpness"), ("face_sharpness", "eyes_open")),
        (
            "quality: {head_yaw: 2, eyes_open: 0, sharpness: 0.5}",
            ("head_yaw", "sharpness", "motion"),
            ("eyes_open",),
        ),
        ("quality: {}", ("sharpness",), ()),
    ],
)
def test_the_weights_of_quality_go_with_what_is_shown(write, about, has, lacks):
    key = about.split(":")[0]
    lines = [line for line in GOOD.splitlines() if line.split(":")[0] != key]
    profile = load_profile(write("\n".join([*lines, about])))
    assert tuple(profile.weights) == NAMES_OF_MEASURES
    assert all(profile.weights[name] > 0 for name in has)
    assert not any(profile.weights[name] for name in lacks)
    assert profile.quality_minimum == 20


def test_a_weight_is_what_the_profile_says(write):
    weights = load_profile(write(GOOD + "quality: {head_yaw: 2.5, motion: 7}")).weights
    assert (weights["head_yaw"], weights["motion"], weights["sharpness"]) == (2.5, 7.0, 2.0)


@pytest.mark.parametrize(
    "text, said",
    [
        ("[sharpness]", "quality is ['sharpness']; it must be a mapping of measures to weights"),
        ("80", "quality is 80; it must be a mapping"),
        ("", "quality is None; it must be a mapping"),
        ("{beauty: 1}", "quality has the unknown measure 'beauty'; the measures are sharpness, "),
        ("{[a]: 1}", "cannot be read: "),
        ("{1: 1}", "quality has the unknown measure 1; the measures are sharpness,"),
        ("{sharpness: -1}", "quality sharpness is -1; it must be a number from 0.0 to 100.0"),
        (
            "{sharpness: much}",
            "quality sharpness is 'much'; it must be a number from 0.0 to 100.0",
        ),
        ("{sharpness: true}", "quality sharpness is True; it must be a number"),
        ("{sharpness: .nan}", "quality sharpness is nan; it must be a number"),
        (
            "{" + ", ".join(f"{name}: 0" for name in NAMES_OF_MEASURES) + "}",
            "quality leaves out every measure; at least one must have a weight above 0",
        ),
    ],
)
def test_weights_that_are_wrong_are_named(write, text, said):
    assert refused(write(GOOD + f"quality: {text}\n")).startswith(said)


def test_each_step_has_weights_for_its_side(write):
    steps = load_profile(
        write(
            GOOD + "quality: {motion: 3}\nsteps: [{side: front}, {side: back, "
            "quality_minimum: 50}, {side: left, quality: {motion: 1}}]"
        )
    ).steps
    assert [s.weights["motion"] for s in steps] == [3, 3, 1]
    assert [s.weights["face_sharpness"] > 0 for s in steps] == [True, False, False]
    assert [s.quality_minimum for s in steps] == [20, 50, 20]


@pytest.mark.parametrize(
    "text",
    [
        "side: left\nposture: [arms_up, upright]",
        "people: 2",
        "side: back\nposture: [arms_side]",
        "looking: null",
        "side: three_quarter_left\nposture: [arms_away]",
        "hold_s: 0",
        "hold_s: 0.3",
        "repeat_s: 1.2",
        "quality_minimum: 99.9",
        "still: 0.001",
        # What is seen of somebody as large need not be asked for.
        "posture: [upright, arms_up]",
    ],
)
def test_what_is_no_contradiction(write, text):
    assert load_profile(write(GOOD + text))


@pytest.mark.parametrize(
    "text",
    [
        "parts: [head, face]\nsize_minimum: 0.19\nsize_maximum: 0.5\nposture: [upright]\n",
        "parts: [head]\nsize_minimum: 0.02\nsize_maximum: 0.5\nposture: [feet_apart]\n",
        "parts: [head, face]\nsize_minimum: 0.5\nsize_maximum: 0.9\nposture: [open_hands]\n",
        *(
            f"parts: [{body_part}]\nsize_minimum: 0.2\nsize_maximum: 0.5\n"
            for body_part in ("head", "face", "hands", "feet", "wrists, hips")
        ),
    ],
)
def test_what_can_just_be_seen(write, text):
    assert load_profile(write(text))


@pytest.mark.parametrize(
    "text, said",
    [
        (
            GOOD + "hold_s: 1\nstill: 0.2\nhold_s: 3",
            "line 6 has key 'hold_s', which line 4 has; it must be there only once",
        ),
        (
            GOOD + "posture: {upright: 8, 'upright': 9}",
            "line 4 has key 'upright', which line 4 has",
        ),
        (GOOD + "steps:\n- side: left\n  side: right", "line 6 has key 'side', which line 5 has"),
    ],
)
def test_a_key_that_is_there_twice_is_named_with_its_lines(write, text, said):
    assert refused(write(text)).startswith(f"cannot be read: {said}")


def test_steps_can_share_keys_and_differ_in_some(write):
    steps = load_profile(
        write(
            GOOD
            + """
steps:
  - &first {side: front, hold_s: 2}
  - {<<: *first, side: back}
"""
        )
    ).steps
    assert [(s.side, s.hold_s) for s in steps] == [("front", 2.0), ("back", 2.0)]


def test_where_the_head_is_to_look_is_where_the_body_is_turned_unless_said(write):
    assert load_profile(write(GOOD)).looking is None
    assert load_profile(write(GOOD + "looking: 5")).looking == 5.0


@pytest.mark.parametrize(
    "side, drops",
    [("front", ()), ("left", ("right",)), ("right", ("left",)), ("three_quarter_left", ())],
)
def test_points_of_a_side_are_those_that_can_be_seen(write, side, drops):
    everything = GOOD.replace("[head, shoulders]", str(list(PARTS)))
    profile = load_profile(write(everything + f"side: {side}"))
    names = {NAMES[i] for i in profile.points}
    assert ("nose" in names) == (not drops) and "face-8" in names
    for other in ("left", "right"):
        # From the side an ear is what is sure to be seen of a head.
        seen = {
            f"{other}_{'ear' if drops else 'eye'}",
            f"{other}_knee",
            f"{other}_hand_root",
        } & names
        assert len(seen) == (0 if other in drops else 3)
        jaw, lip, eye = ((0, 59, 36), (16, 55, 45))[other == "left"]
        assert len({f"face-{jaw}", f"face-{lip}", f"face-{eye}"} & names) == len(seen)
    mirrored = {NAMES[i] for i in profile.points_in(True)}
    assert mirrored == {
        n.replace("left", "*").replace("right", "left").replace("*", "right")
        for n in names
        if "face" not in n
    } | {n for n in mirrored if "face" in n}


def test_from_behind_the_ears_are_the_head(write):
    profile = load_profile(write(GOOD + "side: back"))
    assert [NAMES[i] for i in profile.points] == [
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
    ]


def test_a_profile_that_is_not_there_lists_what_is():
    there = ", ".join(sorted(p.stem for p in PROFILES.iterdir()))
    assert "face, full_body" in there and "turnaround" in there
    assert refused(PROFILES / "missing.yaml") == f"no such file; {PROFILES} has {there}"


@pytest.mark.parametrize("missing", ["x.yaml", "no/folder/x.yaml"])
def test_where_there_is_nothing(tmp_path, missing):
    assert refused(tmp_path / missing).endswith("has no .yaml file")


def test_a_folder_is_no_profile(tmp_path):
    assert refused(tmp_path).startswith("cannot be read: ")


def test_a_profile_error_is_a_value_error(tmp_path):
    """Which is what a refused parameter is."""
    with pytest.raises(ValueError):
        read_mapping(tmp_path / "x.yaml")


def test_numbers_are_finite():
    for path in PROFILES.glob("*.yaml"):
        numbers = [v for v in vars(load_profile(path)).values() if isinstance(v, float)]
        assert numbers and all(map(math.isfinite, numbers))
