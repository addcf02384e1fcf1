# SPDX-License-Identifier: Apache-2.0
"""Where people are looked for, and who is believed to be one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from walkers import figure

from dwpose_ros.core.keypoints import BODY
from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.face import Face
from dwpose_ros.estimation.holistic.keypoints import POSE_BODY
from dwpose_ros.estimation.holistic.regions import Region
from dwpose_ros.estimation.holistic.search import (
    MIN_ODDS,
    Candidate,
    Figure,
    Search,
    Things,
    odds,
    tiles,
)
from dwpose_ros.estimation.holistic.ssd import Detections


@pytest.mark.parametrize("shape", [(720, 1280, 3), (1280, 720, 3), (100, 100, 3), (64, 900, 3)])
@pytest.mark.parametrize("level", [0, 1])
def test_tiles_cover_the_image_and_overlap(shape, level):
    found = tiles(shape, level)
    height, width = shape[:2]
    covered = np.zeros((height, width), int)
    for tile in found:
        assert 0 <= tile.x1 < tile.x2 <= width and 0 <= tile.y1 < tile.y2 <= height
        assert max(tile.x2 - tile.x1, tile.y2 - tile.y1) <= max(width, height) / 2**level + 1
        covered[tile.y1 : tile.y2, tile.x1 : tile.x2] += 1
    assert covered.min() >= 1
    # Whoever is no larger than the overlap is whole in one of them.
    size = int(0.35 * max(width, height) / 2**level)
    for x in range(0, width - size, 7):
        assert any(tile.x1 <= x and x + size <= tile.x2 for tile in found)


class Detector:
    """Sees somebody in a part of each image that it is shown."""

    def __init__(self, score: float = 0.6, part=(0.4, 0.2, 0.6, 0.8)) -> None:
        self.score, self.part, self.seen = score, np.array(part, np.float32), []

    def __call__(self, frame):
        self.seen.append(frame)
        height, width = frame.shape[:2]
        boxes = self.part[None] * np.float32([width, height, width, height])
        return boxes, np.array([self.score], np.float32)


def test_everywhere_is_the_image_and_all_tiles():
    detector, image = Detector(), np.zeros((720, 1280, 3), np.uint8)
    found = Search(detector).everywhere(image)
    assert len(detector.seen) == len(tiles(image.shape, 1)) + 1
    assert any(one.box == pytest.approx([512, 144, 768, 576]) for one in found)


def test_tiles_take_turns():
    """Every tile is looked at."""
    image = np.zeros((720, 1280, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, 1280)
    image[..., 1] = np.linspace(0, 255, 720)[:, None]
    count = len(tiles(image.shape, 1))
    detector = Detector()
    search = Search(detector)
    for _ in range(count):
        search.in_turn(image, 1)
    assert len({crop.tobytes() for crop in detector.seen}) == len(detector.seen) == count


def test_one_person_is_one_candidate_the_surest():
    class Twice(Detector):
        def __call__(self, frame):
            boxes, _ = super().__call__(frame)
            return np.concatenate([boxes, boxes + 1]), np.array([0.3, 0.7], np.float32)

    found = Search(Twice()).whole(np.zeros((64, 64, 3), np.uint8))
    assert [candidate.score for candidate in found] == pytest.approx([0.7])


def test_whoever_a_tile_cuts_off_counts_only_in_the_whole_image():
    detector = Detector(part=(0.0, 0.2, 0.3, 0.8))  # ends at the left edge of what is shown
    found = Search(detector).everywhere(np.zeros((720, 1280, 3), np.uint8))
    assert len(found) < len(detector.seen)
    assert all(one.box[0] == 0 for one in found)


class Keypoints:
    """MediaPipe's detector: sees hips at the middle of the tile's lower edge, if anybody."""

    size = 64

    def __init__(self, score: float) -> None:
        self.score = score

    def __call__(self, crop, min_score):
        if self.score < min_score:
            return Detections(np.zeros((0, 4)), np.zeros((0, 4, 2)), np.zeros(0))
        points = np.array([[[0.5, 1.0], [0.5, 0.5], [0, 0], [0, 0]]])
        return Detections(np.array([[0.4, 0.3, 0.6, 0.5]]), points, np.array([self.score]))


@pytest.mark.parametrize("score, good", [(0.6, True), (0.3, False)])
def test_the_body_of_a_box_is_where_its_keypoints_are(score, good):
    box = np.float32([100, 100, 200, 200])
    region, sure = Figure(Keypoints(score))(np.zeros((300, 600, 3), np.uint8), box)
    # The tile is 160 px large and ends at 230; the circle's radius is half of it.
    assert region == pytest.approx((150, 230, 1.25 * 160, 0), abs=1e-3) and sure is good


class Figures:
    """MediaPipe's detector: sees figures in the crop, each (x of the hips, score)."""

    size = 64

    def __init__(self, *figures: tuple[float, float]) -> None:
        self.figures = sorted(figures, key=lambda figure: -figure[1])

    def __call__(self, crop, min_score):
        x, scores = np.array(self.figures).T
        heads = np.stack([x - 0.05, np.full_like(x, 0.3), x + 0.05, np.full_like(x, 0.4)], 1)
        hips, tops = (np.stack([x, np.full_like(x, y)], 1) for y in (0.55, 0.15))
        points = np.stack([hips, tops, hips, hips], 1)
        return Detections(heads, points, scores)


