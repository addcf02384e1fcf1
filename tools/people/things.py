# SPDX-License-Identifier: Apache-2.0
"""Things of simple geometry: in hands, chairs, wheelchairs, tables.

Each shape is vertices (n, 3) m and triangles (t, 3), with flat sides: no vertex is shared between
sides that meet at an edge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tools.people.rig import between, rotation


class Shape(NamedTuple):
    """A mesh with its own normals."""

    vertices: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    """(n,) float32, which tint each vertex has."""

    def moved(self, turn: np.ndarray, to: np.ndarray) -> Shape:
        """Return it turned by (3, 3), then moved by (3,) m."""
        return self._replace(vertices=self.vertices @ turn.T + to)

    def normals(self) -> np.ndarray:
        """Return unit normals (n, 3)."""
        a, b, c = (self.vertices[self.triangles[:, k]] for k in range(3))
        face = np.cross(b - a, c - a)
        summed = np.zeros_like(self.vertices)
        for k in range(3):
            np.add.at(summed, self.triangles[:, k], face)
        return summed / (np.linalg.norm(summed, axis=1, keepdims=True) + 1e-12)


def joined(*shapes: Shape) -> Shape:
    """Return several shapes as one."""
    starts = np.cumsum([0, *(len(s.vertices) for s in shapes)])
    return Shape(
        np.concatenate([s.vertices for s in shapes]),
        np.concatenate([s.triangles + at for s, at in zip(shapes, starts)]).astype(np.int32),
        np.concatenate([s.part for s in shapes]),
    )


def _shape(vertices: list | np.ndarray, triangles: list | np.ndarray, part: int) -> Shape:
    points = np.array(vertices, float).reshape(-1, 3)
    return Shape(
        points,
        np.array(triangles, np.int32).reshape(-1, 3),
        np.full(len(points), part, np.float32),
    )


def box(size: tuple[float, float, float], at: tuple = (0, 0, 0), part: int = 0) -> Shape:
    """Return a box of a size in x, y and z around a point."""
    vertices, triangles = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1, 1):
            corners = np.zeros((4, 3))
            corners[:, axis] = sign
            corners[:, u], corners[:, v] = (-1, 1, 1, -1), (-1, -1, 1, 1)
            first = len(vertices)
            vertices += list(corners * np.array(size) / 2 + at)
            order = [0, 1, 2, 0, 2, 3] if sign > 0 else [0, 2, 1, 0, 3, 2]
            triangles += [first + k for k in order]
    return _shape(vertices, triangles, part)


def tube(a: tuple, b: tuple, radius: float, sides: int = 10, part: int = 0) -> Shape:
    """Return a closed cylinder from a to b."""
    a, b = np.array(a, float), np.array(b, float)
    turn = between(np.array([0, 1, 0]), b - a)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), 0 * angle, -np.sin(angle)], 1) * radius @ turn.T
    n, k = sides, np.arange(sides)
    after = (k + 1) % n
    wall = np.concatenate([np.stack([k, after, after + n], 1), np.stack([k, after + n, k + n], 1)])
    caps = np.concatenate([
        np.stack([np.full(n, 4 * n), after + 2 * n, k + 2 * n], 1),
        np.stack([np.full(n, 4 * n + 1), k + 3 * n, after + 3 * n], 1),
    ])  # fmt: skip
    points = np.concatenate([ring + a, ring + b, ring + a, ring + b, [a, b]])
    return _shape(points, np.concatenate([wall, caps]), part)


def ball(radius: float, at: tuple = (0, 0, 0), part: int = 0, rings: int = 8) -> Shape:
    """Return a sphere."""
    lat = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    lon = np.linspace(0, 2 * np.pi, 2 * rings + 1)
    y, a = np.meshgrid(lat, lon, indexing="ij")
    points = np.stack([np.cos(y) * np.sin(a), np.sin(y), np.cos(y) * np.cos(a)], -1) * radius
    return _shape(points.reshape(-1, 3) + at, grid(rings + 1, 2 * rings + 1), part)


def wheel(at: tuple, radius: float, width: float, part: int = 0) -> Shape:
    """Return a wheel in the plane of y and z: a tyre, a hub and spokes."""
    angle = np.linspace(0, 2 * np.pi, 19)[:, None]
    small = np.linspace(0, 2 * np.pi, 7)[None]
    out = radius + np.cos(small) * width
    points = np.stack(
        np.broadcast_arrays(
            np.sin(small) * width + 0 * angle, out * np.sin(angle), out * np.cos(angle)
        ),
        -1,
    )
    tyre = _shape(points.reshape(-1, 3) + at, grid(19, 7), part)
    spokes = [
        tube(at, tuple(np.array(at) + radius * np.array([0, np.sin(a), np.cos(a)])), 0.004, 5, 1)
        for a in np.arange(6) * np.pi / 3
    ]
    return joined(tyre, *spokes)


def grid(rows: int, columns: int) -> np.ndarray:
    """Return the triangles (t, 3) of a grid of vertices, rows first."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    after = first + columns
    return np.concatenate([
        np.stack([first, first + 1, after + 1], 1), np.stack([first, after + 1, after], 1)
    ]).astype(np.int32)  # fmt: skip


