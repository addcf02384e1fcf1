# SPDX-License-Identifier: Apache-2.0
"""Where a region lies in an image."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from dwpose_ros.estimation.holistic.regions import (
    Region,
    around_points,
    bounding,
    direction,
    region,
    tight,
)

UP = math.pi / 2


def close(one: Region, x: float, y: float, side: float, angle: float) -> None:
    assert one == pytest.approx((x, y, side, angle), abs=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.0, math.pi])
@pytest.mark.parametrize("share", [(0.5, 0.5), (0.2, 0.7), (0.9, 0.1)])
def test_a_point_of_the_image_is_in_the_crop_where_it_is_said_to_be(angle, share):
    one, size = Region(150.0, 120.0, 90.0, angle), 60
    x, y = one.to_image(np.array(share))
    image = np.zeros((240, 300, 3), np.float32)
    cv2.circle(image, (round(x), round(y)), 2, (255, 255, 255), -1)
    crop = one.crop(image.astype(np.uint8), size)[..., 0].astype(float)
    rows, columns = np.mgrid[:size, :size]
    found = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum() / size
    assert found == pytest.approx(share, abs=0.02)


def test_what_lies_outside_of_the_image_continues_its_border_or_is_black():
    image = np.full((20, 20, 3), 77, np.uint8)
    outside = Region(-100.0, 10.0, 20.0, 0.0)
    assert (outside.crop(image, 8) == 77).all()
    assert (outside.crop(image, 8, cv2.BORDER_CONSTANT) == 0).all()


@pytest.mark.parametrize(
    "end, angle",
    [((0, -1), 0.0), ((1, 0), math.pi / 2), ((-1, 0), -math.pi / 2), ((1, -1), math.pi / 4)],
)
def test_an_angle_is_clockwise_and_0_if_the_way_points_up(end, angle):
    assert direction(np.zeros(2), np.array(end, float), UP) == pytest.approx(angle)
    # In the crop the way then points up.
    one = around_points(np.zeros(2), np.array(end, float), UP)
    assert one.to_image(np.array([0.5, 0.0])) == pytest.approx(np.array(end) / np.hypot(*end)
                                                             * one.side / 2)  # fmt: skip


def test_regions_of_points():
    points = np.array([[10.0, 10.0], [30.0, 50.0]])
    close(bounding(points, 0.3, scale=1.5), 20, 30, 60, 0.3)
    close(around_points(points[0], points[0] - (0, 5), UP), 10, 10, 10, 0)
    close(region(points[0], (4, 8), 0.0, scale=2, up=0.5), 10, 6, 16, 0)
    close(region(points[0], (4, 8), math.pi / 2, up=0.5), 14, 10, 8, math.pi / 2)


def test_a_tight_region_has_the_sides_of_its_points_at_its_own_angle():
    turn = math.radians(30)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    box = np.array([[-20, -5], [20, -5], [20, 5], [-20, 5]]) @ rotation.T + (100, 60)
    close(tight(box, turn), 100, 60, 40, turn)
    assert tight(box, 0.0).side < 40


@pytest.mark.parametrize(
    "other, near",
    [
        (Region(0, 0, 10, 0), True),
        (Region(1.9, 0, 10, 0), True), (Region(2.1, 0, 10, 0), False),
        (Region(0, 0, 12.4, 0), True), (Region(0, 0, 14.5, 0), False),
        (Region(0, 0, 10, 0.19), True), (Region(0, 0, 10, 0.21), False),
        (Region(0, 0, 10, 2 * math.pi - 0.1), True),
    ],
)  # fmt: skip
def test_near(other, near):
    one = Region(0, 0, 10, 0)
    assert one.is_near(other, turn=0.2, shift=0.2, scale=0.3) is near
