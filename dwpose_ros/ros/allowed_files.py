# SPDX-License-Identifier: Apache-2.0
"""Which files others on the network may name."""

from __future__ import annotations

import os
from pathlib import Path

from dwpose_ros.core.files import FileError, user_path


class AllowedFiles:
    """Files that were named at the start, and all files below the folders allowed then.

    Whoever starts a node may name any file. Afterwards parameters, requests and goals come from
    the network, from anybody, and must not reveal what else is on this machine.
    """

    def __init__(self, folders: str) -> None:
        """`folders` are separated by ':', as in PATH."""
        self._folders = [user_path(f).resolve() for f in folders.split(os.pathsep) if f]
        self._given: set[Path] = set()

    def give(self, name: str) -> None:
        """Allow a file that was named at the start."""
        if name:
            self._given.add(user_path(name).resolve())

    def path(self, name: str) -> Path:
        """Return the path of a file.

        Raises:
            FileError: it is not allowed, whether it exists or not.
        """
        path = user_path(name)
        resolved = path.resolve()  # a link leads where it leads
        if resolved in self._given or any(resolved.is_relative_to(f) for f in self._folders):
            return path
        below = ", ".join(map(str, self._folders)) or "none yet"
        raise FileError(
            f"file {str(path)!r} may not be named from the network; the parameter "
            f"allowed_folders says below which folders files may ({below}), and is "
            "set when the node starts"
        )