def chair(random: np.random.Generator, height: float, width: float, deep: float) -> Shape:
    """Return a chair: its seat's top is at a height above the floor, its middle at x = z = 0.

    Args:
        random: the source of chance, for its form.
        height: m from the floor to the seat's top.
        width: m, the seat's, as is `deep`.
        deep: m from the back to the seat's front edge.
    """
    parts = [box((width, 0.04, deep), (0, height - 0.02, 0))]
    back = random.uniform(0.3, 0.6)
    if random.random() < 0.8:
        parts.append(box((width, back, 0.03), (0, height + 0.12 + back / 2, -deep / 2 - 0.015)))
        for x in (-1, 1):
            parts.append(
                box((0.03, 0.25, 0.03), (x * (width / 2 - 0.03), height + 0.1, -deep / 2), 1)
            )
    if random.random() < 0.2:
        parts.append(tube((0, 0.05, 0), (0, height - 0.03, 0), 0.03, part=1))
        parts.append(tube((0, 0, 0), (0, 0.05, 0), 0.24, 14, part=1))
    else:
        for x in (-1, 1):
            for z in (-1, 1):
                top = (x * (width / 2 - 0.03), height - 0.03, z * (deep / 2 - 0.03))
                parts.append(tube((top[0], 0, top[2]), top, 0.018, 6, part=1))
    if random.random() < 0.25:
        for x in (-1, 1):
            side = x * (width / 2 + 0.03)
            parts.append(box((0.05, 0.03, deep * 0.8), (side, height + 0.2, 0)))
            parts.append(box((0.03, 0.2, 0.03), (side, height + 0.1, deep * 0.3), 1))
    return joined(*parts)


def wheelchair(height: float, width: float, deep: float) -> Shape:
    """Return a wheelchair, placed as `chair`."""
    parts = [
        box((width, 0.03, deep), (0, height - 0.015, 0)),
        box((width, 0.42, 0.02), (0, height + 0.25, -deep / 2 - 0.01)),
    ]
    for x in (-1, 1):
        side = x * (width / 2 + 0.02)
        parts += [
            wheel((side + x * 0.035, 0.3, -deep / 2 + 0.12), 0.285, 0.014, part=2),
            wheel((side, 0.09, deep / 2 + 0.02), 0.075, 0.014, part=2),
            tube((side, height, -deep / 2), (side, height + 0.5, -deep / 2), 0.012, 6, 1),
            tube(
                (side, height + 0.48, -deep / 2),
                (side, height + 0.48, -deep / 2 - 0.14),
                0.015,
                6,
                2,
            ),
            tube((side, height, -deep / 2), (side, height, deep / 2), 0.012, 6, 1),
            tube((side, height, deep / 2), (side, 0.1, deep / 2 + 0.12), 0.012, 6, 1),
            box((0.04, 0.02, deep * 0.6), (side, height + 0.2, -0.05), 2),
            tube((side, height + 0.2, deep * 0.2), (side, height, deep * 0.2), 0.01, 6, 1),
            box((width * 0.36, 0.012, 0.16), (x * width * 0.22, 0.09, deep / 2 + 0.18), 2),
        ]
    return joined(*parts)


def table(random: np.random.Generator) -> Shape:
    """Return a table or a box on the floor, its middle at x = z = 0."""
    wide, deep, high = random.uniform((0.5, 0.35, 0.35), (1.6, 0.8, 1.05))
    if random.random() < 0.5:
        return box((wide, high, deep), (0, high / 2, 0))
    legs = [
        tube((x * (wide / 2 - 0.04), 0, z * (deep / 2 - 0.04)),
             (x * (wide / 2 - 0.04), high, z * (deep / 2 - 0.04)), 0.025, 6, 1)
        for x in (-1, 1) for z in (-1, 1)
    ]  # fmt: skip
    return joined(box((wide, 0.04, deep), (0, high - 0.02, 0)), *legs)


HELD = ("phone", "cup", "ball", "book", "stick", "bag")


def held(random: np.random.Generator, what: str) -> Shape:
    """Return a thing in a hand's frame: x along the fingers, y out of the palm, z along its grip.

    The palm's middle is the origin.
    """
    if what == "phone":
        return box((0.075, 0.009, 0.15), (0.02, 0.022, 0.03)).moved(
            rotation([1, 0, 0], 15), np.zeros(3)
        )
    if what == "cup":
        radius, high = random.uniform((0.028, 0.08), (0.04, 0.13))
        return tube(
            (0.02, radius + 0.012, -high / 2), (0.02, radius + 0.012, high / 2), radius, 14
        )
    if what == "ball":
        radius = random.uniform(0.03, 0.11)
        return ball(radius, (0.02, radius + 0.01, 0))
    if what == "book":
        return box((0.16, 0.025, 0.22), (0.06, 0.03, 0))
    if what == "stick":
        long = random.uniform(0.3, 0.9)
        return tube((0.02, 0.025, -0.1), (0.02, 0.025, long), 0.012, 8)
    handle = tube((0.02, 0.02, -0.05), (0.02, 0.02, 0.05), 0.012, 8, 1)
    return joined(handle, box((0.24, 0.09, 0.3), (0.17, 0.03, 0)))
