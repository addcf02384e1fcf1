# SPDX-License-Identifier: Apache-2.0
"""What a polite guide does about things that look like people, and about trouble on the way."""

from __future__ import annotations

import numpy as np
import pytest
from guided import FPS, Guided, seen

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.liveness import LIFELESS_S, Liveness
from dwpose_ros.simulation.bodies import Body
from dwpose_ros.simulation.camera import SimulatedCamera
from dwpose_ros.simulation.movements import Stance

INVITATION = {"step_into_view"}


class Scene(Guided):
    """A person, and whatever else `others` puts into the picture: (id, points, scores, box)."""

    def __init__(self, *args, others=lambda scene: (), alone=False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.others, self.alone, self.person_id, self.brightness = others, alone, 1, 0.5

    def people(self, stance: Stance) -> PersonPoses:
        found = (
            []
            if self.alone or not stance.present
            else [
                (self.person_id, *seen(self.body, stance, self.camera, self.random, self.change))
            ]
        )
        found += list(self.others(self))
        found = [one for one in found if (one[2] > 0.5).sum() >= 8]
        if not found:
            return PersonPoses.none()
        ids, *arrays = zip(*found)
        return PersonPoses.of(*(np.stack(array) for array in arrays), ids=list(ids))

    def run(self, seconds: float, until_captured: bool = False):
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            people = self.people(self.actor.at(self.now))
            self.look(people, looks=lambda person_id: (self.brightness, 100.0))
            if until_captured and self.captures:
                break
        return self


def thing(stature_m=1.7, distance_m=5.0, x_m=0.0, track_id=7, yaw_deg=0.0):
    """Something that looks like a person and never moves; the network's errors jitter."""

    def appear(scene):
        stance = Stance(x_m, distance_m, yaw_deg, "relaxed")
        body = Body(stature_m, 8.0 if stature_m < 1.3 else 35.0)
        return [(track_id, *seen(body, stance, scene.camera, scene.random))]

    return appear


@pytest.mark.parametrize("what", ["statue", "doll", "poster", "dummy from behind"])
def test_a_thing_is_spoken_to_once_or_twice_and_then_left_alone(what):
    found = {
        "statue": thing(1.9, 4.5),
        "doll": thing(1.1, 4.0),
        "poster": thing(1.7, 6.0, x_m=0.8),
        "dummy from behind": thing(1.7, 3.5, yaw_deg=180.0),
    }[what]
    scene = Scene("upper_body", others=found, alone=True).run(40)
    told = [(at, code) for at, code, _ in scene.said if code not in INVITATION | {"pause"}]
    assert len(told) <= 6 and all(at < LIFELESS_S + 4 for at, _ in told) and not scene.captures
    # From then on as to an empty room.


def test_a_person_beside_a_larger_thing_is_guided_once_it_is_known():
    scene = Scene(
        "upper_body", others=thing(1.9, 1.8, x_m=-0.6), start=Stance(0.3, 3.0, 0.0, "relaxed")
    ).run(60, until_captured=True)
    assert scene.captures


@pytest.mark.parametrize("sway", ["obedient", "restless"])
def test_who_stands_still_is_no_thing(sway):
    scene = Scene("full_body", start=Stance(0.0, 3.0, 0.0, "relaxed"), behavior=sway)
    liveness = Liveness()
    scene.actor.hear = lambda *args: None
    for i in range(60 * FPS):
        liveness.watch(scene.people(scene.actor.at(i / FPS)), i / FPS)
        assert not liveness.lifeless(1)


def test_a_clock_that_begins_again_leaves_nobody_behind():
    """As that of a bag that is looped: everybody of the last round is of the future then."""
    liveness = Liveness()
    boxes = np.array([[0, 0, 100, 300]], np.float32)
    for person in range(1, 6):
        for time_s in np.arange(100.0 - 20 * person, 120.0 - 20 * person):
            people = PersonPoses.of(np.ones((1, 133, 2)), np.ones((1, 133)), boxes, ids=[person])
            liveness.watch(people, float(time_s))
    assert list(liveness._tracks) == [5]


def reflection(scene):
    """In a mirror behind: as far away again, turned around, and swaying alike."""
    stance = scene.actor.at(scene.now)
    mirrored = stance._replace(
        distance_m=8.0 - stance.distance_m, yaw_deg=180.0 - stance.yaw_deg, x_m=stance.x_m + 0.5
    )
    return [(2, *seen(scene.body, mirrored, scene.camera, scene.random))]


def test_the_persons_own_reflection_is_not_sent_away_for_ever():
    scene = Scene("full_body", others=reflection, start=Stance(-0.4, 5.0, 0.0, "relaxed"))
    for x_m in np.arange(-0.4, 0.4, 0.08):  # they come before it
        scene.actor._stance = scene.actor._goal = Stance(float(x_m), 4.0, 0.0, "relaxed")
        scene.run(0.2)
    for distance_m in np.arange(4.0, 3.0, -0.1):
        scene.actor._stance = scene.actor._goal = Stance(0.4, float(distance_m), 0.0, "relaxed")
        scene.run(0.1)
    scene.run(60, until_captured=True)
    assert scene.captures
    assert scene.codes.count("one_person") <= 2


def test_two_people_who_move_on_their_own_are_no_reflections():
    other = Guided(
        "full_body", start=Stance(1.0, 3.5, 0.0, "relaxed"), behavior="restless", seed=5
    )

    def beside(scene):
        stance = other.actor.at(scene.now)
        return [(2, *seen(other.body, stance, scene.camera, scene.random))]

    start = Stance(-0.8, 3.5, 0.0, "relaxed")
    scene = Scene("full_body", others=beside, start=start, behavior="restless").run(30)
    assert "one_person" in scene.codes and not scene.captures


@pytest.mark.parametrize("rate_hz", [10, 15])
def test_two_people_who_walk_evenly_are_no_reflections(rate_hz):
    """Speeds are taken over 0.3 s or a frame more; of ten frames a second it is now this, now that,
    for both of them at once."""
    random, liveness = np.random.default_rng(0), Liveness()
    standing = random.uniform(0, 300, (17, 2))
    for time_s in np.arange(0, 8, 1 / rate_hz) + random.uniform(0, 0.005, 8 * rate_hz):
        xy = np.zeros((2, 133, 2), np.float32)
        xy[:, :17] = standing + random.normal(0, 1, (2, 17, 2))
        xy[:, :, 0] += np.array([[90.0], [-120.0]]) * time_s  # px a second; they are 300 px tall
        boxes = np.array([[0, 0, 100, 300]] * 2, np.float32)
        liveness.watch(PersonPoses.of(xy, np.ones((2, 133)), boxes, ids=[1, 2]), float(time_s))
        assert not liveness.reflects(2, 1)


def test_a_face_on_a_shirt_is_nobody():
    def on_the_chest(scene):
        xy, scores, box = seen(scene.body, scene.actor.at(scene.now), scene.camera, scene.random)
        middle = xy[[5, 6, 11, 12]].mean(0)
        small = middle + 0.12 * (xy - xy.mean(0))
        return [(3, small, scores, np.concatenate([small.min(0), small.max(0)]))]

    scene = Scene("upper_body", others=on_the_chest).run(40, until_captured=True)
    assert scene.captures and "one_person" not in scene.codes


def until_goodbye(scene):
    while scene.now < 250 and "goodbye" not in scene.codes:
        scene.run(5)
    return scene


@pytest.mark.parametrize("profile", ["upper_body", "hands"])
def test_who_never_does_anything_hears_a_goodbye_and_then_nothing(profile):
    scene = Scene(profile, start=Stance(0.4, 5.0, 0.0, "relaxed"))
    scene.actor.hear = lambda *args: None
    until_goodbye(scene).run(20)
    assert scene.codes[-1] == "goodbye" and scene.codes.count("goodbye") == 1
    assert len(scene.said) < 35 and scene.said[-1][0] < 250 and not scene.captures


def test_a_face_on_a_screen_that_moves_is_said_goodbye_to():
    """It looks and moves like a person, but never does as it is asked."""
    scene = Scene("full_body", start=Stance(0.3, 5.5, 0.0, "relaxed"), behavior="restless")
    scene.actor.hear = lambda *args: None
    until_goodbye(scene).run(20)
    assert scene.codes[-1] == "goodbye" and not scene.captures


def test_two_who_take_turns_are_guided_each_in_their_turn():
    scene = Scene("upper_body", start=Stance(0.0, 3.5, 0.0, "relaxed"))
    scene.run(2.5)
    assert scene.codes and not scene.captures
    second = Guided("upper_body", Body(1.6, 30.0), Stance(0.3, 3.0, 20.0, "relaxed"), seed=4)
    scene.actor, scene.body, scene.person_id = second.actor, second.body, 2
    before = len(scene.said)
    scene.run(40, until_captured=True)
    assert scene.captures and len(scene.said) > before
    assert "goodbye" not in scene.codes


def test_people_who_keep_taking_turns_are_not_photographed_in_passing():
    scene = Scene("upper_body")
    for turn in range(20):
        scene.person_id = turn + 1
        scene.actor._stance = scene.actor._goal = Stance(0.0, 4.0, 0.0, "relaxed")
        scene.run(1.0)
    assert not scene.captures and len(scene.said) < 20


@pytest.mark.parametrize("tilt_deg", [-4.0, 7.0])
def test_a_camera_that_is_moved_on_the_way_costs_no_picture(tilt_deg):
    scene = Scene("upper_body", start=Stance(0.2, 4.5, 0.0, "relaxed"))
    scene.run(4.0)
    old = scene.camera
    scene.camera = SimulatedCamera(height_m=old.height_m, tilt_deg=tilt_deg)
    scene.run(40, until_captured=True)
    assert scene.captures and "goodbye" not in scene.codes


def test_a_room_that_goes_dark_is_said_to_be_dark_while_nobody_is_seen():
    scene = Scene("upper_body", start=Stance(0.0, 4.0, 0.0, "relaxed"))
    scene.run(3.0)
    scene.brightness = 0.05
    scene.run(0.5)
    scene.alone = True  # the network does not find them any more
    scene.run(20)
    assert scene.said[-1][1] == "more_light" and "step_into_view" not in scene.codes
    scene.alone, scene.brightness = False, 0.5
    scene.run(40, until_captured=True)
    assert scene.captures


def test_nor_is_it_dark_because_only_dark_trousers_of_who_walks_out_are_left():
    scene = Scene("upper_body", start=Stance(0.0, 3.0, 0.0, "relaxed"))
    scene.run(3.0)
    for x_m in np.linspace(0.0, 2.6, round(2 * FPS)):
        stance = Stance(float(x_m), 3.0, 90.0, "relaxed")
        box = seen(scene.body, stance, scene.camera, scene.random)[2]
        scene.actor.at = lambda now, stance=stance: stance
        scene.brightness = 0.5 if box[2] < scene.camera.width else 0.05
        scene.run(1 / FPS)
    scene.alone = True
    scene.run(20)
    assert scene.said[-1][1] == "step_into_view" and "more_light" not in scene.codes


def test_who_wears_black_and_leaves_a_light_room_is_not_told_that_it_is_dark():
    scene = Scene("upper_body", start=Stance(0.0, 4.0, 0.0, "relaxed"))
    scene.brightness = 0.05
    scene.run(3.0)
    scene.alone = True
    scene.run(20)
    assert scene.said[-1][1] == "step_into_view"
