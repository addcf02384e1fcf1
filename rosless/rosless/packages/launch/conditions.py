# SPDX-License-Identifier: Apache-2.0
"""Conditions: whether actions are executed."""

from __future__ import annotations

from typing import Callable

from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import (
    condition_as_bool,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)


class Condition:
    """Decides whether an action is executed."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool]) -> None:
        self._predicate = predicate

    def evaluate(self, context: LaunchContext) -> bool:
        return self._predicate(context)


class InvalidConditionExpressionError(RuntimeError):
    """Raised for text that is neither true nor false."""


class IfCondition(Condition):
    """Holds if the text is `true` or `1`, in upper or lower case."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        expression = normalize_to_list_of_substitutions(predicate_expression)

        def predicate(context: LaunchContext) -> bool:
            text = perform_substitutions(context, expression)
            if (value := condition_as_bool(text)) is None:
                raise InvalidConditionExpressionError(
                    f"invalid condition expression, expected one of [true, 1, false, 0] but got "
                    f"{text!r}, expanded from {' + '.join(s.describe() for s in expression)}"
                )
            return value

        super().__init__(predicate=predicate)


class UnlessCondition(Condition):
    """Holds if the text is `false` or `0`, in upper or lower case."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        opposite = IfCondition(predicate_expression)
        super().__init__(predicate=lambda context: not opposite.evaluate(context))
