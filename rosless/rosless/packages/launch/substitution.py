# SPDX-License-Identifier: Apache-2.0
"""Text that is only known while launching."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class SubstitutionFailure(RuntimeError):
    """A substitution that has no value."""


class Substitution:
    """Text that is only known while launching. Subclasses write `perform`."""

    def perform(self, context: LaunchContext) -> str:
        raise NotImplementedError(f"{type(self).__name__} must have a method perform(context)")

    def describe(self) -> str:
        return f"{type(self).__name__}()"
