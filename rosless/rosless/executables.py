# SPDX-License-Identifier: Apache-2.0
"""The executables of packages: `<prefix>/lib/<package>/<executable>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_prefix


def executables(package: str) -> dict[str, Path]:
    """Return the executables of a package by name. Raises PackageNotFoundError."""
    folder = Path(get_package_prefix(package)) / "lib" / package
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f.name: f for f in files if f.is_file() and (os.access(f, os.X_OK) or is_python(f))}


def find_executable(package: str, name: str) -> Path:
    """Return an executable's path.

    Raises:
        PackageNotFoundError: there is no such package.
        LookupError: the package has no such executable.
    """
    found = executables(package)
    if name not in found:
        folder = Path(get_package_prefix(package)) / "lib" / package
        raise LookupError(
            f"executable {name!r} not found on the libexec directory "
            f"'{folder}'; it has: {', '.join(found) or 'none'}"
        )
    return found[name]


def is_python(file: Path) -> bool:
    """Return whether a file is a Python script, by its first line."""
    with open(file, "rb") as stream:
        first = stream.readline(200)
    return first.startswith(b"#!") and b"python" in first


def command(file: Path) -> list[str]:
    """Return the command that runs a file.

    Python scripts are run with the current Python, which has the modules that nodes import.
    """
    return [sys.executable, str(file)] if is_python(file) else [str(file)]
