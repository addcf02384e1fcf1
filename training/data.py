# SPDX-License-Identifier: Apache-2.0
"""People to learn from: COCO-WholeBody's files, synthetic people, pictures without annotations.

Every source is a sequence of `Person`. Points that are absent, or outside their picture, have
weight 0; hidden ones that are annotated have 1, as in RTMPose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.image_files import images_of
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.evaluation.coco import PARTS, load_annotations, load_boxes

QUALITY = 95  # of generated pictures, which are kept in memory as JPEG


class DataError(DwposeError):
    """People cannot be read; the message says which, why, and what would be right."""


class Person(NamedTuple):
    """One person to learn from."""

    image: np.ndarray
    """(h, w, 3) uint8 RGB: the whole picture."""
    box: np.ndarray
    """(4,) float32, x1 y1 x2 y2 in pixels."""
    xy: np.ndarray
    """(133, 2) float32 pixels of the picture."""
    weights: np.ndarray
    """(133,) float32: 1 if the point is annotated and in the picture, else 0."""


class Truth(NamedTuple):
    """What is annotated of one person."""

    picture: int
    box: np.ndarray
    xy: np.ndarray
    weights: np.ndarray


class People(Sequence[Person]):
    """People in pictures, which are decoded when they are asked for.

    Args:
        pictures: files, or the bytes of files.
        truths: who is in them.
    """

    def __init__(self, pictures: Sequence[Path | bytes], truths: Sequence[Truth]) -> None:
        self._pictures, self._truths = pictures, truths

    def __len__(self) -> int:
        return len(self._truths)

    def __getitem__(self, index: int) -> Person:
        """Raises DataError: the picture cannot be read."""
        truth = self._truths[index]
        image = _decode(self._pictures[truth.picture])
        weights = truth.weights * _inside(truth.xy, image.shape)
        return Person(image, truth.box, truth.xy, weights)

    @property
    def labelled(self) -> bool:
        """Whether anybody has an annotated point."""
        return any(truth.weights.any() for truth in self._truths)


class Joined(Sequence[Person]):
    """Several sources, one after the other."""

    def __init__(self, sources: Sequence[People]) -> None:
        self._sources = sources
        self._ends = np.cumsum([len(source) for source in sources])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Person:
        if not 0 <= index < len(self):
            raise IndexError(index)
        which = int(np.searchsorted(self._ends, index, "right"))
        return self._sources[which][index - int(self._ends[which]) + len(self._sources[which])]

    @property
    def labelled(self) -> bool:
        """Whether anybody has an annotated point."""
        return any(source.labelled for source in self._sources)


def coco(annotations: Path, images: Path, every: int = 1) -> People:
    """Read COCO-WholeBody's format, which UBody and our synthetic people have too.

    Crowds, people whose box has no area, and people of whom no point is annotated are left out.

    Args:
        annotations: the JSON file.
        images: the folder of its pictures.
        every: take only the pictures 0, every, 2 * every, ...; of UBody, which is video, RTMPose
            takes every tenth.

    Raises:
        CocoError: the file cannot be read, or is not of this format.
        DataError: an annotation is broken, a picture is absent, or nobody is left.
    """
    if every < 1:
        raise DataError(f"every {every}: wanted 1 or more")
    data = load_annotations(annotations)
    taken = data["images"][::every]
    number = {image["id"]: i for i, image in enumerate(taken)}
    paths = [images / image["file_name"] for image in taken]
    truths = []
    for one in data["annotations"]:
        if one["image_id"] in number and not one["iscrowd"]:
            truth = _truth(one, number[one["image_id"]], f"{annotations}: annotation {one['id']}")
            if truth is not None:
                truths.append(truth)
    if not truths:
        raise DataError(f"{annotations}: nobody with a box and an annotated point is in it")
    absent = sorted({t.picture for t in truths if not paths[t.picture].is_file()})
    if absent:
        raise DataError(
            f"{len(absent)} of {len(taken)} pictures of {annotations} are not in {images}, "
            f"the first is {taken[absent[0]]['file_name']}"
        )
    return People(paths, truths)


def generated(settings: dict[str, Any], indices: range, workers: int = 1) -> People:
    """Make synthetic people in memory, with exact truth.

    Args:
        settings: arguments of `tools.people.generator.People`.
        indices: which pictures.
        workers: how many processes make them; the pictures do not depend on it.

    Raises:
        PeopleError: they cannot be made.
    """
    from tools.people.parallel import timed  # needs moderngl and scipy, the rest does not

    return collect(made for made, _ in timed(settings, indices, workers, QUALITY))


def collect(made: Iterable[tuple[bytes, list[dict[str, Any]]]]) -> People:
    """Keep pictures that are the bytes of files, with their COCO-WholeBody annotations."""
    pictures: list[bytes] = []
    truths: list[Truth] = []
    for coded, people in made:
        found = [_truth(one, len(pictures), f"annotation {one['id']}") for one in people]
        truths += [truth for truth in found if truth is not None]
        pictures.append(coded)
    if not truths:
        raise DataError(f"nobody is in {len(pictures)} pictures; wanted more, or closer people")
    return People(pictures, truths)


def unlabelled(images: Path, boxes: Path | None = None) -> People:
    """Read pictures of which only a teacher knows the points.

    Args:
        images: a folder of pictures.
        boxes: a detector's results in COCO's format, whose `image_id` is the place of the picture
            in the folder's natural order, from 0. Without it each picture is one person.

    Raises:
        CocoError: the boxes cannot be read.
        DataError: there are no pictures, or no boxes for them.
    """
    paths = images_of(images) if images.is_dir() else []
    if not paths:
        raise DataError(f"{images}: wanted a folder of pictures")
    truths = []
    if boxes is None:
        for i, path in enumerate(paths):
            height, width = _decode(path).shape[:2]
            truths.append(_unknown(i, np.array([0, 0, width, height], np.float32)))
    else:
        for image, found in load_boxes(boxes).items():
            if image not in range(len(paths)):
                raise DataError(f"{boxes}: image_id {image!r}; {images} has 0 to {len(paths) - 1}")
            truths += [_unknown(image, box) for box in found.xyxy]
    if not truths:
        raise DataError(f"{boxes}: has no box of a person")
    return People(paths, truths)


def read(sources: Sequence[str]) -> Joined:
    """Read what a command line names: ANNOTATIONS.json,IMAGES[,EVERY] or folders of pictures.

    Raises:
        CocoError, DataError: one cannot be read, or is none.
    """
    if not sources:
        raise DataError("no data is given; wanted at least one source")
    return Joined([_source(source) for source in sources])


def _source(source: str) -> People:
    parts = source.split(",")
    if len(parts) == 1 and not source.endswith(".json"):
        folder = Path(source)
        made = folder / "annotations.json"  # of tools/people
        return coco(made, folder / "images") if made.is_file() else unlabelled(folder)
    if len(parts) in (2, 3) and (len(parts) == 2 or parts[2].isdecimal()):
        return coco(Path(parts[0]), Path(parts[1]), int(parts[2]) if len(parts) == 3 else 1)
    raise DataError(
        f"{source!r} is no source; wanted ANNOTATIONS.json,IMAGES[,EVERY], a folder that "
        "tools/people wrote, or a folder of pictures"
    )


def points_of(annotation: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (133, 2) px and COCO's flags (133,) of an annotation."""
    rows = np.concatenate([np.reshape(annotation[field], (-1, 3)) for field, _, _ in PARTS])
    return rows[:, :2].astype(np.float32), rows[:, 2].astype(np.float32)


