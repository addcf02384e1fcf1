# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from dwpose_ros.capture import Subject, assess
from dwpose_ros.quality import NAMES, WEIGHTS, Measure, unified
from dwpose_ros.quality.framing import company, crop_margins, single_person


def scored(*scores: float) -> list[Measure]:
    return [Measure(f"m{i}", score, score) for i, score in enumerate(scores)]


ALIKE = {f"m{i}": 1.0 for i in range(20)}


@pytest.mark.parametrize(
    "scores, expected",
    [
        ((100, 100), 100),
        ((50, 50, 50), 50),
        ((100, 50), 66.7),
        ((0,), 1),
        ((), 0),
        ((math.nan,), 0),
        ((math.nan, 80), 80),
        ((100,) * 9 + (50,), 90.9),
    ],
)
def test_the_unified_score_is_a_harmonic_mean_of_what_was_measured(scores, expected):
    assert unified(scored(*scores), ALIKE) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("worst, at_most", [(0, 10), (1, 10), (5, 35)])
def test_one_terrible_measure_sinks_a_picture(worst, at_most):
    assert unified(scored(*(100,) * 9, worst), ALIKE) < at_most


def test_weights_weigh_and_nothing_leaves_out():
    measures = scored(100, 25)
    assert unified(measures, {"m0": 3, "m1": 1}) == pytest.approx(4 / (3 / 100 + 1 / 25))
    assert unified(measures, {"m0": 1, "m1": 0}) == unified(measures, {"m0": 1}) == 100


def test_all_names_are_measured_in_order(rendered):
    found = assess(*rendered())
    assert tuple(m.name for m in found.measures) == NAMES and set(WEIGHTS) <= set(NAMES)
    assert all(0 <= m.score <= 100 or math.isnan(m.score) for m in found.measures)
    assert found.value("head_yaw") == pytest.approx(0, abs=1)
    with pytest.raises(KeyError, match="beauty"):
        found.value("beauty")


@pytest.mark.parametrize(
    "scene", [dict(blur_px=3), dict(motion_px=15), dict(light=0.15), dict(light=2.5)], ids=str
)
@pytest.mark.parametrize("distance_m", [0.9, 3.2])
def test_what_is_done_to_a_picture_makes_it_worse(rendered, distance_m, scene):
    camera_m = 1.6 if distance_m < 1 else 1.2
    good = assess(*rendered(distance_m, camera_m=camera_m))
    assert assess(*rendered(distance_m, camera_m=camera_m, **scene)).score < 0.8 * good.score
    assert good.score > 75


@pytest.mark.parametrize(
    "scene, name",
    [
        (dict(blur_px=3), "sharpness"),
        (dict(blur_px=3), "face_sharpness"),
        (dict(motion_px=15), "sharpness"),
        (dict(light=0.1), "face_under_exposure"),
        (dict(light=0.03), "under_exposure"),
        (dict(light=2.5), "over_exposure"),
        (dict(light=2.5), "face_over_exposure"),
    ],
    ids=str,
)
def test_the_measure_of_what_was_done_falls(rendered, scene, name):
    good, bad = assess(*rendered()), assess(*rendered(**scene))
    assert bad.scored(name) < 0.5 * good.scored(name)


def test_the_sharp_and_still_one_is_best(photograph, blurred):
    who = Subject(np.full((133, 2), np.nan), np.zeros(133), np.array([150, 40, 310, 260.0]))
    scores = {
        (sigma, speed): assess(blurred(photograph, sigma), who._replace(motion=speed)).score
        for sigma in (0, 4)
        for speed in (0.05, 3.0)
    }
    assert max(scores, key=scores.get) == (0, 0.05) and min(scores, key=scores.get) == (4, 3.0)


@pytest.mark.parametrize("yaw", [90, 180, -90])
def test_a_face_that_is_not_seen_does_not_count(rendered, yaw):
    bgr, who = rendered(3.2, yaw, camera_m=1.2)
    found = assess(bgr, who)
    assert math.isnan(found.scored("eyes_open")) and math.isnan(found.scored("face_sharpness"))
    assert found.score > 75


