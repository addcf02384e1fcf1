# SPDX-License-Identifier: Apache-2.0
"""Read COCO-WholeBody's files, and compute its AP as mmpose does for the paper.

The protocol is mmpose's ``CocoWholeBodyMetric`` with the numbers of DWPose's configs: a person's
score is the box's score times the mean of the keypoint scores above 0.2; of two nearly equal poses
(OKS above 0.9) the better one is kept; `xtcocotools` does the rest.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import BODY, COUNT, FACE, FEET, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.crop_geometry import around

KEYPOINT_MIN = 0.2  # keypoints with lower scores do not count for the pose's score
NMS_OKS = 0.9
PERSON = 1  # COCO's category
ASPECT = (3, 4)  # width : height of the input of every published DWPose network

# Each part's field in a COCO-WholeBody annotation, its points, and its name in xtcocotools.
PARTS: tuple[tuple[str, slice, str], ...] = (
    ("keypoints", BODY, "body"),
    ("foot_kpts", FEET, "foot"),
    ("face_kpts", FACE, "face"),
    ("lefthand_kpts", LEFT_HAND, "lefthand"),
    ("righthand_kpts", RIGHT_HAND, "righthand"),
)

# Standard deviations of the annotations, in units of the square root of a person's area, times
# 1000, from COCO-WholeBody's evaluation/myeval_wholebody.py. Both hands have the same.
_HAND = (29, 22, 35, 37, 47, 26, 25, 24, 35, 18, 24, 22, 26, 17, 21, 21, 32, 20, 19, 22, 31)
SIGMAS = np.array([
    26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89,
    68, 66, 66, 92, 94, 94,
    42, 43, 44, 43, 40, 35, 31, 25, 20, 23, 29, 32, 37, 38, 43, 41, 45,
    13, 12, 11, 11, 12, 12, 11, 11, 13, 15, 9, 7, 7, 7, 12, 9, 8, 16, 10, 17, 11, 9, 11, 9, 7, 13,
    8, 11, 12, 10, 34, 8, 8, 9, 8, 8, 7, 10, 8, 9, 9, 9, 7, 7, 8, 11, 8, 8, 8, 10, 8,
    *_HAND, *_HAND,
]) / 1000  # fmt: skip

COLUMNS = ("body", "foot", "face", "hand", "whole")


class CocoError(DwposeError):
    """A file cannot be read or evaluated; the message says what is wrong and where."""


class Boxes(NamedTuple):
    """The boxes of the people in one image."""

    xyxy: np.ndarray
    """(n, 4) float32, x1 y1 x2 y2 in pixels."""
    scores: np.ndarray
    """(n,) float32, 0..1."""

    @classmethod
    def of(cls, xywh: Iterable, scores: Iterable) -> Boxes:
        """Convert COCO's x y width height; boxes without an area are dropped."""
        boxes = np.array(list(xywh), np.float32).reshape(-1, 4)
        keep = (boxes[:, 2:] > 0).all(1)
        boxes[:, 2:] += boxes[:, :2]
        return cls(boxes[keep], np.array(list(scores), np.float32)[keep])


