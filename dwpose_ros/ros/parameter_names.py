# SPDX-License-Identifier: Apache-2.0
"""What a user may have mistaken: names of parameters that are not declared, and their types."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
LATER = "qos_overrides."  # declared with each publisher and subscription


def mistyped(node, declared: Iterable[str]) -> Iterator[str]:
    """Return a line for each parameter given by -p or a file that the node does not declare.

    ROS 2 ignores them silently. In files, sections for any node (`/**`, `*`) may be for others.
    """
    given = getattr(node, "_parameter_overrides", {})  # rclpy keeps them under this name
    unknown = [
        name for name in given if not node.has_parameter(name) and not name.startswith(LATER)
    ]
    if not unknown:
        return
    shared = _for_any_node(sys.argv)
    for name in sorted(set(unknown) - shared):
        near = difflib.get_close_matches(name, declared, 1)
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else (f"see `ros2 param list {node.get_fully_qualified_name()}`")
        )
        yield f"parameter {name!r} was given, but there is none of this name: {hint}"


def of_type(name: str, given: Any, kind: type) -> str:
    """Return what is wrong with the type of a parameter, and how to write it."""
    right = f"{name} is {given!r}; it must be {KINDS.get(kind, kind.__name__)}"
    if kind is str:  # not the value, as YAML has made another of `no` or `010`
        return f"{right}: write it in two kinds of quotes, as -p {name}:=\"'0'\""
    if kind is float and type(given) is int:
        return f"{right} with a point: write -p {name}:={float(given)}"
    return right


def _for_any_node(arguments: list[str]) -> set[str]:
    """Return the names in the wildcard sections of the parameter files."""
    found: set[str] = set()
    for option, path in zip(arguments, arguments[1:]):
        if option == "--params-file":
            try:
                _collect(yaml.safe_load(Path(path).read_text(encoding="utf-8")), False, found)
            except (OSError, ValueError, RecursionError, yaml.YAMLError):
                pass  # ROS 2 has read it, at the start
    return found


def _collect(tree: Any, wildcard: bool, found: set[str]) -> None:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key != "ros__parameters":
            _collect(value, wildcard or "*" in str(key), found)
        elif wildcard:
            found.update(_names(value))


def _names(tree: Any, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
