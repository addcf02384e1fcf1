# SPDX-License-Identifier: Apache-2.0
"""Substitutions: text that is known only at launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class SubstitutionFailure(RuntimeError):
    """Raised if a substitution has no value."""


class Substitution:
    """Text that is known only at launch. Subclasses implement `perform`."""

    def perform(self, context: LaunchContext) -> str:
        raise NotImplementedError(f"{type(self).__name__} must have a method perform(context)")

    def describe(self) -> str:
        return f"{type(self).__name__}()"


class TextSubstitution(Substitution):
    """Text that is known from the start."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution(text={text!r}): text must be a str")
        self.text = text

    def perform(self, context: LaunchContext) -> str:
        return self.text

    def describe(self) -> str:
        return repr(self.text)
