# SPDX-License-Identifier: Apache-2.0
"""Parameters that describe themselves, and refuse what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.lifecycle import LifecycleNode

from dwpose_ros.core.text import one_line
from dwpose_ros.ros.allowed_files import AllowedFiles
from dwpose_ros.ros.node_main import MISTAKES
from dwpose_ros.ros.parameter_names import of_type

ONLY_UNCONFIGURED = "changes only while the node is unconfigured"
FIXED = "is set when the node starts, and never changes"
SHIPPED = r"[A-Za-z0-9_-]*"  # names of what the package, or its registry of models, has


class ParameterNode(LifecycleNode):
    """A lifecycle node whose parameters say what they are for, and when they may change."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._phase = "unconfigured"
        self._changes: dict[str, Callable[[Any], None] | bool] = {}
        self._file_patterns: dict[str, str] = {}
        self._choices: dict[str, tuple[str, ...]] = {}
        self.parameter(
            "allowed_folders",
            "",
            "folders, separated by ':'. Parameters, requests and goals that come after the start "
            "may name files below them only",
            fixed=True,
        )
        self._allowed = AllowedFiles(self.value("allowed_folders"))
        self.add_on_set_parameters_callback(self._on_set)

    @property
    def phase(self) -> str:
        """The lifecycle state: "unconfigured", "inactive" or "active"."""
        return self._phase

    def fault(self, err: Exception) -> None:
        """Report an unexpected exception of a callback. Safe to call from any thread."""
        raise NotImplementedError

    def parameter(
        self,
        name: str,
        default: Any,
        description: str,
        *,
        unit: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        choices: tuple[str, ...] = (),
        no_file: str | None = None,
        fixed: bool = False,
        change: Callable[[Any], None] | bool = False,
    ) -> None:
        """Declare a parameter.

        Args:
            name, default: as users type them; the default's type is the parameter's.
            description: one sentence for `ros2 param describe` and the documentation.
            unit: of the value, such as "s" or "px".
            minimum, maximum: inclusive limits of a number.
            choices: the only values allowed.
            no_file: pattern of values that are no paths. Others are, and must lie below an
                allowed folder once the node has started.
            fixed: it never changes after the start.
            change: False: only while the node is unconfigured. True: always, since the node reads
                it each time. A function: always; it applies the value, or raises ValueError.

        Raises:
            ValueError: the value given at the start is not one of the choices.
        """
        constraints = (
            f"unit: {unit}" if unit else "",
            f"one of: {', '.join(choices)}" if choices else "",
            FIXED if fixed else "" if change else ONLY_UNCONFIGURED,
        )
        described = ParameterDescriptor(
            description=description,
            additional_constraints="; ".join(filter(None, constraints)),
            read_only=fixed,
            **_range(type(default), minimum, maximum),
        )
        try:
            value = self.declare_parameter(name, default, described).value
        except InvalidParameterTypeException as err:
            given = self._parameter_overrides[name].value
            raise ValueError(f"parameter {of_type(name, given, type(default))}") from err
        self._choices[name] = choices
        _choose(name, value, choices)
        if no_file is not None:
            self._file_patterns[name] = no_file
            if not re.fullmatch(no_file, value):
                self._allowed.give(value)
        self._changes[name] = change

    def value(self, name: str) -> Any:
        """Return a parameter's current value."""
        return self.get_parameter(name).value

    def allowed(self, name: str, no_file: str = SHIPPED) -> str:
        """Return the name, if it matches `no_file` or is the path of an allowed file.

        Raises:
            FileError: the file may not be named from the network.
        """
        if not re.fullmatch(no_file, name):
            self._allowed.path(name)
        return name

    def _on_set(self, parameters: list) -> SetParametersResult:
        done = []
        for parameter in parameters:
            name = parameter.name
            change = self._changes.get(name, True)  # not ours, or only just being declared
            try:
                if not change and self._phase != "unconfigured":
                    raise ValueError(
                        f"{name} {ONLY_UNCONFIGURED}, and it is {self._phase}: "
                        f"see `ros2 lifecycle set {self.get_fully_qualified_name()}`"
                    )
                _choose(name, parameter.value, self._choices.get(name, ()))
                if name in self._file_patterns:
                    self.allowed(parameter.value, self._file_patterns[name])
                if callable(change) and self._phase != "unconfigured":
                    change(parameter.value)
                    done.append((change, self.value(name)))
            except Exception as err:
                if not isinstance(err, MISTAKES):
                    self.fault(err)
                for before, value in reversed(done):  # all, or none
                    before(value)
                return SetParametersResult(successful=False, reason=one_line(err))
        return SetParametersResult(successful=True)


def _range(kind: type, minimum: float | None, maximum: float | None) -> dict[str, Any]:
    """Return a ParameterDescriptor's field for the limits of a float or an int; empty for none."""
    if minimum is None or maximum is None:
        return {}
    if kind is float:
        limits = FloatingPointRange(from_value=float(minimum), to_value=float(maximum))
        return {"floating_point_range": [limits]}
    return {"integer_range": [IntegerRange(from_value=int(minimum), to_value=int(maximum))]}


def _choose(name: str, value: Any, choices: Iterable[str]) -> None:
    if choices and value not in choices:
        raise ValueError(
            f"parameter {name} is {value!r}; it must be one of {', '.join(map(repr, choices))}"
        )
