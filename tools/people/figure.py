# SPDX-License-Identifier: Apache-2.0
"""One person, clothed and posed: all meshes, the 133 points, and who it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tools.people.anny import Body
from tools.people.beard import Beards
from tools.people.belongings import held_items, seat_item
from tools.people.collision import Collision
from tools.people.dresser import Dresser
from tools.people.face import Expression, displacement, draw_expression
from tools.people.garments import Wardrobe
from tools.people.landmarks import Landmarks
from tools.people.limits import ANGLES
from tools.people.outfit import Outfit, draw_outfit
from tools.people.physique import Physique, draw_physique, shape
from tools.people.postures import SITTING, Posture, draw_posture, redraw_arm
from tools.people.renderer import Item
from tools.people.rig import Posed, Rig
from tools.people.skin import Skin

STUMP = 0.22  # of a hand's size, where the hand is lost
TRIES = 6  # for each arm, until it does not go through the body


class Figure(NamedTuple):
    """Somebody, standing or sitting on the floor at x = z = 0, facing z."""

    items: list[Item]
    """Their `person` is 1."""
    points: np.ndarray
    """(133, 3) m."""
    physique: Physique
    expression: Expression
    posture: Posture
    outfit: Outfit
    height: float
    """m, barefoot and upright."""

    def placed(self, person: int, turn: np.ndarray, to: np.ndarray) -> Figure:
        """Return it turned by (3, 3), moved by (3,) m, and numbered."""
        items = [
            item._replace(
                positions=item.positions @ turn.T + to,
                normals=item.normals @ turn.T,
                person=person if item.person else 0,
            )
            for item in self.items
        ]
        return self._replace(items=items, points=self.points @ turn.T + to)

    def as_dict(self) -> dict[str, Any]:
        """What an annotation says of somebody's body and clothes."""
        p, o = self.physique, self.outfit
        return {
            "age_years": round(p.age, 2), "male": round(p.male, 3), "muscle": round(p.muscle, 3),
            "weight": round(p.weight, 3), "height": round(p.height, 3),
            "proportions": round(p.proportions, 3), "height_m": round(self.height, 3),
            "origin": dict(zip(("african", "asian", "european"), np.round(p.origin, 3).tolist())),
            "skin": o.skin.stem, "posture": self.posture.kind, "arms": list(self.posture.arms),
            "angles_degrees": dict(zip(ANGLES, np.round(self.posture.angles, 2).tolist())),
            "expression": {n: round(w, 3) for n, w in self.expression.units},
            "gaze_degrees": np.round(self.expression.gaze, 2).tolist(),
            "wears": [n for n in (o.suit, o.bottom, o.shoes, o.hair, o.beard, o.hat, o.glasses,
                                  "mask" if o.mask else None) if n],
            "holds": list(o.holds),
        }  # fmt: skip


class FigureMaker:
    """Makes people from a body and a wardrobe."""

    def __init__(self, body: Body, wardrobe: Wardrobe) -> None:
        self.body, self.wardrobe = body, wardrobe
        self.rig = Rig(body)
        self.skin = Skin(body, self.rig)
        self._dresser = Dresser(body, self.rig, wardrobe)
        self._beards = Beards(body, self.skin.surface)
        self._landmarks = Landmarks(self.rig)
        self._collision = Collision(body, self.rig)

    def draw(self, random: np.random.Generator, kind: str | None = None) -> Figure:
        """Draw somebody; kind is one of `postures.KINDS`, or None to draw it too."""
        physique = draw_physique(random, self.body)
        expression = draw_expression(random)
        outfit = draw_outfit(random, physique, self.wardrobe)
        holds = (outfit.holds[0] is not None, outfit.holds[1] is not None)
        posture = draw_posture(random, kind, holds)
        return self.make(random, physique, expression, outfit, posture)

    def make(
        self,
        random: np.random.Generator,
        physique: Physique,
        expression: Expression,
        outfit: Outfit,
        posture: Posture,
        lost: str = "",
    ) -> Figure:
        """Make somebody who is all of this; arms that go through the body are drawn anew.

        `lost` is the side of a hand that somebody does not have, "L" or "R"; its points come to
        lie at the wrist.
        """
        things = np.random.default_rng(int(random.integers(2**32)))  # the same for all postures
        plain = shape(physique, self.body)
        rest = (plain + displacement(expression, self.body)).astype(np.float32)
        if lost:
            rest = self._without_hand(rest, lost)
        self.skin.eyes.turn(rest, expression.gaze)
        normals = self.skin.surface.normals(rest)
        posture, posed = self._free(random, rest, normals, posture)
        skinned = self.rig.skin(posed, rest, self.rig.weights)
        hidden, under = self._dresser.hidden(outfit), self._dresser.underlayer(outfit)
        items = self.skin.items(rest, normals, posed, outfit, hidden, under)
        if outfit.beard:
            items.append(self._beards.item(outfit.beard, items[0], outfit.hair_color))
        items += self._dresser.items(rest, posed, outfit, expression)
        items += held_items(things, self.body, self.rig, rest, posed, outfit)
        points = self._landmarks.points(skinned, posed)
        if posture.kind in SITTING:  # the chair may stand lower than the feet reach
            items.append(seat_item(things, self.skin, skinned, posed, self.rig, posture.kind))
        lowest = min(float(item.positions[:, 1].min()) for item in items)
        up = np.array([-points[[11, 12], 0].mean(), -lowest, -points[[11, 12], 2].mean()])
        high = float(np.ptp(plain[self.skin.vertices, 1]))
        figure = Figure(items, points, physique, expression, posture, outfit, high)
        return figure.placed(1, np.eye(3), up)

    def _without_hand(self, rest: np.ndarray, side: str) -> np.ndarray:
        """The body at rest (n, 3) m with a hand shrunk to the end of the forearm."""
        names = [n for n in self.rig.at if n.endswith(f".{side}")]
        bones = [self.rig.at[n] for n in names if n.startswith(("wrist", "finger", "metacarpal"))]
        share = np.asarray(self.rig.weights[:, bones].sum(1)).ravel()[:, None]
        wrist = rest[self.body.bones[self.rig.at[f"wrist.{side}"]].head].mean(0)
        shrunk = wrist + STUMP * (rest - wrist)
        return (rest + share * (shrunk - rest)).astype(np.float32)

    def _free(
        self, random: np.random.Generator, rest: np.ndarray, normals: np.ndarray, posture: Posture
    ) -> tuple[Posture, Posed]:
        """Draw arms anew that go through the body; in the end let them hang away from it."""
        posed = self.rig.pose(rest, posture.angles)
        for attempt in range(TRIES + 1):
            sides = self._collision.through(rest, normals, posed)
            if not sides:
                break
            for side in sides:
                if attempt >= TRIES // 2:
                    arms = ["a_pose" if s == side else a for s, a in zip("LR", posture.arms)]
                    posture = posture._replace(arms=(arms[0], arms[1]))
                posture = redraw_arm(random, posture, side)
            posed = self.rig.pose(rest, posture.angles)
        return posture, posed
