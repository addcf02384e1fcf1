# SPDX-License-Identifier: Apache-2.0
"""The real networks on photographs and renders, and in videos."""

from __future__ import annotations

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import (
    BODY,
    COUNT,
    FACE,
    FEET,
    INDEX,
    LEFT_HAND,
    MIRROR,
    RIGHT_HAND,
)
from dwpose_ros.estimation.estimator import TopDown
from dwpose_ros.estimation.holistic import estimator as holistic
from dwpose_ros.estimation.holistic.search import Candidate
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.scene import SimulatedPerson
from dwpose_ros.tracking.pose_tracker import PoseTracker

pytestmark = needs_holistic


@pytest.fixture(scope="module")
def person(estimator, portrait):
    people = estimator(portrait)
    assert len(people) == 1
    return people


class TestPortrait:
    """Places were read off the picture by eye, in its pixels."""

    @pytest.mark.parametrize(
        "name, place, within",
        [
            ("right_eye", (202, 102), 10), ("left_eye", (247, 109), 10), ("nose", (222, 127), 12),
            ("face-8", (222, 178), 8),  # chin
            ("face-0", (178, 100), 8), ("face-16", (276, 109), 8),  # where the jaw meets the ear
            ("face-17", (186, 89), 8), ("face-26", (266, 93), 8),  # outer ends of the brows
            ("face-21", (215, 88), 8), ("face-22", (236, 90), 8),  # inner ends of the brows
            ("face-33", (222, 134), 6),  # under the nose
            ("face-36", (193, 100), 4), ("face-39", (213, 103), 4),  # right eye
            ("face-42", (237, 105), 4), ("face-45", (258, 104), 4),  # left eye
            ("face-48", (202, 139), 6), ("face-54", (247, 141), 6),  # corners of the mouth
            ("face-57", (222, 157), 6),  # lower lip
            ("right_shoulder", (110, 245), 25), ("left_shoulder", (310, 255), 25),
        ],
    )  # fmt: skip
    def test_points_lie_on_what_they_name(self, person, name, place, within):
        assert np.hypot(*(person.xy[0, INDEX[name]] - place)) <= within

    def test_what_the_picture_does_not_show_scores_0(self, person):
        scores = person.scores[0]
        assert (scores[[INDEX["left_knee"], INDEX["right_ankle"]]] == 0).all()
        assert (scores[FEET] == 0).all()
        assert (scores[FACE] > 0.9).all() and scores.max() <= 1

    def test_the_box_holds_the_visible_points(self, person):
        x1, y1, x2, y2 = person.boxes[0]
        seen = person.xy[0, BODY][person.scores[0, BODY] > 0.3]
        assert (seen >= (x1 - 0.01, y1 - 0.01)).all() and (seen <= (x2 + 0.01, y2 + 0.01)).all()
        assert 0 <= x1 < x2 <= 512 and 0 <= y1 < y2 <= 512
        assert 0.8 < person.box_scores[0] <= 1

    def test_a_mirrored_picture_swaps_left_and_right(self, estimator, portrait, person):
        mirrored = estimator(np.ascontiguousarray(portrait[:, ::-1])).xy[0][MIRROR]
        back = np.column_stack([511 - mirrored[:, 0], mirrored[:, 1]])
        top = [INDEX[n] for n in ("left_eye", "right_eye", "left_shoulder", "right_shoulder")]
        points = [*top, *range(FACE.start, FACE.stop)]
        assert np.abs(back - person.xy[0])[points].max() < 15

    @pytest.mark.parametrize("size", [60, 120, 240])
    @pytest.mark.parametrize("x, y", [(0, 0), (1000, 100), (640, 400)])
    def test_somebody_small_is_found_anywhere_in_a_large_picture(
        self, estimator, portrait, size, x, y
    ):
        picture = np.full((720, 1280, 3), 128, np.uint8)
        picture[y : y + size, x : x + size] = cv2.resize(
            portrait, (size, size), interpolation=cv2.INTER_AREA
        )
        found = estimator(picture)
        assert len(found) == 1 or (size == 60 and not len(found))  # so small it may be missed
        for box in found.boxes:
            assert iou(box[None], np.array([[x, y, x + size, y + size]])) > 0.25


