# SPDX-License-Identifier: Apache-2.0
"""Beards: the skin of the lower face once more, a little outside, as strands with gaps between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.people.anny import Body
from tools.people.landmarks import FACE
from tools.people.mesh import Surface
from tools.people.outfit import Color
from tools.people.renderer import HAIR, STRANDS, WHITE, Item


class _Cut(NamedTuple):
    """A kind of beard."""

    thick: float
    """m."""
    cover: float
    """Share of the skin that is covered."""


BEARDS = {
    "full": _Cut(0.006, 0.95),
    "stubble": _Cut(0.0007, 0.4),
    "goatee": _Cut(0.005, 0.9),
    "moustache": _Cut(0.004, 0.9),
}


class Beards:
    """Knows where on the skin beards grow."""

    def __init__(self, body: Body, surface: Surface) -> None:
        vertices = np.asarray(body.mesh.vertices, float)
        face = vertices[list(FACE)]
        lips, chin, nose, ear = face[48:60], face[8], face[33], face[0]
        x, y, z = vertices.T
        aside = np.abs(x)
        mouth = lips.mean(0)
        # The cheeks' line rises from the nose's base past the mouth's corners to the ears.
        line = np.interp(aside, [0, 0.03, abs(ear[0])], [nose[1], mouth[1] + 0.008, ear[1]])
        grown = (y < line) & (y > chin[1] - 0.022) & (z > ear[2] - 0.012)
        half = np.ptp(lips, axis=0) / 2 + (0.001, -0.001, 0)
        grown &= ((x - mouth[0]) / half[0]) ** 2 + ((y - mouth[1]) / half[1]) ** 2 > 1
        middle = aside < half[0] + 0.008
        places = {
            "full": grown,
            "stubble": grown,
            "goatee": grown & middle & (z > mouth[2] - 0.045),
            "moustache": grown & middle & (y > mouth[1]),
        }
        corners = surface.index[surface.triangles]
        self._triangles = {
            kind: surface.triangles[place[corners].all(1)] for kind, place in places.items()
        }

    def item(self, kind: str, skin: Item, color: Color) -> Item:
        """Return a beard, one of BEARDS.

        Args:
            kind: which.
            skin: the item of the whole skin.
            color: the hair's.
        """
        cut = BEARDS[kind]
        return skin._replace(
            positions=skin.positions + skin.normals * cut.thick,
            triangles=self._triangles[kind],
            texture=None,
            tints=WHITE * color,
            kind=HAIR,
            pattern=STRANDS,
            pattern_color=(cut.cover, 0, 0),
            pattern_size=800,
        )
