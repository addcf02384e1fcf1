# SPDX-License-Identifier: Apache-2.0
"""From points in an image to points in space: by how large people look, or by a depth image.

All is in metres in the camera's optical frame: x to the image's right, y down, z forward. Lens
distortion is left out: at the border of a wide lens points are off by as much as it bends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.anthropometry import (
    ABOVE_GROUND,
    EYE_DISTANCE,
    FOCAL,
    SHOULDER_WIDTH,
    STATURE_M,
)
from dwpose_ros.core.keypoints import BODY, INDEX
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses, visible

WINDOW = 5  # px; depth is looked for in so large a square round a point
REACH_M = 1.2  # nothing of a body is further before or behind its middle than this
SHORTEST_PX = 15.0  # what looks shorter tells no distance: its ends are a few pixels off


def _both(part: str) -> list[int]:
    return [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]


def _above(part: str) -> float:
    return float(np.mean(ABOVE_GROUND[part]))


# Lengths of the body: from the middle of some points to the middle of others, m.
_RULERS = [
    (a, b, share * STATURE_M)
    for a, b, share in (
        (_both("eye"), _both("ankle"), _above("head") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder"), _both("ankle"), _above("shoulders") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder"), _both("hip"), _above("shoulders") - _above("hips")),
        (_both("hip"), _both("ankle"), _above("hips") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder")[:1], _both("shoulder")[1:], SHOULDER_WIDTH),
        # Last, and taken only where there is no other: a pixel is much of so little.
        (_both("eye")[:1], _both("eye")[1:], EYE_DISTANCE),
    )
]


class PinholeCamera(NamedTuple):
    """A pinhole camera; focal lengths and the optical axis in pixels of an image so large."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    @classmethod
    def of(
        cls, k: Sequence[float], width: int, height: int, calibrated: tuple[int, int] = (0, 0)
    ) -> PinholeCamera:
        """Of CameraInfo's `k` (9,), for images of another size than it was `calibrated` for, too.

        Without a calibration `k` is 0: then a camera of 60 degrees across, as webcams are.
        Raises ValueError where the two sizes have not the same aspect ratio.
        """
        if is_calibrated(k) and all(calibrated) and not same_aspect(calibrated, (width, height)):
            raise ValueError(
                f"the calibration is for {calibrated[0]}x{calibrated[1]} pixels and "
                f"does not fit {width}x{height}, which show another part"
            )
        if not is_calibrated(k):
            return cls(FOCAL * width, FOCAL * width, width / 2, height / 2, width, height)
        wide, high = width / (calibrated[0] or width), height / (calibrated[1] or height)
        return cls(k[0] * wide, k[4] * high, k[2] * wide, k[5] * high, width, height)

    def rays(self, xy: np.ndarray) -> np.ndarray:
        """Where points (..., 2) px are at a distance of 1 m, (..., 3) m."""
        x = (xy[..., 0] - self.cx) / self.fx
        return np.stack([x, (xy[..., 1] - self.cy) / self.fy, np.ones_like(x)], -1)

    def sees(self, people: PersonPoses, threshold: float = THRESHOLD) -> np.ndarray:
        """(n, 133) bool: scored above the threshold, and inside the image."""
        with np.errstate(invalid="ignore"):
            inside = ((people.xy >= 0) & (people.xy <= [self.width - 1, self.height - 1])).all(-1)
        return inside & visible(people, threshold)


def same_aspect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether images of two sizes (width, height) can show the same: both are whole numbers, and
    each may be rounded by a pixel."""
    (w, h), (width, height) = one, other
    return min(*one, *other) > 0 and (
        abs(height - h * width / w) <= 1 or abs(width - w * height / h) <= 1
    )


def is_calibrated(k: Sequence[float]) -> bool:
    """Whether CameraInfo's `k` (9,) says anything."""
    return bool(k[0] > 0 and k[4] > 0)


def distances(
    people: PersonPoses, camera: PinholeCamera, threshold: float = THRESHOLD
) -> np.ndarray:
    """(n,) how far away people are, m along the optical axis; NaN where that cannot be told.

    Taken for adults. Of several lengths the one that looks longest counts: who turns or sits only
    makes some of them look shorter.
    """
    seen = camera.sees(people, threshold)
    rays = camera.rays(np.where(seen[..., None], people.xy, np.nan))
    found = []
    for a, b, length_m in _RULERS:
        # A mean with a NaN is NaN: both sides of a pair must be seen, as one alone is off.
        looks = np.linalg.norm(rays[:, a].mean(1) - rays[:, b].mean(1), axis=-1)
        with np.errstate(invalid="ignore"):
            looks[~(looks * camera.fx > SHORTEST_PX)] = np.nan
        found.append(length_m / looks)
    nearest = np.fmin.reduce(found[:-1])
    return np.where(np.isnan(nearest), found[-1], nearest)


def flat(
    people: PersonPoses, camera: PinholeCamera, z: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """(n, 133, 3) m: everybody in a plane of their own at distance `z` (n,) m; NaN for points that
    are not seen."""
    points = camera.rays(people.xy) * np.reshape(z, (-1, 1, 1))
    points[~camera.sees(people, threshold)] = np.nan
    return points.astype(np.float32)


def from_depth(
    people: PersonPoses, camera: PinholeCamera, depth: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """(n, 133, 3) m by a depth image (h, w) of the same camera: uint16 in mm, or floats in m.

    NaN for points that are not seen, that have no depth, and whose depth cannot be the body's:
    hands and faces often lie half on the wall behind. ValueError where the image's size is not
    the camera's.
    """
    if depth.shape != (camera.height, camera.width):
        raise ValueError(
            f"the depth image has {depth.shape[1]}x{depth.shape[0]} pixels, and the "
            f"colour image {camera.width}x{camera.height}: it must be registered "
            "(aligned) to the colour image"
        )
    seen = camera.sees(people, threshold)
    x, y = np.moveaxis(np.where(seen[..., None], np.round(people.xy), 0).astype(int), -1, 0)
    step = np.arange(WINDOW) - WINDOW // 2
    rows = np.clip(y[..., None] + step, 0, camera.height - 1)
    columns = np.clip(x[..., None] + step, 0, camera.width - 1)
    near = depth[rows[..., :, None], columns[..., None, :]].reshape(*seen.shape, WINDOW**2)
    z = near.astype(np.float32) * (0.001 if depth.dtype.kind == "u" else 1.0)
    with np.errstate(invalid="ignore"):
        z[~((z > 0) & np.isfinite(z))] = np.nan
        z = np.where(seen, _median(z), np.nan)
        middle = _median(z[:, BODY])
        z[~(np.abs(z - middle[:, None]) <= REACH_M)] = np.nan
    return (camera.rays(np.where(seen[..., None], people.xy, 0)) * z[..., None]).astype(np.float32)


def _median(values: np.ndarray) -> np.ndarray:
    """Along the last axis, without NaN; of two in the middle the lower, since the mean of a hand
    and the wall behind it is where neither is. NaN where there is none."""
    count = np.isfinite(values).sum(-1, keepdims=True)
    ordered = np.sort(values, axis=-1)  # NaN come last
    return np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, -1)[..., 0]
