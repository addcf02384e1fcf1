# SPDX-License-Identifier: Apache-2.0
"""Find installed packages."""

from __future__ import annotations

import re
from pathlib import Path

from rosless import index


class PackageNotFoundError(KeyError):
    """Raised if a package is not installed."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would add quotation marks


def get_search_paths() -> list[str]:
    """Return the prefixes in which packages are searched; the first one that has it wins."""
    return [str(prefix) for prefix in index.prefixes()]


def get_packages_with_prefixes() -> dict[str, str]:
    """Return the names of all installed packages, with their prefixes."""
    return {name: str(prefix) for name, prefix in index.packages().items()}


def get_package_prefix(package_name: str) -> str:
    """Return the prefix of a package.

    Raises PackageNotFoundError, or ValueError if the name is not valid.
    """
    if not package_name:
        raise ValueError("package name must not be empty")
    if not re.fullmatch(r"[a-zA-Z0-9_.-]+", package_name):
        raise ValueError(f"{package_name!r} is not a valid package name")
    try:
        return get_packages_with_prefixes()[package_name]
    except KeyError:
        raise PackageNotFoundError(
            f"package {package_name!r} not found, searching: {get_search_paths()}"
        ) from None


def get_package_share_directory(package_name: str) -> str:
    """Return the share folder of a package. Raises PackageNotFoundError."""
    return str(get_package_share_path(package_name))


def get_package_share_path(package_name: str) -> Path:
    """Return the share folder of a package. Raises PackageNotFoundError."""
    path = Path(get_package_prefix(package_name)) / "share" / package_name
    if not path.is_dir():
        raise PackageNotFoundError(f"package {package_name!r} has no share directory at {path}")
    return path
