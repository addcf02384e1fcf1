# SPDX-License-Identifier: Apache-2.0
"""Pictures of simulated people in several postures and yaws, with their keypoints.

They are renders of rigged human models, one file a person: ``man`` is made by
``tools/render_person.py``, all others by ``tools/people/atlas.py`` with fewer and smaller
pictures. ``atlas/LICENSE`` names the models' authors.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import COUNT

FOLDER = Path(__file__).resolve().parent / "atlas"
MAN, ANYONE = "man", "anyone"
SOLID = 127  # alpha above which a pixel belongs to the person
KEPT = 48  # cached decoded pictures, of at most 4 MB each
_FEWEST_ROWS = 32  # height of the smallest level of a picture's pyramid


class AtlasError(DwposeError):
    """The atlas is missing or damaged, or does not have a person or a posture."""


class About(NamedTuple):
    """What is true of a person."""

    age_years: float = 35.0
    seat: str = ""
    """"chair" or "wheelchair"; empty for somebody who stands."""
    stick: bool = False
    """Leans on a walking stick with the right hand, whenever that hand is not wanted."""
    without: str = ""
    """A lost limb, such as "left_hand"."""


BODIES: dict[str, Callable[[About], bool]] = {
    "any": lambda about: True,
    "standing": lambda about: not about.seat,
    "adult": lambda about: not about.seat and about.age_years >= 18,
    "child": lambda about: about.age_years < 14,
    "seated": lambda about: bool(about.seat),
    "wheelchair": lambda about: about.seat == "wheelchair",
    "stick": lambda about: about.stick,
    "one_hand": lambda about: about.without.endswith("hand"),
}


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
    coded: bytes
    """A WebP file with alpha."""

    def pyramid(self) -> tuple[np.ndarray, ...]:
        """Return the image pyramid, each level half as large, (h, w, 4) uint8 RGBA.

        Colours are premultiplied by alpha. Raises AtlasError if it cannot be decoded.
        """
        return _pyramid(self.coded, self.name)

    def outline(self) -> np.ndarray:
        """Return the convex hull of the silhouette, (n, 2) px."""
        return _outline(self.coded, self.name)


class Atlas:
    """All pictures of one person; they are decoded on demand.

    Raises:
        AtlasError: the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as file:
                table = {key: file[key] for key in file.files}
            self.about = About(**json.loads(str(table["about"])))
            """Who it is."""
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as err:
            raise AtlasError(
                f"{path} cannot be read ({err}): it is made by tools/render_person.py or "
                "tools/people/atlas.py"
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
        webp, ends = table["webp"].tobytes(), [0, *table["ends"].tolist()]
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
                webp[ends[i] : ends[i + 1]],
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


def names() -> tuple[str, ...]:
    """Return the names of all people; MAN is the first."""
    others = sorted(path.stem for path in FOLDER.glob("*.npz") if path.stem != MAN)
    return (MAN, *others)


def choose(person: str = MAN, body: str = "any", seed: int = 0) -> str:
    """Return the name of a person.

    Args:
        person: a name, or ANYONE to draw one of such a body.
        body: one of BODIES.
        seed: of the choice.

    Raises:
        AtlasError: there is no such body.
    """
    if person != ANYONE:
        return person
    if body not in BODIES:
        raise AtlasError(f"body is {body!r}, wanted one of {', '.join(BODIES)}")
    fitting = [name for name in names() if BODIES[body](load(name).about)]
    return fitting[int(np.random.default_rng(seed).integers(len(fitting)))]


@lru_cache(maxsize=None)
def load(person: str = MAN) -> Atlas:
    """Return the pictures of a person that come with the package.

    Raises:
        AtlasError: there is nobody of that name, or the file is damaged.
    """
    if person not in names():
        raise AtlasError(f"person is {person!r}, wanted one of {', '.join(names())}")
    return Atlas(FOLDER / f"{person}.npz")


@lru_cache(maxsize=KEPT)
def _pyramid(coded: bytes, name: str) -> tuple[np.ndarray, ...]:
    bgra = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_UNCHANGED) if coded else None
    if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
        raise AtlasError(
            f"picture {name} cannot be decoded as WebP with alpha: it is damaged, or "
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
def _outline(coded: bytes, name: str) -> np.ndarray:
    solid = _pyramid(coded, name)[0][..., 3] > SOLID
    rows = np.flatnonzero(solid.any(1))
    first, last = solid[rows].argmax(1), solid.shape[1] - 1 - solid[rows, ::-1].argmax(1)
    ends = np.concatenate([np.stack([first, rows], 1), np.stack([last, rows], 1)])
    return cv2.convexHull(ends.astype(np.int32))[:, 0]
