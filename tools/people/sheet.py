# SPDX-License-Identifier: Apache-2.0
"""A sheet of pictures to look at, with or without the points."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from dwpose_ros.core.keypoints import GROUPS, SKELETON
from tools.people.annotations import points_of
from tools.people.generator import Sample

# BGR of points that are seen, by group; what is hidden is a ring.
COLORS = {
    "body": (0, 0, 255), "feet": (0, 160, 255), "face": (0, 255, 0), "left_hand": (255, 60, 0),
    "right_hand": (255, 0, 255),
}  # fmt: skip


def sheet(samples: list[Sample], columns: int, points: bool, larger: int = 1) -> np.ndarray:
    """Return the pictures in rows, (h, w, 3) uint8 BGR, each some times larger."""
    tiles = []
    for image, found in samples:
        tile = cv2.resize(image, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC)
        if points:
            for annotation in found:
                draw_points(tile, annotation, larger)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def draw_points(image: np.ndarray, annotation: dict[str, Any], larger: int = 1) -> None:
    """Draw an annotation's box, limbs and points into a picture."""
    xy, flags = points_of(annotation)
    at = [tuple(int(v) for v in np.round(p)) for p in (xy + 0.5) * larger - 0.5]
    x, y, w, h = (int(v * larger) for v in annotation["bbox"])
    cv2.rectangle(image, (x, y), (x + w, y + h), (255, 255, 255), 1)
    for a, b in SKELETON:
        if flags[a] and flags[b]:
            cv2.line(image, at[a], at[b], (200, 200, 60), 1, cv2.LINE_AA)
    radius = max(1, larger)
    for name, part in GROUPS.items():
        for i in range(part.start, part.stop):
            if flags[i] == 2:
                cv2.circle(image, at[i], radius, COLORS[name], -1, cv2.LINE_AA)
            elif flags[i] == 1:
                cv2.circle(image, at[i], radius + 1, COLORS[name], 1, cv2.LINE_AA)
