# SPDX-License-Identifier: Apache-2.0
"""Eight drawn people, and settings of a network so small that a test can train it."""

from __future__ import annotations

import json

import cv2
import numpy as np

from dwpose_ros.evaluation.coco import PARTS
from training.settings import Settings

TINY = {"input": "64x64", "deepen": 0.167, "widen": 0.125, "device": "cpu"}


def settings(**more) -> Settings:
    """Settings of a short run."""
    values = {**TINY, "batch": 4, "epochs": 10, "rate": 0.1, "warm_up": 4, "seed": 3, **more}
    return Settings(**values)


def write_people(folder, count=8):
    """Write pictures whose 133 points are on a bright figure; return the annotations and them."""
    rng = np.random.default_rng(0)
    images, found = folder / "images", []
    images.mkdir(parents=True)
    for number in range(1, count + 1):
        picture = rng.integers(0, 60, (96, 96, 3), np.uint8)
        x, y = rng.uniform(30, 50, 2)
        xy = np.column_stack([x + np.linspace(-15, 15, 133), y + 20 * np.sin(np.arange(133) / 20)])
        for point in xy[::4]:
            cv2.circle(
                picture, tuple(np.round(point).astype(int).tolist()), 2, (255, 255, 255), -1
            )
        cv2.imwrite(str(images / f"{number}.png"), picture)
        rows = np.column_stack([xy, np.full(133, 2)])
        fields = {field: rows[part].ravel().tolist() for field, part, _ in PARTS}
        found.append({"id": number, "image_id": number, "category_id": 1, "area": 900,
                      "iscrowd": 0, "bbox": [x - 20, y - 25, 40, 50], **fields})  # fmt: skip
    path = folder / "annotations.json"
    path.write_text(json.dumps({
        "images": [{"id": n, "file_name": f"{n}.png", "width": 96, "height": 96}
                   for n in range(1, count + 1)],
        "categories": [{"id": 1, "name": "person"}], "annotations": found,
    }))  # fmt: skip
    return path, images
