# SPDX-License-Identifier: Apache-2.0
"""What is behind the people: cuttings of photographs that the user gives, or procedural noise."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tools.people.errors import PeopleError

LARGEST = 1024  # px, photographs are kept no larger
KEPT = 64  # photographs in memory


class Background(NamedTuple):
    """What is behind the people."""

    bgr: np.ndarray
    """(h, w, 3) uint8."""
    photo: str
    """The photograph's file in its folder, whose licence holds; empty if it is none."""


class Backgrounds:
    """Draws backgrounds.

    Raises:
        PeopleError: the folder has no picture.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._photos: list[Path] = []
        self._folder = folder or Path()
        self._kept: dict[Path, np.ndarray] = {}
        if folder is not None:
            endings = (".jpg", ".jpeg", ".png", ".webp")
            if folder.is_dir():
                self._photos = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings)
            if not self._photos:
                raise PeopleError(
                    f"{folder}: has no photographs; wanted some {', '.join(endings)}"
                )

    def draw(self, random: np.random.Generator, width: int, height: int) -> Background:
        """Return a background; four of five are photographs."""
        name = ""
        if self._photos and random.random() < 0.8:
            path = self._photos[random.integers(len(self._photos))]
            name = path.relative_to(self._folder).as_posix()
            image = self._cutting(random, path, width, height)
        else:
            image = procedural(random, width, height)
        if random.random() < 0.35:
            image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 4))
        return Background(image, name)

    def _cutting(
        self, random: np.random.Generator, path: Path, width: int, height: int
    ) -> np.ndarray:
        photo = self._photo(path)
        high, wide = photo.shape[:2]
        share = random.uniform(0.35, 1) * min(wide / width, high / height)
        w, h = max(8, int(width * share)), max(8, int(height * share))
        x, y = (
            random.integers(0, wide - min(w, wide) + 1),
            random.integers(0, high - min(h, high) + 1),
        )
        cut = cv2.resize(
            photo[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA
        )
        return np.ascontiguousarray(cut[:, ::-1]) if random.random() < 0.5 else cut

    def _photo(self, path: Path) -> np.ndarray:
        if path not in self._kept:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise PeopleError(f"{path}: is no picture that can be read")
            scale = LARGEST / max(image.shape[:2])
            if scale < 1:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[path] = image
        return self._kept[path]


def procedural(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Return a background of noise, gradients, a room's corner and shapes, (h, w, 3) uint8 BGR."""
    image = np.empty((height, width, 3), np.float32)
    image[:] = _color(random)
    if random.random() < 0.6:
        image += _noise(random, width, height) * random.uniform(10, 70)
    if random.random() < 0.5:
        ramp = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
        image += ramp * (random.normal(0, 30) + random.normal(0, 8, 3)).astype(np.float32)
    if random.random() < 0.65:
        _room(random, image)
    for _ in range(random.integers(0, 14)):
        _thing(random, image)
    if random.random() < 0.5:
        image += random.normal(0, random.uniform(1, 10), image.shape).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def _color(random: np.random.Generator) -> np.ndarray:
    """A colour of rooms and streets, (3,) float32: mostly pale, sometimes bright."""
    vivid = 50 if random.random() < 0.12 else 14
    return np.clip(random.uniform(15, 240) + random.normal(0, vivid, 3), 0, 255).astype(np.float32)


def _noise(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Noise of several octaves around 0, (h, w, 3) float32, coloured a little."""
    total = np.zeros((height, width, 3), np.float32)
    colored = random.random() < 0.15
    strength = 0.5 if colored else 1.0
    for cells in (3, 7, 15, 40, 90):
        values = random.normal(0, 1, (cells, cells, 3 if colored else 1)).astype(np.float32)
        octave = cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)
        total += strength * octave.reshape(height, width, -1)
        strength *= random.uniform(0.4, 0.9)
    return total


def _room(random: np.random.Generator, image: np.ndarray) -> None:
    """A floor, which may be of boards or tiles, and perhaps a corner between two walls."""
    height, width = image.shape[:2]
    edge = int(height * random.uniform(0.45, 0.9))
    floor = _color(random)
    image[edge:] = image[edge:] * 0.3 + floor.astype(np.float32) * 0.7
    if random.random() < 0.6:
        x0 = random.uniform(-0.5, 1.5) * width
        shade = float(random.uniform(0.7, 0.95))
        for x in np.arange(-2 * width, 3 * width, random.uniform(0.1, 0.5) * width):
            far = (int(x0 + (x - x0) * 0.35), edge)
            color = tuple(float(c * shade) for c in floor)
            cv2.line(image, far, (int(x), height), color, int(random.integers(1, 3)))
    if random.random() < 0.5:
        x = int(random.uniform(0.1, 0.9) * width)
        image[:edge, :x] *= random.uniform(0.7, 1.1)
    cv2.line(image, (0, edge), (width, edge), tuple(float(c * 0.7) for c in floor), 2)


def _thing(random: np.random.Generator, image: np.ndarray) -> None:
    """A rectangle, ellipse, line or polygon, like furniture, posters, windows, cables, plants."""
    height, width = image.shape[:2]
    x, y = random.uniform((-0.1, -0.1), (1.1, 1.0)) * (width, height)
    w, h = random.uniform(0.03, 0.5, 2) * (width, height)
    color = tuple(float(c) for c in _color(random))
    kind = random.integers(5)
    thickness = -1 if random.random() < 0.6 else int(random.integers(1, 5))
    start, end = (int(x - w / 2), int(y - h / 2)), (int(x + w / 2), int(y + h / 2))
    if kind == 0:
        turned = float(random.uniform(0, 180))
        around = ((float(x), float(y)), (float(w), float(h)), turned)
        cv2.ellipse(image, around, color, thickness)
    elif kind == 1:
        cv2.line(image, start, end, color, int(random.integers(1, 12)))
    elif kind == 2:
        points = np.array([x, y]) + random.normal(0, 0.4, (random.integers(3, 8), 2)) * (w, h)
        cv2.fillPoly(image, [points.astype(np.int32)], color)
    else:
        cv2.rectangle(image, start, end, color, thickness)
