# SPDX-License-Identifier: Apache-2.0
"""Render simulated people in a room, with the true positions of their keypoints.

A person is a picture on a vertical plane that faces the camera, drawn in correct perspective, in
which what is closer to the camera than the person's axis is moved to where it is seen from there
(parallax.py). Its centre is at the height of the camera that took it. Keypoints match the picture
at any distance.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.backgrounds import background
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.parallax import Parallax

MOST = {"light": 3.0, "noise": 60.0, "blur_px": 30.0, "motion_px": 200.0}  # of a Scene; least: 0
# Positions of bystanders: to the image's right (1 is its edge), and distance in metres.
PLACES = ((-0.55, 4.5), (0.55, 5.0), (-0.8, 5.5), (0.8, 6.0))
_NEAR_M = 0.05
_KEPT = 6  # cached drawings of people, so that people who stand still are drawn fast
_NOISE_SHIFT = 64  # px by which the same noise is shifted from frame to frame
_CELL_M = 0.06  # on the person, between two nodes of the sampling map


@dataclass(eq=False)
class Scene:
    """A room with light, camera errors and bystanders.

    Raises:
        ValueError: a value is out of range.
    """

    camera: SimulatedCamera = SimulatedCamera()
    background: str | np.ndarray = "wall"
    """One of backgrounds.NAMES, or an image (h, w, 3) uint8 RGB, which is scaled to the camera."""
    light: float = 1.0
    """Brightness factor, 0..3."""
    noise: float = 2.0
    """Standard deviation of the camera's noise, grey levels."""
    blur_px: float = 0.0
    """Standard deviation of the defocus blur."""
    motion_px: float = 0.0
    """Length of the horizontal motion blur."""
    bystanders: Sequence[SimulatedPerson] = ()

    def __post_init__(self) -> None:
        for name, high in MOST.items():
            value = getattr(self, name)
            if not 0 <= value <= high:
                raise ValueError(f"{name} is {value:g}, wanted 0 to {high:g}")
        if isinstance(self.background, str):
            self._room = background(self.background, self.camera)
        else:
            check_image(self.background)
            self._room = cv2.resize(
                self.background,
                (self.camera.width, self.camera.height),
                interpolation=cv2.INTER_AREA,
            )
        self._drawn: OrderedDict = OrderedDict()
        self._noise: tuple[float, np.ndarray, np.ndarray] | None = None

    def render(self, figures: Iterable[SimulatedPerson] = (), seed: int = 0) -> np.ndarray:
        """Render an image of the figures and bystanders, (h, w, 3) uint8 RGB.

        The same seed gives the same noise.
        """
        frame = self._room.copy()
        for figure in sorted(self._all(figures), key=lambda f: -f.range_m):
            self._draw(frame, figure)
        if self.light != 1:
            frame = cv2.convertScaleAbs(frame, alpha=self.light)
        if self.blur_px:
            frame = cv2.GaussianBlur(frame, (0, 0), self.blur_px)
        if self.motion_px >= 2:
            frame = cv2.blur(frame, (round(self.motion_px), 1))
        if self.noise:
            self._add_noise(frame, seed)
        return frame

    def truth(self, figures: Iterable[SimulatedPerson] = ()) -> PersonPoses:
        """Return the true poses: first of the figures, then of the bystanders, in order.

        Scores are 1 for visible points in the image and 0 for others, whose true positions are
        given, too. Boxes are those of the silhouettes, cut at the image's border. A person outside
        the image has a box of zeros with score 0.
        """
        people = [_Placed(figure, self.camera) for figure in self._all(figures)]
        if not people:
            return PersonPoses.none()
        xy = np.stack([p.points() for p in people])
        seen = np.stack([p.sprite.visible for p in people])
        size = self.camera.width, self.camera.height
        seen &= ((xy >= -0.5) & (xy < np.array(size) - 0.5)).all(-1)
        for i, person in enumerate(people):
            for other in people:
                if other.figure.range_m < person.figure.range_m:
                    seen[i] &= ~other.hides(xy[i])
        boxes = np.stack([p.box() for p in people])
        return PersonPoses.of(xy, seen, boxes, (boxes[:, 2:] > boxes[:, :2]).all(1))

    def _all(self, figures: Iterable[SimulatedPerson]) -> list[SimulatedPerson]:
        return [*figures, *self.bystanders]

    def _draw(self, frame: np.ndarray, figure: SimulatedPerson) -> None:
        patch = self._drawn.pop(figure, None)
        if patch is None:
            patch = _Placed(figure, self.camera).warped()
        self._drawn[figure] = patch
        while len(self._drawn) > _KEPT:
            self._drawn.popitem(last=False)
        (x, y), color, through = patch
        if color is not None:
            there = frame[y : y + color.shape[0], x : x + color.shape[1]]
            cv2.multiply(there, through, dst=there, scale=1 / 255)
            cv2.add(there, color, dst=there)

    def _add_noise(self, frame: np.ndarray, seed: int) -> None:
        if self._noise is None or self._noise[0] != self.noise:
            h, w = frame.shape[0] + _NOISE_SHIFT, frame.shape[1] + _NOISE_SHIFT
            grain = np.random.default_rng(1).standard_normal((h, w, 3), np.float32) * self.noise
            grain = np.rint(grain).clip(-255, 255)
            self._noise = (
                self.noise,
                np.maximum(grain, 0).astype(np.uint8),
                np.maximum(-grain, 0).astype(np.uint8),
            )
        y, x = np.random.default_rng(seed).integers(0, _NOISE_SHIFT, 2)
        cut = np.s_[y : y + frame.shape[0], x : x + frame.shape[1]]
        cv2.add(frame, self._noise[1][cut], dst=frame)
        cv2.subtract(frame, self._noise[2][cut], dst=frame)


