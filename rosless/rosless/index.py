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


def interface_files(package: str, kind: str) -> list[Path]:
    """The `.msg` or `.srv` files (`kind`) of a package, installed ones before our own."""
    for share in [p / "share" for p in prefixes()] + [Path(__file__).parent / "share"]:
        if files := sorted((share / package / kind).glob(f"*.{kind}")):
            return files
    return []


def interface_packages() -> set[str]:
    """Packages that bring `.msg` or `.srv` files."""
    shares = [p / "share" for p in prefixes()] + [Path(__file__).parent / "share"]
    return {f.parents[1].name for share in shares for kind in ("msg", "srv")
            for f in share.glob(f"*/{kind}/*.{kind}")}
