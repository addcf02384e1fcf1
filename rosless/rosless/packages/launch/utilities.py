# SPDX-License-Identifier: Apache-2.0
"""Helpers around substitutions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MORE_BOOLEANS = {**_BOOLEANS, "yes": True, "on": True, "no": False, "off": False}


def is_a_substitution(value: Any) -> bool:
    return isinstance(value, Substitution)


def normalize_to_list_of_substitutions(value: SomeSubstitutionsType) -> list[Substitution]:
    """Text, a path, a substitution, or several of them in a row, as a list of substitutions."""
    from launch.substitutions import TextSubstitution

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
    """The text of substitutions in a row."""
    return "".join(context.perform_substitution(s) for s in substitutions)


def as_bool(text: str) -> bool:
    """What `text` means where a substitution wants a boolean."""
    try:
        return _MORE_BOOLEANS[text.strip().lower()]
    except KeyError:
        raise SubstitutionFailure(f"{text!r} must be one of {', '.join(_MORE_BOOLEANS)}") from None


def condition_as_bool(text: str) -> bool | None:
    """What `text` means where a condition wants a boolean; None if it means nothing."""
    return _BOOLEANS.get(text.strip().lower())
