# SPDX-License-Identifier: Apache-2.0
"""A pinhole camera: projection of points, and its matrix for OpenGL.

World axes: x and z on the floor, y up, metres. Camera axes as in OpenCV: x right, y down, z ahead.
Pixels: the centre of the first one is (0, 0), so that a mirrored picture has x at width - 1 - x.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tools.people.rig import cross

LENS = (40.0, 110.0)  # degrees, along the picture's longer side
NEAR, FAR = 0.05, 60.0  # m, what is drawn


class Camera(NamedTuple):
    """Where a camera is and what lens it has."""

    width: int
    height: int
    focal: float
    """px."""
    position: np.ndarray
    """(3,) m."""
    rotation: np.ndarray
    """(3, 3): rows are the camera's x, y and z axes in the world."""

    @property
    def lens(self) -> float:
        """The angle in degrees along the picture's longer side."""
        return float(np.degrees(2 * np.arctan(max(self.width, self.height) / 2 / self.focal)))

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return px (n, 2) and depths (n,) m along the axis of points (n, 3) m.

        A point that is not before the camera has NaN for its pixels.
        """
        seen = (points - self.position) @ self.rotation.T
        depth = seen[:, 2]
        safe = np.where(depth > NEAR, depth, np.nan)
        middle = (np.array([self.width, self.height]) - 1) / 2
        return seen[:, :2] / safe[:, None] * self.focal + middle, depth

    def matrix(self) -> np.ndarray:
        """Return the (4, 4) matrix from the world to OpenGL's clip space; row 0 is the bottom."""
        view = np.eye(4)
        view[:3, :3] = self.rotation * [[1], [-1], [-1]]
        view[:3, 3] = -view[:3, :3] @ self.position
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = 2 * self.focal / self.width, 2 * self.focal / self.height
        lens[2, 2:] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        lens[3, 2] = -1
        return lens @ view

    def as_dict(self) -> dict[str, Any]:
        """What an annotation says of it."""
        return {
            "width": self.width,
            "height": self.height,
            "focal_px": round(self.focal, 3),
            "lens_degrees": round(self.lens, 2),
            "position_m": np.round(self.position, 4).tolist(),
            "rotation": np.round(self.rotation, 6).tolist(),
        }


def metres(depth: np.ndarray) -> np.ndarray:
    """Return distances along the axis in m of OpenGL's depths between 0 and 1."""
    return 2 * FAR * NEAR / (FAR + NEAR - (2 * depth - 1) * (FAR - NEAR))


def focal(lens: float, width: int, height: int) -> float:
    """Return the focal length in px of a lens in degrees along the longer side."""
    return max(width, height) / 2 / np.tan(np.radians(lens) / 2)


def look_at(position: np.ndarray, target: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """Return the rotation of a camera that looks at a target, rolled by degrees clockwise.

    Args:
        position: (3,) m; not straight above or below the target.
        target: (3,) m.
        roll: degrees by which the picture turns.
    """
    ahead = target - position
    ahead = ahead / np.linalg.norm(ahead)
    right = np.array([-ahead[2], 0, ahead[0]])
    right /= np.linalg.norm(right)
    down = cross(ahead, right)
    c, s = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    return np.stack([c * right + s * down, -s * right + c * down, ahead])
