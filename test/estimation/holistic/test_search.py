# SPDX-License-Identifier: Apache-2.0
"""Where people are looked for, and who is believed to be one."""

from __future__ import annotations

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
    Search,
    alike,
    odds,
    tiles,
)
from dwpose_ros.estimation.holistic.ssd import Detections


@pytest.mark.parametrize("shape", [(720, 1280, 3), (1280, 720, 3), (100, 100, 3), (64, 900, 3)])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_cover_the_image_and_overlap(shape, level):
    found = tiles(shape, level)
    height, width = shape[:2]
    covered = np.zeros((height, width), int)
    for tile in found:
        assert tile.side == max(width, height) / 2**level and tile.angle == 0
        x1, y1 = (max(0, round(c - tile.side / 2)) for c in (tile.x, tile.y))
        covered[y1 : round(tile.y + tile.side / 2), x1 : round(tile.x + tile.side / 2)] += 1
    assert covered.min() >= 1
    # Whoever is no larger than the overlap is whole in one of them.
    for x in np.linspace(0, width, 40):
        near = min(abs(tile.x - x) for tile in found)
        assert near <= tile.side * (0.5 - 0.35 / 2) + 1 or x < tile.side or x > width - tile.side


class Detector:
    """Sees somebody at the middle of each image that it is shown, as large as it."""

    size = 64

    def __init__(self, score: float = 0.6) -> None:
        self.score, self.seen = score, []

    def __call__(self, crop, min_score):
        self.seen.append(crop)
        points = np.array([[[0.5, 0.5], [0.5, 0.1], [0, 0], [0, 0]]])
        return Detections(np.array([[0.4, 0.1, 0.6, 0.2]]), points, np.array([self.score]))


def test_everywhere_is_the_image_and_all_tiles():
    detector, image = Detector(), np.zeros((720, 1280, 3), np.uint8)
    found = Search(detector).everywhere(image)
    assert len(detector.seen) == sum(len(tiles(image.shape, level)) for level in range(3))
    # Each tile's is at another place or of another size, but for those that overlap much.
    assert len(detector.seen) / 2 < len(found) <= len(detector.seen)
    assert found[0].region == pytest.approx(Region(640, 360, 1280 * 0.8 * 1.25, 0))


def test_tiles_take_turns():
    """Every tile is looked at, and the whole image each time."""
    image = np.zeros((720, 1280, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, 1280)
    image[..., 1] = np.linspace(0, 255, 720)[:, None]
    count = sum(len(tiles(image.shape, level)) for level in (1, 2))
    detector = Detector()
    search = Search(detector)
    for _ in range(2 * count):
        search.in_turn(image, 1)
    wholes, others = detector.seen[::2], detector.seen[1::2]
    assert all((whole == wholes[0]).all() for whole in wholes)
    assert len({crop.tobytes() for crop in others}) == count


def test_one_place_is_one_candidate_the_surest():
    class Twice(Detector):
        def __call__(self, crop, min_score):
            one = super().__call__(crop, min_score)
            shifted = one.points + [0.01, 0.0]
            return Detections(
                np.concatenate([one.boxes] * 2), np.concatenate([one.points, shifted]),
                np.array([0.3, 0.7]),
            )  # fmt: skip

    found = Search(Twice()).in_turn(np.zeros((64, 64, 3), np.uint8), 0)
    assert [candidate.score for candidate in found] == [0.7]


def test_near_a_person():
    image, detector = np.zeros((400, 400, 3), np.uint8), Detector()
    search = Search(detector)
    # The tile is 1.6 times as large as the region, and who is seen in it 0.8 * 1.25 of that.
    assert search.near(image, Region(200, 200, 100, 0)) == 0
    one = Region(200, 200, 100, 0)
    assert alike(one, one) and not alike(one, one.moved(np.array([40.0, 0.0])))


def body(xy: np.ndarray, visibility: float = 0.9, presence: float = 1.0) -> Body:
    points = np.tile(xy[0], (33, 1))
    points[POSE_BODY] = xy[BODY]
    return Body(points, np.full(33, visibility), presence, Region(0, 0, 2.5 * 300, 0))


PERSON = 300 * figure(0.0)
FURNITURE = np.random.default_rng(1).uniform(0, 300, (133, 2))


def test_somebody_who_looks_the_same_twice_is_believed():
    assert odds(0.5, body(PERSON), body(PERSON + 1), None) > MIN_ODDS


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
    assert odds(score, first, second, None) < odds(score, body(PERSON), body(PERSON), None)


def test_a_face_makes_a_person_more_likely():
    one, face = body(PERSON, 0.4), Face(np.zeros((468, 2)), 0.99, Region(0, 0, 9, 0))
    assert odds(0.3, one, one, None) < MIN_ODDS < odds(0.3, one, one, face)


def test_points_that_are_no_numbers_make_nobody():
    bad = body(np.full((133, 2), np.nan), 0.0, 0.0)
    assert odds(0.3, bad, bad, None) < MIN_ODDS
