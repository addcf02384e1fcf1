# SPDX-License-Identifier: Apache-2.0
"""The executables of packages: `<prefix>/lib/<package>/<executable>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_prefix


def executables(package: str) -> dict[str, Path]:
    """The executables of a package by name. Raises PackageNotFoundError."""
    folder = Path(get_package_prefix(package)) / "lib" / package
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f.name: f for f in files if f.is_file() and (os.access(f, os.X_OK) or is_python(f))}


def find_executable(package: str, name: str) -> Path:
    """The path of an executable. Raises PackageNotFoundError, or LookupError if it has none."""
    found = executables(package)
    if name not in found:
        folder = Path(get_package_prefix(package)) / "lib" / package
        raise LookupError(
            f"executable {name!r} not found on the libexec directory "
            f"'{folder}'; it has: {', '.join(found) or 'none'}"
        )
    return found[name]


def is_python(file: Path) -> bool:
    """Whether it is a Python script, as its first line says."""
    with open(file, "rb") as stream:
        first = stream.readline(200)
    return first.startswith(b"#!") and b"python" in first


def command(file: Path) -> list[str]:
    """How to run it: Python scripts with the present Python, which has what nodes import."""
    return [sys.executable, str(file)] if is_python(file) else [str(file)]
