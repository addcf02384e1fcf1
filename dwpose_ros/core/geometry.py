# SPDX-License-Identifier: Apache-2.0
"""Convert keypoints from the image to 3D, by a person's apparent size or by a depth image.

Results are in metres in the camera's optical frame (REP 103): x right, y down, z forward. Lens
distortion is not corrected, so points near the border of a wide-angle image are displaced by it.
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

WINDOW = 5  # px; side of the square around a keypoint in which depth is read
REACH_M = 1.2  # a body part is at most this far in front of or behind the body's median depth
SHORTEST_PX = 15.0  # shorter lengths give no distance: their ends are a few pixels off


def _both(part: str) -> list[int]:
    return [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]


def _above(part: str) -> float:
    return float(np.mean(ABOVE_GROUND[part]))


# Body lengths to measure: from the mean of some keypoints to the mean of others, m.
_RULERS = [
    (a, b, share * STATURE_M)
    for a, b, share in (
        (_both("eye"), _both("ankle"), _above("head") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder"), _both("ankle"), _above("shoulders") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder"), _both("hip"), _above("shoulders") - _above("hips")),
        (_both("hip"), _both("ankle"), _above("hips") - max(ABOVE_GROUND["feet"])),
        (_both("shoulder")[:1], _both("shoulder")[1:], SHOULDER_WIDTH),
        # Last, and used only if no other is visible: this length is short, so that one pixel
        # changes the result much.
        (_both("eye")[:1], _both("eye")[1:], EYE_DISTANCE),
    )
]


class PinholeCamera(NamedTuple):
    """Pinhole camera: focal lengths, principal point and image size, all in pixels."""

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
        """Make the camera from CameraInfo's matrix `k`.

        Without a calibration (`k` is 0) a horizontal field of view of 60 degrees is assumed, as
        webcams have.

        Args:
            k: (9,) the camera matrix, row by row, in pixels of the calibrated size.
            width, height: size of the images, px.
            calibrated: width and height that `k` is for, px; (0, 0) means the images' own. `k` is
                scaled if they differ.

        Raises:
            ValueError: the two sizes have different aspect ratios.
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
        """Return the 3D points (..., 3) at z = 1 m of image points (..., 2) in pixels."""
        x = (xy[..., 0] - self.cx) / self.fx
        return np.stack([x, (xy[..., 1] - self.cy) / self.fy, np.ones_like(x)], -1)

    def sees(self, people: PersonPoses, threshold: float = THRESHOLD) -> np.ndarray:
        """Return (n, 133) bool: the score is above the threshold and the point in the image."""
        inside = ((people.xy >= 0) & (people.xy <= [self.width - 1, self.height - 1])).all(-1)
        return inside & visible(people, threshold)


def same_aspect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two image sizes (width, height) have the same aspect ratio.

    Scaled sizes are rounded to whole pixels, so a difference of one pixel is allowed."""
    (w, h), (width, height) = one, other
    return min(*one, *other) > 0 and (
        abs(height - h * width / w) <= 1 or abs(width - w * height / h) <= 1
    )


def is_calibrated(k: Sequence[float]) -> bool:
    """Whether CameraInfo's matrix `k` (9,) holds a calibration; it is all zeros otherwise."""
    return bool(k[0] > 0 and k[4] > 0)


def distances(
    people: PersonPoses, camera: PinholeCamera, threshold: float = THRESHOLD
) -> np.ndarray:
    """Estimate each person's distance from their apparent size, assuming an adult.

    The smallest of the estimates from the visible body lengths is used: turning or sitting can
    only make a length look shorter, and so further away.

    Returns:
        (n,) distances in m along the optical axis; NaN if no body length is visible.
    """
    seen = camera.sees(people, threshold)
    rays = camera.rays(np.where(seen[..., None], people.xy, np.nan))
    found = []
    for a, b, length_m in _RULERS:
        # A mean with a NaN is NaN, so both sides of a pair must be visible: one alone is not in
        # the middle of the body.
        looks = np.linalg.norm(rays[:, a].mean(1) - rays[:, b].mean(1), axis=-1)
        with np.errstate(invalid="ignore"):
            looks[~(looks * camera.fx > SHORTEST_PX)] = np.nan
        found.append(length_m / looks)
    nearest = np.fmin.reduce(found[:-1])
    return np.where(np.isnan(nearest), found[-1], nearest)


def flat(
    people: PersonPoses, camera: PinholeCamera, z: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Place each person in a plane parallel to the image.

    Args:
        z: (n,) the distance of each person's plane, m.

    Returns:
        (n, 133, 3) float32 points in m; NaN for keypoints that are not visible."""
    points = camera.rays(people.xy) * np.reshape(z, (-1, 1, 1))
    points[~camera.sees(people, threshold)] = np.nan
    return points.astype(np.float32)


def from_depth(
    people: PersonPoses, camera: PinholeCamera, depth: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Read each keypoint's depth from a depth image that is registered to the colour image.

    Args:
        depth: (h, w), uint16 in mm or float in m.

    Returns:
        (n, 133, 3) float32 points in m. NaN for keypoints that are not visible, have no depth, or
        whose depth is more than `REACH_M` from the body's median: the depth at the edge of a hand
        or a face is often that of the wall behind.

    Raises:
        ValueError: the depth image does not have the camera's size.
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
    """Return the median along the last axis, ignoring NaN; NaN if there is no other value.

    Of an even number of values the lower middle one is taken: the mean of a hand's depth and that
    of the wall behind it belongs to neither."""
    count = np.isfinite(values).sum(-1, keepdims=True)
    ordered = np.sort(values, axis=-1)  # NaN come last
    return np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, -1)[..., 0]