def bystanders(count: int, camera: SimulatedCamera, seed: int = 0) -> list[SimulatedPerson]:
    """Make bystanders, who stand in the background, alternately to the left and right.

    Their positions are fixed; their yaw and stature depend on the seed.

    Raises:
        ValueError: `count` is larger than the number of PLACES.
    """
    if not 0 <= count <= len(PLACES):
        raise ValueError(f"there are {count} bystanders, wanted 0 to {len(PLACES)}")
    random = np.random.default_rng(seed)
    aside = math.tan(math.radians(camera.horizontal_fov_deg) / 2)
    people = [
        SimulatedPerson(
            right * aside * distance,
            distance,
            random.uniform(-90, 90),
            stature_m=random.uniform(1.55, 1.85),
        )
        for right, distance in PLACES
    ]
    return people[:count]


class _Placed:
    """A figure in front of a camera: the best picture for it, and its mapping to the image."""

    def __init__(self, figure: SimulatedPerson, camera: SimulatedCamera) -> None:
        self.figure, self._size = figure, (camera.width, camera.height)
        pictures = atlas.load(figure.person)
        self._scale = figure.stature_m / pictures.stature_m
        self._onto = camera.matrix @ figure.plane()  # (3, 3), metres on the plane to pixels
        self._focal = camera.focal_px
        self.sprite = pictures.nearest(figure.posture, figure.yaw_deg)
        bust = pictures.nearest(figure.posture, figure.yaw_deg, bust=True)
        if bust is not None and self._suits(bust):
            self.sprite = bust
        self._map = self._homography(self.sprite)
        self._parallax = Parallax(
            self.sprite, pictures.xyz(figure.posture), figure.range_m / self._scale
        )

    def _suits(self, bust: atlas.Sprite) -> bool:
        """Whether the bust is the better picture: the person is near, its yaw fits as well, and
        its lower edge is outside the image."""
        full, yaw = self.sprite, self.figure.yaw_deg
        if atlas.turn_deg(bust.yaw_deg, yaw) > atlas.turn_deg(full.yaw_deg, yaw):
            return False
        if self.figure.range_m / self._scale > math.sqrt(full.distance_m * bust.distance_m):
            return False
        h, w = bust.pyramid()[0].shape[:2]
        ends = np.array([(0, h - 1, 1), (w - 1, h - 1, 1)]) @ self._homography(bust).T
        return bool((ends[:, 1] > self._size[1] * np.maximum(ends[:, 2], _NEAR_M)).all())

    def _homography(self, sprite: atlas.Sprite) -> np.ndarray:
        """Return the mapping (3, 3) from a picture's pixels to homogeneous pixels of the image.

        The third component is the depth.
        """
        k, (x, y) = self._scale / sprite.px_per_m, sprite.origin
        return self._onto @ np.array([[k, 0, -k * x], [0, -k, k * y], [0, 0, 1]])

    def points(self) -> np.ndarray:
        """Return the keypoints (133, 2) in pixels of the image.

        Points that are not in front of the camera are far outside the image.
        """
        h = _projected(self._parallax.warp(self.sprite.xy), self._map)
        return h[:, :2] / np.maximum(h[:, 2:], _NEAR_M)

    def hides(self, xy: np.ndarray) -> np.ndarray:
        """Return (n,) bool: whether this person covers the pixels (n, 2) of the image."""
        alpha = self.sprite.pyramid()[0][..., 3]
        there, before = self._unwarped(xy)
        i, j = np.rint(there).clip(-1, 1e6).T
        on = before & (i >= 0) & (j >= 0) & (i < alpha.shape[1]) & (j < alpha.shape[0])
        answer = np.zeros(len(xy), bool)
        answer[on] = alpha[j[on].astype(int), i[on].astype(int)] > atlas.SOLID
        return answer

    def box(self) -> np.ndarray:
        """Return the silhouette's box (4,) px, cut at the image's border; zeros if outside."""
        box = self._bounds(self._parallax.warp(self.sprite.outline()))
        return box if box[2] > box[0] and box[3] > box[1] else np.zeros(4)

    def _unwarped(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map pixels (n, 2) of the image to the picture's pixels (n, 2), and say which (n,) are
        in front of the camera."""
        h = _projected(xy, np.linalg.inv(self._map))
        return self._parallax.unwarp(h[:, :2] / np.where(h[:, 2:] == 0, 1e-9, h[:, 2:])), h[
            :, 2
        ] > 0

    def _bounds(self, polygon: np.ndarray) -> np.ndarray:
        """Return x1 y1 x2 y2 of the part of a picture's polygon (n, 2) that is in the image.

        Zeros if no part is.
        """
        h = _projected(polygon, self._map)
        normals, offsets = _sides(*self._size)
        for i in np.flatnonzero((h @ normals + offsets).min(0) < 0):
            h = _cut(h, h @ normals[:, i] + offsets[i])
            if not len(h):
                return np.zeros(4)
        flat = h[:, :2] / h[:, 2:]
        return np.concatenate([flat.min(0), flat.max(0)])

    def warped(self) -> tuple:
        """Warp the picture to the image.

        Returns:
            Its left and top in the image, colours (h, w, 3) premultiplied by alpha, and the
            transparency (h, w, 3), 0..255. The arrays are None for a person outside the image.
        """
        w, h = self._size
        pyramid = self.sprite.pyramid()
        bottom, right = pyramid[0].shape[:2]
        edges = np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], float)
        x1, y1, x2, y2 = self._bounds(self._parallax.bounds(edges))
        if x2 <= x1 or y2 <= y1:
            return (0, 0), None, None
        x1, y1 = max(0, math.floor(x1)), max(0, math.floor(y1))
        x2, y2 = min(w, math.ceil(x2) + 1), min(h, math.ceil(y2) + 1)
        # Use the smallest picture that is at least as fine as the image.
        finest = self._scale / self.sprite.px_per_m * self._focal / self.figure.range_m
        level = min(max(0, math.floor(math.log2(1 / finest))), len(pyramid) - 1)
        step = 2**level
        places = (self._sampling_map((x1, y1, x2, y2)) - (step - 1) / 2) / step
        rgba = cv2.remap(
            pyramid[level],
            places,
            None,
            interpolation=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        through = cv2.bitwise_not(cv2.extractChannel(rgba, 3))
        return (x1, y1), cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), cv2.merge([through] * 3)

    def _sampling_map(self, box: tuple[int, int, int, int]) -> np.ndarray:
        """Return the picture's pixel for each pixel of a box of the image, (h, w, 2) float32.

        It is computed for the nodes of a grid, which surrounds the box by one cell, and
        interpolated.
        """
        x1, y1, x2, y2 = box
        cell = min(max(4, round(_CELL_M * self._focal / self.figure.range_m)), 32)
        columns, rows = (-(-side // cell) + 2 for side in (x2 - x1, y2 - y1))
        x = x1 + cell * np.arange(columns) - (cell + 1) / 2
        y = y1 + cell * np.arange(rows) - (cell + 1) / 2
        at = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
        places = self._unwarped(at)[0].reshape(rows, columns, 2).astype(np.float32)
        full = cv2.resize(places, (columns * cell, rows * cell), interpolation=cv2.INTER_LINEAR)
        return full[cell : cell + y2 - y1, cell : cell + x2 - x1]


def _projected(xy: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Map points (n, 2) to homogeneous points (n, 3)."""
    return xy @ homography[:, :2].T + homography[:, 2]


@lru_cache(maxsize=None)
def _sides(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return normals (3, 5) and offsets (5,) of the planes that bound the camera's view: the near
    plane at 5 cm and the four sides of the image."""
    normals = np.array([(0, 0, 1), (1, 0, 0), (-1, 0, width - 1), (0, 1, 0), (0, -1, height - 1)])
    return normals.T.astype(float), np.array([-_NEAR_M, 0.0, 0.0, 0.0, 0.0])


def _cut(polygon: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Clip a convex polygon (n, 3) to where a linear function, (n,) at its corners, is >= 0."""
    following = np.concatenate([polygon[1:], polygon[:1]])
    beyond = np.concatenate([inside[1:], inside[:1]])
    kept = inside >= 0
    crosses = kept != (beyond >= 0)
    share = inside / np.where(crosses, inside - beyond, 1.0)
    crossings = polygon + (following - polygon) * share[:, None]
    corners = np.concatenate([polygon, crossings], 1).reshape(-1, 3)  # corner, crossing
    return corners[np.array([kept, crosses]).T.ravel()]
