# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from dwpose_ros.guidance import load_profile
from dwpose_ros.guidance.body_parts import POSTURES, PostureLimit
from dwpose_ros.guidance.checks import CHECKS, CheckResult, CheckRunner, relaxed, run_checks
from dwpose_ros.guidance.checks.result import with_magnitude, within
from dwpose_ros.guidance.checks.runner import _STAY, ENTER
from dwpose_ros.guidance.observation import Observation

# What fails at first, holds once it held, and what is too much even then. The limits of
# full_body, or of `custom` where values are given.
CASES = [
    ("too_far", {}, dict(height=0.7), dict(height=0.62), dict(height=0.5)),
    (
        "too_close",
        dict(size_minimum=0.3, size_maximum=0.6),
        dict(height=0.56),
        dict(height=0.62),
        dict(height=0.75),
    ),
    ("centred", {}, dict(), dict(x=0.642), dict(x=0.68)),
    (
        "cut_off",
        dict(margin=0.05),
        dict(height=0.8),
        dict(height=0.84, top=0.1),
        dict(height=0.9, top=0.1),
    ),
    ("facing", {}, dict(), dict(yaw=21), dict(yaw=24)),
    ("looking", {}, dict(), dict(head=21), dict(head=24)),
    ("still", {}, dict(speed=0.1), dict(speed=0.22), dict(speed=0.4)),
    ("light", {}, dict(brightness=0.5), dict(brightness=0.125), dict(brightness=0.1)),
    ("sharp", {}, dict(sharpness=50), dict(sharpness=21), dict(sharpness=17)),
    ("upright", {}, dict(), dict(lean=11.4), dict(lean=13)),
    ("arms_away", {}, dict(arms=30), dict(arms=26), dict(arms=22)),
    ("arms_side", {}, dict(arms=90), dict(arms=100), dict(arms=114)),
    ("arms_up", {}, dict(arms=90, bend=90), dict(arms=90, bend=56), dict(arms=90, bend=42)),
    ("arms_straight", {}, dict(bend=0), dict(bend=22), dict(bend=45)),
    ("open_hands", {}, dict(), dict(fist=0.3), dict(fist=0.5)),
    ("fingers_spread", {}, dict(), dict(spread=15.7), dict(spread=12)),
    ("feet_apart", {}, dict(feet=2.5), dict(feet=2), dict(feet=1.8)),
]


@pytest.fixture
def seen(person, custom):
    """seen(run_checks, name, ...) -> what it finds of that name, of such a person."""

    def _seen(run_checks, name: str, **stands) -> CheckResult:
        image = {k: stands.pop(k) for k in ("brightness", "sharpness") if k in stands}
        observation = (
            person(**{k: v for k, v in stands.items() if k != "speed"})
            .view(speed=stands.get("speed", 0.0))
            ._replace(**image)
        )
        return next(result for result in run_checks(observation) if result.name == name)

    return _seen


@pytest.mark.parametrize("name, values, enters, holds, leaves", CASES, ids=[c[0] for c in CASES])
def test_limits_to_enter_and_to_leave(seen, custom, profile, name, values, enters, holds, leaves):
    if name in POSTURES:
        values = dict(posture=(POSTURES[name],))
    run_checks = CheckRunner(custom(**{"size_minimum": 0.55, "size_maximum": 0.92, **values}))
    found = [
        seen(run_checks, name, **stands)
        for stands in (leaves, holds, enters, holds, enters, leaves, holds)
    ]
    assert [result.ok for result in found] == [False, False, True, True, True, False, False]
    run_checks.reset()
    assert seen(run_checks, name, **holds).ok is False


def test_a_score_that_flickers_does_not(person, profile):
    run_checks = CheckRunner(profile("full_body"))

    def said(score: float) -> bool | None:
        one = person()
        one.scores[one.points("left_knee")] = score
        return {result.name: result.ok for result in run_checks(one.view())}["visible"]

    assert [said(s) for s in (0.32, 0.34, 0.31, 0.29, 0.32)] == [False, True, True, False, False]


def test_every_check_has_a_case_or_needs_none():
    others = {
        "one_person",  # counts; the TargetSelector has two limits for whom it counts
        "leaning",  # has its own tests, and needs no hysteresis: it is never required
        "visible",
    }  # by score and margin, above
    assert {c.__name__ for c in CHECKS} == {c[0] for c in CASES} | others


def test_the_result_says_which_limits_are_in_force(seen, custom):
    run_checks = CheckRunner(custom(size_minimum=0.5))
    assert [round(seen(run_checks, "too_far").minimum, 3) for _ in range(3)] == [0.55, 0.5, 0.5]


