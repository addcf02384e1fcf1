# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dwpose_ros.capture import Candidate
from dwpose_ros.capture.selection import FrameEvaluator
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance import load_profile
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene

PROFILES = Path(__file__).resolve().parents[2] / "config" / "profiles"
NS = 10**9
FRAME = NS // 30


def people(scene: Scene, *figures: SimulatedPerson) -> tuple[PersonPoses, np.ndarray]:
    return scene.truth(figures), np.ascontiguousarray(scene.render(figures)[..., ::-1])


def examine(
    scene: Scene,
    *figures: SimulatedPerson,
    profile=None,
    person_id=0,
    mirrored=False,
    before: tuple[SimulatedPerson, ...] | None = None,
    ids=(1, 2, 3),
) -> Candidate:
    """A frame of these figures, after one in which they stood where `before` says."""
    look = FrameEvaluator(profile, person_id, mirrored)
    there = scene.truth(figures if before is None else before)
    assert look(0, there.with_ids(list(ids[: len(there.xy)])), 1280, 720, None) is None
    there, bgr = people(scene, *figures)
    return look(FRAME, there.with_ids(list(ids[: len(there.xy)])), 1280, 720, bgr)


@pytest.fixture(scope="module")
def full_body():
    return load_profile(PROFILES / "full_body.yaml")


ROOM = Scene(SimulatedCamera(height_m=1.0))
GOOD = SimulatedPerson(0, 3.7)


@pytest.mark.parametrize("light", [0.5, 1.0])
@pytest.mark.parametrize("background", ["wall", "window"])
@pytest.mark.parametrize(
    "profile, camera_m, figure",
    [
        ("face", 1.55, SimulatedPerson(0, 0.8)),
        ("upper_body", 1.5, SimulatedPerson(0, 1.4)),
        ("upper_body", 1.5, SimulatedPerson(0, 1.4, 10)),
        ("full_body", 1.0, SimulatedPerson(0, 3.7)),
        ("full_body", 1.0, SimulatedPerson(0.3, 3.8, -10)),
        ("hands", 1.25, SimulatedPerson(0, 1.5, 0, "hands_shown")),
    ],
)
def test_a_good_picture_is_never_refused(profile, camera_m, figure, background, light):
    scene = Scene(SimulatedCamera(height_m=camera_m), background=background, light=light)
    found = examine(scene, figure, profile=load_profile(PROFILES / f"{profile}.yaml"))
    assert found.fault == "" and found.person_id == 1
    assert found.quality.score > 30


@pytest.mark.parametrize(
    "figure, scene, fault",
    [
        (GOOD, {}, ""),
        (SimulatedPerson(0, 1.6), {}, "too_close "),
        (SimulatedPerson(0, 6.5), {}, "too_far "),
        (SimulatedPerson(1.5, 3.7), {}, "centred "),
        (SimulatedPerson(0, 3.7, 60), {}, "facing "),
        (SimulatedPerson(0, 3.7, 180), {}, "facing "),
        (GOOD, dict(light=0.1), "light "),
        (GOOD, dict(light=3), "quality "),
        (GOOD, dict(blur_px=5), "sharp "),
    ],
)
def test_a_frame_that_breaks_a_limit_is_told_by_the_check(full_body, figure, scene, fault):
    found = examine(Scene(SimulatedCamera(height_m=1.0), **scene), figure, profile=full_body)
    assert found.fault.startswith(fault) and bool(found.fault) == bool(fault)


@pytest.mark.parametrize("above_m", [0.0, 0.02, 0.05, 0.1])
def test_a_head_at_the_border_is_refused_by_no_other_limit_than_cut_off(above_m):
    """Else somebody would hold still for ever, with nothing left to be told."""
    upper_body = load_profile(PROFILES / "upper_body.yaml")
    distance_m = 1.5
    top = distance_m * math.tan(math.radians(30)) * 720 / 1280  # of the image, above its middle
    found = examine(
        Scene(SimulatedCamera(height_m=1.72 + above_m - top)),
        SimulatedPerson(0, distance_m),
        profile=upper_body,
    )
    assert found.fault == "" or found.fault.startswith("cut_off ")


@pytest.mark.parametrize("light", [0.2, 0.3, 1.2])
@pytest.mark.parametrize("blur_px", [0, 2])
@pytest.mark.parametrize(
    "profile, camera_m, figure",
    [
        ("face", 1.55, SimulatedPerson(0, 0.8)),
        ("upper_body", 1.5, SimulatedPerson(0, 1.4)),
        ("full_body", 1.0, SimulatedPerson(0, 3.7)),
        ("hands", 1.25, SimulatedPerson(0, 1.5, 0, "hands_shown")),
    ],
)
def test_light_and_sharpness_that_no_check_minds_are_no_bad_quality(
    profile, camera_m, figure, light, blur_px
):
    """Else somebody would hold still for ever, with nothing left to be told."""
    found = examine(
        Scene(SimulatedCamera(height_m=camera_m), light=light, blur_px=blur_px),
        figure,
        profile=load_profile(PROFILES / f"{profile}.yaml"),
    )
    assert found.fault == "" or found.fault.split()[0] in ("light", "sharp")


def test_limits_are_told_with_the_value(full_body):
    assert examine(ROOM, SimulatedPerson(0, 6.5), profile=full_body).fault == (
        "too_far 0.383, at least 0.495"
    )
    assert examine(ROOM, SimulatedPerson(0, 3.7, 60), profile=full_body).fault.endswith(
        ", -27.5 to 27.5"
    )


