# SPDX-License-Identifier: Apache-2.0
"""Remove unfinished and old files from the captures' folder."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

UNFINISHED_S = 60.0  # writing takes milliseconds; an older partial file is from a killed process
# A clock that differs by more was set, as where a machine boots without the time.
CLOCK_SET_S = 60.0
PARTIAL = ".dwpose_{}.part"  # names of files that are being written
_PARTIAL = re.compile(r"\.dwpose_.*\.part")
# <label>_<date>-<time>-<ms>, a number if that name existed already, and the kind of file.
_CAPTURE = re.compile(
    r"[A-Za-z0-9_-]*_\d{8}-\d{6}-\d{3}(~\d+)?"
    r"(\.(png|jpg|json)|_overlay\.jpg|_posemap\.png|_openpose\.json)"
)


class Retention:
    """Removes what has become too old, by a clock that may be set meanwhile.

    Args:
        wall_s: time since the epoch, s, which files have too.
        steady_s: time that nobody sets, s, and that goes on while the machine is suspended.
    """

    def __init__(self, wall_s: float, steady_s: float) -> None:
        self._since_s = wall_s
        self._ahead_s = wall_s - steady_s

    def tidy(self, folders: Iterable[Path], keep_s: float, wall_s: float, steady_s: float) -> int:
        """Remove unfinished files, and captures older than `keep_s` if that is not 0; return the
        number of captures' files.

        Args:
            folders: all that were written to since the start.
        """
        set_by_s = wall_s - steady_s - self._ahead_s
        was_set, removed = abs(set_by_s) > CLOCK_SET_S, 0
        for folder in folders:
            if was_set:  # what was written since the start has the time of a clock that was wrong
                _shift(folder, self._since_s - 1.0, wall_s - set_by_s + 1.0, set_by_s)
            remove_unfinished(folder, wall_s)
            removed += remove_old(folder, keep_s, wall_s) if keep_s else 0
        if was_set:
            self._since_s += set_by_s
            self._ahead_s += set_by_s
        return removed


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
    for entry, changed_s in _files(folder, pattern):
        if changed_s < before_s:
            with contextlib.suppress(OSError):  # gone already, or no permission to remove it
                os.unlink(entry)
                removed += 1
    return removed


def _shift(folder: Path, since_s: float, until_s: float, by_s: float) -> None:
    for entry, changed_s in _files(folder, _CAPTURE):
        if since_s <= changed_s <= until_s:
            with contextlib.suppress(OSError):
                os.utime(entry, (changed_s + by_s,) * 2, follow_symlinks=False)


def _files(folder: Path, pattern: re.Pattern) -> Iterator[tuple[os.DirEntry[str], float]]:
    """Yield the entries with such a name, and when each was changed, s since the epoch."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    yield entry, entry.stat(follow_symlinks=False).st_mtime
