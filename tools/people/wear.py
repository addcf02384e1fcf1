# SPDX-License-Identifier: Apache-2.0
"""Things worn on the head, of our own geometry: glasses, masks, woolly hats, caps, headscarves.

Each is made once around MakeHuman's neutral head and hangs on its skin like any garment, so that
it follows every shape of head and every expression.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from tools.people.anny import Body
from tools.people.garments import Garment
from tools.people.landmarks import EARS, FACE
from tools.people.mesh import Mesh, Surface
from tools.people.things import Shape, grid, joined, tube

# Pairs of vertices whose distances in x, y and z are the head's sizes, as in MakeHuman's hair.
_SIZES = ((5399, 11998), (791, 881), (962, 5320))
_BRIDGE = FACE[28 - 1]
HATS = ("woolly", "cap", "headscarf")


class HeadWear:
    """Makes the garments for one base mesh."""

    def __init__(self, body: Body) -> None:
        self._vertices = np.asarray(body.mesh.vertices, float)
        names = [bone.name for bone in body.bones]
        head = body.weights[:, [n in ("head", "jaw") or n.startswith(_FACIAL) for n in names]]
        skin = np.unique(body.mesh.faces[body.mesh.groups == "body"])
        self._skin = skin[head[skin].sum(1) > 0.5]
        self._all = skin
        self._middle = self._vertices[self._skin]
        self._middle = (self._middle.min(0) + self._middle.max(0)) / 2
        tops = [
            abs(self._vertices[a, i] - self._vertices[b, i]) for i, (a, b) in enumerate(_SIZES)
        ]
        self._sizes = tuple((a, b, float(d)) for (a, b), d in zip(_SIZES, tops))

    def hat(self, kind: str) -> Garment:
        """Return one of HATS."""
        rows, columns = 14, 36
        around = np.linspace(-np.pi, np.pi, columns)  # 0 is the front
        if kind == "headscarf":
            lowest = np.where(np.abs(around) < np.radians(62), 38, -75.0)
        else:
            lowest = np.interp(np.abs(around), [0, np.pi], [24, -8])
        share = np.linspace(0, 1, rows)[:, None]
        rise = np.radians(lowest + (90 - lowest) * share)
        thick = {"woolly": 0.014, "cap": 0.01, "headscarf": 0.012}[kind]
        points = self._shell(np.broadcast_to(around, rise.shape), rise, thick)
        if kind == "woolly":
            points[:2] += (points[:2] - self._middle) * 0.06  # the brim's fold
        shape = Shape(points.reshape(-1, 3), grid(rows, columns), np.zeros(rows * columns))
        if kind == "cap":
            shape = joined(shape, self._peak(points[0], around))
        return self._garment(kind, shape)

    def mask(self) -> Garment:
        """Return a face mask from the nose's bridge to under the chin."""
        v = self._vertices
        top, bottom = v[FACE[28]][1] - 0.004, v[FACE[8]][1] - 0.012
        rows, columns = 9, 21
        share = np.linspace(0, 1, rows)[:, None]
        around = np.radians(np.linspace(-58, 58, columns))[None] * np.ones((rows, 1))
        edge = np.abs(np.linspace(-1, 1, columns))[None] ** 2
        height = top + (bottom - top) * share - 0.022 * edge * (1 - 1.6 * share)
        centre = np.array([0, 0, v[FACE[8]][2] - 0.085])
        reach = self._reach(around, height, centre) + 0.006
        points = np.stack(
            [centre[0] + reach * np.sin(around), height, centre[2] + reach * np.cos(around)], -1
        )
        sheet = Shape(points.reshape(-1, 3), grid(rows, columns), np.zeros(rows * columns))
        loops = [
            tube(tuple(points[row, edge]), tuple(v[ear] + [side * 0.004, 0, 0]), 0.0015, 5)
            for edge, ear, side in ((-1, EARS[0], 1), (0, EARS[1], -1))
            for row in (1, rows - 3)
        ]
        return self._garment("mask", joined(sheet, *loops))

    def glasses(self, dark: bool) -> Garment:
        """Return glasses: rims and temples, and, if they are dark, lenses."""
        v = self._vertices
        corners = {
            side: v[[FACE[i] for i in eye]]
            for side, eye in (("l", range(42, 48)), ("r", range(36, 42)))
        }
        front = max(c[:, 2].max() for c in corners.values()) + 0.014
        shapes = []
        for side, eye in corners.items():
            x, y = eye[:, 0].mean(), eye[:, 1].mean() - 0.003
            angle = np.linspace(0, 2 * np.pi, 17)
            across = x + 0.025 * np.cos(angle)
            bent = front - 0.35 * across**2 / 0.06
            ring = np.stack([across, y + 0.019 * np.sin(angle), bent], 1)
            shapes += [tube(tuple(a), tuple(b), 0.0017, 5) for a, b in zip(ring, ring[1:])]
            if dark:
                fan = [[0, k, k + 1] for k in range(1, 17)]
                lens = np.concatenate([[ring[:-1].mean(0)], ring])
                shapes.append(Shape(lens, np.array(fan, np.int32), np.ones(len(lens), np.float32)))
            sign = 1 if side == "l" else -1
            hinge = (x + sign * 0.026, y + 0.006, ring[0 if sign > 0 else 8][2])
            ear = v[EARS[0 if side == "l" else 1]]
            tip = (ear[0] + sign * 0.004, y + 0.004, ear[2])
            shapes.append(tube(hinge, tip, 0.0018, 5))
            shapes.append(
                tube(tip, (tip[0] - sign * 0.004, tip[1] - 0.03, tip[2] - 0.022), 0.0018, 5)
            )
        y = np.mean([c[:, 1].mean() for c in corners.values()])
        inner = min(abs(c[:, 0].mean()) for c in corners.values()) - 0.025
        shapes.append(tube((-inner, y, front - 0.001), (inner, y, front - 0.001), 0.0017, 5))
        garment = self._garment("sunglasses" if dark else "glasses", joined(*shapes))
        return self._rigid(garment, front)

    def _peak(self, edge: np.ndarray, around: np.ndarray) -> Shape:
        """A cap's peak, from the front of its edge (n, 3)."""
        front = edge[np.abs(around) < np.radians(60)]
        share = np.linspace(0, 1, len(front))
        out = np.sin(share * np.pi)[:, None]
        rows = [front + out * np.array([0, -0.012 - 0.01 * k, 0.035]) * k for k in (0, 1, 2)]
        points = np.concatenate(rows)
        return Shape(points, grid(3, len(front)), np.ones(len(points), np.float32))

    def _shell(self, around: np.ndarray, rise: np.ndarray, thick: float) -> np.ndarray:
        """Points (..., 3) around the head in directions by azimuth and elevation, radians."""
        ray = np.stack(
            [np.cos(rise) * np.sin(around), np.sin(rise), np.cos(rise) * np.cos(around)], -1
        )
        out = self._vertices[self._all] - self._middle
        far = np.linalg.norm(out, axis=1)
        near = far < 0.22
        out, far = out[near] / far[near, None], far[near]
        tree = cKDTree(out)
        _, which = tree.query(ray.reshape(-1, 3), k=12)
        reach = far[which].max(1).reshape(rise.shape)
        return self._middle + ray * (reach + thick)[..., None]

    def _reach(self, around: np.ndarray, height: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """How far from a vertical axis the head's skin is, by azimuth and height."""
        skin = self._vertices[self._skin] - centre
        found = np.zeros_like(around)
        azimuth = np.arctan2(skin[:, 0], skin[:, 2])
        far = np.hypot(skin[:, 0], skin[:, 2])
        for i in np.ndindex(around.shape):
            close = (np.abs(azimuth - around[i]) < 0.12) & (
                np.abs(skin[:, 1] - height[i] + centre[1]) < 0.012
            )
            found[i] = far[close].max() if close.any() else np.nan
        for row in found:
            known = np.isfinite(row)
            row[~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), row[known])
        return found

    def _garment(self, name: str, shape: Shape) -> Garment:
        """Hang a shape on the nearest vertices of the head's skin."""
        _, nearest = cKDTree(self._vertices[self._skin]).query(shape.vertices, k=3)
        anchors = self._skin[nearest].astype(np.int32)
        shares = np.full((len(anchors), 3), 1 / 3, np.float32)
        offsets = shape.vertices - self._vertices[anchors].mean(1)
        quads = np.concatenate([shape.triangles, shape.triangles[:, :1]], 1)
        mesh = Mesh(shape.vertices, np.zeros((len(anchors), 2), np.float32), quads, quads,
                    np.full(len(quads), name))  # fmt: skip
        surface = Surface(mesh)
        surface.part = np.asarray(shape.part, np.float32)[surface.index]
        return Garment(name, surface, anchors, shares, offsets.astype(np.float32), self._sizes,
                       np.zeros(0, np.int32), None)  # fmt: skip

    def _rigid(self, garment: Garment, front: float) -> Garment:
        """Hang the front on the nose's bridge alone and the rest on the nearer ear."""
        points = garment.offsets + self._vertices[garment.anchors].mean(1)
        anchors = np.where(
            points[:, 2] > front - 0.03, _BRIDGE, np.where(points[:, 0] > 0, EARS[0], EARS[1])
        )
        anchors = np.repeat(anchors[:, None], 3, 1).astype(np.int32)
        offsets = points - self._vertices[anchors[:, 0]]
        return garment._replace(anchors=anchors, offsets=offsets.astype(np.float32))


_FACIAL = ("levator", "oculi", "orbicularis", "oris", "risorius", "special", "temporalis")
