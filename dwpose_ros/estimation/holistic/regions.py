# SPDX-License-Identifier: Apache-2.0
"""Square regions of an image, upright or rotated, that are given to networks."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

_CALM = 0.1  # difference of two regions, in sides and radians, from which the new one counts alone
_LEAST_SHARE = 0.1  # of the new one


class Region(NamedTuple):
    """A square in an image."""

    x: float
    """Centre, px."""
    y: float
    side: float
    """Px."""
    angle: float
    """Rotation in radians, clockwise as seen in the image. At 0 its sides are the image's."""

    def crop(self, rgb: np.ndarray, size: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        """Resample the region of an image (h, w, 3) uint8 to (size, size, 3).

        ``border`` is OpenCV's, for what lies outside of the image.
        """
        step = self.side / size
        cos, sin = math.cos(self.angle) * step, math.sin(self.angle) * step
        half = size / 2
        to_image = np.array([
            [cos, -sin, self.x - half * (cos - sin)],
            [sin, cos, self.y - half * (sin + cos)],
        ])  # fmt: skip
        return cv2.warpAffine(
            rgb, to_image, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        )  # fmt: skip

    def pixels(self, rgb: np.ndarray, size: int) -> np.ndarray:
        """Return the region as the landmark networks take it, (1, size, size, 3) float32, 0..1."""
        return self.crop(rgb, size)[None] * np.float32(1 / 255)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Convert points (..., 2) from shares of the region, 0..1, to pixels of the image."""
        cos, sin = math.cos(self.angle) * self.side, math.sin(self.angle) * self.side
        return (points - 0.5) @ np.array([[cos, sin], [-sin, cos]]) + (self.x, self.y)

    def moved(self, shift: np.ndarray) -> Region:
        """Return the region moved by `shift`, (2,) px."""
        return self._replace(x=self.x + float(shift[0]), y=self.y + float(shift[1]))

    def calmed(self, last: Region) -> Region:
        """Return the region between the last one and this one: the nearer they are, the nearer to
        the last, since a crop that trembles makes points tremble."""
        turn = math.remainder(self.angle - last.angle, 2 * math.pi)
        apart = math.hypot(self.x - last.x, self.y - last.y) + abs(self.side - last.side)
        share = max(apart / last.side, abs(turn)) / _CALM
        share = min(max(share, _LEAST_SHARE), 1.0)
        x, y, side = (b + share * (a - b) for a, b in zip(self[:3], last[:3]))
        return Region(x, y, side, last.angle + share * turn)

    def is_near(self, other: Region, *, turn: float, shift: float, scale: float) -> bool:
        """Whether this region differs little from another one.

        Args:
            turn: largest difference of the angles in radians.
            shift: largest distance of the centres along each side, in sides of the other.
            scale: largest difference of the sides, in sides of the other.
        """
        turned = abs(math.remainder(self.angle - other.angle, 2 * math.pi))
        cos, sin = math.cos(other.angle), math.sin(other.angle)
        dx, dy = self.x - other.x, self.y - other.y
        along = max(abs(dx * cos + dy * sin), abs(dy * cos - dx * sin))
        return (
            turned <= turn
            and along <= shift * other.side
            and abs(self.side - other.side) <= scale * other.side
        )


def region(
    center: np.ndarray,
    sides: tuple[float, float],
    angle: float,
    *,
    scale: float = 1.0,
    up: float = 0.0,
) -> Region:
    """Return the square region around a rectangle.

    Args:
        center: (2,) px.
        sides: width and height, px; the square has the longer one.
        angle: of the rectangle, as `Region.angle`.
        scale: by which the square is enlarged.
        up: by how many heights the rectangle is first shifted to its own upper side.
    """
    lift = up * sides[1]
    return Region(
        float(center[0]) + lift * math.sin(angle),
        float(center[1]) - lift * math.cos(angle),
        scale * max(sides),
        angle,
    )


def direction(start: np.ndarray, end: np.ndarray, upright: float) -> float:
    """Return the angle of a region in which the way from start to end points to `upright`.

    ``upright`` is in radians, counterclockwise from the x axis: pi / 2 is upwards.
    """
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    return math.remainder(upright - math.atan2(-dy, dx), 2 * math.pi)


def around_points(center: np.ndarray, rim: np.ndarray, upright: float, **grow: float) -> Region:
    """Return the region with a circle inside it: its centre and a point on it, both (2,) px."""
    side = 2 * math.hypot(*(rim - center).tolist())
    return region(center, (side, side), direction(center, rim, upright), **grow)


def bounding(points: np.ndarray, angle: float, **grow: float) -> Region:
    """Return the region with the size of the points' bounding box (n, 2), px, at an angle."""
    low, high = points.min(0), points.max(0)
    width, height = (high - low).tolist()
    return region((low + high) / 2, (width, height), angle, **grow)


def tight(points: np.ndarray, angle: float, **grow: float) -> Region:
    """Return the region around points (n, 2), px, with its sides measured at that angle."""
    cos, sin = math.cos(angle), math.sin(angle)
    turned = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = turned.min(0), turned.max(0)
    x, y = ((low + high) / 2).tolist()
    width, height = (high - low).tolist()
    center = np.array([x * cos - y * sin, x * sin + y * cos])
    return region(center, (width, height), angle, **grow)
