# SPDX-License-Identifier: Apache-2.0
"""Datasets on disk: pictures as JPEG and one file of annotations, written whole or not at all.

OUT/annotations.json
OUT/images/000001.jpg
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.evaluation.coco import load_annotations
from tools.people.annotations import document, points_of
from tools.people.errors import PeopleError
from tools.people.parallel import timed

ANNOTATIONS, IMAGES = "annotations.json", "images"
QUALITY = 95  # of the files; the camera's own JPEG comes before, see `faults`


class Entry(NamedTuple):
    """A picture of a dataset and who is in it."""

    path: Path
    xy: np.ndarray
    """(people, 133, 2) float32 px."""
    flags: np.ndarray
    """(people, 133) uint8: 2 seen, 1 hidden, 0 not annotated."""
    boxes: np.ndarray
    """(people, 4) float32 x1 y1 x2 y2 px."""
    annotations: list[dict[str, Any]]
    """As they are in the file."""


def check_out(out: Path) -> None:
    """Check that a dataset can be written into a folder that is new or empty.

    Raises:
        PeopleError: it cannot.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PeopleError(f"{out}: is there already; wanted a folder that is new or empty")
    if not out.absolute().parent.is_dir() or not os.access(out.absolute().parent, os.W_OK):
        raise PeopleError(f"{out}: cannot be made there; wanted a place in a folder that is yours")


def write(out: Path, settings: dict[str, Any], count: int, workers: int) -> Iterator[float]:
    """Write a dataset, and yield after each picture the seconds of CPU that it took.

    All goes into a folder beside it, which takes its name in the end and is removed when anything
    goes wrong, an interruption too.

    Args:
        out: the folder to make.
        settings: arguments of `People`.
        count: how many pictures.
        workers: how many processes make them; the pictures do not depend on it.

    Raises:
        PeopleError: nothing can be written, or people cannot be made.
    """
    check_out(out)
    out = out.absolute()
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        part.chmod(0o755)
        (part / IMAGES).mkdir()
        images: list[dict[str, Any]] = []
        found: list[dict[str, Any]] = []
        pictures = timed(settings, range(count), workers, QUALITY)
        for index, ((coded, annotations), spent) in enumerate(pictures):
            name = f"{index + 1:06}.jpg"
            (part / IMAGES / name).write_bytes(coded)
            width, height = settings["size"]
            images.append({"id": index + 1, "file_name": name, "width": width, "height": height,
                           "license": 1})  # fmt: skip
            found += annotations
            yield spent
        text = json.dumps(document(images, found, settings["seed"]), separators=(",", ":"))
        (part / ANNOTATIONS).write_text(text, "utf-8")
        os.replace(part, out)
    except OSError as err:
        raise PeopleError(f"{out}: cannot be written: {err.strerror or err}") from err
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read(out: Path) -> Iterator[Entry]:
    """Read a dataset that `write` wrote, picture by picture.

    Raises:
        CocoError: its annotations cannot be read.
    """
    data = load_annotations(out / ANNOTATIONS)
    by_image: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in data["images"]}
    for annotation in data["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    for image in data["images"]:
        annotations = by_image[image["id"]]
        points = [points_of(annotation) for annotation in annotations]
        boxes = np.array([a["bbox"] for a in annotations], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        yield Entry(
            out / IMAGES / image["file_name"],
            np.array([xy for xy, _ in points], np.float32).reshape(-1, 133, 2),
            np.array([flags for _, flags in points], np.uint8).reshape(-1, 133),
            boxes,
            annotations,
        )
