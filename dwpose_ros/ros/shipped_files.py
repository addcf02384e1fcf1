# SPDX-License-Identifier: Apache-2.0
"""Files of the package and of the user."""

from __future__ import annotations

import sys
from pathlib import Path

from dwpose_ros.core.files import FileError, user_path


def share(*parts: str) -> Path:
    """Return a path in the package's share folder."""
    try:
        from ament_index_python.packages import get_package_share_directory
    except ImportError:  # only the command `dwpose` runs without it: pip puts the files there
        return Path(sys.prefix, "share", "dwpose_ros", *parts)
    return Path(get_package_share_directory("dwpose_ros"), *parts)


def folder_below(root: Path, name: str) -> Path:
    """Return a folder to write to, which must be `root` or lie below it.

    Raises:
        FileError: it does not.
    """
    if not name:
        raise FileError("parameter folder is empty; give the folder to write to")
    path = user_path(name)
    if not path.resolve().is_relative_to(root):
        raise FileError(
            f"folder {str(path)!r} is not below {root}: after the start nothing is "
            "written elsewhere; the parameter root says where, when the node starts"
        )
    return path


def configured(kind: str, name: str) -> Path:
    """Return a shipped file by its name ('full_body'), or a user's by its path
    ('~/mine.yaml').
    """
    if "/" in name or name.endswith(".yaml"):
        return user_path(name)
    return share("config", kind, f"{name}.yaml")
