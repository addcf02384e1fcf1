# SPDX-License-Identifier: Apache-2.0
"""Files that others name and write: their paths, and YAML with limits."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import yaml

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.text import one_line, printable

LARGEST = 100_000  # bytes; our own files have at most 8,000
DEEPEST = 20
MOST_VALUES = 10_000  # with what aliases repeat


class FileError(DwposeError):
    """A file that cannot be read; the message names it and says why, and never quotes it."""


def user_path(text: str) -> Path:
    """An absolute path as users write it, '~' included. Raises FileError."""
    try:
        if "\0" in text:
            raise RuntimeError("it has a zero byte")
        return Path(text).expanduser().absolute()
    except RuntimeError as err:  # '~nobody'
        raise FileError(f"path {printable(repr(text))} means nothing here: {err}") from err


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises FileError, and FileNotFoundError.

    It must be a regular file of sane size, depth and number of values: whoever names a device, a
    pipe or a file made to be slow gets an error at once.
    """
    try:
        text = _read(path).decode()
    except UnicodeDecodeError as err:
        raise FileError(
            f"{path}: cannot be read: it is no text in UTF-8 (byte {err.start})"
        ) from err
    try:
        return yaml.load(text, _Loader)
    except (ValueError, RecursionError, yaml.YAMLError) as err:  # ValueError: no such date
        raise FileError(f"{path}: cannot be read: {_why(err)}") from err


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a pipe would be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise FileError(f"{path}: cannot be read: it is no regular file")
            if status.st_size > LARGEST:
                raise FileError(
                    f"{path}: cannot be read: it has {status.st_size:,} bytes; at "
                    f"most {LARGEST:,} are read"
                )
            return os.read(handle, LARGEST)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise
    except OSError as err:
        raise FileError(f"{path}: cannot be read: {err.strerror or err}") from err


def _why(err: Exception) -> str:
    """What the YAML library says, without the lines of the file that it shows."""
    mark = getattr(err, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}: {printable(str(getattr(err, 'problem', '')), 200)}"
    return (
        one_line(err) if isinstance(err, _Refused) else (f"it is no YAML ({type(err).__name__})")
    )


class _Refused(yaml.YAMLError):
    """YAML that is well-formed, and not what we take."""


class _Loader(yaml.SafeLoader):
    """Refuses what would take long or much memory, and a key that a mapping has twice: YAML takes
    the last, whatever the first says."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._values = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        alias: bool = self.check_event(yaml.AliasEvent)  # type: ignore[no-untyped-call]
        before, self._depth = self._values, self._depth + 1
        if self._depth > DEEPEST:
            raise _Refused(f"it is nested deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        if node is None:  # the end of a stream, which has nothing
            return None
        self._depth -= 1
        if alias and node not in self._sizes:
            raise _Refused("it has an alias of what the alias itself is in")
        if not alias:
            self._sizes[node] = 1 + self._values - before
        self._values = before + self._sizes[node]
        if self._values > MOST_VALUES:
            raise _Refused(
                f"it has more than {MOST_VALUES:,} values, with those that aliases repeat"
            )
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise _Refused(
                        f"line {line} has key {printable(repr(key.value), 60)}, which "
                        f"line {lines[key.value]} has; it must be there only once"
                    )
                lines[key.value] = line
        return node
