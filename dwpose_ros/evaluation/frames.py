# SPDX-License-Identifier: Apache-2.0
"""Read frames from images, a video, a camera or a ROS 2 bag, and crop the people in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from dwpose_ros.core import image_sources as sources
from dwpose_ros.core import images
from dwpose_ros.core.image_files import IMAGES, images_of, is_image
from dwpose_ros.estimation.crop_geometry import around
from dwpose_ros.estimation.crops import CpuCrops
from dwpose_ros.evaluation.bags import FramesError, bag_images, is_bag

PEOPLE_A_FRAME = 5  # only the largest, so that a crowd does not outweigh all other frames


class Sample(NamedTuple):
    """The people of one frame."""

    name: str
    crops: np.ndarray
    """(n, h, w, 3) uint8 RGB, the crops that are given to the network."""
    heights: np.ndarray
    """(n,) heights of the people's boxes, in pixels of the crop."""


def picture(path: Path) -> np.ndarray:
    """Read an image file; (h, w, 3) uint8 RGB. Raises FramesError."""
    try:
        bgr = images.decode_file(path.read_bytes())
    except (OSError, images.ImageError) as err:
        raise FramesError(f"{path}: is not an image that can be read ({err})") from err
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def frames(source: str, count: int, topic: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the names and images, (h, w, 3) uint8 RGB, of frames evenly spread over a source.

    Args:
        source: anything that `core.image_sources` opens, or a ROS 2 bag.
        count: largest number of frames. From a camera or a stream, the first frames are taken.
        topic: image topic of a bag; empty: its only one.

    Raises:
        FramesError: an image or the bag cannot be read.
        SourceError: the source cannot be opened.
    """
    path = Path(source).expanduser()
    if is_bag(path):
        for name, rgb, _ in bag_images(path, topic, lambda n: set(_spread(range(n), count))):
            yield name, rgb
    elif path.is_dir() or path.is_file() and is_image(path):
        files = [path] if path.is_file() else images_of(path)
        if not files:
            raise FramesError(
                f"{path}: has no image ({', '.join(IMAGES)}) and is no ROS 2 bag (metadata.yaml)"
            )
        for file in _spread(files, count):
            yield str(file), picture(file)
    else:
        yield from _video(source, count)


def samples_of(
    given: Sequence[str], count: int, topic: str, detector: Any, size: tuple[int, int]
) -> tuple[list[Sample], int]:
    """Crop the people in frames of several sources, and show a progress bar.

    Args:
        given: the sources; see `frames`, also for what it raises.
        count: largest number of frames of all sources together.
        topic: image topic of bags.
        detector: finds the people.
        size: width and height of the network's input.

    Returns:
        The people of each frame that has some, and the number of frames read.
    """
    from tqdm import tqdm  # here, so that nodes do not need it

    cut, found, seen = CpuCrops(), [], 0
    each = math.ceil(count / len(given))
    with tqdm(desc="finding people", total=count, unit="frame", leave=False) as bar:
        for source in given:
            for name, rgb in frames(source, min(each, count - seen), topic):
                seen += 1
                bar.update()
                boxes, _ = detector(rgb)
                largest = np.argsort((boxes[:, 2:] - boxes[:, :2]).prod(1))[::-1][:PEOPLE_A_FRAME]
                if largest.size:
                    centers, scales = around(boxes[largest], size)
                    heights = (boxes[largest, 3] - boxes[largest, 1]) * size[1] / scales[:, 1]
                    found.append(Sample(name, cut.people(rgb, centers, scales, size), heights))
    return found, seen


def _video(name: str, count: int) -> Iterator[tuple[str, np.ndarray]]:
    source = sources.open_source(name)
    try:
        if source.live:
            wanted = set(range(count))
        else:
            total = 0
            while source.read() is not None:
                total += 1
            wanted = set(_spread(range(total), count))
            source.rewind()
        for i in range(max(wanted, default=-1) + 1):
            bgr = source.read()
            if bgr is None:
                return
            if i in wanted:
                yield f"{name}#{i}", cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    finally:
        source.close()


def _spread(items: Sequence, count: int) -> list:
    """Return ``count`` evenly spread items, or all if there are not more."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]
