# SPDX-License-Identifier: Apache-2.0
"""Pictures of the simulated person in several postures and yaws, with their keypoints.

They are renders of a rigged human model, made by ``tools/render_person.py``. ``atlas/LICENSE``
names the model's authors.
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
KEPT = 48  # cached decoded pictures, of about 4 MB each
_FEWEST_ROWS = 32  # height of the smallest level of a picture's pyramid


class AtlasError(DwposeError):
    """The atlas is missing or damaged, or does not have a posture."""


class Sprite(NamedTuple):
    """One picture of the person, as seen by a level camera, and its position in space.

    It lies on the vertical plane through the person's axis that faces the camera. For a person of
    the atlas's stature, pixel (i, j) is (i - origin[0]) / px_per_m metres to the image's right of
    the axis and (origin[1] - j) / px_per_m metres above the ground.
    """

    name: str
    posture: str
    yaw_deg: float
    """0 faces the camera, positive is turned to the person's own left; (-180, 180]."""
    bust: bool
    """Shows only the body from the chest upwards, from a near camera."""
    distance_m: float
    """Distance from the render camera to the person's axis, at which the perspective is exact."""
    height_m: float
    """Height of the render camera above the ground."""
    px_per_m: float
    origin: np.ndarray
    """(2,) px, the ground point below the axis; the centre of the first pixel is (0, 0)."""
    xy: np.ndarray
    """(133, 2) keypoints in pixels of this picture, also those outside it."""
    visible: np.ndarray
    """(133,) bool: not hidden by the person's own body."""
    path: Path

    def pyramid(self) -> tuple[np.ndarray, ...]:
        """Return the image pyramid, each level half as large, (h, w, 4) uint8 RGBA.

        Colours are premultiplied by alpha. Raises AtlasError if the file cannot be read.
        """
        return _pyramid(self.path)

    def outline(self) -> np.ndarray:
        """Return the convex hull of the silhouette, (n, 2) px."""
        return _outline(self.path)


class Atlas:
    """All pictures of one folder; image files are read on demand.

    Raises:
        AtlasError: the folder has no atlas, or a damaged one.
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
        """Height of the top of the skull above the ground when standing upright."""
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
        """Return the keypoints in space, (133, 3) metres, for a person of the atlas's stature.

        Axes: ahead of the person, to their left, up. The origin is on the ground below the hips.
        """
        return self._xyz[self.postures.index(self._known(posture))]

    def sprites(self, posture: str, bust: bool = False) -> list[Sprite]:
        """Return the pictures, or busts, of a posture; the list is empty if it has no busts."""
        return self._sprites.get((self._known(posture), bust), [])

    def nearest(self, posture: str, yaw_deg: float, bust: bool = False) -> Sprite | None:
        """Return the picture with the nearest yaw; None if the posture has no bust."""
        there = self.sprites(posture, bust)
        yaws = self._yaws.get((posture, bust))
        return there[int(turn_deg(yaws, yaw_deg).argmin())] if there else None

    def _known(self, posture: str) -> str:
        if posture not in self.postures:
            raise AtlasError(f"posture is {posture!r}, wanted one of {', '.join(self.postures)}")
        return posture


def turn_deg(a, b):
    """Return the angle between two yaws, or arrays of them, 0..180 degrees."""
    return abs((a - b + 180) % 360 - 180)


@lru_cache(maxsize=1)
def load() -> Atlas:
    """Return the atlas that comes with the package."""
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