def test_where_any_turn_is_right_none_is_asked_for(seen, person, custom):
    run_checks = CheckRunner(custom(facing=180, looking=180, parts=("shoulders", "hips")))
    for yaw in (0, 150, 180, -90):
        assert not {"facing", "looking"} & {
            result.name for result in run_checks(person(yaw=yaw).view())
        }


def test_a_moment_without_anybody_is_no_reason_to_forget(seen, custom):
    run_checks = CheckRunner(custom(centre=0.15))
    seen(run_checks, "centred")
    (only,) = run_checks(None)
    assert (only.name, only.ok) == ("somebody", False)
    assert seen(run_checks, "centred", x=0.642).ok


def test_what_is_unknown_for_a_moment_changes_nothing(seen, custom):
    run_checks = CheckRunner(custom())
    assert [seen(run_checks, "still", speed=s).ok for s in (0.1, math.nan, 0.22)] == [
        True,
        None,
        True,
    ]


def test_without_memory_it_is_the_pure_function(person, profile):
    for stands in (dict(), dict(height=0.3), dict(x=0.9), dict(yaw=120), dict(hidden=("feet",))):
        observation = person(**stands).view()
        runner = CheckRunner(profile("a_pose"), mirrored=True)
        fresh = runner(observation)
        entered = relaxed(profile("a_pose"), ENTER)
        observation = observation._replace(scale=runner.learner.scale)
        assert str(fresh) == str(run_checks(observation, entered, mirrored=True))


@pytest.mark.parametrize("by", [0.05, ENTER, 0.08])
@pytest.mark.parametrize(
    "limit",
    [
        "margin",
        "centre",
        "facing",
        "still",
        "score",
        "size_minimum",
        "size_maximum",
        "brightness_minimum",
        "brightness_maximum",
        "sharpness_minimum",
    ],
)
def test_what_is_relaxed(profile, limit, by):
    """By a share; of what flickers more, by a multiple of it. Negative shares narrow."""
    own, then = (
        getattr(p, limit) for p in (profile("full_body"), relaxed(profile("full_body"), by))
    )
    lower = limit in ("margin", "score") or limit.endswith("minimum")
    times = {"margin": 2.5, "still": 2.5, "facing": 2.5 if by < 0 else 1}.get(limit, 1)
    assert then == pytest.approx(own * (1 - times * by if lower else 1 + times * by))


@pytest.mark.parametrize(
    "facing, side, narrower",
    [
        (60.0, "front", [52.5, 45.0]),
        (20.0, "front", [17.0, 14.0]),
        (10.0, "front", [7.0, 4.0]),
        (3.0, "front", [1.0, 1.0]),  # something is left
        (40.0, "back", [30.0, 20.0]),
        (20.0, "back", [14.0, 8.0]),
    ],
)
def test_a_turn_is_known_to_some_degrees(custom, facing, side, narrower):
    """Within 2.5 times a share, or 3 and 6 degrees; from behind, half as well."""
    wanted = custom(facing=facing, side=side)
    assert [relaxed(wanted, by).facing for by in (-0.05, -0.1)] == pytest.approx(narrower)
    assert relaxed(wanted, 0.1).facing == pytest.approx(1.1 * facing)
    # A head, of which there is a face, to a share.
    assert relaxed(custom(looking=12.0), -0.1).looking == pytest.approx(9.0)


def test_relaxed_limits_stay_sensible(custom):
    most = relaxed(custom(size_maximum=1.0, facing=180.0, looking=175.0), 0.1)
    assert (most.size_maximum, most.facing, most.looking) == (1.0, 180.0, 180.0)
    assert relaxed(custom(), 0.1).looking is None


@pytest.mark.parametrize("by", [ENTER, _STAY])
@pytest.mark.parametrize(
    "name", ["a_pose", "face", "full_body", "hands", "turnaround", "upper_body"]
)
def test_shipped_limits_have_room_to_be_narrowed_by_the_whole_share(profile, name, by):
    for own in profile(name).steps:
        then = relaxed(own, by)
        for limit, times in (
            ("size_minimum", -1),
            ("size_maximum", 1),
            ("margin", -2.5),
            ("brightness_minimum", -1),
            ("brightness_maximum", 1),
            ("score", -1),
        ):
            assert getattr(then, limit) == getattr(own, limit) * (1 + times * by), limit
        posture_limits = [
            (w.name, w.minimum * (1 - by), w.maximum * (1 + by)) for w in own.posture
        ]
        assert str([tuple(w) for w in then.posture]) == str(posture_limits)  # so that NaN is NaN


