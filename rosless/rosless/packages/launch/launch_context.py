# SPDX-License-Identifier: Apache-2.0
"""The context of a launch, which entities read and change."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Callable, Iterator, MutableMapping, NamedTuple

from launch.action import Entities, as_list

if TYPE_CHECKING:
    from launch.launch_service import LaunchService
    from launch.substitution import Substitution


class _State(NamedTuple):
    configurations: dict[str, str]
    environment: dict[str, str]
    launch_file: str


def _changed(live: dict[str, str], begin: dict[str, str], end: dict[str, str]) -> dict[str, str]:
    """Return values with the changes that were made from `begin` to `end`."""
    new = {name: value for name, value in end.items() if begin.get(name) != value}
    gone = begin.keys() - end.keys()
    return {name: value for name, value in {**live, **new}.items() if name not in gone}


class LaunchContext:
    """Launch configurations, the environment, and the launch file that is being visited."""

    def __init__(self, *, argv: list[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, str] = {}
        self.locals = SimpleNamespace()  # `event` while an event is handled
        self.launch_file = ""
        self.is_shutdown = False
        self.service: LaunchService | None = None  # None: entities cannot start anything

    @property
    def environment(self) -> MutableMapping[str, str]:
        return os.environ  # launch files also read os.environ

    def perform_substitution(self, substitution: Substitution) -> str:
        return substitution.perform(self)

    def visit(self, entities: Entities) -> None:
        """Visit entities in order, each followed by the entities that it returns."""
        for entity in as_list(entities):
            self.visit(entity.visit(self))

    @contextmanager
    def scope(self, state: _State | None = None) -> Iterator[None]:
        """Undo all changes at the end; begin with `state` if it is given."""
        before = self._state()
        if state:
            self._restore(state)
        try:
            yield
        finally:
            self._restore(before)

    def later(self) -> Callable[[Entities], None]:
        """Return a `visit` that can be called later. What is set now can be read then, unless it
        has been set anew, and what is changed then stays changed."""
        state = self._state()

        def visit(entities: Entities) -> None:
            live = self._state()
            begin = _State(
                {**state.configurations, **live.configurations},
                {**state.environment, **live.environment},
                state.launch_file,
            )
            self._restore(begin)
            try:
                self.visit(entities)
            finally:
                end = self._state()
                self._restore(
                    _State(
                        _changed(live.configurations, begin.configurations, end.configurations),
                        _changed(live.environment, begin.environment, end.environment),
                        live.launch_file,
                    )
                )

        return visit

    def _state(self) -> _State:
        return _State(dict(self.launch_configurations), dict(os.environ), self.launch_file)

    def _restore(self, state: _State) -> None:
        self.launch_configurations = dict(state.configurations)
        self.launch_file = state.launch_file
        for name in os.environ.keys() - state.environment.keys():
            del os.environ[name]
        os.environ.update(state.environment)
