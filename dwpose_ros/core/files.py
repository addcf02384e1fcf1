# SPDX-License-Identifier: Apache-2.0
"""Read files whose paths and contents come from users: path expansion, and YAML with limits."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import yaml

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.text import one_line, printable

LARGEST = 100_000  # bytes; the files of this package have at most 8,000
DEEPEST = 20  # levels of nesting
MOST_VALUES = 10_000  # counted after aliases are expanded


class FileError(DwposeError):
    """A file cannot be read. The message names the file and the reason, never its content."""


def user_path(text: str) -> Path:
    """Return the absolute path for a path as a user writes it, with '~' expanded.

    Raises:
        FileError: the path has a zero byte, or names the home of an unknown user.
    """
    try:
        if "\0" in text:
            raise RuntimeError("it has a zero byte")
        return Path(text).expanduser().absolute()
    except RuntimeError as err:  # '~nobody'
        raise FileError(f"path {printable(repr(text))} means nothing here: {err}") from err


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    The file must be a regular file within the limits on size, depth and number of values, so that
    a device, a pipe or a file built to be slow gives an error at once.

    Raises:
        FileNotFoundError: there is no such file.
        FileError: it cannot be read, is not valid YAML, or exceeds a limit.
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
        # Without O_NONBLOCK, opening a pipe waits for its writer.
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
    """Return the YAML library's message without the lines of the file that it quotes."""
    mark = getattr(err, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}: {printable(str(getattr(err, 'problem', '')), 200)}"
    return (
        one_line(err) if isinstance(err, _Refused) else (f"it is no YAML ({type(err).__name__})")
    )


class _Refused(yaml.YAMLError):
    """Valid YAML that exceeds a limit or has a duplicate key."""


class _Loader(yaml.SafeLoader):
    """YAML loader that limits nesting and size, and rejects duplicate keys.

    PyYAML itself silently keeps the last of two equal keys."""

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
