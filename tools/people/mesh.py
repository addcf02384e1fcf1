# SPDX-License-Identifier: Apache-2.0
"""Meshes and morph targets: Wavefront OBJ, MakeHuman's .target, normals.

MakeHuman measures in decimetres; everything here is in metres: x to the person's left, y up, z to
the front.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from tools.people.errors import PeopleError

METRES = 0.1  # MakeHuman's unit


class Mesh(NamedTuple):
    """A mesh of quads as it is read; a triangle repeats its first corner."""

    vertices: np.ndarray
    """(n, 3) float32 m."""
    uv: np.ndarray
    """(m, 2) float32, origin bottom left."""
    faces: np.ndarray
    """(f, 4) int32, indices of vertices."""
    face_uv: np.ndarray
    """(f, 4) int32, indices of uv."""
    groups: np.ndarray
    """(f,) names."""


def read_obj(text: str, where: str) -> Mesh:
    """Read a mesh of triangles and quads.

    Raises:
        PeopleError: the text is no such mesh.
    """
    vertices, uv, corners, groups, group = [], [], [], [], ""
    try:
        for line in text.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                vertices.append([float(x) for x in rest.split()[:3]])
            elif kind == "vt":
                uv.append([float(x) for x in rest.split()[:2]])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                face = [(*corner.split("/"), "")[:2] for corner in rest.split()]
                face += face[:1] if len(face) == 3 else []
                corners.append([[int(v) - 1, int(t or 1) - 1] for v, t in face])
                groups.append(group)
        indices = np.array(corners, np.int32).reshape(len(corners), 4, 2)
        points = np.array(vertices, np.float32).reshape(-1, 3) * METRES
        coordinates = np.array(uv or [[0, 0]], np.float32).reshape(-1, 2)
        if not len(indices) or indices.min() < 0 or indices[..., 0].max() >= len(points):
            raise ValueError("its faces do not match its vertices")
    except ValueError as err:
        raise PeopleError(f"{where}: is no OBJ mesh of triangles and quads: {err}") from err
    return Mesh(points, coordinates, indices[..., 0], indices[..., 1], np.array(groups))


def read_target(text: str, count: int, where: str) -> np.ndarray:
    """Read a morph target: the displacement (count, 3) float32 m of each vertex.

    Raises:
        PeopleError: the text is no target of a mesh with that many vertices.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    try:
        rows = np.array(" ".join(lines).split(), np.float64).reshape(-1, 4)
        displacement = np.zeros((count, 3), np.float32)
        displacement[rows[:, 0].astype(int)] = rows[:, 1:] * METRES
    except (ValueError, IndexError) as err:
        raise PeopleError(f"{where}: is no morph target of {count} vertices: {err}") from err
    return displacement


class Surface:
    """A mesh ready to be drawn: each corner with its own uv is a vertex of its own.

    Attributes:
        index: (m,) int32, the mesh's vertex of each drawn vertex.
        uv: (m, 2) float32, origin bottom left.
        part: (m,) float32, the connected component, counted from the largest, at most 7.
        triangles: (t, 3) int32, drawn vertices.
        quad: (t,) int32, the face of each triangle.
    """

    def __init__(self, mesh: Mesh, parts: bool = False) -> None:
        corners = np.stack([mesh.faces, mesh.face_uv], -1).reshape(-1, 2)
        unique, inverse = np.unique(corners, axis=0, return_inverse=True)
        quads = inverse.reshape(-1, 4).astype(np.int32)
        self.index = unique[:, 0].astype(np.int32)
        self.uv = mesh.uv[unique[:, 1]].astype(np.float32)
        self.triangles = np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
        self.quad = np.tile(np.arange(len(quads), dtype=np.int32), 2)
        ends = self.index[self.triangles]
        real = (ends[:, 1] != ends[:, 2]) & (ends[:, 0] != ends[:, 2])  # a triangle's second half
        self.triangles, self.quad = self.triangles[real], self.quad[real]
        self.part = np.zeros(len(self.index), np.float32)
        if parts:
            self.part = components(mesh.faces, len(mesh.vertices))[self.index]
        ends = self.index[self.triangles]
        self._corners = np.ascontiguousarray(ends.T)
        self._sum = sparse.csr_matrix(
            (np.ones(ends.size, np.float32), (ends.ravel(), np.repeat(np.arange(len(ends)), 3))),
            shape=(len(mesh.vertices), len(ends)),
        )

    def normals(self, vertices: np.ndarray) -> np.ndarray:
        """Return the unit normals (n, 3) float32 of the mesh's vertices."""
        a, b, c = (vertices[corner].T for corner in self._corners)
        (u0, u1, u2), (v0, v1, v2) = b - a, c - a
        faces = np.stack([u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0], 1)
        summed = self._sum @ faces
        return summed / (np.sqrt(np.einsum("ni,ni->n", summed, summed))[:, None] + 1e-12)


def components(faces: np.ndarray, count: int) -> np.ndarray:
    """Return each vertex's connected component (count,) float32: 0 the largest, at most 7."""
    edges = np.concatenate([faces[:, [k, (k + 1) % 4]] for k in range(4)])
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    labels = sparse.csgraph.connected_components(graph, directed=False)[1]
    sizes = np.bincount(labels)
    rank = np.empty(len(sizes))
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.minimum(rank, 7)[labels].astype(np.float32)
