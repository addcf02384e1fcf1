# SPDX-License-Identifier: Apache-2.0
"""Clean text from outside for terminals, logs and speech."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"  # required by Persian and Indic scripts
LONGEST = 1000  # characters


def printable(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, without control characters, escapes or direction marks.

    Longer text is cut to `longest` characters.
    """
    text = text[: 2 * longest]
    kept = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def one_line(err: BaseException) -> str:
    """Return an exception's message on one line, or its type's name if it has no message."""
    return printable(str(err)) or type(err).__name__


def shown(value: object, longest: int = 60) -> str:
    """Return the value's repr for an error message, cut to `longest` characters."""
    return printable(repr(value), longest)
