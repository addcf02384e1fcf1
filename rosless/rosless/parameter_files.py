# SPDX-License-Identifier: Apache-2.0
"""Read parameters from the command line and from files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rosless import parameter_yaml


class ParameterOverride(NamedTuple):
    node: str  # a node's full name, in which * matches one part and ** any number of parts
    name: str
    value: Any


def parse_value(text: str) -> Any:
    """Return a parameter's value, given as YAML. Raises ValueError."""
    try:
        value = parameter_yaml.load(text) if text else ""
    except yaml.YAMLError as err:
        raise ValueError(f"parameter value {text!r} is not YAML: {err}") from err
    if value is None:
        raise ValueError(f"parameter value {text!r} is a comment in YAML: put quotes around it")
    return check_value(value, text)


def check_value(value: Any, where: str) -> Any:
    """Return the value. Raises ValueError for mappings, and for mixed or nested lists."""
    if isinstance(value, list):
        kinds = {type(v) for v in value}
        if kinds == {int, float}:
            return [float(v) for v in value]
        if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
            raise ValueError(
                f"{where}: a list parameter must hold one type of bool, int, float "
                f"or str, not {value!r}"
            )
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise ValueError(
            f"{where}: a parameter must be a bool, int, float, str or a list of one of these, "
            f"not {value!r}"
        )
    return value


def read_parameter_file(path: str) -> list[ParameterOverride]:
    """Return the parameters in a YAML file: node patterns, `ros__parameters`, nested names.

    Raises ValueError, which names the file, if it cannot be read or has another layout.
    """
    try:
        data = parameter_yaml.load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ValueError(f"parameter file {path!r} cannot be read: {err}") from err
    found: list[ParameterOverride] = []

    def nodes(tree: Any, pattern: str) -> None:
        if not isinstance(tree, dict):
            raise ValueError(
                f"parameter file {path!r}: {pattern or 'top level'!r} must be a "
                f"mapping down to ros__parameters, not {tree!r}"
            )
        for key, value in tree.items():
            if key == "ros__parameters":
                parameters(value, "", pattern)
            else:
                nodes(value, f"{pattern}/{str(key).lstrip('/')}")

    def parameters(tree: Any, prefix: str, pattern: str) -> None:
        if not isinstance(tree, dict):
            raise ValueError(
                f"parameter file {path!r}: ros__parameters of {pattern!r} must be a "
                f"mapping, not {tree!r}"
            )
        for key, value in tree.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict):
                parameters(value, name + ".", pattern)
            elif not re.fullmatch(r"[^\s:]+", name):
                from rclpy.exceptions import InvalidParameterException  # rosless's or a real one

                raise InvalidParameterException(name)
            else:
                found.append(
                    ParameterOverride(pattern, name, check_value(value, f"{path}: {name}"))
                )

    nodes(data or {}, "")
    return found


def matches(pattern: str, full_name: str) -> bool:
    """Return whether a pattern in a parameter file matches a node."""
    expression = re.escape(pattern).replace(r"/\*\*", r"(?:/\w+)*").replace(r"\*", r"\w+")
    return re.fullmatch(expression, full_name) is not None
