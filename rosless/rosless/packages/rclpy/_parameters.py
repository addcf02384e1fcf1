# SPDX-License-Identifier: Apache-2.0
"""A node's parameters."""

from __future__ import annotations

import copy
from typing import Any, Callable

from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent, SetParametersResult

from rclpy._parameter_checks import refusal, type_fits
from rclpy.exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter
from rclpy.parameter_service import ParameterService
from rclpy.qos import qos_profile_parameter_events

_NONE_LEFT = (
    "parameter list cannot be empty, this might be due to pre_set_parameters_callback modifying "
    "the original parameters list."
)


class Parameters:
    """Declares, reads and sets parameters. Mixed into Node."""

    def _rcl_init_parameters(
        self,
        overrides: list[Parameter] | None,
        use_global_arguments: bool,
        allow_undeclared: bool,
        declare_all: bool,
        services: bool,
    ) -> None:
        self._rcl_parameters: dict[str, Parameter] = {}
        self._rcl_descriptors: dict[str, ParameterDescriptor] = {}
        self._rcl_allow_undeclared = allow_undeclared
        self._rcl_on_set: list[Callable] = []
        self._rcl_pre_set: list[Callable] = []
        self._rcl_post_set: list[Callable] = []
        self._rcl_overrides: dict[str, Parameter] = {}
        if use_global_arguments:
            values = self.context.arguments.parameters(self.get_fully_qualified_name())
            self._rcl_overrides = {n: Parameter(n, value=v) for n, v in values.items()}
        self._rcl_overrides.update({p.name: p for p in overrides or []})
        self._rcl_parameter_events = self.create_publisher(
            ParameterEvent, "/parameter_events", qos_profile_parameter_events
        )
        self.declare_parameter("use_sim_time", False)
        if declare_all:
            for name, parameter in self._rcl_overrides.items():
                if name not in self._rcl_parameters:
                    self.declare_parameter(name, parameter.value)
        if services:
            ParameterService(self)

    # rclpy's name for them: nodes use it to find parameters that they have not declared.
    _parameter_overrides = property(lambda self: self._rcl_overrides)

    def declare_parameter(
        self,
        name: str,
        value: Any = None,
        descriptor: ParameterDescriptor | None = None,
        ignore_override: bool = False,
    ) -> Parameter:
        """Declare a parameter by its default value, or by its `Parameter.Type` alone.

        Raises:
            ParameterAlreadyDeclaredException: it is declared already.
            InvalidParameterTypeException: an override has another type.
            InvalidParameterValueException: the value is out of range, or a callback refused it.
        """
        if not name or not isinstance(name, str):
            raise InvalidParameterException(name)
        if name in self._rcl_parameters:
            raise ParameterAlreadyDeclaredException(name)
        descriptor, default = _descriptor_and_default(name, value, descriptor)
        override = None if ignore_override else self._rcl_overrides.get(name)
        empty = isinstance(default, list) and not default
        if empty and descriptor.type == Parameter.Type.BYTE_ARRAY.value and override:
            descriptor.type = override.type_.value  # an empty list does not tell its type
        parameter = override or Parameter(name, value=default)
        self._rcl_descriptors[name] = descriptor
        if parameter.type_ == Parameter.Type.NOT_SET and not descriptor.dynamic_typing:
            self._rcl_parameters[name] = parameter  # until it is set, reading it is an error
            return parameter
        try:
            result = self._rcl_apply([parameter], declaring=True)
        except Exception:
            del self._rcl_descriptors[name]
            raise
        if not result.successful:
            del self._rcl_descriptors[name]
            if not descriptor.dynamic_typing and not type_fits(parameter, descriptor):
                raise InvalidParameterTypeException(
                    parameter, Parameter.Type(descriptor.type).name
                )
            raise InvalidParameterValueException(name, parameter.value, result.reason)
        return self._rcl_parameters[name]

    def declare_parameters(
        self, namespace: str, parameters: list[tuple], ignore_override: bool = False
    ) -> list[Parameter]:
        """Declare several parameters, each a tuple of name, value and descriptor."""
        prefix = namespace + "." if namespace else ""
        return [
            self.declare_parameter(prefix + p[0], *p[1:], ignore_override=ignore_override)
            for p in parameters
        ]

    def undeclare_parameter(self, name: str) -> None:
        self._rcl_require(name)
        if self._rcl_descriptors[name].read_only:
            raise ParameterImmutableException(name)
        del self._rcl_parameters[name], self._rcl_descriptors[name]

    def has_parameter(self, name: str) -> bool:
        return name in self._rcl_parameters

    def get_parameter(self, name: str) -> Parameter:
        """Return a parameter.

        Raises ParameterNotDeclaredException, or ParameterUninitializedException if it has no
        value.
        """
        if name not in self._rcl_parameters and self._rcl_allow_undeclared:
            return Parameter(name)
        self._rcl_require(name)
        parameter = self._rcl_parameters[name]
        dynamic = self._rcl_descriptors[name].dynamic_typing
        if parameter.type_ == Parameter.Type.NOT_SET and not dynamic:
            raise ParameterUninitializedException(name)
        return parameter

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        if name in self._rcl_parameters and self._rcl_parameters[name].value is not None:
            return self._rcl_parameters[name]
        return alternative_value or Parameter(name)

    def get_parameters(self, names: list[str]) -> list[Parameter]:
        return [self.get_parameter(name) for name in names]

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        start = prefix + "." if prefix else ""
        return {
            name[len(start) :]: p
            for name, p in list(self._rcl_parameters.items())
            if name.startswith(start)
        }

    def describe_parameter(self, name: str) -> ParameterDescriptor:
        self._rcl_require(name)
        return self._rcl_descriptors[name]

    def set_parameters(self, parameter_list: list[Parameter]) -> list[SetParametersResult]:
        """Set each parameter on its own; each result says whether it was refused, and why."""
        return [self.set_parameters_atomically([p]) for p in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set all parameters, or none if one of them is refused."""
        for parameter in parameter_list:
            if not self._rcl_allow_undeclared:
                self._rcl_require(parameter.name)
        return self._rcl_apply(parameter_list)

    def add_on_set_parameters_callback(self, callback: Callable) -> None:
        """Call `callback(parameters) -> SetParametersResult`, which may refuse a change."""
        self._rcl_on_set.insert(0, callback)

    def add_pre_set_parameters_callback(self, callback: Callable) -> None:
        """Call `callback(parameters) -> parameters` first, which may change what will be set."""
        self._rcl_pre_set.insert(0, callback)

    def add_post_set_parameters_callback(self, callback: Callable) -> None:
        """Call `callback(parameters)` after each change."""
        self._rcl_post_set.insert(0, callback)

    def remove_on_set_parameters_callback(self, callback: Callable) -> None:
        self._rcl_on_set.remove(callback)

    def _rcl_require(self, name: str) -> None:
        if name not in self._rcl_parameters:
            raise ParameterNotDeclaredException(name)

    def _rcl_apply(
        self, parameters: list[Parameter], declaring: bool = False
    ) -> SetParametersResult:
        if not declaring:
            for callback in self._rcl_pre_set:
                parameters = callback(parameters)
                if not parameters:
                    return SetParametersResult(successful=False, reason=_NONE_LEFT)
        for parameter in parameters:
            descriptor = self._rcl_descriptors.get(parameter.name) or ParameterDescriptor(
                dynamic_typing=True
            )
            if reason := refusal(parameter, descriptor, declaring):
                return SetParametersResult(successful=False, reason=reason)
        for callback in self._rcl_on_set:
            result = callback(parameters)
            if not isinstance(result, SetParametersResult):
                reason = f"{callback!r} returned {result!r}, wanted a SetParametersResult"
                self.get_logger().warning(reason)
                result = SetParametersResult(successful=False, reason=reason)
            if not result.successful:
                return result
        self._rcl_parameter_events.publish(self._rcl_keep(parameters, declaring))
        for callback in self._rcl_post_set:
            callback(parameters)
        return SetParametersResult(successful=True)

    def _rcl_keep(self, parameters: list[Parameter], declaring: bool) -> ParameterEvent:
        """Let parameters have these values from now on, and return what has changed."""
        event = ParameterEvent(
            stamp=self.get_clock().now().to_msg(), node=self.get_fully_qualified_name()
        )
        for parameter in parameters:
            known = parameter.name in self._rcl_parameters
            if parameter.type_ == Parameter.Type.NOT_SET and not declaring:  # undeclares it
                event.deleted_parameters.append(parameter.to_parameter_msg())
                self._rcl_parameters.pop(parameter.name, None)
                self._rcl_descriptors.pop(parameter.name, None)
                continue
            (event.changed_parameters if known else event.new_parameters).append(
                parameter.to_parameter_msg()
            )
            self._rcl_parameters[parameter.name] = parameter
            self._rcl_descriptors.setdefault(
                parameter.name,
                ParameterDescriptor(
                    name=parameter.name, type=parameter.type_.value, dynamic_typing=True
                ),
            )
            if parameter.name == "use_sim_time":
                self._rcl_use_sim_time(bool(parameter.value))
        return event


def _descriptor_and_default(
    name: str, value: Any, given: ParameterDescriptor | None
) -> tuple[ParameterDescriptor, Any]:
    """Return the descriptor with its name and type, and the default value or None."""
    descriptor = copy.copy(given or ParameterDescriptor())
    descriptor.name = name
    if isinstance(value, Parameter.Type):
        descriptor.type = value.value
        return descriptor, None
    kind = Parameter.Type.from_parameter_value(value)
    if kind == Parameter.Type.NOT_SET:
        if descriptor.type:
            kind = Parameter.Type(descriptor.type)
        else:
            descriptor.dynamic_typing = True
    descriptor.type = kind.value
    return descriptor, value
