# SPDX-License-Identifier: Apache-2.0
"""The captures that lie in a folder: what there is, what each is worth, and how to remove it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from dwpose_ros.capture.storage import CaptureError

NEW_SESSION_S = 300.0  # without a capture; the next one begins another session
LONGEST_SESSION = 100  # captures, where a booth takes one every minute all day
LISTED = 500  # captures
LATEST_S = 2.0**33  # of a stamp, s since the epoch: its seconds have 32 bits
LARGEST_POSE = 20_000_000  # bytes; one of 100 people has 1.5 million
_NAME = re.compile(r"(?P<label>[A-Za-z0-9_-]*)_(?P<when>\d{8}-\d{6}-\d{3})(~\d+)?", re.ASCII)
_KINDS = (  # the longest endings first
    ("overlay", "_overlay.jpg"),
    ("posemap", "_posemap.png"),
    ("openpose", "_openpose.json"),
    ("image", ".png"),
    ("image", ".jpg"),
    ("pose", ".json"),
)


class ArchiveError(CaptureError):
    """A capture or a folder that is not there; the message says which."""


class Archived(NamedTuple):
    """One capture on disk."""

    name: str
    """What the names of its files have in common."""
    files: dict[str, str]
    """File names by kind: image, pose, overlay, posemap and openpose, as far as they are there."""
    label: str
    time_s: float
    """When the picture was taken, s since the epoch."""
    quality: float
    """Unified quality, 0..100; NaN if unknown."""
    measures: dict[str, dict[str, Any]]
    """By name: `value`, `score` (0..100) and `unit`; None where it could not be measured."""
    rejected: list[str]
    """The other frames, and why they were not taken."""


class Archive:
    """Reads and removes the captures in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}

    def sessions(self, most: int = LISTED) -> list[list[Archived]]:
        """Return the newest sessions, and in each its captures, the newest first: only whole
        sessions, with at most `most` captures in all; the newest always. Raises ArchiveError if
        there is no folder.
        """
        shown: list[list[Archived]] = []
        for session in reversed(self._grouped()):
            most -= len(session)
            if shown and most < 0:
                break
            shown.append([self._described(*one) for one in reversed(session)])
        listed = {capture.name for session in shown for capture in session}
        self._read = {stem: kept for stem, kept in self._read.items() if stem in listed}
        return shown

    def find(self, name: str) -> Archived:
        """Return a capture by its name. Raises ArchiveError if there is none."""
        if _NAME.fullmatch(name):  # which leads to no other folder
            files = {
                kind: name + ending for kind, ending in _KINDS if self._is_file(name + ending)
            }
            if "image" in files:
                return self._described(name, files)
        raise ArchiveError("there is no such picture: it was deleted, or never taken")

    def between(self, newest: str, oldest: str) -> list[Archived]:
        """Return the captures from one to another, newest first: what somebody has seen of a
        session, whatever was taken or removed since. Raises ArchiveError if there is none.
        """
        if _NAME.fullmatch(newest) and _NAME.fullmatch(oldest):
            first, last = _order(oldest), _order(newest)
            captures = [one for session in self._grouped() for one in session]
            if seen := [one for one in captures if first <= _order(one[0]) <= last]:
                return [self._described(*one) for one in reversed(seen)]
        raise ArchiveError("there is no such session: its pictures were deleted")

    def path(self, capture: Archived, kind: str) -> Path:
        """Return the path of one of a capture's files. Raises ArchiveError if it has none."""
        if kind not in capture.files:
            raise ArchiveError(f"{capture.name} has no {kind}")
        return self.folder / capture.files[kind]

    def remove(self, capture: Archived) -> None:
        """Remove all files of a capture. Raises ArchiveError if one stays."""
        for name in capture.files.values():
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError as err:
                raise ArchiveError(f"{name} cannot be removed: {err.strerror or err}") from err

    def _grouped(self) -> list[list[tuple[str, dict[str, str]]]]:
        """Return names and files of all captures by session, oldest first, by the times in their
        names: there may be a hundred thousand, so their files are not read.
        """
        found: dict[str, dict[str, str]] = {}
        for name in self._names():
            for kind, ending in _KINDS:
                stem = name.removesuffix(ending)
                if stem != name:
                    if _NAME.fullmatch(stem):
                        found.setdefault(stem, {})[kind] = name
                    break
        captures = sorted((s for s, files in found.items() if "image" in files), key=_order)
        sessions: list[list[tuple[str, dict[str, str]]]] = []
        last_s = -math.inf
        for stem in captures:
            time_s, _ = _order(stem)
            if time_s - last_s > NEW_SESSION_S or len(sessions[-1]) == LONGEST_SESSION:
                sessions.append([])
            sessions[-1].append((stem, found[stem]))
            last_s = time_s
        return sessions

    def _names(self) -> Iterator[str]:
        try:
            with os.scandir(self.folder) as entries:
                # No links: they could lead to files that nobody captured.
                names = [e.name for e in entries if e.is_file(follow_symlinks=False)]
        except FileNotFoundError as err:
            raise ArchiveError(
                f"the folder {self.folder} is not there: no picture was taken yet, or it was moved"
            ) from err
        except OSError as err:
            raise ArchiveError(
                f"the folder {self.folder} cannot be read: {err.strerror or err}"
            ) from err
        yield from names

    def _described(self, stem: str, files: dict[str, str]) -> Archived:
        known = self._document(stem, files["pose"]) if "pose" in files else {}
        quality = known.get("quality")
        quality = quality if isinstance(quality, dict) else {}
        measures = quality.get("measures")
        rejected = known.get("rejected")
        match = _NAME.fullmatch(stem)
        assert match is not None
        return Archived(
            stem,
            files,
            match["label"],
            known["time_s"] if "time_s" in known else self._changed(files["image"]),
            number(quality.get("score")),
            {
                str(name): one
                for name, one in (measures if isinstance(measures, dict) else {}).items()
                if isinstance(one, dict)
            },
            [str(line) for line in rejected] if isinstance(rejected, list) else [],
        )

    def _is_file(self, name: str) -> bool:
        """Return whether it is a file, and no link: that could lead to what nobody captured."""
        with contextlib.suppress(OSError):
            return stat.S_ISREG((self.folder / name).lstat().st_mode)
        return False

    def _changed(self, name: str) -> float:
        with contextlib.suppress(OSError):
            return (self.folder / name).lstat().st_mtime
        return 0.0

    def _document(self, stem: str, name: str) -> dict[str, Any]:
        """Return what is needed of a capture's JSON, which is read once while it stays the same;
        empty if it cannot be read.
        """
        try:
            status = (self.folder / name).lstat()
            key = status.st_mtime_ns, status.st_size
            if stem in self._read and self._read[stem][0] == key:
                return self._read[stem][1]
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_POSE:
                return {}
            document = json.loads((self.folder / name).read_text(encoding="utf-8"))
            kept = {k: document[k] for k in ("quality", "rejected") if k in document}
            stamp = document["header"]["stamp"]
            time_s = float(stamp["sec"]) + float(stamp["nanosec"]) / 1e9
            if abs(time_s) < LATEST_S:  # False for NaN
                kept["time_s"] = time_s
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return {}
        self._read[stem] = key, kept
        return kept


def _order(stem: str) -> tuple[float, str]:
    """Return what captures are sorted by: the time in the name, s, and the name.

    It is local time, so where summer time ends, captures of two hours mix. An impossible date is
    as old as can be.
    """
    match = _NAME.fullmatch(stem)
    assert match is not None
    text = match["when"]
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])).toordinal()
    except ValueError:
        return 0.0, stem
    clock = int(text[9:11]) * 3600 + int(text[11:13]) * 60 + int(text[13:15])
    return day * 86400.0 + clock + int(text[16:]) / 1000, stem


def number(value: object) -> float:
    """Return a number of a document, which may hold anything; NaN if it is none."""
    try:
        return float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:  # an integer of hundreds of digits
        return math.inf
