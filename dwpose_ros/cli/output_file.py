# SPDX-License-Identifier: Apache-2.0
"""The one file that a command writes: checked before the long work, written whole after it."""

from __future__ import annotations

import os
from pathlib import Path

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError


class OutputError(DwposeError):
    """A file cannot be written; the message says which and why."""


def check_output(path: Path, option: str, force: bool) -> None:
    """Check that a file can be written, before the work whose result it is to hold.

    Args:
        path: the file.
        option: the option that names it, such as "--output".
        force: whether a file that exists may be replaced.

    Raises:
        OutputError: its folder is absent or not writable, or it exists.
    """
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise OutputError(
            f"{path}: cannot be written there; wanted a file's name in a folder "
            "that exists and is yours"
        )
    if path.exists() and not force:
        raise OutputError(f"{path} exists; give another {option}, or --force to replace it")


def write_output(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises OutputError."""
    try:
        write_atomically({path: data})
    except OSError as err:
        raise OutputError(f"{path}: cannot be written: {err.strerror}") from err