@pytest.mark.parametrize("yaw_deg", [0, 60, 180])
@pytest.mark.parametrize("name", ["man", "hana", "kofi", "emil"])  # one with a headscarf, a child
def test_the_box_is_that_of_the_silhouette(estimator, scene, name, yaw_deg):
    figure = SimulatedPerson(0, 3, yaw_deg, stature_m=atlas.load(name).stature_m, person=name)
    box = scene.truth([figure]).boxes[0]
    found = estimator(scene.render([figure]))
    assert iou(found.boxes, box[None]).max() > 0.75
    assert abs(found.boxes[0, 1] - box[1]) < 0.04 * (box[3] - box[1])  # it ends at the crown


@pytest.mark.parametrize(
    "name, yaw_deg",
    [
        ("bruno", 90), ("june", 90),  # whose bones seem to have other lengths from the side
        ("dina", 180),  # whose shirt alone looks like a figure to MediaPipe's detector
        ("emil", 180),  # whom the first look sees too narrow
    ],
)  # fmt: skip
def test_somebody_near_is_found_from_the_side_and_from_behind(estimator, scene, name, yaw_deg):
    figure = SimulatedPerson(0, 2.5, yaw_deg, stature_m=atlas.load(name).stature_m, person=name)
    found = estimator(scene.render([figure]))
    assert len(found) == 1
    assert iou(found.boxes, scene.truth([figure]).boxes)[0, 0] > 0.4


def test_a_figure_of_somebody_beside_them_is_not_taken(estimator, scene, monkeypatch):
    figures = [SimulatedPerson(x_m, 3.5) for x_m in (-0.8, 0.8)]
    rgb, true = scene.render(figures), scene.truth(figures)
    networks = estimator._networks
    beside = networks.figure(rgb, true.boxes[1])[0]
    monkeypatch.setattr(
        estimator, "_networks", networks._replace(figure=lambda rgb, box: (beside, True))
    )
    person = estimator._looked_at(rgb, Candidate(true.boxes[0], 0.8))
    assert abs(person.body.xy[:, 0].mean() - true.xy[0, BODY, 0].mean()) < 30
    assert not person.figure


def test_it_is_top_down(estimator):
    assert isinstance(estimator, TopDown)