def test_a_frame_may_be_as_far_off_as_the_guidance_lets_whoever_holds_still(full_body):
    span = examine(ROOM, GOOD, profile=replace(full_body, size_minimum=0.9))
    size = float(span.fault.split()[1].rstrip(","))
    for limit, fine in ((size * 1.05, True), (size * 1.2, False)):
        found = examine(ROOM, GOOD, profile=replace(full_body, size_minimum=limit))
        assert (found.fault == "") == fine


def test_who_moves_is_told(full_body):
    found = examine(ROOM, GOOD, before=(SimulatedPerson(0.1, 3.7),), profile=full_body)
    assert found.fault.startswith("still ") and found.quality.value("motion") > 0.5


def test_in_the_first_frame_nobody_knows_how_fast_they_move(full_body):
    there, bgr = people(ROOM, GOOD)
    found = FrameEvaluator(full_body)(0, there.with_ids([1]), 1280, 720, bgr)
    assert found.fault == "" and math.isnan(found.quality.value("motion"))


def test_the_speed_is_of_the_same_person():
    """Whoever steps before the camera did not fly there."""
    look = FrameEvaluator()
    look(0, ROOM.truth([SimulatedPerson(-1, 3)]).with_ids([1]), 1280, 720, None)
    there, bgr = people(ROOM, SimulatedPerson(1, 3))
    assert math.isnan(look(FRAME, there.with_ids([2]), 1280, 720, bgr).quality.value("motion"))
    assert look(2 * FRAME, there.with_ids([2]), 1280, 720, bgr).quality.value("motion") == 0


def test_who_comes_back_elsewhere_did_not_move(full_body):
    look, nobody = FrameEvaluator(full_body), PersonPoses.none()
    look(0, ROOM.truth([SimulatedPerson(-1, 3.7)]).with_ids([1]), 1280, 720, None)
    look(FRAME, nobody.with_ids([]), 1280, 720, None)
    there, bgr = people(ROOM, GOOD)
    assert look(2 * FRAME, there.with_ids([1]), 1280, 720, bgr).fault == ""
    assert look(3 * FRAME, there.with_ids([1]), 1280, 720, bgr).fault == ""


def test_a_thing_is_no_company(full_body):
    there, bgr = people(ROOM, GOOD, SimulatedPerson(1.2, 4.2))
    look = partial(FrameEvaluator, full_body, 1)
    assert "one_person 2" in look()(0, there.with_ids([1, 2]), 1280, 720, bgr).fault
    assert look(ignored=[2])(0, there.with_ids([1, 2]), 1280, 720, bgr).fault == ""
    assert look(ignored=[1])(0, there.with_ids([1, 2]), 1280, 720, bgr).person_id == 1


def test_company_is_told(full_body):
    found = examine(ROOM, GOOD, SimulatedPerson(1.0, 3.9), profile=full_body)
    assert found.fault.startswith("one_person 2") and found.quality.scored("single_person") == 0
    two = replace(full_body, people=2)
    found = examine(ROOM, GOOD, SimulatedPerson(1.0, 3.9), profile=two)
    assert found.fault == "" and found.quality.scored("single_person") == 100


def test_the_wanted_person_is_looked_at_however_large_another_is(full_body):
    found = examine(
        ROOM, GOOD, SimulatedPerson(1.0, 2.2), profile=replace(full_body, people=2), person_id=1
    )
    assert (found.fault, found.person_id) == ("", 1)
    assert examine(ROOM, GOOD, SimulatedPerson(1.0, 2.2)).person_id == 2  # the largest


@pytest.mark.parametrize(
    "person_id, fault", [(0, "nobody is in view"), (9, "person 9 is not in view")]
)
def test_nobody_is_a_fault_with_and_without_a_profile(full_body, person_id, fault):
    figures = (GOOD,) if person_id else ()
    for profile in (None, full_body):
        found = examine(ROOM, *figures, profile=profile, person_id=person_id)
        assert (found.fault, found.quality) == (fault, None)


def test_without_a_profile_there_are_no_limits():
    found = examine(
        Scene(SimulatedCamera(height_m=1.0), blur_px=6, light=0.1), SimulatedPerson(1.5, 6, 60)
    )
    assert found.fault == "" and found.quality.score < 25


def test_a_quality_below_the_minimum_is_told(full_body):
    found = examine(ROOM, GOOD, profile=replace(full_body, quality_minimum=99))
    assert found.fault.startswith(f"quality {found.quality.score:.0f}, at least 99: sharpness ")


def test_weights_are_the_profiles(full_body):
    """Of closed eyes, or a mouth, somebody seen from behind knows nothing."""
    assert FrameEvaluator(full_body).weights == full_body.weights
    soft = Scene(SimulatedCamera(height_m=1.0), blur_px=3)
    only_motion = replace(
        full_body, quality=tuple((name, float(name == "motion")) for name in full_body.weights)
    )
    assert examine(soft, GOOD, profile=only_motion).quality.score == 100
    assert examine(soft, GOOD, profile=full_body).quality.score < 60


def test_points_that_are_no_places_are_a_fault_and_no_crash(full_body):
    there, bgr = people(ROOM, GOOD)
    broken = there.replace(xy=np.full_like(there.xy, np.nan))
    with np.errstate(all="raise"):
        found = FrameEvaluator(full_body)(0, broken.with_ids([1]), 1280, 720, bgr)
    assert found.fault
