# SPDX-License-Identifier: Apache-2.0
"""Where installed packages are: ROS 2's ament index, read from `share` folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MARKERS = Path("share/ament_index/resource_index")


def prefixes() -> list[Path]:
    """Install prefixes, the first wins: AMENT_PREFIX_PATH, then this Python environment's."""
    listed = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    return [Path(p) for p in dict.fromkeys([*listed, sys.prefix])]


def packages() -> dict[str, Path]:
    """Names of all installed packages, with their prefixes."""
    found: dict[str, Path] = {}
    for prefix in prefixes():
        folder = prefix / MARKERS / "packages"
        for marker in sorted(folder.iterdir()) if folder.is_dir() else ():
            found.setdefault(marker.name, prefix)
    return found


def interface_files(package: str = "*", *kinds: str) -> list[Path]:
    """The files of the `kinds` (`msg`, `srv`, `action` if none is given) of a package, or all.

    Where two prefixes have the same package, the first one's count; our own come last.
    """
    found: dict[str, list[Path]] = {}
    for share in [p / "share" for p in prefixes()] + [Path(__file__).parent / "share"]:
        here: dict[str, list[Path]] = {}
        for kind in kinds or ("msg", "srv", "action"):
            for file in sorted(share.glob(f"{package}/{kind}/*.{kind}")):
                here.setdefault(file.parts[-3], []).append(file)
        found = {**here, **found}
    return [file for files in found.values() for file in files]
