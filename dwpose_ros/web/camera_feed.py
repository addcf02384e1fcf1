# SPDX-License-Identifier: Apache-2.0
"""Pictures from a browser's camera: their time on our clock, and which are refused.

The browser stamps each picture on its own clock, which may be hours off. How far is estimated as
in NTP: we ask for its time, and it was somewhere between our question and its answer.
"""

from __future__ import annotations

import math
import struct
from collections import deque
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.images import ImageError
from dwpose_ros.core.jpeg import is_jpeg

LARGEST = 4_000_000  # bytes of a picture; one of 1920x1080 has a tenth
OLDEST_S = 2.0  # older pictures are of no use
SAMPLES = 16  # answers that the offset is estimated from
MOST_RATE = 60.0  # pictures a second
_HEADER = struct.Struct("<d")  # ms since the epoch on the browser's clock


class Picture(NamedTuple):
    """A JPEG, and how long ago it was taken."""

    jpeg: bytes
    age_s: float


class ClockOffset:
    """Estimates how far a browser's clock is ahead of ours. Times are in seconds.

    Of the last answers the quickest counts: the shorter the way there and back, the less can be
    wrong. A clock that has jumped is noticed by answers that contradict each other.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)  # offset, error

    def add(self, asked: float, theirs: float, answered: float) -> None:
        """Add an answer: our time at the question, the browser's, and ours at the answer."""
        if not (math.isfinite(theirs) and asked <= answered):
            return
        offset, error = theirs - (asked + answered) / 2, (answered - asked) / 2
        if any(abs(offset - other) > error + err for other, err in self._samples):
            self._samples.clear()
        self._samples.append((offset, error))

    @property
    def known(self) -> bool:
        """Whether there was an answer."""
        return bool(self._samples)

    @property
    def offset_s(self) -> float:
        """How far their clock is ahead; NaN before the first answer."""
        return min(self._samples, key=lambda s: s[1])[0] if self._samples else math.nan

    @property
    def error_s(self) -> float:
        """By how much the offset may be wrong; NaN before the first answer."""
        return min(error for _, error in self._samples) if self._samples else math.nan


class CameraFeed:
    """The pictures of one browser. Times are seconds on one clock of ours, which never jumps."""

    def __init__(self) -> None:
        self.clock = ClockOffset()
        self.received = self.refused = 0
        self._last = -math.inf
        self._left = 5.0  # of the pictures that may come at once

    def take(self, message: bytes, now: float) -> Picture:
        """Return the picture of a message: its time as a double in ms, and a JPEG.

        Raises:
            ImageError: it is refused; the text says why.
        """
        try:
            picture = self._read(message, now)
        except ImageError:
            self.refused += 1
            raise
        self.received += 1
        return picture

    def _read(self, message: bytes, now: float) -> Picture:
        self._left = min(5.0, self._left + (now - self._last) * MOST_RATE)
        self._last = now
        if self._left < 1:
            raise ImageError(f"pictures come faster than {MOST_RATE:g} a second")
        self._left -= 1
        if len(message) <= _HEADER.size or not is_jpeg(
            np.frombuffer(message, np.uint8, offset=_HEADER.size)
        ):
            raise ImageError(f"a message of {len(message)} bytes is no JPEG with its time")
        if not self.clock.known:
            raise ImageError("the browser's clock is not known yet")
        (taken_ms,) = _HEADER.unpack_from(message)
        age_s = now - (taken_ms / 1e3 - self.clock.offset_s)
        error_s = self.clock.error_s
        if not -error_s - 0.05 <= age_s <= OLDEST_S:
            raise ImageError(
                f"a picture is {age_s:.1f} s old by the browser's clock; "
                f"wanted 0 to {OLDEST_S:g} s"
            )
        return Picture(message[_HEADER.size :], max(0.0, age_s))