@pytest.mark.parametrize(
    "figures, x, sure",
    [
        ([(0.68, 0.9), (0.52, 0.7)], 203, True),  # two are in the box: the one in its middle
        ([(0.60, 0.9), (0.50, 0.3)], 216, True),  # but rather one of whom the detector is sure
        ([(0.75, 0.9)], 200, False),  # somebody at its edge: that is a neighbour
    ],
)
def test_the_figure_of_a_box_is_the_one_in_its_middle(figures, x, sure):
    box = np.float32([150, 100, 250, 200])  # in a tile of 160 px from 120 on
    region, good = Figure(Figures(*figures))(np.zeros((300, 600, 3), np.uint8), box)
    assert region.x == pytest.approx(x, abs=3) and good is sure


def test_without_keypoints_the_body_is_around_the_box():
    found = Figure(Keypoints(0.0))(
        np.zeros((300, 300, 3), np.uint8), np.float32([10, 20, 30, 120])
    )
    assert found == (pytest.approx((20, 70, 125, 0)), False)


def test_near_a_person():
    """The part that is looked at is 1.6 times as large as the box, and within the image."""
    image, detector = np.zeros((400, 400, 3), np.uint8), Detector()
    search = Search(detector)
    assert search.near(image, np.float32([180, 150, 220, 250])).score == pytest.approx(0.6)
    assert detector.seen[-1].shape == (160, 160, 3)
    search.near(image, np.float32([0, 0, 100, 100]))
    assert detector.seen[-1].shape == (130, 130, 3)
    far = Detector(part=(0.0, 0.0, 0.1, 0.1))
    assert Search(far).near(image, np.float32([180, 150, 220, 250])) is None  # elsewhere
    assert search.near(image, np.float32([-90, -90, -80, -80])) is None
    looks = len(detector.seen)
    assert search.near(image, np.float32([-12.5, -12.5, -2.5, -2.5])) is None  # of one pixel
    assert search.everywhere(image[:1, :1]) == [] and len(detector.seen) == looks


def body(xy: np.ndarray, visibility: float = 0.9, presence: float = 1.0) -> Body:
    points = np.tile(xy[0], (33, 1))
    points[POSE_BODY] = xy[BODY]
    return Body(points, np.full(33, visibility), presence, Region(0, 0, 2.5 * 300, 0))


PERSON = 300 * figure(0.0)
FURNITURE = np.random.default_rng(1).uniform(0, 300, (133, 2))


def test_somebody_who_looks_the_same_twice_is_believed():
    assert odds(0.5, 0.6, body(PERSON), body(PERSON + 1), None, True) > MIN_ODDS


@pytest.mark.parametrize(
    "score, first, second",
    [
        (0.5, body(PERSON), body(PERSON + 40)),  # elsewhere at the second look
        (0.3, body(FURNITURE), body(FURNITURE + 1)),  # impossible bones
        (0.5, body(PERSON, 0.4), body(PERSON, 0.4)),  # hardly visible
        (0.1, body(PERSON, presence=0.0), body(PERSON, 0.6, 0.0)),
    ],
)
def test_what_is_less_like_a_person_is_less_likely_one(score, first, second):
    assert odds(score, 0.6, first, second, None, False) < odds(
        score, 0.6, body(PERSON), body(PERSON), None, False
    )


def test_a_face_makes_a_person_more_likely():
    one, face = body(PERSON, 0.4), Face(np.zeros((468, 2)), 0.99, Region(0, 0, 9, 0))
    assert (
        odds(0.25, 0.5, one, one, None, False) < MIN_ODDS < odds(0.25, 0.5, one, one, face, False)
    )


