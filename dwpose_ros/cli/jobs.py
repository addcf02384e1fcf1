# SPDX-License-Identifier: Apache-2.0
"""The input of `predict`: what its sources are, and the images and frames they give."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dwpose_ros.cli.predictions import PredictError, Wanted
from dwpose_ros.core.image_files import images_of, is_image
from dwpose_ros.core.image_sources import Source, local
from dwpose_ros.core.images import ImageError, decode_file


class Job(NamedTuple):
    """One image, or one video or camera."""

    source: str
    image: Path | None
    """The image's file; None for videos and cameras."""
    name: str
    """Beginning of the names of its output files."""


def jobs_of(sources: Sequence[str]) -> list[Job]:
    """Return the jobs for the sources given on the command line.

    Output files are named after their source, without its ending unless two would have the same
    name.

    Raises:
        PredictError: a source is absent or empty.
    """
    found: list[tuple[str, Path | None, Path]] = []
    for source in sources:
        path = local(source)
        if not source:
            raise PredictError("a source is empty; give an image, a folder, a video or a camera")
        if path is None:
            found.append((source, None, Path(_plain(source))))
        elif path.is_dir():
            images = images_of(path)
            if not images:
                raise PredictError(f"{source}: the folder has no image")
            found += [(str(image), image, image) for image in images]
        elif not path.is_file():
            what = "is neither a file nor a folder" if path.exists() else "does not exist"
            raise PredictError(
                f"{source}: {what}; give an image, a folder of images, a video, a "
                "camera's number or a URL"
            )
        else:
            found.append((source, path if is_image(path) else None, path))
    stems = Counter(path.stem for _, _, path in found)
    return [
        Job(source, image, path.stem if stems[path.stem] == 1 else path.name)
        for source, image, path in found
    ]


def check_outputs(jobs: Sequence[Job], wanted: Wanted, force: bool) -> None:
    """Check that no file would be written twice, or over one that exists. Raises PredictError."""
    inputs = {Path(job.source).resolve() for job in jobs if local(job.source)}
    by: dict[Path, str] = {}
    for job in jobs:
        for path in wanted.files(job.name, video=job.image is None).values():
            if path in by:
                raise PredictError(
                    f"{by[path]} and {job.source} would both be written to {path}: give them "
                    "one after the other, each with an --output of its own"
                )
            if path.resolve() in inputs:
                raise PredictError(f"{path} is an input itself; give another --output")
            by[path] = job.source
    there = [path for path in by if path.exists() or path.is_symlink()]
    if there and not force:
        more = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise PredictError(f"{there[0]}{more}; give another --output, or --force to replace")


def _plain(source: str) -> str:
    """Return a file name without an ending for a camera or a stream."""
    kind = "stream" if "://" in source else "camera"
    return f"{kind}_" + re.sub("[^A-Za-z0-9]+", "_", source.split("://")[-1]).strip("_")


def frames_of(
    source: Source, limit: int, damaged: Callable[[str], None] = lambda why: None
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the times in s, from 0, and the images (h, w, 3) uint8 BGR of a source's frames.

    Ctrl-C ends a live source after the current frame, as if it were the end of a video.

    Args:
        source: an open source.
        limit: largest number of frames; 0: all.
        damaged: called with why a frame cannot be decoded, which is left out.
    """
    began, count = time.monotonic(), itertools.count()
    with _until_interrupted(source.live) as stopped:
        while not stopped and source.grab():
            bgr = source.retrieve()
            if bgr is None:
                damaged(f"a frame of {source.description} cannot be decoded")
                continue
            i = next(count)
            if source.live:
                time_s = time.monotonic() - began if i else 0.0
                began = began if i else time.monotonic()
            else:
                time_s = source.time_s if math.isfinite(source.time_s) else i / source.rate
            yield time_s, bgr
            if limit and i + 1 >= limit:
                return


@contextlib.contextmanager
def _until_interrupted(wanted: bool) -> Iterator[list[int]]:
    """Yield a list to which the first Ctrl-C adds something; a second one acts as usual."""
    stopped: list[int] = []
    if not wanted:
        yield stopped
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def read_image(path: Path) -> np.ndarray:
    """Read an image (h, w, 3) uint8 BGR. Raises PredictError."""
    try:
        return decode_file(path.read_bytes())
    except (OSError, ImageError) as err:
        raise PredictError(f"{path}: is no image that can be read: {err}") from err