def test_views_and_read_only_images_are_taken(estimator, portrait, person):
    view = np.ascontiguousarray(portrait[..., ::-1])[..., ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(estimator(view).xy, person.xy)


def test_an_annotated_skier(estimator, data):
    """Body, feet and face against COCO-WholeBody's annotation of a whole person, 267 px tall."""
    truth = json.loads((data / "coco_wholebody_2.json").read_text())
    file = next(i for i in truth["images"] if i["file_name"] == "000000000785.jpg")
    person = next(a for a in truth["annotations"] if a["image_id"] == file["id"])
    parts = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
    wanted = np.concatenate([np.reshape(person[part], (-1, 3)) for part in parts])
    image = cv2.imread(str(data / file["file_name"]))
    people = estimator(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    assert len(people) == 1
    both = (wanted[:, 2] > 0) & (people.scores[0] > 0.3)
    off = np.hypot(*(people.xy[0] - wanted[:, :2]).T)
    assert both[:23].sum() >= 18 and off[:23][both[:23]].mean() < 8
    assert both[FACE].all() and off[FACE].mean() < 3


def test_everybody_in_the_photographs_is_found(estimator, data):
    truth = json.loads((data / "coco_wholebody_2.json").read_text())
    for file in truth["images"]:
        rgb = cv2.cvtColor(cv2.imread(str(data / file["file_name"])), cv2.COLOR_BGR2RGB)
        found = estimator(rgb)
        for one in truth["annotations"]:
            x, y, width, height = one["bbox"]
            if one["image_id"] == file["id"] and height > 120:
                box = np.array([[x, y, x + width, y + height]])
                assert iou(box, found.boxes).max() > 0.3, (file["file_name"], box)


NOBODY = ("brick", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon",
          "page", "retina", "rocket", "text")  # fmt: skip


@pytest.mark.parametrize("name", NOBODY)
def test_nobody_is_in_pictures_of_animals_things_and_patterns(estimator, name):
    image = getattr(pytest.importorskip("skimage.data"), name)()
    rgb = image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    assert len(estimator(np.ascontiguousarray(rgb[..., :3]))) == 0


def test_an_empty_room_gives_nobody(estimator, portrait):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for empty in (noise, np.zeros_like(noise), np.full_like(noise, 200)):
        assert len(estimator(empty)) == 0
    assert len(estimator(portrait)) == 1
    assert len(estimator(noise)) == 0  # nor is there a ghost of who has just left


def test_all_of_several_people_are_found_each_with_their_own_points(estimator, scene):
    figures = [SimulatedPerson(x, z) for x, z in ((-1.2, 3.2), (0.1, 3.6), (1.3, 4.5))]
    found, true = estimator(scene.render(figures)), scene.truth(figures)
    assert len(found) == 3
    for one in range(3):
        which = int(iou(true.boxes[one : one + 1], found.boxes).argmax())
        height = true.boxes[one, 3] - true.boxes[one, 1]
        off = np.hypot(*(found.xy[which] - true.xy[one]).T) / height
        assert np.median(off[BODY]) < 0.03
    assert found.box_scores.min() > 0.9
    assert len({tuple(box) for box in found.boxes.round().tolist()}) == 3


class TestSteps:
    def test_a_box_from_elsewhere_gives_the_same_pose(self, estimator, man):
        found = estimator(man)
        x1, y1, x2, y2 = found.boxes[0]
        wider = np.array([[x1 - 15, y1 - 20, x2 + 20, y2 + 10]], np.float32)
        xy, scores = estimator.estimate(man, wider)
        off = np.hypot(*(xy[0] - found.xy[0]).T) / (y2 - y1)
        assert np.median(off[BODY]) < 0.01 and (scores[0, BODY] > 0.3).sum() >= 12

    def test_boxes_without_a_person_or_area_score_0(self, estimator, man):
        boxes = np.array([
            [10, 10, 120, 300], [5, 5, 5, 90], [np.nan, 0, 9, 9], [0, 0, np.inf, 9],
        ], np.float32)  # fmt: skip
        xy, scores = estimator.estimate(man, boxes)
        assert xy.shape == (4, COUNT, 2) and scores.shape == (4, COUNT)
        assert np.isfinite(xy).all() and (scores == 0).all()

    def test_no_boxes(self, estimator, man):
        xy, scores = estimator.estimate(man, np.empty((0, 4)))
        assert xy.shape == (0, COUNT, 2) and scores.shape == (0, COUNT)

    def test_boxes_of_one_image_are_not_poses_of_another(self, estimator, scene, man):
        """As DWPose does: what was detected counts for the image in which it was."""
        boxes, _ = estimator.detect(man)
        there = scene.render([SimulatedPerson(0.15, 3)])
        xy, scores = estimator.estimate(there, boxes)
        true = scene.truth([SimulatedPerson(0.15, 3)])
        off = np.hypot(*(xy[0] - true.xy[0]).T) / (true.boxes[0, 3] - true.boxes[0, 1])
        assert np.median(off[BODY]) < 0.03

    @pytest.mark.parametrize("bad", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3))])
    def test_what_is_no_image(self, estimator, bad):
        for step in (estimator, estimator.detect, lambda i: estimator.estimate(i, [[0, 0, 9, 9]])):
            with pytest.raises(ValueError, match=r"image has shape .* wanted \(h, w, 3\) and"):
                step(bad)


@pytest.fixture
def video():
    from dwpose_ros.estimation.holistic import Holistic

    made = Holistic()
    yield made
    made.close()


