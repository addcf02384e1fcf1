"""Where the package's files are, and a user's."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory


def share(*parts: str) -> Path:
    """A path in the package's share folder."""
    return Path(get_package_share_directory("dwpose_ros"), *parts)


def configured(kind: str, name: str) -> Path:
    """A file of ours by its name ('full_body'), or a user's by its path ('~/mine.yaml')."""
    if "/" in name or name.endswith(".yaml"):
        return Path(name).expanduser()
    return share("config", kind, f"{name}.yaml")