def load_annotations(path: Path | str) -> dict[str, Any]:
    """Read and validate a COCO-WholeBody annotation file.

    Raises:
        CocoError: the file cannot be read, lacks the whole-body points (plain COCO), or is
            inconsistent. Duplicate ids are an error, since all but one would be lost silently.
    """
    data = _json(path)
    if not isinstance(data, dict) or not all(
        isinstance(data.get(key), list) for key in ("images", "annotations", "categories")
    ):
        raise CocoError(
            f"{path}: wanted a COCO-WholeBody file, an object with the lists "
            "images, annotations and categories"
        )
    for image in data["images"]:
        _keys(path, "image", image, ("id", "file_name", "width", "height"))
    _unique(path, "image", data["images"], "id")
    _unique(path, "image", data["images"], "file_name")
    if PERSON not in [one.get("id") for one in data["categories"] if isinstance(one, dict)]:
        raise CocoError(f"{path}: categories lack {PERSON}, COCO's person")
    known = {image["id"] for image in data["images"]}
    for one in data["annotations"]:
        fields = [field for field, _, _ in PARTS]
        _keys(path, "annotation", one, ("id", "image_id", "category_id", "bbox", "area", *fields))
        name = f"{path}: annotation {one['id']}"
        if one["category_id"] != PERSON:
            raise CocoError(
                f"{name} is of category {one['category_id']!r}; COCO-WholeBody has "
                f"only {PERSON}, people"
            )
        if one["image_id"] not in known:
            raise CocoError(f"{name} is of image {one['image_id']}, which is not in images")
        for field, count in (*((f, 3 * (s.stop - s.start)) for f, s, _ in PARTS), ("bbox", 4)):
            numbers = one[field]
            if (
                not isinstance(numbers, list)
                or len(numbers) != count
                or not all(isinstance(n, (int, float)) for n in numbers)
            ):
                found = len(numbers) if isinstance(numbers, list) else repr(numbers)
                raise CocoError(f"{name}: {field} has {found}, wanted {count} numbers")
        one.setdefault("iscrowd", 0)
    _unique(path, "annotation", data["annotations"], "id")
    return data


def load_boxes(path: Path | str) -> dict[int, Boxes]:
    """Read people's boxes by image id from a COCO detection results file, such as mmpose's.

    Other categories are ignored; boxes of any score are kept.

    Raises:
        CocoError: the file cannot be read or has another format.
    """
    found = _json(path)
    if not isinstance(found, list):
        raise CocoError(
            f"{path}: wanted COCO detection results, a list of image_id, "
            "category_id, bbox (x y width height) and score"
        )
    images: dict[int, list[tuple]] = {}
    for one in found:
        _keys(path, "detection", one, ("image_id", "category_id", "bbox", "score"))
        if one["category_id"] == PERSON:
            images.setdefault(one["image_id"], []).append((one["bbox"][:4], one["score"]))
    try:
        return {image: Boxes.of(*zip(*boxes)) for image, boxes in images.items()}
    except (TypeError, ValueError) as err:
        raise CocoError(f"{path}: a bbox is not x y width height: {err}") from err


def truth(data: dict[str, Any]) -> dict[int, Boxes]:
    """Return the annotated boxes by image id, with score 1, as mmpose uses without a detector.

    Crowds and people without a body keypoint are skipped; boxes are cut at the image's border.
    """
    size = {image["id"]: (image["width"], image["height"]) for image in data["images"]}
    images: dict[int, list] = {}
    for one in data["annotations"]:
        if not one["iscrowd"] and any(one["keypoints"][2::3]):
            last = np.array(size[one["image_id"]]) - 1
            first = np.clip(one["bbox"][:2], 0, last)
            end = np.clip(np.add(one["bbox"][:2], one["bbox"][2:]), 0, last)
            images.setdefault(one["image_id"], []).append([*first, *(end - first)])
    return {image: Boxes.of(boxes, [1.0] * len(boxes)) for image, boxes in images.items()}


def oks(
    xy: np.ndarray, others: np.ndarray, areas: np.ndarray, points: slice | np.ndarray = slice(None)
) -> np.ndarray:
    """Return the object keypoint similarity (n,) of a pose with n others, 0..1.

    Args:
        xy: (133, 2) px.
        others: (n, 133, 2) px.
        areas: (n,) the areas to scale distances with, px squared.
        points: those of the 133 that count.
    """
    square = ((others - xy) ** 2).sum(-1)[:, points] / (2 * SIGMAS[points]) ** 2
    return np.exp(-square / (areas[:, None] + np.spacing(1)) / 2).mean(-1)


def results(image: int, people: PersonPoses) -> list[dict[str, Any]]:
    """Return COCO keypoint results of one image, with mmpose's scoring and OKS-NMS."""
    seen = people.scores > KEYPOINT_MIN
    mean = np.where(seen, people.scores, 0).sum(1) / np.maximum(seen.sum(1), 1)
    scores = people.box_scores * mean
    areas = around(people.boxes, ASPECT)[1].prod(1)
    order, keep = list(np.argsort(scores)[::-1]), []
    while order:
        best, *order = order
        keep.append(best)
        if order:
            same = oks(people.xy[best], people.xy[order], (areas[best] + areas[order]) / 2)
            order = [i for i, value in zip(order, same) if value <= NMS_OKS]
    points = np.concatenate([people.xy, people.scores[..., None]], -1)
    return [
        {
            "image_id": image, "category_id": PERSON, "score": float(scores[i]),
            **{field: points[i, which].ravel().tolist() for field, which, _ in PARTS},
        }
        for i in keep
    ]  # fmt: skip


