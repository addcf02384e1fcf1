# SPDX-License-Identifier: Apache-2.0
"""The simulated camera, and the position of a person in front of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dwpose_ros.simulation.atlas import MAN

NEAREST_M = 0.25  # from the camera to a person's axis
_NEAR_M = 0.05  # smaller depths are replaced by this one for projection


@dataclass(frozen=True)
class SimulatedCamera:
    """A pinhole camera without distortion. Raises ValueError for values out of range."""

    width: int = 1280
    height: int = 720
    horizontal_fov_deg: float = 60.0
    height_m: float = 1.2
    """Height of the lens above the ground."""
    tilt_deg: float = 0.0
    """Pitch of the camera; positive looks up."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"image is {self.width}x{self.height}, wanted at least 1x1")
        for name, low, high in (
            ("horizontal_fov_deg", 5, 120),
            ("height_m", 0.0, 5.0),
            ("tilt_deg", -45, 45),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value:g}, wanted {low:g} to {high:g}")

    @cached_property
    def focal_px(self) -> float:
        return self.width / 2 / math.tan(math.radians(self.horizontal_fov_deg) / 2)

    @cached_property
    def matrix(self) -> np.ndarray:
        """Projection matrix (3, 4) from homogeneous metres (right, ahead, up from the ground).

        It gives homogeneous pixels, whose third component is the depth along the optical axis in
        metres. The centre of the first pixel is (0, 0). The camera is at (0, 0, height_m).
        """
        f, (cx, cy) = self.focal_px, ((self.width - 1) / 2, (self.height - 1) / 2)
        c, s = math.cos(math.radians(self.tilt_deg)), math.sin(math.radians(self.tilt_deg))
        depth = np.array([0, c, s, -s * self.height_m])
        down = np.array([0, s, -c, c * self.height_m])
        across = f * np.array([1.0, 0, 0, 0])
        matrix = np.stack([across + cx * depth, f * down + cy * depth, depth])
        matrix.setflags(write=False)  # it is made once
        return matrix

    def project(self, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project points (..., 3) in metres; return pixels (..., 2) and depths (...,) in metres.

        Points that are not in front of the camera are projected as if they were 5 cm deep.
        """
        h = np.asarray(xyz, float) @ self.matrix[:, :3].T + self.matrix[:, 3]
        return h[..., :2] / np.maximum(h[..., 2:], _NEAR_M), h[..., 2]


def height_for(parts: Sequence[str]) -> float:
    """Return a suitable camera height, in m, for pictures of these body parts."""
    if "feet" in parts:
        return 1.0
    return 1.55 if "face" in parts else 1.4 if parts else 1.2


@dataclass(frozen=True)
class SimulatedPerson:
    """A simulated person: position, yaw, posture and stature."""

    x_m: float = 0.0
    """Distance from the camera's axis to the image's right."""
    distance_m: float = 2.5
    """Distance ahead of the camera, along the ground."""
    yaw_deg: float = 0.0
    """0 faces the camera, positive is turned to the person's own left."""
    posture: str = "relaxed"
    stature_m: float = 1.72
    """Height of the top of the skull above the ground when standing upright."""
    lean_deg: float = 0.0
    """Tilt of the whole person about their feet; positive to the image's right."""
    person: str = MAN
    """Who it is, one of `atlas.names`."""

    def __post_init__(self) -> None:
        for name in ("x_m", "distance_m", "yaw_deg", "stature_m", "lean_deg"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)}, wanted a finite number")
        if self.distance_m < NEAREST_M:
            raise ValueError(f"distance_m is {self.distance_m:g}, wanted at least {NEAREST_M:g}")
        if not 0.5 <= self.stature_m <= 2.5:
            raise ValueError(f"stature_m is {self.stature_m:g}, wanted 0.5 to 2.5")
        if not -60 <= self.lean_deg <= 60:
            raise ValueError(f"lean_deg is {self.lean_deg:g}, wanted -60 to 60")

    @property
    def range_m(self) -> float:
        """Distance on the ground from the camera to the person."""
        return math.hypot(self.x_m, self.distance_m)

    def plane(self) -> np.ndarray:
        """Return the matrix (4, 3) from homogeneous metres (right, up) on the person's plane to
        homogeneous points in space.

        The plane is vertical and faces the camera; (0, 0) is the point where the person stands."""
        sin, cos = self.x_m / self.range_m, self.distance_m / self.range_m
        c, s = math.cos(math.radians(self.lean_deg)), math.sin(math.radians(self.lean_deg))
        return np.array(
            [  # columns: one metre to the right, one up, and the person's position
                [c * cos, s * cos, self.x_m],
                [-c * sin, -s * sin, self.distance_m],
                [-s, c, 0],
                [0, 0, 1],
            ]
        )
