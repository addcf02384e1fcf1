# SPDX-License-Identifier: Apache-2.0
"""Makes pictures in several processes, each with one thread; the pictures do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from tools.people.errors import PeopleError
from tools.people.generator import People, Sample

AHEAD = 4  # pictures that each worker may be ahead
# One thread in each worker, which is what fits several workers on as many cores.
ONE_THREAD = ("LP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_people: People | None = None


def samples(settings: dict[str, Any], indices: range, workers: int) -> Iterator[Sample]:
    """Yield the pictures of some indices, in order, as `People(**settings).sample` makes them.

    Args:
        settings: arguments of `People`.
        indices: which pictures.
        workers: how many processes make them.

    Raises:
        PeopleError: people cannot be made, or a process has ended.
    """
    for sample, _ in timed(settings, indices, workers):
        yield sample


def timed(
    settings: dict[str, Any], indices: range, workers: int, quality: int = 0
) -> Iterator[tuple[Any, float]]:
    """Yield what `samples` does and the seconds of CPU that each took.

    With a quality, the image is the bytes of a JPEG file of it.
    """
    kept = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (settings,))
    try:
        ahead: deque[Future] = deque()
        for index in indices:
            ahead.append(pool.submit(_one, index, quality))
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


def _one(index: int, quality: int) -> tuple[Any, float]:
    assert _people is not None
    began = time.process_time()
    image, annotations = _people.sample(index)
    if quality:
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return (coded.tobytes(), annotations), time.process_time() - began
    return Sample(image, annotations), time.process_time() - began
