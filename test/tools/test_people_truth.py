# SPDX-License-Identifier: Apache-2.0
"""Camera, visibility and annotations of synthetic people, without assets and without OpenGL."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("scipy")
from dwpose_ros.core.keypoints import FACE, INDEX, LEFT_HAND
from dwpose_ros.evaluation.coco import load_annotations
from tools.people import truth as reasons
from tools.people.annotations import annotations, document, flags, points_of
from tools.people.camera import FAR, NEAR, Camera, focal, look_at, metres
from tools.people.renderer import CLOTH, FURNITURE, HAIR, SKIN, Drawn
from tools.people.truth import Truth, truth

WIDTH, HEIGHT = 100, 80


def camera(mirror=False, roll=0.0):
    at = np.array([0, 1.0, 3.0])
    turn = look_at(at, np.array([0, 1.0, 0]), roll)
    if mirror:
        turn = turn * [[-1], [1], [1]]
    return Camera(WIDTH, HEIGHT, focal(60, WIDTH, HEIGHT), at, turn)


class TestCamera:
    def test_what_it_looks_at_is_in_the_middle(self):
        xy, depth = camera().project(np.array([[0, 1.0, 0]]))
        assert xy[0] == pytest.approx([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
        assert depth == pytest.approx([3])

    def test_right_and_up_of_the_world_are_right_and_up_in_the_picture(self):
        middle, right, up = camera().project(np.array([[0, 1.0, 0], [0.5, 1, 0], [0, 1.5, 0]]))[0]
        assert right[0] > middle[0] and right[1] == pytest.approx(middle[1])
        assert up[1] < middle[1] and up[0] == pytest.approx(middle[0])

    def test_the_lens_is_the_angle_along_the_longer_side(self):
        edge = 3 * np.tan(np.radians(30))
        xy, _ = camera().project(np.array([[edge, 1.0, 0]]))
        assert xy[0, 0] == pytest.approx(WIDTH - 0.5)
        assert camera().lens == pytest.approx(60)

    def test_a_mirrored_camera_gives_the_mirrored_picture(self):
        points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
        xy, _ = camera().project(points)
        other, _ = camera(mirror=True).project(points)
        assert other[:, 0] == pytest.approx(WIDTH - 1 - xy[:, 0])
        assert other[:, 1] == pytest.approx(xy[:, 1])

    def test_a_point_behind_it_has_no_pixels(self):
        xy, depth = camera().project(np.array([[0, 1.0, 4.0]]))
        assert np.isnan(xy).all() and depth[0] < 0

    def test_opengls_matrix_says_the_same(self):
        points = np.random.default_rng(1).uniform(-0.8, 0.8, (20, 3))
        one = camera(roll=11.0)
        xy, depth = one.project(points)
        clip = np.column_stack([points, np.ones(20)]) @ one.matrix().T
        device = clip[:, :3] / clip[:, 3:]
        assert (device[:, 0] + 1) / 2 * WIDTH - 0.5 == pytest.approx(xy[:, 0])
        assert (1 - device[:, 1]) / 2 * HEIGHT - 0.5 == pytest.approx(xy[:, 1])
        assert metres((device[:, 2] + 1) / 2) == pytest.approx(depth)
        assert metres(np.array([0.0, 1.0])) == pytest.approx([NEAR, FAR])


def drawn(layers):
    """A picture 1.5 times as large: rectangles (x1 y1 x2 y2 px of the picture, depth, person,
    kind), each before those it is nearer than."""
    high, wide = int(HEIGHT * 1.5), int(WIDTH * 1.5)
    depth = np.full((high, wide), FAR, np.float32)
    person, kind = np.zeros((2, high, wide), np.uint8)
    for (x1, y1, x2, y2), far, who, what in layers:
        part = np.s_[int(y1 * 1.5) : int(y2 * 1.5), int(x1 * 1.5) : int(x2 * 1.5)]
        nearer = depth[part] > far
        for array, value in ((depth, far), (person, who), (kind, what)):
            array[part][nearer] = value
    return Drawn(np.zeros((HEIGHT, WIDTH, 4), np.uint8), depth, person, kind)


ALL = (0, 0, WIDTH, HEIGHT)


def nose(layers, at=(0, 1.0, 0)):
    """What is said of the nose of person 1, which is at a point."""
    points = np.tile(np.array(at, float), (133, 1))
    said = truth(points, 1, 1.0, camera(), drawn(layers))
    return reasons.REASONS[said.hidden_by[0]], said.hider[0]


class TestVisibility:
    def test_seen_on_its_own_skin(self):
        assert nose([(ALL, 3.0, 1, SKIN)]) == ("seen", 0)

    def test_hidden_by_its_own_body(self):
        assert nose([(ALL, 3.0, 1, SKIN), (ALL, 2.5, 1, SKIN)]) == ("own_body", 0)

    @pytest.mark.parametrize("kind", [HAIR, FURNITURE])
    def test_hidden_by_what_it_wears_or_what_stands_there(self, kind):
        who, said = (1, "worn") if kind == HAIR else (0, "thing")
        assert nose([(ALL, 3.0, 1, SKIN), (ALL, 2.5, who, kind)])[0] == said

    def test_lashes_hide_nothing_and_hair_hides_ears(self):
        points = np.tile([0, 1.0, 0], (133, 1))
        for far, eye, ear in (
            (2.98, "seen", "worn"),
            (2.96, "worn", "worn"),
            (2.997, "seen", "seen"),
        ):
            said = truth(points, 1, 1.0, camera(), drawn([(ALL, far, 1, HAIR)])).hidden_by
            assert reasons.REASONS[said[INDEX["left_eye"]]] == eye
            assert reasons.REASONS[said[INDEX["left_ear"]]] == ear
        said = truth(points, 1, 1.0, camera(), drawn([(ALL, 2.95, 1, SKIN)])).hidden_by
        assert said[INDEX["left_ear"]] == reasons.SEEN, "ears stick out"

    def test_hidden_by_another_person_whose_number_is_told(self):
        assert nose([(ALL, 3.0, 1, SKIN), (ALL, 2.0, 2, CLOTH)]) == ("another_person", 2)

    def test_not_hidden_by_who_stands_behind_or_elsewhere(self):
        assert nose([(ALL, 3.0, 1, SKIN), (ALL, 4.0, 2, CLOTH)]) == ("seen", 0)
        assert nose([(ALL, 3.0, 1, SKIN), ((0, 0, 20, 80), 2.0, 2, CLOTH)]) == ("seen", 0)

    def test_outside_the_picture_and_behind_the_camera(self):
        assert nose([(ALL, 3.0, 1, SKIN)], at=(3.0, 1, 0))[0] == "outside"
        assert nose([(ALL, 3.0, 1, SKIN)], at=(0, 1.0, 5))[0] == "outside"

    def test_not_seen_off_its_persons_silhouette(self):
        assert nose([((0, 0, 20, 80), 3.0, 1, SKIN)])[0] != "seen"
        assert (
            nose([((0, 0, WIDTH / 2 - 0.5, 80), 3.0, 1, SKIN)])[0] == "seen"
        )  # a pixel beside it

    def test_a_joint_is_seen_through_its_own_limb_and_a_childs_limb_is_thinner(self):
        points = np.tile([0, 1.0, 0], (133, 1))
        hip = INDEX["left_hip"]
        picture = drawn([(ALL, 2.85, 1, CLOTH)])
        assert truth(points, 1, 1.0, camera(), picture).hidden_by[hip] == reasons.SEEN
        assert truth(points, 1, 0.6, camera(), picture).hidden_by[hip] == reasons.OWN
        assert truth(points, 1, 1.0, camera(), picture).hidden_by[0] == reasons.OWN

    def test_the_box_is_that_of_what_is_seen(self):
        points = np.tile([0, 1.0, 0], (133, 1))
        layers = [((10, 20, 60, 70), 3.0, 1, SKIN), ((30, 0, 100, 80), 2.0, 2, CLOTH)]
        said = truth(points, 1, 1.0, camera(), drawn(layers))
        assert said.box == pytest.approx([10, 20, 30, 70], abs=0.7)
        assert said.area == pytest.approx(20 * 50, rel=0.05)
        assert not truth(points, 3, 1.0, camera(), drawn(layers)).box.any()


class Somebody:
    """Stands for a figure, of which only the description is used."""

    def as_dict(self):
        return {"age_years": 30.0}


def a_truth(hidden_by=reasons.SEEN, area=900.0):
    xy = np.column_stack([np.linspace(5, 95, 133), np.linspace(5, 75, 133)]).astype(np.float32)
    return Truth(
        xy, np.full(133, hidden_by, np.uint8), np.zeros(133, np.uint8),
        np.array([5, 5, 95, 75], np.float32), area,
    )  # fmt: skip


class TestAnnotations:
    def test_coco_reads_them(self, tmp_path):
        found = annotations([Somebody(), Somebody()], [a_truth(), a_truth()], 7, 41)
        images = [{"id": 7, "file_name": "000007.jpg", "width": WIDTH, "height": HEIGHT}]
        file = tmp_path / "annotations.json"
        file.write_text(json.dumps(document(images, found, seed=3)))
        data = load_annotations(file)
        assert [a["id"] for a in data["annotations"]] == [41, 42]
        xy, flag = points_of(data["annotations"][0])
        assert xy == pytest.approx(a_truth().xy, abs=0.006)
        assert (flag == 2).all() and data["annotations"][0]["bbox"] == [5, 5, 90, 70]
        assert data["annotations"][0]["person"]["age_years"] == 30
        assert all(
            data["annotations"][0][f"{part}_valid"] for part in ("face", "foot", "lefthand")
        )

    def test_flags_are_cocos(self):
        one = a_truth()
        one.hidden_by[FACE.start] = reasons.WORN_THING
        one.hidden_by[INDEX["left_knee"]] = reasons.OUTSIDE
        one.hidden_by[LEFT_HAND.start + 4 : LEFT_HAND.stop] = reasons.ANOTHER
        found = flags(one)
        assert found[FACE.start] == 1 and found[INDEX["left_knee"]] == 0
        assert not found[LEFT_HAND].any(), "a hand of which a fifth is seen"
        assert (np.delete(found, [FACE.start, INDEX["left_knee"], *range(91, 112)]) == 2).all()

    def test_a_point_outside_is_zero_in_cocos_fields_and_exact_in_ours(self):
        one = a_truth()
        one.hidden_by[0] = reasons.OUTSIDE
        one.xy[0] = (-20.5, 3)
        found = annotations([Somebody()], [one], 1, 1)[0]
        assert found["keypoints"][:3] == [0, 0, 0]
        assert found["person"]["xy"][:2] == [-20.5, 3]

    def test_who_is_not_seen_at_all_is_not_annotated(self):
        assert not annotations([Somebody()], [a_truth(area=0.0)], 1, 1)

    def test_who_hides_a_point_is_told_by_the_id(self):
        one = a_truth()
        one.hidden_by[3], one.hider[3] = reasons.ANOTHER, 2
        found = annotations([Somebody(), Somebody()], [one, a_truth()], 1, 9)
        assert found[0]["person"]["hider"][3] == found[1]["id"] == 10
        assert sum(found[0]["person"]["hider"]) == 10

    def test_who_hides_a_point_is_told_in_large_datasets_too(self):
        one = a_truth()
        one.hidden_by[3], one.hider[3] = reasons.ANOTHER, 2
        found = annotations([Somebody(), Somebody()], [one, a_truth()], 12_500, 100_001)
        assert found[0]["person"]["hider"][3] == found[1]["id"] == 100_002