def average_precision(
    data: dict[str, Any], found: list[dict[str, Any]], images: Sequence[int]
) -> dict[str, float]:
    """Return the AP, 0..1 (mean over OKS 0.50 to 0.95), for each name in COLUMNS.

    It is NaN if the part is annotated for nobody. For the hand it is the mean of left and right,
    as the dataset's authors report it (jin-s13/COCO-WholeBody, issue 38).

    Args:
        data: the annotations, as from `load_annotations`.
        found: the results, as from `results`.
        images: ids of the images to evaluate.

    Raises:
        CocoError: xtcocotools is missing or does not work.
    """
    coco_type, evaluation = xtcocotools()
    values: dict[str, float] = {}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts have no scores of their own, nor have mmpose's
        coco = coco_type()
        # xtcocotools ignores annotations with negative ids, and fails on ids that are text.
        coco.dataset = {
            **data,
            "annotations": [
                {**one, "id": number} for number, one in enumerate(data["annotations"], 1)
            ],
        }
        coco.createIndex()
        there = coco.loadRes([dict(one) for one in found])
        for _, which, name in (*PARTS, ("", slice(0, COUNT), "wholebody")):
            run = evaluation(coco, there, f"keypoints_{name}", SIGMAS[which], use_area=True)
            run.params.imgIds = list(images)
            run.evaluate()
            run.accumulate()
            run.summarize()
            values[name] = float(run.stats[0]) if run.stats[0] >= 0 else np.nan
    hands = [v for v in (values["lefthand"], values["righthand"]) if not np.isnan(v)]
    values["hand"] = float(np.mean(hands)) if hands else np.nan
    values["whole"] = values["wholebody"]
    return {name: values[name] for name in COLUMNS}


def xtcocotools() -> tuple[type, type]:
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # numpy 2 prints a long explanation
            from xtcocotools.coco import COCO
            from xtcocotools.cocoeval import COCOeval
    except ModuleNotFoundError as err:
        raise CocoError(
            f"{err.name} is not installed: pip install 'dwpose_ros[evaluate]', "
            "or xtcocotools 'numpy<2'"
        ) from err
    except Exception as err:  # compiled for another numpy: ImportError, ValueError, AttributeError
        raise CocoError(
            f"xtcocotools does not work with numpy {np.__version__}, since it is "
            f"built for numpy 1: pip install 'numpy<2' ({err})"
        ) from err
    return COCO, COCOeval


def _json(path: Path | str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as err:
        raise CocoError(f"{path}: cannot be read: {err.strerror}") from err
    except ValueError as err:  # also what is not UTF-8
        raise CocoError(f"{path}: is not JSON: {err}") from err


def _keys(path: Path | str, kind: str, one: Any, wanted: Sequence[str]) -> None:
    lacks = [key for key in wanted if not isinstance(one, dict) or key not in one]
    if lacks:
        which = one.get("id", one.get("image_id", "?")) if isinstance(one, dict) else repr(one)
        raise CocoError(f"{path}: {kind} {which} lacks {', '.join(lacks)}")


def _unique(path: Path | str, kind: str, several: Sequence[dict[str, Any]], key: str) -> None:
    seen: set[Any] = set()
    for one in several:
        value = one[key]
        if not isinstance(value, str if key == "file_name" else (int, str)):
            wanted = "text" if key == "file_name" else "a number"
            raise CocoError(f"{path}: {kind} has {key} {value!r}, wanted {wanted}")
        if value in seen:
            raise CocoError(
                f"{path}: several {kind}s have {key} {value!r}; each must have its own"
            )
        seen.add(value)
