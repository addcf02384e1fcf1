# SPDX-License-Identifier: Apache-2.0
"""Crops: points move with pixels, whatever is done to them."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dwpose_ros.core.keypoints import INDEX, MIRROR  # noqa: E402
from dwpose_ros.estimation.crop_geometry import around  # noqa: E402
from dwpose_ros.estimation.crops import CpuCrops  # noqa: E402
from training.augment import NONE, Augmentation, crop, flip  # noqa: E402
from training.data import Person  # noqa: E402

SIZE = (96, 128)
GEOMETRY = NONE._replace(
    shift=0.16, shift_probability=1, scale=(0.7, 1.4), rotation=90, rotation_probability=1
)


def spot(x, y):
    """A black picture with one soft white spot, at which is the left wrist."""
    image = np.zeros((240, 320, 3), np.float32)
    grid = np.mgrid[:240, :320]
    image += 255 * np.exp(-((grid[1] - x) ** 2 + (grid[0] - y) ** 2) / (2 * 5**2))[..., None]
    xy, weights = np.zeros((133, 2), np.float32), np.zeros(133, np.float32)
    xy[INDEX["left_wrist"]], weights[INDEX["left_wrist"]] = (x, y), 1
    return Person(image.astype(np.uint8), np.array([100, 40, 220, 200], np.float32), xy, weights)


def middle(image):
    """The centre of gravity of brightness."""
    light = image[..., 0].astype(float)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(x * light).sum(), (y * light).sum()]) / light.sum()


def test_without_changes_it_is_the_products_crop():
    random = np.random.default_rng(0)
    image = cv2.GaussianBlur(random.integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 2)
    person = spot(150, 100)._replace(image=image)
    wanted = CpuCrops().people(image, *around(person.box[None], SIZE), SIZE)[0]
    assert np.abs(crop(person, SIZE).image.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("seed", range(20))
def test_points_move_with_pixels(seed):
    found = crop(spot(160, 118), SIZE, GEOMETRY, np.random.default_rng(seed))
    (point,) = found.xy[found.weights > 0]
    assert (point > 20).all() and (point < np.array(SIZE) - 20).all()  # the spot is all inside
    assert np.abs(middle(found.image) - point).max() < 0.3


def test_the_picture_turns_both_ways_by_up_to_the_limit():
    angles = []
    for seed in range(60):
        changed = NONE._replace(rotation=90, rotation_probability=1)
        person = spot(160, 100)
        person.xy[0] = 180, 100
        found = crop(person, SIZE, changed, np.random.default_rng(seed))
        across = found.xy[0] - found.xy[INDEX["left_wrist"]]
        angles.append(np.degrees(np.arctan2(across[1], across[0])))
    assert -90 <= min(angles) < -45 and 45 < max(angles) <= 90


def test_a_flip_moves_points_with_pixels_and_changes_sides():
    found = crop(spot(150, 100), SIZE, NONE._replace(flip_probability=1))
    (index,) = np.flatnonzero(found.weights)
    assert index == INDEX["right_wrist"]
    assert np.abs(middle(found.image) - found.xy[index]).max() < 0.2
    straight = crop(spot(150, 100), SIZE)
    np.testing.assert_array_equal(found.image, straight.image[:, ::-1])


def test_two_flips_are_none():
    random = np.random.default_rng(0)
    before = (random.integers(0, 255, (8, 6, 3)), random.uniform(0, 6, (133, 2)), MIRROR * 1.0)
    for a, b in zip(flip(*flip(*before)), before):
        np.testing.assert_allclose(a, b)


def test_what_is_not_annotated_stays_so():
    for seed in range(5):
        found = crop(spot(150, 100), SIZE, Augmentation(), np.random.default_rng(seed))
        assert found.weights.sum() == 1 and found.image.shape == (128, 96, 3)
        assert found.image.dtype == np.uint8 and found.xy.shape == (133, 2)


def test_cutout_is_a_black_rectangle_of_the_wanted_size():
    person = spot(150, 100)._replace(image=np.full((240, 320, 3), 200, np.uint8))
    for seed in range(10):
        changed = NONE._replace(cutout_probability=1, cutout=(0.2, 0.4))
        found = crop(person, SIZE, changed, np.random.default_rng(seed))
        rows, columns = np.nonzero(found.image[..., 0] == 0)
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert len(rows) == high * wide
        assert 25 <= high <= 51 and 19 <= wide <= 38


def test_colours_change_within_limits_and_blur_softens():
    person = spot(150, 100)._replace(image=np.full((240, 320, 3), (180, 90, 60), np.uint8))
    changed = NONE._replace(hue=5, saturation=30, value=30)
    seen = [crop(person, SIZE, changed, np.random.default_rng(s)).image[64, 48] for s in range(20)]
    assert len({tuple(c) for c in seen}) > 5
    assert all(abs(int(c.max()) - 180) <= 31 and c.argmax() == 0 for c in seen)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    blurred = crop(person._replace(image=noise), SIZE, NONE._replace(blur_probability=1))
    assert blurred.image.std() < 0.6 * crop(person._replace(image=noise), SIZE).image.std()


def test_the_same_state_gives_the_same_crop():
    one, two, other = (
        crop(spot(150, 100), SIZE, Augmentation(), np.random.default_rng(s)) for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(one.image, two.image)
    np.testing.assert_array_equal(one.xy, two.xy)
    assert (one.xy != other.xy).any()
