# SPDX-License-Identifier: Apache-2.0
"""Annotations as COCO-WholeBody has them, and what this tool adds to them.

Each annotation has the dataset's fields, so that whatever reads COCO-WholeBody reads these, and an
entry `person`: body, clothes and posture (`figure.Figure.as_dict`), the camera, its faults, what
it was to show and the photograph behind (`camera`, `faults`, `frame`, `background`), where all 133
points are, even outside the picture (`xy`; -1000000 if behind the camera), why each one is not
seen (`hidden_by`, an index of `truth.REASONS`) and, where another person hides it, the id of that
annotation (`hider`, else 0).

As in the dataset, a point has the flag 2 if it is seen, 1 if it is hidden, 0 if it is outside the
picture; of a face, hand or foot of which less than a fifth is seen all points are 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dwpose_ros.core.keypoints import GROUPS, NAMES
from dwpose_ros.evaluation.coco import PARTS, PERSON
from tools.people.figure import Figure
from tools.people.truth import ANOTHER, OUTSIDE, REASONS, SEEN, Truth

LEAST_SEEN = 0.2  # of a face, hand or pair of feet that is annotated
_VALID = {"foot_kpts": "foot", "face_kpts": "face", "lefthand_kpts": "lefthand",
          "righthand_kpts": "righthand"}  # fmt: skip


def annotations(
    figures: list[Figure],
    truths: list[Truth],
    image_id: int,
    first_id: int,
    picture: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the annotations of the people in a picture of whom anything is seen.

    Args:
        figures: who they are, in the order of their numbers.
        truths: what is true of each.
        image_id: the picture's.
        first_id: the annotation id of the first; the others count on.
        picture: what else is said in each entry `person`, such as the camera.
    """
    return [
        _annotation(figure, truth, image_id, first_id + i, first_id, picture or {})
        for i, (figure, truth) in enumerate(zip(figures, truths))
        if truth.area > 0
    ]


def points_of(annotation: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (133, 2) px and COCO's flags (133,) of an annotation."""
    rows = np.concatenate([np.reshape(annotation[field], (-1, 3)) for field, _, _ in PARTS])
    return rows[:, :2].astype(np.float32), rows[:, 2].astype(np.uint8)


def document(
    images: list[dict[str, Any]], found: list[dict[str, Any]], seed: int
) -> dict[str, Any]:
    """Return the JSON document of a dataset."""
    return {
        "info": {
            "description": "Synthetic people of dwpose_ros, tools/people",
            "seed": seed,
            "hidden_by": list(REASONS),
        },
        "licenses": [{"id": 1, "name": "CC0 1.0",
                      "url": "https://creativecommons.org/publicdomain/zero/1.0/"}],
        "images": images,
        "annotations": found,
        "categories": [{"id": PERSON, "name": "person", "supercategory": "person",
                        "keypoints": list(NAMES)}],
    }  # fmt: skip


def flags(truth: Truth) -> np.ndarray:
    """Return COCO's flags (133,) uint8: 2 seen, 1 hidden, 0 not annotated."""
    found = np.where(truth.hidden_by == SEEN, 2, 1)
    found[truth.hidden_by == OUTSIDE] = 0
    for name, part in GROUPS.items():
        if name != "body" and (found[part] == 2).mean() < LEAST_SEEN:
            found[part] = 0
    return found.astype(np.uint8)


def _annotation(
    figure: Figure,
    truth: Truth,
    image_id: int,
    number: int,
    first_id: int,
    picture: dict[str, Any],
) -> dict[str, Any]:
    flag = flags(truth)
    xy = np.where(flag[:, None] > 0, truth.xy, 0)
    x1, y1, x2, y2 = truth.box.tolist()
    entry: dict[str, Any] = {
        "id": number, "image_id": image_id, "category_id": PERSON, "iscrowd": 0,
        "bbox": _round([x1, y1, x2 - x1, y2 - y1]), "area": round(truth.area, 1),
        "num_keypoints": int((flag[:17] > 0).sum()),
    }  # fmt: skip
    for field, part, _ in PARTS:
        rows = np.column_stack([np.round(xy[part], 2), flag[part]]).astype(np.float64)
        entry[field] = [
            int(v) if k % 3 == 2 else round(v, 2) for k, v in enumerate(rows.ravel().tolist())
        ]
        if field in _VALID:
            name = _VALID[field]
            entry[f"{name}_valid"] = bool((flag[part] > 0).any())
            entry[f"{name}_box"] = _box(xy[part], flag[part])
    # Not in the 8 bits of `hider`: ids are larger.
    hider = np.where(truth.hidden_by == ANOTHER, truth.hider.astype(int) + first_id - 1, 0)
    entry["person"] = {
        **figure.as_dict(),
        **picture,
        "xy": _round(np.nan_to_num(truth.xy, nan=-1e6).ravel().tolist()),
        "hidden_by": truth.hidden_by.tolist(),
        "hider": hider.tolist(),
    }
    return entry


def _box(xy: np.ndarray, flag: np.ndarray) -> list[float]:
    """x y width height of the points that are in the picture, zeros if none is."""
    if not flag.any():
        return [0.0] * 4
    low, high = xy[flag > 0].min(0), xy[flag > 0].max(0)
    return _round([*low.tolist(), *(high - low).tolist()])


def _round(values: list[float]) -> list[float]:
    return [round(float(v), 2) for v in values]
