# SPDX-License-Identifier: Apache-2.0
"""Remove unfinished and old files from the captures' folder."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

UNFINISHED_S = 60.0  # writing takes milliseconds; an older partial file is from a killed process
PARTIAL = ".dwpose_{}.part"  # names of files that are being written
_PARTIAL = re.compile(r"\.dwpose_.*\.part")
# <label>_<date>-<time>-<ms>, a number if that name existed already, and the kind of file.
_CAPTURE = re.compile(
    r"[A-Za-z0-9_-]*_\d{8}-\d{6}-\d{3}(~\d+)?"
    r"(\.(png|jpg|json)|_overlay\.jpg|_posemap\.png|_openpose\.json)"
)


def remove_unfinished(folder: Path, now_s: float) -> int:
    """Remove files that killed processes left unfinished; return their number.

    Args:
        now_s: time since the epoch, s.
    """
    return _remove(folder, _PARTIAL, now_s - UNFINISHED_S)


def remove_old(folder: Path, keep_s: float, now_s: float) -> int:
    """Remove captures older than `keep_s` and files made from them; return the number of files."""
    return _remove(folder, _CAPTURE, now_s - keep_s)


def _remove(folder: Path, pattern: re.Pattern, before_s: float) -> int:
    removed = 0
    for path in _files(folder):
        if pattern.fullmatch(path.name):
            with contextlib.suppress(OSError):  # gone already, or no permission to remove it
                if path.lstat().st_mtime < before_s:
                    path.unlink()
                    removed += 1
    return removed


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from folder.iterdir()
