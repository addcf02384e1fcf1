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
from pathlib import Path
from typing import Any, NamedTuple

from dwpose_ros.capture.storage import CaptureError

NEW_SESSION_S = 300.0  # without a capture; the next one begins another session
LARGEST_POSE = 20_000_000  # bytes; one of 100 people has 1.5 million
_NAME = re.compile(r"(?P<label>[A-Za-z0-9_-]*)_\d{8}-\d{6}-\d{3}(~\d+)?")
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
    """Reads and removes the captures in a folder. Names of files are never made of arguments: a
    capture is looked up among those that are there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}

    def captures(self) -> list[Archived]:
        """Return all captures, newest first. Raises ArchiveError if there is no folder."""
        found: dict[str, dict[str, str]] = {}
        for name in self._names():
            for kind, ending in _KINDS:
                stem = name.removesuffix(ending)
                if stem != name:
                    if _NAME.fullmatch(stem):
                        found.setdefault(stem, {})[kind] = name
                    break
        complete = {stem: files for stem, files in found.items() if "image" in files}
        self._read = {stem: kept for stem, kept in self._read.items() if stem in complete}
        captures = [self._described(stem, files) for stem, files in complete.items()]
        return sorted(captures, key=lambda one: (-one.time_s, one.name))

    def sessions(self) -> list[list[Archived]]:
        """Return the captures by session, newest first: those that follow each other closely."""
        sessions: list[list[Archived]] = []
        for capture in self.captures():
            if sessions and sessions[-1][-1].time_s - capture.time_s <= NEW_SESSION_S:
                sessions[-1].append(capture)
            else:
                sessions.append([capture])
        return sessions

    def find(self, name: str) -> Archived:
        """Return a capture by its name. Raises ArchiveError if there is none."""
        for capture in self.captures():
            if capture.name == name:
                return capture
        raise ArchiveError("there is no such picture: it was deleted, or never taken")

    def session_of(self, name: str) -> list[Archived]:
        """Return the session that a capture belongs to. Raises ArchiveError if there is none."""
        for session in self.sessions():
            if any(capture.name == name for capture in session):
                return session
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
            _number(quality.get("score")),
            {
                str(name): one
                for name, one in (measures if isinstance(measures, dict) else {}).items()
                if isinstance(one, dict)
            },
            [str(line) for line in rejected] if isinstance(rejected, list) else [],
        )

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
            kept["time_s"] = float(stamp["sec"]) + float(stamp["nanosec"]) / 1e9
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}
        self._read[stem] = key, kept
        return kept


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan
