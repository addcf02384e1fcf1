# SPDX-License-Identifier: Apache-2.0
"""Crops of people as DWPose makes them, and as RTMPose's training changes them.

A crop is the box padded by 1.25 to the input's aspect ratio. In training it is shifted, scaled,
rotated and flipped, its colours are changed, it is blurred, and a rectangle is cut out, with the
ranges of RTMPose's whole-body configurations.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.keypoints import MIRROR
from dwpose_ros.estimation.crop_geometry import around
from training.data import Person


class Augmentation(NamedTuple):
    """How crops are changed at random. Probabilities are from 0 to 1."""

    shift: float = 0.16  # of the crop, at most, with `shift_probability`
    shift_probability: float = 0.3
    scale: tuple[float, float] = (0.5, 1.5)  # of the crop's size, always
    rotation: float = 90.0  # degrees, at most, with `rotation_probability`
    rotation_probability: float = 0.6
    flip_probability: float = 0.5
    hue: int = 5  # of OpenCV's 180, at most
    saturation: int = 30  # of 255, at most
    value: int = 30  # of 255, at most
    blur_probability: float = 0.1  # for each of a box and a median filter of 3 to 7 px
    cutout_probability: float = 1.0
    cutout: tuple[float, float] = (0.2, 0.4)  # of the crop's sides


NONE = Augmentation(0, 0, (1, 1), 0, 0, 0, 0, 0, 0, 0, 0)


class Crop(NamedTuple):
    """What a network is given of a person, and what it is to say."""

    image: np.ndarray
    """(height, width, 3) uint8 RGB, black outside the picture."""
    xy: np.ndarray
    """(133, 2) float32 pixels of the crop."""
    weights: np.ndarray
    """(133,) float32."""


def crop(
    person: Person,
    size: tuple[int, int],
    augmentation: Augmentation = NONE,
    rng: np.random.Generator | None = None,
) -> Crop:
    """Cut a person out.

    Args:
        person: whom.
        size: width and height of the crop, pixels.
        augmentation: how it is changed; by default not at all, as in the product.
        rng: what draws the changes; the same state gives the same crop.
    """
    rng = rng or np.random.default_rng(0)
    a = augmentation
    (center,), (scale,) = around(person.box[None], size)
    if rng.random() < a.shift_probability:
        center = center + scale * a.shift * np.array([_normal(rng), _normal(rng)])
    low, high = a.scale
    scale = scale * ((low + high) / 2 + (high - low) / 2 * _normal(rng))
    turned = rng.random() < a.rotation_probability
    degrees = a.rotation * _normal(rng) if turned else 0.0
    matrix = affine(center, float(scale[0]), degrees, size)
    image = cv2.warpAffine(person.image, matrix, size, flags=cv2.INTER_LINEAR)
    xy = person.xy @ matrix[:, :2].T + matrix[:, 2]
    weights = person.weights
    if rng.random() < a.flip_probability:
        image, xy, weights = flip(image, xy, weights)
    image = _cut(_blur(_colour(image, a, rng), a, rng), a, rng)
    return Crop(np.ascontiguousarray(image), xy.astype(np.float32), weights.astype(np.float32))


def affine(center: np.ndarray, width: float, degrees: float, size: tuple[int, int]) -> np.ndarray:
    """Return the matrix (2, 3) from pixels of the picture to those of a crop.

    Args:
        center: of the crop, (2,) pixels of the picture.
        width: of the crop, pixels of the picture.
        degrees: how far the picture is turned in the crop, clockwise.
        size: width and height of the crop, its own pixels.
    """
    factor, angle = size[0] / width, np.deg2rad(degrees)
    c, s = factor * np.cos(angle), factor * np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    return np.column_stack([turn, np.array(size) / 2 - turn @ center])


def flip(
    image: np.ndarray, xy: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mirror a crop: the person's left hand is then a right one."""
    mirrored = np.stack([image.shape[1] - 1 - xy[:, 0], xy[:, 1]], 1)
    return image[:, ::-1], mirrored[MIRROR], weights[MIRROR]


def _normal(rng: np.random.Generator) -> float:
    """A number of the normal distribution, cut at -1 and 1."""
    while abs(value := float(rng.normal())) > 1:
        pass
    return value


def _colour(image: np.ndarray, a: Augmentation, rng: np.random.Generator) -> np.ndarray:
    limits = np.array([a.hue, a.saturation, a.value])
    change = (rng.uniform(-1, 1, 3) * limits * rng.integers(0, 2, 3)).astype(np.int16)
    if not change.any():
        return image
    hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV).astype(np.int16) + change
    hsv[..., 0] %= 180
    return cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def _blur(image: np.ndarray, a: Augmentation, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < a.blur_probability:
        image = cv2.blur(np.ascontiguousarray(image), (int(rng.integers(3, 8)),) * 2)
    if rng.random() < a.blur_probability:
        image = cv2.medianBlur(np.ascontiguousarray(image), 2 * int(rng.integers(1, 4)) + 1)
    return image


def _cut(image: np.ndarray, a: Augmentation, rng: np.random.Generator) -> np.ndarray:
    if rng.random() >= a.cutout_probability:
        return image
    sides = np.array(image.shape[:2])
    high, wide = np.maximum(1, sides * rng.uniform(*a.cutout, 2)).astype(int)
    y, x = (int(rng.integers(0, side - part + 1)) for side, part in zip(sides, (high, wide)))
    image = image.copy()
    image[y : y + high, x : x + wide] = 0
    return image