def _truth(annotation: dict[str, Any], picture: int, name: str) -> Truth | None:
    """What an annotation says, or None if it says nothing."""
    xy, flags = points_of(annotation)
    x, y, width, height = annotation["bbox"]
    if not (np.isfinite(xy).all() and all(map(math.isfinite, (x, y, width, height)))):
        raise DataError(f"{name}: has a number that is not finite")
    # Face, hand and foot points of the dataset have a score between 0 and 1 in place of a flag.
    wrong = flags[~((flags >= 0) & (flags <= 2))]
    if len(wrong):
        raise DataError(f"{name}: has the visibility {wrong[0]:g}; wanted 0 to 2")
    if width <= 0 or height <= 0 or not (flags > 0).any():
        return None
    box = np.array([x, y, x + width, y + height], np.float32)
    return Truth(picture, box, xy, (flags > 0).astype(np.float32))


def _unknown(picture: int, box: np.ndarray) -> Truth:
    return Truth(picture, box, np.zeros((COUNT, 2), np.float32), np.zeros(COUNT, np.float32))


def _inside(xy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """1 for each point in a picture (h, w, ...); pixels reach half a pixel beyond centres."""
    return ((xy >= -0.5) & (xy <= np.array([shape[1], shape[0]]) - 0.5)).all(1).astype(np.float32)


def _decode(picture: Path | bytes) -> np.ndarray:
    try:
        data = picture if isinstance(picture, bytes) else picture.read_bytes()
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except (OSError, cv2.error) as err:
        raise DataError(f"{picture}: cannot be read: {err}") from err
    if bgr is None:
        name = "a picture in memory" if isinstance(picture, bytes) else picture
        raise DataError(f"{name}: cannot be decoded; wanted a JPEG or PNG file")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
