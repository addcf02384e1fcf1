# SPDX-License-Identifier: Apache-2.0
"""One person, clothed and posed: all meshes, the 133 points, and who it is.

Nobody is ever shown unclothed, by construction: the skin of trunk, hips and thighs is never drawn
as skin. Where no garment hides it, it is drawn as an underlayer of cloth, a little inside the
skin so that it does not poke through what is worn over it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tools.people import renderer as kinds
from tools.people.anny import Body
from tools.people.collision import Collision
from tools.people.face import Expression, Eyes, displacement, draw_expression
from tools.people.garments import Garment, Wardrobe, fit, read_texture
from tools.people.landmarks import Landmarks
from tools.people.limits import ANGLES, AT
from tools.people.mesh import Surface
from tools.people.outfit import Outfit, draw_outfit
from tools.people.physique import Physique, draw_physique, shape
from tools.people.postures import SITTING, Posture, draw_posture, redraw_arm
from tools.people.renderer import Item
from tools.people.rig import Posed, Rig
from tools.people.things import Shape, chair, held, wheelchair
from tools.people.wear import HATS, HeadWear

TRIES = 6  # for each arm, until it does not go through the body
INSIDE = 0.007  # m, how far the underlayer lies inside the skin
_COVERED = ("spine02", "spine03", "spine04", "spine05", "root", "pelvis", "breast", "upperleg")
_UPPER = ("spine01", "clavicle", "shoulder")  # a neckline may bare what of these is above it
WHITE = np.ones((8, 3))


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
            "wears": [n for n in (o.suit, o.shoes, o.hair, o.hat, o.glasses,
                                  "mask" if o.mask else None) if n],
            "holds": list(o.holds),
        }  # fmt: skip


class FigureMaker:
    """Makes people from a body and a wardrobe."""

    def __init__(self, body: Body, wardrobe: Wardrobe) -> None:
        self.body, self.wardrobe = body, wardrobe
        self.rig = Rig(body)
        self._landmarks = Landmarks(body, self.rig)
        self._collision = Collision(body, self.rig)
        self._head_wear = HeadWear(body)
        self._own: dict[str, Garment] = {}
        self._weights: dict[str, Any] = {}
        self._colors: dict[str, np.ndarray] = {}
        self._eyes = Eyes(body)
        self._eye_surface = Surface(self._eyes.mesh)
        mesh = body.mesh
        is_body = mesh.groups == "body"
        self._skin = Surface(
            mesh._replace(faces=mesh.faces[is_body], face_uv=mesh.face_uv[is_body])
        )
        self.covered = covered(body)
        corners = self._skin.index[self._skin.triangles]
        self._covered_triangles = self.covered[corners].any(1)
        self._corners = corners
        self._vertices = np.unique(corners)
        self._seated = self._vertices[self.covered[self._vertices]]
        below = body.mesh.vertices[:, 1] < self._hip_height(body.mesh.vertices)
        self._skin.part = below.astype(np.float32)[self._skin.index]

    def draw(
        self, random: np.random.Generator, kind: str | None = None
    ) -> Figure:
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
    ) -> Figure:
        """Make somebody who is all of this; arms that go through the body are drawn anew."""
        plain = shape(physique, self.body)
        rest = (plain + displacement(expression, self.body)).astype(np.float32)
        self._eyes.turn(rest, expression.gaze)
        normals = self._skin.normals(rest)
        posture, posed = self._free(random, rest, normals, posture)
        skinned = self.rig.skin(posed, rest, self.rig.weights)
        items = self._bare(rest, normals, posed, outfit)
        items += self._worn(rest, posed, outfit, expression)
        items += self._held(random, rest, posed, outfit)
        points = self._landmarks.points(skinned, posed)
        seat = self._seat(random, skinned, posed, posture.kind)
        lowest = min(float(item.positions[:, 1].min()) for item in items)
        if seat is not None:  # may stand lower than the feet reach
            lowest = min(lowest, float(seat.positions[:, 1].min()))
        up = np.array([-points[[11, 12], 0].mean(), -lowest, -points[[11, 12], 2].mean()])
        if seat is not None:
            items.append(seat)
        high = float(np.ptp(plain[self._vertices, 1]))
        figure = Figure(items, points, physique, expression, posture, outfit, high)
        return figure.placed(1, np.eye(3), up)

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

    def _bare(
        self, rest: np.ndarray, normals: np.ndarray, posed: Posed, outfit: Outfit
    ) -> list[Item]:
        """The skin that is shown, and the underlayer where the rest of it is not hidden."""
        suit = self.wardrobe.get(outfit.suit)
        hidden = np.zeros(len(rest), bool)
        for name in (outfit.suit, outfit.shoes):
            if name:
                hidden[self.wardrobe.get(name).hides] = True
        inside = np.where(self.covered[:, None], rest - normals * INSIDE, rest)
        moved = self.rig.skin(posed, inside, self.rig.weights)
        bent = self._skin.normals(moved)
        shown = ~hidden[self._corners].all(1)
        items = []
        for covered, kind in ((False, kinds.SKIN), (True, kinds.CLOTH)):
            triangles = self._skin.triangles[shown & (self._covered_triangles == covered)]
            tints = self._underlayer(suit, outfit) if covered else WHITE * outfit.skin_tint
            if len(triangles):
                items.append(Item(
                    moved[self._skin.index], bent[self._skin.index], self._skin.uv,
                    self._skin.part if covered else self._skin.part * 0, triangles,
                    None if covered else outfit.skin, tints, 1, kind, 0.0,
                    0.02 if covered else 0.12,
                ))  # fmt: skip
        eyes = self.rig.skin(posed, rest, self.rig.weights)
        surface = self._eye_surface
        items.append(Item(
            eyes[surface.index], surface.normals(eyes)[surface.index], surface.uv, surface.part,
            surface.triangles, outfit.eyes, WHITE, 1, kinds.EYE, 0.0, 0.4,
        ))  # fmt: skip
        return items

    def _worn(
        self, rest: np.ndarray, posed: Posed, outfit: Outfit, expression: Expression
    ) -> list[Item]:
        get = self.wardrobe.get
        hat, mask, glasses, shoes, _ = outfit.extra_colors
        suit = get(outfit.suit)
        items = [self._item(rest, posed, suit, kinds.CLOTH, self._dyed(suit, outfit))._replace(
            pattern=outfit.pattern, pattern_color=outfit.pattern_color,
            pattern_size=outfit.pattern_size)]  # fmt: skip
        if outfit.shoes:
            garment = get(outfit.shoes)
            items.append(self._item(rest, posed, garment, kinds.CLOTH, WHITE))
        hairs = [(outfit.hair, outfit.hair_color)]
        hairs += [(outfit.brows, tuple(0.5 * x for x in outfit.hair_color))]
        if self.wardrobe.has("eyelashes01"):
            hairs.append(("eyelashes01", (0.01, 0.01, 0.01)))
        for name, color in hairs:
            if name:
                garment = get(name)
                tints = WHITE * color / np.maximum(self._color(garment).mean(), 0.02)
                items.append(self._item(rest, posed, garment, kinds.HAIR, tints, 0.45, 0.1))
        for unit, names in (("jawOpen", ("teeth_base", "tongue01")),):
            if dict(expression.units).get(unit, 0) > 0.04:
                items += [self._item(rest, posed, get(n), kinds.SKIN, WHITE, 0.3, 0.1)
                          for n in names if self.wardrobe.has(n)]  # fmt: skip
        worn = [(outfit.hat, hat), ("mask" if outfit.mask else None, mask), (outfit.glasses, glasses)]
        for name, color in worn:
            if name:
                tints = WHITE * color
                if name == "sunglasses":
                    tints = np.array([color] + [(0.01, 0.01, 0.012)] * 7)
                items.append(self._item(rest, posed, self._head(name), kinds.WORN, tints))
        return items

    def _item(
        self, rest: np.ndarray, posed: Posed, garment: Garment, kind: int, tints: np.ndarray,
        cut: float = 0.3, shine: float = 0.03,
    ) -> Item:  # fmt: skip
        if garment.name not in self._weights:
            shares = np.abs(garment.shares) / np.abs(garment.shares).sum(1, keepdims=True)
            weights = sum(
                self.rig.weights[garment.anchors[:, k]].multiply(shares[:, k : k + 1])
                for k in range(3)
            )
            self._weights[garment.name] = weights.tocsr()
        moved = self.rig.skin(posed, fit(garment, rest), self._weights[garment.name])
        surface = garment.surface
        return Item(moved[surface.index], surface.normals(moved)[surface.index], surface.uv,
                    surface.part, surface.triangles, garment.texture, tints, 1, kind, cut,
                    shine)  # fmt: skip

    def _head(self, name: str) -> Garment:
        if name not in self._own:
            if name in HATS:
                self._own[name] = self._head_wear.hat(name)
            elif name == "mask":
                self._own[name] = self._head_wear.mask()
            elif name in ("glasses", "sunglasses"):
                self._own[name] = self._head_wear.glasses(name == "sunglasses")
            else:
                self._own[name] = self.wardrobe.get(name)
        return self._own[name]

    def _color(self, garment: Garment) -> np.ndarray:
        """The mean colour (8, 3) of light of each part of a garment's texture."""
        if garment.name not in self._colors:
            means = np.ones((8, 3))
            if garment.texture:
                rgba = read_texture(garment.texture, 128)
                high, wide = rgba.shape[:2]
                u, v = np.mod(garment.surface.uv, 1).T
                seen = rgba[((1 - v) * (high - 1)).astype(int), (u * (wide - 1)).astype(int)]
                light = (seen[:, :3] / 255.0) ** 2
                for part in range(8):
                    use = (garment.surface.part == part) & (seen[:, 3] > 100)
                    means[part] = light[use].mean(0) if use.any() else 1
            self._colors[garment.name] = means
        return self._colors[garment.name]

    def _dyed(self, suit: Garment, outfit: Outfit) -> np.ndarray:
        """The tints (8, 3) that give a suit's parts their colours."""
        grey = self._color(suit).mean(1)
        own = suit.texture is not None and not suit.texture.stem.endswith("_ao")
        return np.array([
            (1.0, 1.0, 1.0) if dye is None and own
            else np.array(dye or outfit.extra_colors[part % 5]) / max(grey[part], 0.05)
            for part, dye in enumerate(outfit.dyes)
        ])  # fmt: skip

    def _underlayer(self, suit: Garment, outfit: Outfit) -> np.ndarray:
        """Tints (8, 3): a dark shade of the suit's mean colour above (0) and below the hips (1)."""
        tints = self._dyed(suit, outfit) * self._color(suit)
        at = fit(suit, self.body.mesh.vertices)[suit.surface.index, 1]
        low = at < self._hip_height(self.body.mesh.vertices)
        part = suit.surface.part.astype(int)
        found = np.ones((8, 3))
        for i, use in enumerate((~low, low)):
            found[i] = tints[part[use]].mean(0) if use.any() else tints.mean(0)
        # Dark, so that it can be taken for leggings and never for skin.
        return found * np.minimum(1, 0.1 / np.maximum(found.max(1, keepdims=True), 1e-3))

    def _hip_height(self, vertices: np.ndarray) -> float:
        bone = self.body.bones[self.rig.at["upperleg01.L"]]
        return float(vertices[bone.head, 1].mean())

    def _held(
        self, random: np.random.Generator, rest: np.ndarray, posed: Posed, outfit: Outfit
    ) -> list[Item]:
        items = []
        for side, sign, what in zip("LR", (1, -1), outfit.holds):
            if not what:
                continue
            ends = {n: rest[self.body.bones[self.rig.at[f"{n}.{side}"]].head].mean(0)
                    for n in ("wrist", "finger2-1", "finger3-1", "finger5-1")}  # fmt: skip
            along = ends["finger3-1"] - ends["wrist"]
            size = np.linalg.norm(along) / 0.09  # a grown-up's hand is 1
            along = along / np.linalg.norm(along)
            palm = -sign * np.cross(ends["finger2-1"] - ends["wrist"], ends["finger5-1"] - ends["wrist"])
            palm /= np.linalg.norm(palm)
            frame = np.stack([along, palm, np.cross(along, palm)], 1)
            middle = ends["wrist"] + 0.95 * size * 0.09 * along + 0.006 * palm
            thing = held(random, what).moved(frame * min(size, 1.1), middle)
            motion = posed.motion[self.rig.at[f"wrist.{side}"]]
            thing = thing.moved(motion[:, :3], motion[:, 3])
            items.append(shape_item(thing, outfit.extra_colors, 1, kinds.HELD))
        return items

    def _seat(
        self, random: np.random.Generator, skinned: np.ndarray, posed: Posed, kind: str
    ) -> Item | None:
        """The chair below somebody who sits, in the same place as the body; its feet may be
        higher or lower than those of the person."""
        if kind not in SITTING:
            return None
        at = self.rig.at
        hips = np.array([posed.heads[at[f"upperleg01.{s}"]] for s in "LR"])
        knees = np.array([posed.heads[at[f"lowerleg01.{s}"]] for s in "LR"])
        thigh = np.linalg.norm(knees - hips, axis=1).mean()
        seated = skinned[self._seated]
        near = seated[np.abs(seated[:, 2] - hips[:, 2].mean()) < thigh * 0.4]
        under = float(near[:, 1].min()) + 0.01
        feet = float(skinned[self._vertices, 1].min())
        floor = feet - (0.02 if kind == "chair" else 0.12)
        height = max(under - floor, 0.15)
        width = max(0.4, np.ptp(near[:, 0]) * 1.05)
        deep = float(np.clip(thigh * 1.15, 0.3, 0.5))
        made = chair(random, height, width, deep) if kind == "chair" else wheelchair(height, width, deep)
        middle = hips.mean(0)
        place = np.array([middle[0], floor, middle[2] - 0.14 + deep / 2])
        colors = tuple(tuple(random.uniform(0.02, 0.7, 3)) for _ in range(3))
        dark = ((0.01, 0.01, 0.01),) * 8
        used = (colors[0], (0.3, 0.3, 0.32) if random.random() < 0.5 else colors[1], *dark)
        return shape_item(made.moved(np.eye(3), place), used, 0, kinds.FURNITURE)


def covered(body: Body) -> np.ndarray:
    """Return which vertices (n,) are never shown as skin: trunk, hips, thighs.

    Above the armpits a neckline may show skin.
    """
    names = np.array([bone.name for bone in body.bones])
    main = names[body.weights.argmax(1)]
    found = np.char.startswith(main[:, None], _COVERED).any(1)
    armpit = body.mesh.vertices[body.bones[list(names).index("upperarm01.L")].head, 1].mean() - 0.06
    upper = np.char.startswith(main[:, None], _UPPER).any(1)
    high = body.mesh.vertices[:, 1] > armpit
    return (found & ~(high & np.char.startswith(main, "spine02"))) | (upper & ~high)


def shape_item(thing: Shape, colors: tuple, person: int, kind: int) -> Item:
    """Return a thing as an item, its parts in these colours of light."""
    tints = np.ones((8, 3))
    tints[: min(len(colors), 8)] = colors[:8]
    return Item(thing.vertices, thing.normals(), np.zeros((len(thing.vertices), 2)), thing.part,
                thing.triangles, None, tints, person, kind)  # fmt: skip
