# SPDX-License-Identifier: Apache-2.0
"""Expressions: face units with the names of ARKit's, gaze, and the eyeballs' texture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.people.anny import Body
from tools.people.mesh import Mesh

GAZE = (35.0, 25.0)  # degrees to the sides, up and down, that eyes turn without the head
# Where the eye's picture has its pupil, and how far from it a right angle from the axis lies.
PUPIL, QUARTER = (0.7061, 0.7041), 0.32
# Sets of units that go together, each with the probability that it is there.
_MOODS = {
    "smile": ((("mouthSmileLeft", 1.0), ("mouthSmileRight", 0.9), ("cheekSquintLeft", 0.4),
               ("cheekSquintRight", 0.4)), 0.4),
    "open": ((("jawOpen", 1.0),), 0.35),
    "closed_eyes": ((("eyeBlinkLeft", 1.0), ("eyeBlinkRight", 1.0)), 0.12),
    "surprise": ((("browInnerUp", 1.0), ("browOuterUpLeft", 0.9), ("browOuterUpRight", 0.9),
                  ("eyeWideLeft", 0.8), ("eyeWideRight", 0.8)), 0.12),
    "frown": ((("browDownLeft", 1.0), ("browDownRight", 1.0)), 0.15),
    "sad": ((("mouthFrownLeft", 1.0), ("mouthFrownRight", 1.0)), 0.1),
    "pucker": ((("mouthPucker", 1.0),), 0.08),
    "funnel": ((("mouthFunnel", 1.0),), 0.06),
    "left": ((("mouthLeft", 1.0), ("jawLeft", 0.6)), 0.05),
    "right": ((("mouthRight", 1.0), ("jawRight", 0.6)), 0.05),
    "squint": ((("eyeSquintLeft", 1.0), ("eyeSquintRight", 1.0)), 0.15),
    "wink": ((("eyeBlinkLeft", 1.0),), 0.03),
    "puff": ((("cheekPuff", 1.0),), 0.04),
    "teeth": ((("mouthUpperUpLeft", 0.8), ("mouthUpperUpRight", 0.8),
               ("mouthLowerDownLeft", 0.8), ("mouthLowerDownRight", 0.8)), 0.1),
}  # fmt: skip


class Expression(NamedTuple):
    """What a face does."""

    units: tuple[tuple[str, float], ...]
    """Names of face units with weights from 0 to 1."""
    gaze: tuple[float, float]
    """Degrees to the person's left, and up."""


def draw_expression(random: np.random.Generator) -> Expression:
    """Draw an expression; a third of the faces have none but a random trace of some units."""
    units: dict[str, float] = {}
    for members, probability in _MOODS.values():
        if random.random() < probability * (random.random() < 0.7) / 0.7:
            strength = random.uniform(0.2, 1) ** 0.8
            for name, share in members:
                units[name] = max(units.get(name, 0), strength * share)
    gaze = np.clip(random.normal(0, (12, 7)), np.negative(GAZE), GAZE)
    return Expression(tuple(units.items()), (float(gaze[0]), float(gaze[1])))


def displacement(expression: Expression, body: Body) -> np.ndarray:
    """Return what an expression adds to the vertices (n, 3) float32 m; lids follow the gaze."""
    moved = np.zeros_like(body.mesh.vertices)
    left, up = expression.gaze
    sides = {"Left": left, "Right": -left}  # outwards
    lids = {}
    for side, out in sides.items():
        lids[f"eyeLook{'Out' if out > 0 else 'In'}{side}"] = abs(out) / GAZE[0]
        lids[f"eyeLook{'Up' if up > 0 else 'Down'}{side}"] = abs(up) / GAZE[1]
    for name, weight in (*expression.units, *lids.items()):
        if f"unit/{name}" in body.targets and weight > 1e-3:
            body.targets[f"unit/{name}"].add_to(moved, weight)
    return moved


class Eyes:
    """The two eyeballs of the base mesh, which turn about their centres."""

    def __init__(self, body: Body) -> None:
        mesh = body.mesh
        self._balls = []
        for side in "lr":
            vertices = np.unique(mesh.faces[mesh.groups == f"helper-{side}-eye"])
            bone = next(b for b in body.bones if b.name == f"eye.{side.upper()}")
            self._balls.append((vertices, bone))
        both = np.char.endswith(mesh.groups, "-eye") & np.char.startswith(mesh.groups, "helper-")
        faces = mesh.faces[both]
        self.mesh = Mesh(mesh.vertices, self._uv(mesh.vertices), faces, faces, mesh.groups[both])

    def _uv(self, vertices: np.ndarray) -> np.ndarray:
        """Map each eyeball around its axis onto the round eye of the picture: equidistant."""
        uv = np.zeros((len(vertices), 2), np.float32)
        for ball, bone in self._balls:
            axis = vertices[bone.tail].mean(0) - vertices[bone.head].mean(0)
            axis /= np.linalg.norm(axis)
            out = vertices[ball] - vertices[ball].mean(0)
            out /= np.linalg.norm(out, axis=1, keepdims=True)
            side = np.cross([0, 1, 0], axis)
            side /= np.linalg.norm(side)
            flat = np.stack([out @ side, out @ np.cross(axis, side)], 1)
            flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
            angle = np.arccos(np.clip(out @ axis, -1, 1)) / (np.pi / 2)
            uv[ball] = np.array(PUPIL) + flat * np.minimum(angle, 1)[:, None] * QUARTER
        return uv

    def turn(self, vertices: np.ndarray, gaze: tuple[float, float]) -> None:
        """Turn the eyeballs of a body at rest in place."""
        left, up = np.radians(gaze)
        c, s = np.cos(left), np.sin(left)
        yaw = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        c, s = np.cos(-up), np.sin(-up)
        turned = yaw @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        for ball, bone in self._balls:
            centre = vertices[bone.head].mean(0)
            vertices[ball] = (vertices[ball] - centre) @ turned.T + centre
