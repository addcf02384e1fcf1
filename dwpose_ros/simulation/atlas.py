# SPDX-License-Identifier: Apache-2.0
"""Pictures of the virtual person, in several postures and turned by many yaws, with their points.

They are renders of a rigged human, made by ``tools/render_person.py``; ``atlas/LICENSE`` says
whose.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import COUNT

FOLDER = Path(__file__).resolve().parent / "atlas"
SOLID = 127  # alpha above which a pixel belongs to the person
KEPT = 48  # decoded pictures, of about 4 MB each
_FEWEST_ROWS = 32  # of the smallest of a picture's reductions


class AtlasError(DwposeError):
    """An atlas that is not there or damaged, or a posture that it does not have."""


class Sprite(NamedTuple):
    """One picture of the person, as seen by a level camera, and where it is in space.

    It lies on the upright plane through the person's axis that faces the camera: the pixel
    (i, j) at (i - origin[0]) / px_per_m metres to the image's right of the axis, and
    (origin[1] - j) / px_per_m above the ground, for a person of the atlas's stature.
    """

    name: str
    posture: str
    yaw_deg: float
    """0 faces the camera, positive is turned to the person's own left; (-180, 180]."""
    bust: bool
    """Only from the chest upwards, taken from near."""
    distance_m: float
    """From the camera that took it to the person's axis: for this its perspective is right."""
    height_m: float
    """Of that camera above the ground."""
    px_per_m: float
    origin: np.ndarray
    """(2,) px, the point of the ground below the axis; the middle of the first pixel is (0, 0)."""
    xy: np.ndarray
    """(133, 2) px of this picture, also those of points that are not on it."""
    visible: np.ndarray
    """(133,) bool: not hidden by the person's own body."""
    path: Path

    def pyramid(self) -> tuple[np.ndarray, ...]:
        """The picture and its reductions to a half each, (h, w, 4) uint8 RGBA.

        Colours are multiplied by alpha. Raises AtlasError where the file cannot be read.
        """
        return _pyramid(self.path)

    def outline(self) -> np.ndarray:
        """(n, 2) px, the convex hull of the silhouette."""
        return _outline(self.path)


class Atlas:
    """All pictures of one folder; they are read when they are asked for.

    Raises AtlasError where the folder has no atlas.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        path = Path(folder) / "atlas.npz"
        try:
            with np.load(path) as file:
                table = {key: file[key] for key in file.files}
        except (OSError, ValueError) as err:
            raise AtlasError(
                f"{path} cannot be read ({err}): it is made by tools/render_person.py"
            ) from err
        if table["xy"].shape[1:] != (COUNT, 2):
            raise AtlasError(
                f"{path} has points of shape {table['xy'].shape[1:]}, wanted {(COUNT, 2)}"
            )
        self.stature_m = float(table["stature_m"])
        """From the ground to the top of the skull, upright."""
        self.postures: tuple[str, ...] = tuple(map(str, table["postures"]))
        self._xyz = table["xyz"]
        self._sprites: dict[tuple[str, bool], list[Sprite]] = {}
        for i, name in enumerate(table["names"]):
            sprite = Sprite(
                str(name),
                str(table["posture"][i]),
                float(table["yaw_deg"][i]),
                bool(table["bust"][i]),
                float(table["distance_m"][i]),
                float(table["height_m"][i]),
                float(table["px_per_m"][i]),
                table["origin"][i],
                table["xy"][i],
                table["visible"][i],
                Path(folder) / f"{name}.webp",
            )
            self._sprites.setdefault((sprite.posture, sprite.bust), []).append(sprite)
        self._yaws = {
            which: np.array([s.yaw_deg for s in sprites])
            for which, sprites in self._sprites.items()
        }

    def xyz(self, posture: str) -> np.ndarray:
        """(133, 3) metres: ahead of the person, to their left, up from the ground.

        The origin is on the ground below the hips; for a person of the atlas's stature.
        """
        return self._xyz[self.postures.index(self._known(posture))]

    def sprites(self, posture: str, bust: bool = False) -> list[Sprite]:
        """Those of a posture; there may be no busts."""
        return self._sprites.get((self._known(posture), bust), [])

    def nearest(self, posture: str, yaw_deg: float, bust: bool = False) -> Sprite | None:
        """The picture whose yaw is nearest; None where the posture has no bust."""
        there = self.sprites(posture, bust)
        yaws = self._yaws.get((posture, bust))
        return there[int(turn_deg(yaws, yaw_deg).argmin())] if there else None

    def _known(self, posture: str) -> str:
        if posture not in self.postures:
            raise AtlasError(f"posture is {posture!r}, wanted one of {', '.join(self.postures)}")
        return posture


def turn_deg(a, b):
    """The angle between two yaws, or arrays of them, 0..180 degrees."""
    return abs((a - b + 180) % 360 - 180)


@lru_cache(maxsize=1)
def load() -> Atlas:
    """The atlas that comes with the package."""
    return Atlas()


@lru_cache(maxsize=KEPT)
def _pyramid(path: Path) -> tuple[np.ndarray, ...]:
    bgra = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
        raise AtlasError(
            f"{path} cannot be read as WebP with alpha: it is missing or damaged, or "
            f"OpenCV {cv2.__version__} was built without WebP"
        )
    rgba = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)
    rgba[..., :3] = cv2.multiply(rgba[..., :3], cv2.merge([rgba[..., 3]] * 3), scale=1 / 255)
    levels = [rgba]
    while levels[-1].shape[0] >= 2 * _FEWEST_ROWS:
        h, w = levels[-1].shape[:2]
        # Even sizes, so that a pixel of one level is exactly four of the one before.
        even = cv2.copyMakeBorder(levels[-1], 0, h % 2, 0, w % 2, cv2.BORDER_CONSTANT)
        levels.append(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    for level in levels:
        level.setflags(write=False)
    return tuple(levels)


@lru_cache(maxsize=None)
def _outline(path: Path) -> np.ndarray:
    solid = _pyramid(path)[0][..., 3] > SOLID
    rows = np.flatnonzero(solid.any(1))
    first, last = solid[rows].argmax(1), solid.shape[1] - 1 - solid[rows, ::-1].argmax(1)
    ends = np.concatenate([np.stack([first, rows], 1), np.stack([last, rows], 1)])
    return cv2.convexHull(ends.astype(np.int32))[:, 0]
