# SPDX-License-Identifier: Apache-2.0
"""Parameters of nodes in launch files."""

from __future__ import annotations

import os
from typing import Any, Iterator, List, Mapping, Union

import yaml
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from rosless import parameter_yaml

Value = Union[bool, int, float, str, List[bool], List[int], List[float], List[str]]
_TYPES: dict[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    List[bool]: "List[bool]",
    List[int]: "List[int]",
    List[float]: "List[float]",
    List[str]: "List[str]",
    list[bool]: "List[bool]",
    list[int]: "List[int]",
    list[float]: "List[float]",
    list[str]: "List[str]",
}


class ParameterValue:
    """A value with a type: `ParameterValue("0", value_type=str)` stays text.

    Without a type, the text of substitutions is read as YAML.
    """

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        if value_type is not None and value_type not in _TYPES:
            raise TypeError(
                f"ParameterValue(value_type={value_type!r}): it must be one of "
                f"{', '.join(dict.fromkeys(_TYPES.values()))}"
            )
        self.value, self.value_type = value, value_type

    def evaluate(self, context: LaunchContext) -> Value:
        wanted = _TYPES.get(self.value_type, "")
        if not wanted or not _is_text(self.value):
            value = evaluate_value(context, self.value)
        else:
            text = perform_substitutions(context, normalize_to_list_of_substitutions(self.value))
            value = text if wanted == "str" else _check(_meant(text))
        if wanted in ("float", "List[float]"):
            value = (
                [float(v) for v in value]
                if _kind(value) == "List[int]"
                else (float(value) if _kind(value) == "int" else value)
            )
        if wanted and _kind(value) != wanted:
            raise TypeError(
                f"{value!r} is a {_kind(value)}, not a {wanted} "
                "as ParameterValue(value_type=...) requires"
            )
        return value


class ParameterFile:
    """A YAML file of parameters."""

    def __init__(self, param_file: SomeSubstitutionsType, *, allow_substs: bool = False) -> None:
        if allow_substs:
            raise NotImplementedError(
                "rosless has no ParameterFile(allow_substs=True); a full ROS 2 has it"
            )
        self._path = normalize_to_list_of_substitutions(param_file)

    def evaluate(self, context: LaunchContext) -> str:
        return perform_substitutions(context, self._path)


def evaluate_value(context: LaunchContext, value: Any) -> Value:
    """Return the value of an entry in a dictionary of parameters.

    Plain text stays text; text with a substitution in it is read as YAML. Raises TypeError.
    """
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if _is_text(value):
        text = perform_substitutions(context, normalize_to_list_of_substitutions(value))
        return _check(_meant(text) if text else "")
    if isinstance(value, (list, tuple)):
        return _check([evaluate_value(context, item) for item in value])
    return _check(value)


def evaluate_parameters(
    context: LaunchContext, parameters: Mapping, prefix: str = ""
) -> dict[str, Value]:
    """Return parameters in one dictionary; nested ones get dotted names. Raises TypeError."""
    return dict(_flatten(context, parameters, prefix))


def _flatten(
    context: LaunchContext, parameters: Mapping, prefix: str
) -> Iterator[tuple[str, Value]]:
    for key, value in parameters.items():
        name = prefix + perform_substitutions(context, normalize_to_list_of_substitutions(key))
        if isinstance(value, Mapping):
            yield from _flatten(context, value, name + ".")
            continue
        try:
            yield name, evaluate_value(context, value)
        except (TypeError, ValueError, RecursionError, yaml.YAMLError) as err:
            raise TypeError(f"parameter {name!r}: {err}") from err


def _meant(text: str) -> Any:
    """Read text as YAML, as launch does; but 1e3 is a number, as for nodes."""
    value = yaml.safe_load(text)
    plain = isinstance(value, str) and value == text.strip()
    number = parameter_yaml.scalar(value) if plain else value
    return value if isinstance(number, bool) else number


def _is_text(value: Any) -> bool:
    """Return whether it is text, perhaps with substitutions, and not a list of values."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(v, (str, os.PathLike, Substitution)) for v in value) and any(
            isinstance(v, Substitution) for v in value
        )
    return isinstance(value, (str, os.PathLike, Substitution))


def _kind(value: Any) -> str:
    if isinstance(value, list) and value:
        return f"List[{type(value[0]).__name__}]"
    return type(value).__name__


def _check(value: Any) -> Value:
    if isinstance(value, list) and {type(v) for v in value} == {int, float}:
        value = [float(v) for v in value]
    one_type = not isinstance(value, list) or len({type(v) for v in value}) == 1
    if not one_type or _kind(value) not in _TYPES.values():
        raise TypeError(
            f"{value!r} must be a bool, int, float or str, or a list of one of them "
            "that is not empty; to pass it as text, use ParameterValue(..., "
            "value_type=str)"
        )
    return value
