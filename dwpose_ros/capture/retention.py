# SPDX-License-Identifier: Apache-2.0
"""What is removed from the captures' folder: what was never finished, and what is old."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

UNFINISHED_S = 60.0  # writing takes milliseconds: what is as old was left by who was killed
PARTIAL = ".dwpose_{}.part"  # names of files that are being written
_PARTIAL = re.compile(r"\.dwpose_.*\.part")
# <label>_<date>-<time>-<ms>, a number where there was one already, and what it is.
_CAPTURE = re.compile(
    r"[A-Za-z0-9_-]*_\d{8}-\d{6}-\d{3}(~\d+)?"
    r"(\.(png|jpg|json)|_overlay\.jpg|_posemap\.png|_openpose\.json)"
)


def remove_unfinished(folder: Path, now_s: float) -> int:
    """Remove what killed processes left half-written; how many files. `now_s` is a time since
    the epoch, as files have it."""
    return _remove(folder, _PARTIAL, now_s - UNFINISHED_S)


def remove_old(folder: Path, keep_s: float, now_s: float) -> int:
    """Remove captures, and what was made of them, that are older than `keep_s`; how many files."""
    return _remove(folder, _CAPTURE, now_s - keep_s)


def _remove(folder: Path, pattern: re.Pattern, before_s: float) -> int:
    removed = 0
    for path in _files(folder):
        if pattern.fullmatch(path.name):
            with contextlib.suppress(OSError):  # gone already, or not ours to remove
                if path.lstat().st_mtime < before_s:
                    path.unlink()
                    removed += 1
    return removed


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from folder.iterdir()
