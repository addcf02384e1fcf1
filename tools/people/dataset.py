# SPDX-License-Identifier: Apache-2.0
"""Datasets on disk: pictures as JPEG and one file of annotations, written whole or not at all.

OUT/annotations.json
OUT/images/000001.jpg
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from dwpose_ros.evaluation.coco import load_annotations
from tools.people.annotations import document, points_of
from tools.people.errors import PeopleError
from tools.people.generator import People

ANNOTATIONS, IMAGES = "annotations.json", "images"
QUALITY = 95  # of the files; the camera's own JPEG comes before, see `faults`
AHEAD = 4  # pictures that each worker may be ahead
# One thread in each worker, which is what fits several workers on as many cores.
ONE_THREAD = ("LP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_people: People | None = None


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
        for index, coded, annotations, spent in _made(settings, count, workers):
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


def _made(settings: dict[str, Any], count: int, workers: int) -> Iterator[tuple]:
    """Make the pictures in other processes: index, JPEG, annotations, seconds; in order."""
    kept = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (settings,))
    try:
        ahead: deque[Future] = deque()  # some pictures more than there are workers
        for index in range(count):
            ahead.append(pool.submit(_one, index))
            if len(ahead) > AHEAD * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenProcessPool as err:
        raise PeopleError(
            f"one of {workers} processes that make pictures has ended, perhaps for want of "
            "memory (each takes 0.6 GB); try fewer --workers"
        ) from err
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start(settings: dict[str, Any]) -> None:
    """Begin a worker; the main process alone answers an interruption."""
    global _people
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _people = People(**settings)


def _one(index: int) -> tuple[int, bytes, list[dict[str, Any]], float]:
    assert _people is not None
    began = time.process_time()
    image, annotations = _people.sample(index)
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return index, coded.tobytes(), annotations, time.process_time() - began
