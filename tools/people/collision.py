# SPDX-License-Identifier: Apache-2.0
"""Whether an arm goes through the trunk, the head or a thigh."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from tools.people.anny import Body
from tools.people.rig import Posed, Rig

DEEPEST = 0.012  # m that skin may press into skin
_SOLID = ("spine", "breast", "pelvis", "upperleg", "head", "neck", "temporalis", "oris", "jaw")
_ARM = ("lowerarm", "wrist", "metacarpal", "finger")


class Collision:
    """Checks postures of one body by a sample of its skin."""

    def __init__(self, body: Body, rig: Rig) -> None:
        skin = np.unique(body.mesh.faces[body.mesh.groups == "body"])
        names = np.array([bone.name for bone in body.bones])
        main = names[body.weights[skin].argmax(1)]
        self._rig = rig
        self._solid = skin[np.char.startswith(main[:, None], _SOLID).any(1)][::3]
        self._arms = {}
        for side in "LR":
            own = np.char.startswith(main[:, None], _ARM).any(1) & np.char.endswith(main, side)
            self._arms[side] = skin[own][::12]
        self._weights = {k: rig.weights[v] for k, v in self._arms.items()}
        self._solid_weights = rig.weights[self._solid]

    def through(self, vertices: np.ndarray, normals: np.ndarray, posed: Posed) -> str:
        """Return the sides, of "LR", whose forearm or hand goes through the body.

        Args:
            vertices: (n, 3) m at rest.
            normals: (n, 3) at rest.
            posed: the posture.
        """
        flat = posed.motion.reshape(-1, 12)
        motion = np.asarray(self._solid_weights @ flat).reshape(-1, 3, 4)
        solid = np.einsum("nij,nj->ni", motion[:, :, :3], vertices[self._solid]) + motion[:, :, 3]
        out = np.einsum("nij,nj->ni", motion[:, :, :3], normals[self._solid])
        tree = cKDTree(solid)
        found = ""
        for side, arm in self._arms.items():
            points = self._rig.skin(posed, vertices[arm], self._weights[side])
            distance, nearest = tree.query(points, distance_upper_bound=0.12)
            near = np.isfinite(distance)
            inside = np.einsum("ni,ni->n", points[near] - solid[nearest[near]], out[nearest[near]])
            if (inside < -DEEPEST).any():
                found += side
        return found
