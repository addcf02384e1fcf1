# SPDX-License-Identifier: Apache-2.0
"""Read the images of a ROS 2 bag, without ROS 2."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.core import images
from dwpose_ros.core.errors import DwposeError

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


class FramesError(DwposeError):
    """Frames cannot be read; the message says which, and what would be right."""


class BagImage(NamedTuple):
    """One image of a bag."""

    name: str
    rgb: np.ndarray
    """(h, w, 3) uint8."""
    time_s: float
    """Its own stamp or, if it has none, when it was recorded."""


def is_bag(path: Path) -> bool:
    """Return whether a path is a bag's: its folder, or a file of one."""
    return path.suffix in (".mcap", ".db3") or (path / "metadata.yaml").is_file()


def bag_images(
    path: Path,
    topic: str = "",
    wanted: Callable[[int], Container[int]] = range,
    damaged: Callable[[str], None] | None = None,
) -> Iterator[BagImage]:
    """Yield the images of one topic of a bag, in the order in which they were recorded.

    Args:
        path: of the bag's folder, or of an .mcap or .db3 file.
        topic: image topic; empty: its only one.
        wanted: returns the numbers of the images that are wanted, of so many.
        damaged: called with why an image cannot be read, which is left out then; None: raise.

    Raises:
        FramesError: the bag or an image cannot be read, or the topic is not there.
    """
    try:
        from rosbags.highlevel import AnyReader
        from rosbags.typesys import Stores, get_typestore
    except ImportError as err:
        raise FramesError(
            f"{path}: to read bags, pip install 'dwpose_ros[quantize]', or rosbags ({err})"
        ) from err
    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.LATEST)) as reader:
            pictures = [c for c in reader.connections if c.msgtype in IMAGE_TYPES]
            names = sorted({c.topic for c in pictures})
            if topic not in names and (topic or len(names) != 1):
                asked = f"topic {topic!r} is not one of its" if topic else "wanted one --topic of"
                raise FramesError(f"{path}: {asked} image topics: {', '.join(names) or 'none'}")
            chosen = [c for c in pictures if c.topic == (topic or names[0])]
            numbers = wanted(sum(c.msgcount for c in chosen))
            for i, (connection, recorded_ns, raw) in enumerate(reader.messages(chosen)):
                if i in numbers:
                    message = reader.deserialize(raw, connection.msgtype)
                    name = f"{path}#{connection.topic}@{recorded_ns}"
                    try:
                        rgb = images.to_rgb(message)
                    except images.ImageError as err:
                        if damaged is None:
                            raise FramesError(f"{name}: {err}") from err
                        damaged(f"{name}: {err}")
                        continue
                    yield BagImage(name, rgb, _time_ns(message, recorded_ns) / 1e9)
    except DwposeError:
        raise
    except Exception as err:  # what readers of damaged files raise shares no narrower base
        raise FramesError(f"{path}: {err or type(err).__name__}") from err


def _time_ns(message: Any, recorded_ns: int) -> int:
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec or recorded_ns
