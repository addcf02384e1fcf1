# SPDX-License-Identifier: Apache-2.0
"""Open bags, also those whose recording was killed."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from rosbags.rosbag2 import Reader, ReaderError

from rosless.ros2 import CommandError


def files_of(path: Path) -> list[Path]:
    """Return a bag's files with messages, also compressed ones such as .mcap.zstd."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if {".mcap", ".db3"} & {*file.suffixes})


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open a bag for reading. Raises CommandError if it cannot be read.

    A recording that was killed has no metadata.yaml: its one file is read as it is.
    """
    files = files_of(path)
    killed = path.is_dir() and len(files) == 1 and not (path / "metadata.yaml").exists()
    try:
        bag = Reader(files[0] if killed else path)
        bag.open()
    except OSError as err:
        raise CommandError(f"{str(path)!r} cannot be read as a bag: {err}") from err
    except ReaderError as err:
        raise _damaged(path, files, err) from err
    try:
        yield bag
    except ReaderError as err:  # not OSError, which the caller's own work may raise
        raise _damaged(path, files, err) from err
    finally:
        bag.close()


def _damaged(path: Path, files: list[Path], err: ReaderError) -> CommandError:
    mcap = files and files[0].suffix == ".mcap"
    hint = f"; if its recording was killed, `ros2 bag reindex {path}` repairs it" if mcap else ""
    return CommandError(f"{str(path)!r} cannot be read as a bag: {err}{hint}")
