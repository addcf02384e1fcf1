# SPDX-License-Identifier: Apache-2.0
"""Helpers for substitutions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure, TextSubstitution

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MORE_BOOLEANS = {**_BOOLEANS, "yes": True, "on": True, "no": False, "off": False}


def is_a_substitution(value: Any) -> bool:
    return isinstance(value, Substitution)


def normalize_to_list_of_substitutions(value: SomeSubstitutionsType) -> list[Substitution]:
    """Return text, a path, a substitution or a list of them as a list of substitutions.

    Raises TypeError for anything else.
    """

    def one(item: Any) -> Substitution:
        if isinstance(item, Substitution):
            return item
        if isinstance(item, (str, os.PathLike)):
            return TextSubstitution(text=os.fspath(item))
        raise TypeError(f"{item!r} must be text or a substitution, not {type(item).__name__}")

    if isinstance(value, (list, tuple)):
        return [one(item) for item in value]
    return [one(value)]


def perform_substitutions(context: LaunchContext, substitutions: Iterable[Substitution]) -> str:
    """Return the text of all substitutions, joined."""
    return "".join(context.perform_substitution(s) for s in substitutions)


def text_of(context: LaunchContext, value: SomeSubstitutionsType) -> str:
    """Return the text of what was given where text is wanted."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(value))


def seconds(context: LaunchContext, value: float | SomeSubstitutionsType, what: str) -> float:
    """Return a number of seconds, from a number or text. Raises ValueError that names `what`."""
    text = value if isinstance(value, (int, float)) else text_of(context, value)
    try:
        if (number := float(text)) >= 0:
            return number
    except ValueError:
        pass
    raise ValueError(f"{what} must be a number of seconds, not {text!r}")


def as_bool(text: str) -> bool:
    """Return the boolean that `text` means to a substitution. Raises SubstitutionFailure."""
    try:
        return _MORE_BOOLEANS[text.strip().lower()]
    except KeyError:
        raise SubstitutionFailure(f"{text!r} must be one of {', '.join(_MORE_BOOLEANS)}") from None


def condition_as_bool(text: str) -> bool | None:
    """Return the boolean that `text` means to a condition, or None if it means neither."""
    return _BOOLEANS.get(text.strip().lower())
