# SPDX-License-Identifier: Apache-2.0
"""The action that calls a Python function."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from launch.action import Action, Entities
from launch.launch_context import LaunchContext


class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)`, which may return entities to visit."""

    def __init__(
        self,
        *,
        function: Callable[..., Entities],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self._function, self._args, self._kwargs = function, list(args or ()), dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Entities:
        return self._function(context, *self._args, **self._kwargs)
