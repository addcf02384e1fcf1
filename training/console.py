# SPDX-License-Identifier: Apache-2.0
"""What a run of training has to do with its user: signals and the line of progress."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

LOG_S = 30.0  # between lines of a log


class Stop:
    """Whether SIGINT or SIGTERM has asked for the end; a second one ends at once."""

    def __init__(self) -> None:
        self.asked = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _: Any) -> None:
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.asked = number


def progress() -> Callable[[str], None]:
    """Return what writes one line over and over, or in a log one in half a minute."""
    said = -math.inf

    def say(line: str) -> None:
        nonlocal said
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - said >= LOG_S:
            print(line, file=sys.stderr, flush=True)
            said = time.monotonic()

    return say
