# SPDX-License-Identifier: Apache-2.0
"""Text that others wrote, made fit for terminals, logs and voices."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"  # letters of Persian and Indic scripts need them
LONGEST = 1000  # characters


def printable(text: str, longest: int = LONGEST) -> str:
    """The text on one line, without control characters, escapes or changes of direction.

    What is longer than `longest` characters is cut off.
    """
    text = text[: 2 * longest]
    kept = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def one_line(err: BaseException) -> str:
    """What an exception says, or its name where it says nothing."""
    return printable(str(err)) or type(err).__name__


def shown(value: object, longest: int = 60) -> str:
    """The value as an error quotes it: its beginning, where it is long."""
    return printable(repr(value), longest)