class TestVideo:
    def test_a_walker_is_followed_with_one_id_and_few_detections(self, video, scene):
        tracker = PoseTracker(video)
        assert tracker.detect_every == video.detect_every == 8
        ids, errors = set(), []
        for k in range(40):
            figures = [SimulatedPerson(-0.8 + 0.04 * k, 3.5)]
            found = tracker(scene.render(figures), k / 30)
            assert len(found) == 1
            ids |= set(found.ids.tolist())
            true = scene.truth(figures)
            height = true.boxes[0, 3] - true.boxes[0, 1]
            errors.append(np.median(np.hypot(*(found.xy[0] - true.xy[0]).T)[BODY]) / height)
        assert len(ids) == 1 and max(errors) < 0.03
        assert tracker.detections <= 6

    def test_a_detection_covers_the_whole_image_or_a_tile_of_it(self, video, scene, monkeypatch):
        """Both together take longer than the time from one frame to the next."""
        looks, search = [], video._search
        for name in ("whole", "in_turn", "near"):
            look = getattr(search, name)
            monkeypatch.setattr(search, name, lambda *a, n=name, f=look: looks.append(n) or f(*a))
        tracker, image = PoseTracker(video), scene.render([SimulatedPerson(0.1, 3)])
        for k in range(33):
            assert len(tracker(image, k / 30)) == 1
        assert looks == ["whole", "in_turn"] * 2 + ["whole"]
        tracker(image[8:], 33 / 30)
        assert looks[-1] == "whole"  # whatever came last, in another video

    def test_face_and_hands_follow_in_every_frame(self, video, scene):
        tracker, seen = PoseTracker(video), []
        for k in range(20):
            figures = [SimulatedPerson(0.01 * k, 2.2)]
            found, true = tracker(scene.render(figures), k / 30), scene.truth(figures)
            height = true.boxes[0, 3] - true.boxes[0, 1]
            off = np.hypot(*(found.xy[0] - true.xy[0]).T) / height
            for part in (FACE, LEFT_HAND, RIGHT_HAND):
                if (found.scores[0, part] > 0.3).all():
                    seen.append(part)
                    assert np.median(off[part]) < 0.04
        assert seen.count(FACE) == 20 and len(seen) >= 40

    def test_a_body_that_stands_still_is_looked_at_in_every_second_frame_until_it_moves(
        self, video, scene, monkeypatch
    ):
        looks, body = [], video._networks.body
        monkeypatch.setattr(type(body), "__call__", _counted(type(body).__call__, looks))
        tracker, counts, errors = PoseTracker(video, 100), [], []
        for k in range(60):
            way = max(0, k - 39) * 0.05  # m, 1.5 m/s
            figures, before = [SimulatedPerson(-0.4 + way, 3)], len(looks)
            found, true = tracker(scene.render(figures), k / 30), scene.truth(figures)
            counts.append(len(looks) - before)
            height = true.boxes[0, 3] - true.boxes[0, 1]
            seen = found.scores[0, BODY] > 0.8
            off = np.hypot(*(found.xy[0] - true.xy[0]).T)[BODY][seen] / height
            errors.append(np.median(off))
        assert 0.4 * 30 <= sum(counts[10:40]) <= 0.7 * 30
        assert counts[43:] == [1] * 17
        assert max(errors[10:40]) < 0.02 and max(errors[40:]) < 0.04

    def test_hands_that_nobody_sees_are_looked_for_seldom_and_found_when_they_come(
        self, video, scene, monkeypatch
    ):
        looks = []
        find = video._networks.hand.find
        monkeypatch.setattr(
            type(video._networks.hand), "find", lambda _, *a: looks.append(1) or find(*a)
        )
        tracker = PoseTracker(video)
        figures = [SimulatedPerson(0, 2.2, 0, "hands_shown")]
        shown = scene.render(figures)
        covered, true = shown.copy(), scene.truth(figures).xy[0]
        for hand in (LEFT_HAND, RIGHT_HAND):
            (x1, y1), (x2, y2) = true[hand].min(0).astype(int), true[hand].max(0).astype(int)
            covered[y1 - 15 : y2 + 15, x1 - 15 : x2 + 15] = 90
        for k in range(60):
            found = tracker(covered, k / 30)
        assert max(found.scores[0, LEFT_HAND].max(), found.scores[0, RIGHT_HAND].max()) < 0.3
        assert 8 <= len(looks) <= 30  # 60 in turns
        for k in range(8):
            found = tracker(shown, 2.0 + k / 30)
        assert (found.scores[0, [LEFT_HAND.start, RIGHT_HAND.start]] > 0.3).all()

    def test_things_are_not_looked_at_again_and_again(self, video, monkeypatch):
        """Every further look would take as long as everything else in two frames."""
        looks = []
        look = video._looked_at
        monkeypatch.setattr(video, "_looked_at", lambda *a: looks.append(1) or look(*a))
        coffee = pytest.importorskip("skimage.data").coffee()
        thing = [Candidate(np.array([50, 50, 250, 350], np.float32), 0.4)]
        monkeypatch.setattr(video._search, "whole", lambda rgb: thing)
        monkeypatch.setattr(video._search, "in_turn", lambda rgb, n: thing)
        for _ in range(24):
            assert not len(video.detect(coffee)[0])
        assert len(looks) == 2

    def test_a_wrong_body_is_corrected_by_a_detection_that_it_does_not_fit(self, video, scene):
        """Of who is near, with the head above the image, the network sees a body upside down. It
        would stay so when they step back, as each image is searched where the last body was."""
        overlaps = []
        for z_m in np.arange(1.35, 2.6, 0.15):
            figures = [SimulatedPerson(0, float(z_m))]
            image = scene.render(figures)
            video(image)  # one of two detections is of the whole image
            found = video(image)
            overlaps.append(iou(found.boxes, scene.truth(figures).boxes).max(initial=0))
        assert min(overlaps[:2]) < 0.65 and min(overlaps[3:]) > 0.75

    def test_of_two_people_who_overlap_neither_takes_the_others_place(self, video, scene):
        for gap_m in (0.9, 0.6, 0.5, 0.4, 0.3, 0.3, 0.35):
            figures = [SimulatedPerson(-gap_m / 2, 3.0), SimulatedPerson(gap_m / 2, 4.0)]
            found, true = video(scene.render(figures)), scene.truth(figures)
            assert len(found) == 2
            assert iou(true.boxes, found.boxes).max(1).min() > 0.6

    def test_it_is_remembered_what_a_person_was_found_by(self, video, man, monkeypatch):
        """While people are followed, MediaPipe's detector does not look at them again."""
        judged = []
        monkeypatch.setattr(holistic, "odds", _counted(holistic.odds, judged))
        tracker = PoseTracker(video, 2)
        for k in range(9):
            tracker(man, k / 30)
        assert len(judged) >= 3 and all(figure for *_, figure in judged)

    def test_people_who_come_and_go(self, video, scene):
        tracker, counts = PoseTracker(video, 5), []
        first, second = SimulatedPerson(-0.7, 3), SimulatedPerson(0.9, 3.5)
        course = [[]] * 6 + [[first]] * 12 + [[first, second]] * 24 + [[second]] * 12 + [[]] * 8
        for k, figures in enumerate(course):
            counts.append(len(tracker(scene.render(figures), k / 30)))
        assert counts[5] == 0 and counts[17] == 1 and counts[41] == 2
        assert counts[53] == 1 and counts[-1] == 0

    def test_an_image_of_another_size_is_another_video(self, video, scene, man, portrait):
        tracker = PoseTracker(video)
        assert len(tracker(man, 0.0)) == 1
        assert len(tracker(portrait, 0.03)) == 1

    def test_the_scores_of_a_still_person_stay(self, video, man):
        tracker, scores = PoseTracker(video), []
        for k in range(12):
            scores.append(tracker(man, k / 30).scores[0])
        assert np.ptp(np.array(scores)[2:, BODY], 0).max() < 0.2


def _counted(method, calls: list):
    def counted(*args):
        calls.append(args)
        return method(*args)

    return counted


@pytest.mark.parametrize("runtime, target", [("openvino", ("openvino", "cpu"))])
def test_the_same_on_another_runtime(estimator, man, runtime, target):
    pytest.importorskip(runtime)
    from dwpose_ros.estimation.holistic import Holistic
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

    other = Holistic(ExecutionTarget(runtime, "cpu", "fp32"), video=False)
    assert other.runs_on[:2] == target
    one, two = estimator(man), other(man)
    assert len(one) == len(two) == 1
    height = one.boxes[0, 3] - one.boxes[0, 1]
    seen = one.scores[0] > 0.3
    assert (np.hypot(*(one.xy[0] - two.xy[0]).T)[seen] / height).max() < 0.005
    assert np.abs(one.scores - two.scores)[0].max() < 0.02
    other.close()


def test_it_starts_without_a_word():
    code = (
        "import sys; from dwpose_ros.estimation.holistic import Holistic\n"
        "from dwpose_ros.estimation.runtimes.lite_rt import _quiet\n"
        "Holistic()\n"
        "with _quiet(): print('but not this', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "but not this\n")