def test_points_that_are_no_numbers_make_nobody():
    bad = body(np.full((133, 2), np.nan), 0.0, 0.0)
    assert odds(0.3, 0.0, bad, bad, None, False) < MIN_ODDS


def test_a_body_that_fills_its_box_is_more_likely_a_person():
    one = body(PERSON)
    assert odds(0.5, 0.2, one, one, None, False) < odds(0.5, 0.7, one, one, None, False)


def test_another_detector_that_sees_the_figure_makes_a_person_more_likely():
    one, doubted = body(PERSON), body(PERSON, presence=0.1)
    assert odds(0.3, 0.6, one, one, None, True) > odds(0.3, 0.6, one, one, None, False) + 1
    # Where the body's network sees nobody in the figure, it speaks against one.
    assert odds(0.3, 0.6, doubted, one, None, True) < odds(0.3, 0.6, doubted, one, None, False)


def test_bones_that_are_odd_count_less_the_surer_the_detector_is():
    """From the side, and of who bends, the bones seem to have other lengths."""

    def cost(score: float) -> float:
        good, odd = body(PERSON), body(FURNITURE)
        return odds(score, 0.6, good, good, None, False) - odds(score, 0.6, odd, odd, None, False)

    assert cost(0.9) < cost(0.3) / 3


class TestThings:
    ROOM = np.kron(
        np.random.default_rng(1).integers(0, 255, (20, 45, 3)), np.ones((20, 20, 1), int)
    ).astype(np.uint8)
    THING = Candidate(np.array([50, 50, 250, 350], np.float32), 0.4)

    def looks(self, candidate, count: int, picture=lambda n: TestThings.ROOM) -> list[int]:
        """In which of `count` detections a candidate, who is never a person, is looked at."""
        things, at = Things(), []
        for n in range(1, count + 1):
            found = things.without([candidate(n)], picture(n))
            things.add(found, picture(n))
            at += [n] * len(found)
        return at

    def test_each_look_at_a_thing_is_twice_as_long_after_the_last_one_up_to_a_most(self):
        assert self.looks(lambda n: self.THING, 200) == [1, 14, 39, 88, 137, 186]

    def test_what_moves_or_is_surer_a_person_is_looked_at_at_once(self):
        def walks(n: int) -> Candidate:
            return Candidate(np.array([40 * n, 50, 40 * n + 100, 350], np.float32), 0.4)

        def comes_nearer(n: int) -> Candidate:
            return self.THING._replace(score=0.2 + 0.15 * n)

        assert self.looks(walks, 19) == [*range(1, 20)]
        assert self.looks(comes_nearer, 4) == [1, 2, 3, 4]

    def test_whoever_turns_on_the_spot_is_looked_at_at_once(self):
        turned = self.ROOM.copy()
        turned[50:350, 100:200] = turned[50:350, 200:100:-1]
        assert self.looks(lambda n: self.THING, 5, lambda n: turned if n > 2 else self.ROOM) == [
            1,
            3,
        ]

    def test_the_noise_of_a_camera_and_another_exposure_are_no_change(self):
        def noisy(n: int) -> np.ndarray:
            random = np.random.default_rng(n)
            return (
                (self.ROOM * random.uniform(0.7, 0.9) + random.normal(0, 8, self.ROOM.shape))
                .clip(0, 255)
                .astype(np.uint8)
            )

        assert self.looks(lambda n: self.THING, 7, noisy) == [1]

    def test_a_box_that_reaches_out_of_the_picture(self, monkeypatch):
        resize = cv2.resize

        def of_humble(image, *args, **options):
            assert min(image.shape[:2]) >= 2  # OpenCV 4.5.4 resizes no single pixel
            return resize(image, *args, **options)

        monkeypatch.setattr(cv2, "resize", of_humble)
        for box in ((-30, -20, 90, 500), (850, 300, 999, 999), (899, 399, 950, 950)):
            one = Candidate(np.array(box, np.float32), 0.4)
            assert self.looks(lambda n, one=one: one, 5) == [1]

    def test_one_thing_says_nothing_of_another(self):
        things = Things()
        one, other = (Candidate(np.array([x, 0, x + 90, 200], np.float32), 0.4) for x in (0, 300))
        things.add(things.without([one], self.ROOM), self.ROOM)
        assert things.without([one, other], self.ROOM) == [other]
