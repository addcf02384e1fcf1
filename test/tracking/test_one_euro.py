# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from walkers import together

from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.tracking.one_euro import OneEuro

HZ = 30
SIZE = 200.0  # px, of the people here


def person(x=0.0, y=0.0, scores=1.0, size=SIZE) -> PersonPoses:
    """Somebody all of whose points are at (x, y), each a number or (133,)."""
    xy = np.stack(np.broadcast_arrays(x, y, np.zeros(COUNT))[:2], 1)
    return PersonPoses.of(
        xy[None], np.broadcast_to(scores, (1, COUNT)), [[0, 0, size / 2, size * 2]], [1]
    )


def run(smooth: OneEuro, path, seconds: float, hz: float = HZ) -> tuple[np.ndarray, np.ndarray]:
    """Times (s), and where x = path(time) comes out, in the unit of path: sizes."""
    times = np.arange(round(seconds * hz)) / hz
    out = [smooth(person(path(t) * SIZE).with_ids([1]), t).xy[0, 0, 0] / SIZE for t in times]
    return times, np.array(out)


@pytest.mark.parametrize("speed, lag_ms", [(0.3, 57), (1.0, 23), (3.0, 8)])
def test_the_lag_that_is_stated(speed, lag_ms):
    times, out = run(OneEuro(), lambda t: speed * t, 4)
    assert (times[-1] - out[-1] / speed) * 1000 == pytest.approx(lag_ms, abs=1)


@pytest.mark.parametrize("hz", [10, 30, 60])
@pytest.mark.parametrize("min_cutoff, beta", [(1.0, 6.0), (0.5, 2.0), (3.0, 0.0)])
def test_the_lag_is_that_of_the_formula_at_any_frame_rate(hz, min_cutoff, beta):
    times, out = run(OneEuro(min_cutoff, beta), lambda t: 0.7 * t, 6, hz)
    formula = 1 / (2 * np.pi * (min_cutoff + beta * 0.7))
    assert times[-1] - out[-1] / 0.7 == pytest.approx(formula, rel=0.02)


def test_the_lag_of_a_hand_that_sets_off_as_stated():
    times, out = run(OneEuro(), lambda t: max(0.0, t - 1.0), 3)
    assert 1000 * (np.maximum(times - 1.0, 0) - out).max() == pytest.approx(31, abs=1)


def test_the_lag_of_a_wave_as_stated():
    times, out = run(OneEuro(), lambda t: 0.3 * np.sin(2 * np.pi * t), 10)
    late = times >= 2
    wave = (out[late] * np.exp(-2j * np.pi * times[late])).mean() * 2j / 0.3
    assert -np.angle(wave) / (2 * np.pi) * 1000 == pytest.approx(20, abs=1)
    assert abs(wave) == pytest.approx(1, abs=0.02)  # and it waves as wide


def test_the_jitter_that_is_left_as_stated():
    rng, smooth = np.random.default_rng(0), OneEuro()
    noise = rng.normal(0, 0.006 * SIZE, (300, 2, COUNT))
    out = np.array(
        [smooth(person(*at).with_ids([1]), i / HZ).xy[0].T for i, at in enumerate(noise)]
    )
    assert out[60:].std() / noise[60:].std() == pytest.approx(0.39, abs=0.02)


def test_people_near_and_far_are_smoothed_alike():
    near, far = OneEuro(), OneEuro()
    for i in range(30):
        x = np.sin(i / 3)
        a = near(person(x * 400, size=400).with_ids([1]), i / HZ).xy
        b = far(person(x * 40, size=40).with_ids([1]), i / HZ).xy
        assert a == pytest.approx(b * 10, abs=0.01)


def test_every_direction_is_smoothed_alike():
    right, slanting = OneEuro(), OneEuro()
    for i in range(30):
        x = 50 * np.sin(i / 3)
        a = right(person(x).with_ids([1]), i / HZ).xy[0, 0]
        b = slanting(person(0.6 * x, 0.8 * x).with_ids([1]), i / HZ).xy[0, 0]
        assert b == pytest.approx([0.6 * a[0], 0.8 * a[0]], abs=0.001)


def test_only_the_points_change():
    smooth, rng = OneEuro(), np.random.default_rng(0)
    for i in range(3):
        before = person(rng.normal(0, 9, COUNT), scores=rng.random(COUNT))
        after = smooth(before.with_ids([1]), i / HZ)
        assert after.xy.dtype == np.float32 and after.xy.shape == before.xy.shape
        assert (after.xy != before.xy).any() == (i > 0)
        for name in ("scores", "boxes", "box_scores"):
            assert getattr(after, name) is getattr(before, name)