@pytest.mark.parametrize(
    "limits, low, high",
    [
        # Where there is less room a third of it is left: here from 0.6 + 0.031 to 0.7 - 0.036.
        (dict(size_minimum=0.6, size_maximum=0.7), 0.631, 0.664),
        (dict(size_minimum=0.9, size_maximum=1.0), 0.927, 0.970),
        (dict(brightness_minimum=0.8, brightness_maximum=0.9), 0.831, 0.865),
        (dict(arms_side=(82, 98)), 86.859, 92.193),
        # To the largest value there can be.
        (dict(arms_straight=(170, math.nan)), 176.667, math.nan),
        (dict(open_hands=(0.95, math.nan)), 0.983, math.nan),
        (dict(score=0.95), 0.983, math.nan),
        # A border takes no more than the smallest size leaves, nor that more than the border leaves.
        (dict(margin=0.2, size_minimum=0.58), 0.207, math.nan),
        (dict(size_minimum=0.9, size_maximum=1.0, margin=0.04), 0.904, 0.995),
    ],
)
def test_limits_with_little_room_are_never_narrowed_beyond_each_other(custom, limits, low, high):
    name = next(iter(limits))
    if name in POSTURES:
        own = custom(posture=(PostureLimit(name, *limits[name]),))
        found = relaxed(own, ENTER).posture[0][1:]
    else:
        then = relaxed(custom(**limits), ENTER)
        found = (
            getattr(then, name),
            getattr(then, name.replace("minimum", "maximum"))
            if name.endswith("minimum")
            else math.nan,
        )
        assert 1 - 2 * then.margin > then.size_minimum
    assert found == pytest.approx((low, high), abs=5e-4, nan_ok=True)


@pytest.mark.parametrize(
    "xs, counts",
    [
        # At 3.4 m a sidestep is 0.09 of the image; 1.6 of them are two, and two until 1.3.
        ((0.67, 0.655, 0.645, 0.655, 0.67), [2, 2, 2, 2, 2]),
        ((0.67, 0.61, 0.64), [2, 1, 1]),
        ((0.67, 0.77, 0.75), [2, 3, 3]),
    ],
)
def test_the_number_of_steps_does_not_flicker_either(seen, custom, xs, counts):
    run_checks = CheckRunner(custom(centre=0.05, size_minimum=0.4))
    assert [seen(run_checks, "centred", x=x).count for x in xs] == counts


@pytest.mark.parametrize(
    "off, magnitude", [(0, "little"), (1, "little"), (1.1, ""), (2.9, ""), (3, "big"), (99, "big")]
)
def test_grades(off, magnitude):
    assert with_magnitude(off, 1, 3, "move_left", None) == magnitude


@pytest.mark.parametrize(
    "last, off, magnitude",
    [
        ("little", 1.15, "little"),
        ("little", 1.3, ""),
        ("", 0.9, ""),
        ("", 0.7, "little"),
        ("", 3.3, ""),
        ("", 3.7, "big"),
        ("big", 2.6, "big"),
        ("big", 2.3, ""),
    ],
)
def test_grades_stay(last, off, magnitude):
    before = CheckResult("x", False, 0.0, code="move_left", magnitude=last)
    assert with_magnitude(off, 1, 3, "move_left", before) == magnitude
    assert with_magnitude(off, 1, 3, "move_right", before) == with_magnitude(
        off, 1, 3, "move_right", None
    )


@pytest.mark.parametrize(
    "value, ok, code",
    [
        (0.5, True, ""),
        (0.2, True, ""),
        (0.8, True, ""),
        (0.1, False, "more"),
        (0.9, False, "less"),
        (math.inf, False, "less"),
        (math.nan, None, ""),
    ],
)
def test_within(value, ok, code):
    result = within("x", value, 0.2, 0.8, "1", "more", "less")
    assert (result.ok, result.code) == (ok, code)
    assert within("x", 1e9, 0.2, low_code="more").ok  # no such limit


def test_random_poses_never_crash(profile, custom):
    random = np.random.default_rng(1)
    folder = Path(__file__).resolve().parents[2] / "config" / "profiles"
    runners = [
        CheckRunner(step, mirrored)
        for path in sorted(folder.glob("*.yaml"))
        for step in load_profile(path).steps
        for mirrored in (False, True)
    ]
    runners.append(CheckRunner(custom(posture=tuple(POSTURES.values()), people=2)))
    for i in range(60):
        xy = random.uniform(-200, 1500, (133, 2)).astype(np.float32)
        observation = Observation(
            xy,
            random.uniform(0, 1, 133).astype(np.float32) ** (i % 3),
            np.array([*xy.min(0), *xy.max(0)]),
            1280,
            720,
            i % 3,
            random.uniform(0, 1),
        )
        for one in runners:
            for result in one(observation):
                assert result.ok in (True, False, None)
                assert math.isnan(result.value) == (result.ok is None)
                assert bool(result.code) == (result.ok is False) or result.ok is None