@pytest.mark.parametrize(
    "xy, scores, box",
    [
        (np.full((133, 2), np.nan), np.ones(133), [np.nan] * 4),
        (np.full((133, 2), 3e38), np.ones(133), [-np.inf, 0, np.inf, 9]),
        (np.zeros((133, 2)), np.zeros(133), [900, 900, 950, 950]),
        (np.full((133, 2), -40.0), np.ones(133), [-50, -50, -10, -10]),
        (np.full((133, 2), np.nan), np.full(133, np.nan), [0, 0, 1, 1]),
    ],
)
def test_nobody_to_measure_is_worth_nothing(photograph, xy, scores, box):
    with np.errstate(all="raise"):
        found = assess(
            photograph,
            Subject(xy.astype(np.float32), scores, np.array(box)),
            {"sharpness": 1.0, "face_sharpness": 1.0, "under_exposure": 1.0},
        )
    assert found.score == 0.0 and math.isnan(found.brightness)


def test_a_face_of_few_pixels_has_no_measures(rendered):
    bgr, who = rendered()
    middle = who.xy[53]
    tiny = who._replace(xy=(who.xy - middle) * 0.02 + middle)
    found = assess(bgr, tiny)
    assert math.isnan(found.scored("inter_eye_distance")) and found.score > 0


def test_a_grey_image_is_measured_by_what_it_has():
    who = Subject(np.zeros((133, 2)), np.zeros(133), np.array([0, 0, 90, 90.0]))
    found = assess(np.full((90, 90, 3), 127, np.uint8), who)
    assert (found.value("sharpness"), found.brightness) == (0.0, pytest.approx(0.5, abs=0.01))
    assert [found.scored(f"{e}_exposure") for e in ("under", "over")] == pytest.approx(
        [100, 100], abs=0.5
    )
    assert 0 < found.score < 5


@pytest.mark.parametrize("people, wanted, score", [(1, 1, 100), (2, 1, 0), (1, 2, 0), (2, 2, 100)])
def test_single_person(people, wanted, score):
    assert single_person(people, wanted).score == score


@pytest.mark.parametrize(
    "heights, chosen, expected",
    [
        ([100], 0, 1),
        ([100, 60], 0, 2),
        ([100, 40], 0, 1),
        ([40, 100], 0, 2),
        ([100, math.nan], 0, 1),
        ([math.nan, 100], 0, 1),
    ],
)
def test_company_is_at_least_half_as_high(heights, chosen, expected):
    boxes = np.array([[0, 0, 10, h] for h in heights])
    assert company(boxes, chosen) == expected


@pytest.mark.parametrize(
    "low, high, value, score",
    [
        ((100, 100), (800, 500), 0.1, 100),
        ((10, 100), (900, 500), 0.01, 75),
        ((0, 100), (900, 500), 0, 50),
        ((100, 100), (999, 500), 0, 50),
        ((100, 100), (989, 500), 0.01, 75),
        ((-30, 100), (900, 500), -0.03, 0),
        ((-10, 100), (900, 500), -0.01, 25),
        ((100, 10), (900, 500), 0.01, 75),
        ((100, 100), (900, 999), 0, 50),
    ],
)
def test_crop_margins(low, high, value, score):
    xy, seen = np.full((133, 2), 5000.0), np.zeros(133, bool)
    xy[:2], seen[:2] = (low, high), True
    found = crop_margins(xy, seen, 1000, 1000, range(5), None)
    assert found.value == pytest.approx(value) and found.score == pytest.approx(score)


def test_points_that_are_not_wanted_or_not_seen_may_be_cropped():
    xy, seen = np.zeros((133, 2)), np.ones(133, bool)
    xy[:2] = 500
    assert crop_margins(xy, seen, 1000, 1000, (0, 1), None).score == 100
    assert math.isnan(crop_margins(xy, ~seen, 1000, 1000, (0, 1), None).score)


def test_a_head_without_its_crown_is_cropped(rendered):
    whole, cut = assess(*rendered()), assess(*rendered(camera_m=1.4))
    assert whole.scored("crop_margins") == 100 and cut.scored("crop_margins") == 0