def test_what_is_not_seen_is_left_alone_and_starts_afresh():
    smooth, hidden = OneEuro(), np.arange(COUNT) < 10
    smooth(person(0.0).with_ids([1]), 0.0)
    out = smooth(person(20.0, scores=np.where(hidden, 0, 1)).with_ids([1]), 0.03).xy[0, :, 0]
    assert (out[hidden] == 20).all() and (out[~hidden] < 20).all()
    out = smooth(person(40.0).with_ids([1]), 0.06).xy[0, :, 0]
    assert (out[hidden] == 40).all() and (out[~hidden] < 40).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_harms_nothing_else(bad):
    smooth = OneEuro()
    for i in range(6):
        x = np.full(COUNT, 10.0 * i)
        x[:5] = bad if i == 3 else x[:5]
        out = smooth(person(x).with_ids([1]), i / HZ).xy[0, :, 0]
        assert np.isfinite(out).all() and (out[:5] == 0).all() == (i in (0, 3))
        if i == 4:
            assert (out[:5] == 40).all() and (out[5:] < 40).all()


@pytest.mark.parametrize("box", [[np.nan] * 4, [0, 0, 0, 0], [9, 9, 0, 0]])
def test_somebody_without_a_box_is_smoothed_as_at_rest(box):
    smooth, still = OneEuro(), OneEuro(beta=0)
    for i in range(5):
        at = person(30.0 * i)
        out = smooth(at.replace(boxes=np.array([box], np.float32)).with_ids([1]), i / HZ).xy
        assert out == pytest.approx(still(at.with_ids([1]), i / HZ).xy)


def test_each_id_is_smoothed_by_itself_in_any_order():
    alone, crowd = OneEuro(), OneEuro()
    rng = np.random.default_rng(0)
    for i in range(10):
        points = {who: rng.normal(100 * who, 5, COUNT) for who in (1, 2, 3)}
        order = rng.permutation([1, 2, 3]).tolist()
        many = together(*(person(points[w]) for w in order))
        out = crowd(many.with_ids(order), i / HZ).xy[order.index(2)]
        assert out == pytest.approx(alone(person(points[2]).with_ids([2]), i / HZ).xy[0])


def test_somebody_who_was_away_starts_afresh():
    smooth = OneEuro()
    smooth(person(0.0).with_ids([1]), 0.0)
    smooth(PersonPoses.none().with_ids([]), 0.03)
    assert smooth(person(50.0).with_ids([1]), 0.06).xy[0, 0, 0] == 50
    smooth(person(80.0).with_ids([2]), 0.09)  # another person's points are not theirs
    assert smooth(person(90.0).with_ids([1]), 0.12).xy[0, 0, 0] == 90


def test_a_newcomer_comes_out_as_they_are():
    smooth = OneEuro()
    smooth(person(0.0).with_ids([1]), 0.0)
    both = together(person(40.0), person(30.0))
    out = smooth(both.with_ids([2, 1]), 0.03).xy[:, 0, 0]
    assert out[0] == 40 and out[1] < 30


@pytest.mark.parametrize("time_s", [1.0, 0.5, -1e9])
def test_a_time_that_repeats_or_jumps_back_starts_afresh(time_s):
    smooth = OneEuro()
    smooth(person(0.0).with_ids([1]), 1.0)
    assert smooth(person(50.0).with_ids([1]), time_s).xy[0, 0, 0] == 50
    assert 50 < smooth(person(60.0).with_ids([1]), time_s + 0.03).xy[0, 0, 0] < 60


def test_reset():
    smooth = OneEuro()
    smooth(person(0.0).with_ids([1]), 0.0)
    smooth.reset()
    assert smooth(person(50.0).with_ids([1]), 0.03).xy[0, 0, 0] == 50


@pytest.mark.parametrize(
    "name, value, right",
    [
        ("min_cutoff", 0, "greater than 0"),
        ("min_cutoff", -1.0, "greater than 0"),
        ("d_cutoff", 0.0, "greater than 0"),
        ("d_cutoff", float("nan"), "greater than 0"),
        ("beta", -0.1, "0 or greater"),
        ("beta", float("inf"), "0 or greater"),
    ],
)
def test_parameters_that_cannot_be(name, value, right):
    with pytest.raises(ValueError, match=f"{name} is {value}, wanted a finite number, {right}"):
        OneEuro(**{name: value})
