# SPDX-License-Identifier: Apache-2.0
"""Take model files out of a wheel from PyPI, whatever platform and Python it was built for."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from dwpose_ros.core.errors import ModelError

VERSION = "0.10.21"  # of MediaPipe, the last whose wheel has these models
PAGE = f"https://pypi.org/project/mediapipe/{VERSION}"
LICENSE = f"mediapipe-{VERSION}.dist-info/LICENSE"
# Any of its wheels will do, since only the models are used.
_PLATFORM = ("manylinux_2_28_x86_64", "3.12", "cp", "cp312")


def is_in_one(url: str) -> bool:
    """Whether a model's URL is that of a file in the wheel."""
    return url.startswith(f"{PAGE}#")


@contextlib.contextmanager
def downloaded(mirror: str = "") -> Iterator[zipfile.ZipFile]:
    """Download the wheel with pip, for as long as the context lasts.

    Args:
        mirror: URL or path of a folder with the wheel, instead of PyPI.

    Raises:
        ModelError: pip is missing or fails, or what it fetched is no wheel.
    """
    platform, python, implementation, abi = _PLATFORM
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
            "--no-deps", "--only-binary", ":all:", "--platform", platform,
            "--python-version", python, "--implementation", implementation, "--abi", abi,
            "--dest", folder, *(["--no-index", "--find-links", mirror] if mirror else []),
            f"mediapipe=={VERSION}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            raise ModelError(f"pip cannot fetch mediapipe {VERSION}: {_why(done)}; {_by_hand()}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                yield wheel
        except zipfile.BadZipFile as err:
            raise ModelError(f"{wheels[0].name}: not a wheel: {err}; {_by_hand()}") from err


def extract(wheel: zipfile.ZipFile, name: str, path: Path) -> None:
    """Write a file of the wheel to a path, flushed to disk.

    Raises:
        ModelError: the wheel has no such file.
        OSError: the path cannot be written.
    """
    try:
        member = wheel.open(name)
    except KeyError as err:
        raise ModelError(f"{wheel.filename}: has no {name}, as mediapipe {VERSION} has") from err
    with member, path.open("wb") as file:
        shutil.copyfileobj(member, file)
        file.flush()
        os.fsync(file.fileno())


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """Return pip's last error on one line."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if "WARNING" not in line]
    return (errors or lines or [f"it ended with {done.returncode}"])[-1][:300]


def _by_hand() -> str:
    return (
        f"where there is a network, `pip download --no-deps mediapipe=={VERSION}` into a folder, "
        "and give that with `models fetch holistic --mirror FOLDER`"
    )
