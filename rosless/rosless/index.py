# SPDX-License-Identifier: Apache-2.0
"""Find installed packages in ROS 2's ament index, which is in the `share` folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MARKERS = Path("share/ament_index/resource_index")


def prefixes() -> list[Path]:
    """Return install prefixes by priority: AMENT_PREFIX_PATH, then this Python environment."""
    listed = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    return [Path(p) for p in dict.fromkeys([*listed, sys.prefix])]


def packages() -> dict[str, Path]:
    """Return the names of all installed packages, with their prefixes."""
    found: dict[str, Path] = {}
    for prefix in prefixes():
        folder = prefix / MARKERS / "packages"
        for marker in sorted(folder.iterdir()) if folder.is_dir() else ():
            found.setdefault(marker.name, prefix)
    return found


def interface_files(package: str = "*", *kinds: str) -> list[Path]:
    """Return the interface files of a package, or of all packages.

    If several prefixes have the same package, the first one is used; rosless's own files have the
    lowest priority.

    Args:
        package: name of the package; "*": all.
        kinds: any of `msg`, `srv` and `action`; default: all.
    """
    found: dict[str, list[Path]] = {}
    for share in [p / "share" for p in prefixes()] + [Path(__file__).parent / "share"]:
        here: dict[str, list[Path]] = {}
        for kind in kinds or ("msg", "srv", "action"):
            for file in sorted(share.glob(f"{package}/{kind}/*.{kind}")):
                here.setdefault(file.parts[-3], []).append(file)
        found = {**here, **found}
    return [file for files in found.values() for file in files]
