# SPDX-License-Identifier: Apache-2.0
"""SHA-256 of large files, cached in a file beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

CHUNK = 1 << 20
MEMORY = "checksums.json"


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def remembered_sha256(path: Path) -> str:
    """Return the file's SHA-256, from the cache if size, modification time and inode are the same.

    Raises OSError.
    """
    memory = path.with_name(MEMORY)
    now = path.stat()
    mark = [now.st_size, now.st_mtime_ns, now.st_ino]
    known = _read(memory)
    match known.get(path.name):
        case {"file": seen, "sha256": str(digest)} if seen == mark:
            return digest
    digest = sha256(path)
    known[path.name] = {"file": mark, "sha256": digest}
    _write(memory, known)
    return digest


def _read(memory: Path) -> dict:
    """Return the cached checksums; an empty dict if the cache file is missing or corrupt."""
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(memory: Path, known: dict) -> None:
    """Replace the cache file atomically, since several nodes read it.

    If it cannot be written, checksums are computed again the next time.
    """
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(prefix=f".{MEMORY}", dir=memory.parent)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(known, file)
            os.replace(name, memory)
        except BaseException:
            os.unlink(name)
            raise
