# SPDX-License-Identifier: Apache-2.0
"""The body itself: the skin that is shown, the underlayer that is worn over the rest, the eyes.

Nobody is ever shown unclothed, by construction: the skin of trunk, hips and thighs is never drawn
as skin. Where no garment hides it, it is drawn as an underlayer of cloth, a little inside the
skin so that it does not poke through what is worn over it.
"""

from __future__ import annotations

import numpy as np

from tools.people import renderer as kinds
from tools.people.anny import Body
from tools.people.face import Eyes
from tools.people.mesh import Surface
from tools.people.outfit import Outfit
from tools.people.renderer import WHITE, Item
from tools.people.rig import Posed, Rig

INSIDE = 0.007  # m, how far the underlayer lies inside the skin
_COVERED = ("spine02", "spine03", "spine04", "spine05", "root", "pelvis", "breast", "upperleg")
_UPPER = ("spine01", "clavicle", "shoulder")  # a neckline may bare what of these is above it


def hip_height(body: Body) -> float:
    """Return the height in m of the hips of the base mesh."""
    bone = next(b for b in body.bones if b.name == "upperleg01.L")
    return float(body.mesh.vertices[bone.head, 1].mean())


def covered(body: Body) -> np.ndarray:
    """Return which vertices (n,) are never shown as skin: trunk, hips, thighs.

    Above the armpits a neckline may show skin.
    """
    names = np.array([bone.name for bone in body.bones])
    main = names[body.weights.argmax(1)]
    height = body.mesh.vertices[:, 1]
    shoulder = body.bones[list(names).index("upperarm01.L")]
    high = height > height[shoulder.head].mean() - 0.06
    trunk = np.char.startswith(main[:, None], _COVERED).any(1)
    upper = np.char.startswith(main[:, None], _UPPER).any(1)
    return (trunk & ~(high & np.char.startswith(main, "spine02"))) | (upper & ~high)


class Skin:
    """The surfaces of a body."""

    def __init__(self, body: Body, rig: Rig) -> None:
        self._rig = rig
        mesh = body.mesh
        own = mesh.groups == "body"
        self.surface = Surface(mesh._replace(faces=mesh.faces[own], face_uv=mesh.face_uv[own]))
        self._corners = self.surface.index[self.surface.triangles]
        self.vertices = np.unique(self._corners)
        """Indices of the body's vertices that are skin, not helpers."""
        self.covered = covered(body)
        self._covered = self.covered[self._corners].any(1)
        below = mesh.vertices[:, 1] < hip_height(body)
        self._below = below.astype(np.float32)[self.surface.index]
        self.eyes = Eyes(body)
        self._eyes = Surface(self.eyes.mesh)

    def items(
        self, rest: np.ndarray, normals: np.ndarray, posed: Posed, outfit: Outfit,
        hidden: np.ndarray, under: np.ndarray,
    ) -> list[Item]:  # fmt: skip
        """Return what is drawn of a body.

        Args:
            rest: its vertices (n, 3) m.
            normals: (n, 3), as of them.
            posed: its posture.
            outfit: for the skin's and the eyes' colours.
            hidden: which vertices (n,) garments hide.
            under: tints (8, 3) of the underlayer, 0 above and 1 below the hips.
        """
        inside = np.where(self.covered[:, None], rest - normals * INSIDE, rest)
        moved = self._rig.skin(posed, inside, self._rig.weights)
        bent, index = self.surface.normals(moved), self.surface.index
        shown = ~hidden[self._corners].all(1)
        bare = Item(
            moved[index], bent[index], self.surface.uv, self._below * 0,
            self.surface.triangles[shown & ~self._covered], outfit.skin,
            WHITE * outfit.skin_tint, 1, kinds.SKIN, cut=0.0, shine=0.12,
        )  # fmt: skip
        layer = bare._replace(
            part=self._below, triangles=self.surface.triangles[shown & self._covered],
            texture=None, tints=under, kind=kinds.CLOTH, shine=0.02,
        )  # fmt: skip
        eyes, index = self._rig.skin(posed, rest, self._rig.weights), self._eyes.index
        balls = Item(
            eyes[index], self._eyes.normals(eyes)[index], self._eyes.uv, self._eyes.part,
            self._eyes.triangles, outfit.eyes, WHITE, 1, kinds.EYE, cut=0.0, shine=0.4,
        )  # fmt: skip
        return [item for item in (bare, layer, balls) if len(item.triangles)]
