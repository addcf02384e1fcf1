# SPDX-License-Identifier: Apache-2.0
"""A node's parameters, and the services by which others read and set them."""

from __future__ import annotations

import copy
from typing import Any, Callable

from rcl_interfaces.msg import (
    ParameterDescriptor,
    ParameterEvent,
    ParameterType,
    SetParametersResult,
)
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)

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
from rclpy.qos import qos_profile_parameter_events, qos_profile_parameters


class Parameters:
    """Mixed into Node."""

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
            for srv, name, callback in (
                (DescribeParameters, "describe_parameters", self._rcl_on_describe),
                (GetParameters, "get_parameters", self._rcl_on_get),
                (GetParameterTypes, "get_parameter_types", self._rcl_on_get_types),
                (ListParameters, "list_parameters", self._rcl_on_list),
                (SetParameters, "set_parameters", self._rcl_on_set_each),
                (SetParametersAtomically, "set_parameters_atomically", self._rcl_on_set_all),
            ):
                self.create_service(srv, "~/" + name, callback, qos_profile=qos_profile_parameters)

    # rclpy's name for it, by which nodes find what they have not declared.
    _parameter_overrides = property(lambda self: self._rcl_overrides)

    def declare_parameter(
        self,
        name: str,
        value: Any = None,
        descriptor: ParameterDescriptor | None = None,
        ignore_override: bool = False,
    ) -> Parameter:
        """Declare a parameter by its default, or by its `Parameter.Type` alone.

        Raises ParameterAlreadyDeclaredException, InvalidParameterTypeException where an override
        has another type, and InvalidParameterValueException where it is out of range or refused.
        """
        if not name or not isinstance(name, str):
            raise InvalidParameterException(name)
        if name in self._rcl_parameters:
            raise ParameterAlreadyDeclaredException(name)
        descriptor = copy.copy(descriptor or ParameterDescriptor())
        descriptor.name = name
        only_type = isinstance(value, Parameter.Type)
        default = None if only_type else value
        kind = value if only_type else Parameter.Type.from_parameter_value(default)
        if kind == Parameter.Type.NOT_SET and not only_type and value is None:
            if descriptor.type:
                kind = Parameter.Type(descriptor.type)
            else:
                descriptor.dynamic_typing = True
        descriptor.type = kind.value
        parameter = Parameter(name, value=default)
        if (
            default == []
            and kind == Parameter.Type.BYTE_ARRAY
            and not ignore_override
            and (name in self._rcl_overrides)
        ):
            descriptor.type = self._rcl_overrides[name].type_.value  # an empty list tells no type
        if not ignore_override and name in self._rcl_overrides:
            parameter = self._rcl_overrides[name]
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
            if not descriptor.dynamic_typing and not self._rcl_type_fits(parameter, descriptor):
                raise InvalidParameterTypeException(
                    parameter, Parameter.Type(descriptor.type).name
                )
            raise InvalidParameterValueException(name, parameter.value, result.reason)
        return self._rcl_parameters[name]

    def declare_parameters(
        self, namespace: str, parameters: list[tuple], ignore_override: bool = False
    ) -> list[Parameter]:
        """Declare several: tuples of name, value, descriptor."""
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
        """The parameter. Raises ParameterNotDeclaredException, ParameterUninitializedException."""
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
        """Set each on its own; the results say which were refused, and why."""
        return [self.set_parameters_atomically([p]) for p in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Set all, or none."""
        for parameter in parameter_list:
            if not self._rcl_allow_undeclared:
                self._rcl_require(parameter.name)
        return self._rcl_apply(parameter_list)

    def add_on_set_parameters_callback(self, callback: Callable) -> None:
        """`callback(parameters) -> SetParametersResult` may refuse a change."""
        self._rcl_on_set.insert(0, callback)

    def add_pre_set_parameters_callback(self, callback: Callable) -> None:
        """`callback(parameters) -> parameters` may change what is to be set."""
        self._rcl_pre_set.insert(0, callback)

    def add_post_set_parameters_callback(self, callback: Callable) -> None:
        """`callback(parameters)` is told of each change."""
        self._rcl_post_set.insert(0, callback)

    def remove_on_set_parameters_callback(self, callback: Callable) -> None:
        self._rcl_on_set.remove(callback)

    def _rcl_require(self, name: str) -> None:
        if name not in self._rcl_parameters:
            raise ParameterNotDeclaredException(name)

    @staticmethod
    def _rcl_type_fits(parameter: Parameter, descriptor: ParameterDescriptor) -> bool:
        return parameter.type_.value == descriptor.type or (
            Parameter.Type(descriptor.type).check(parameter.value)
        )

    def _rcl_refusal(self, parameter: Parameter, declaring: bool) -> str:
        """Why a value does not fit its descriptor; empty if it does."""
        descriptor = self._rcl_descriptors.get(
            parameter.name, ParameterDescriptor(dynamic_typing=True)
        )
        if descriptor.read_only and not declaring:
            return f"Trying to set a read-only parameter: {parameter.name}."
        if not descriptor.dynamic_typing and not self._rcl_type_fits(parameter, descriptor):
            return (
                f"Wrong parameter type, expected '{Parameter.Type(descriptor.type)}' got "
                f"'{parameter.type_}'"
            )
        for kind, ranges in (
            ("INTEGER", descriptor.integer_range),
            ("DOUBLE", descriptor.floating_point_range),
        ):
            if ranges and parameter.type_.name == kind:
                low, high, step = ranges[0].from_value, ranges[0].to_value, ranges[0].step
                if not low <= parameter.value <= high:
                    dot = "." if kind == "INTEGER" else ""  # as rclpy has it
                    return (
                        f"Parameter {parameter.name} out of range{dot} Min: {low}, "
                        f"Max: {high}, value: {parameter.value}"
                    )
                steps = (parameter.value - low) / step if step else 0
                if parameter.value != high and abs(steps - round(steps)) > 1e-6:
                    return (
                        f"The parameter value for {parameter.name} is not a valid step. "
                        f"Min: {low}, max: {high}, value: {parameter.value}, step: {step}"
                    )
        return ""

    def _rcl_apply(
        self, parameters: list[Parameter], declaring: bool = False
    ) -> SetParametersResult:
        if not declaring:
            for callback in self._rcl_pre_set:
                parameters = callback(parameters)
        for parameter in parameters:
            if reason := self._rcl_refusal(parameter, declaring):
                return SetParametersResult(successful=False, reason=reason)
        for callback in self._rcl_on_set:
            result = callback(parameters)
            if not result.successful:
                return result
        event = ParameterEvent(
            stamp=self.get_clock().now().to_msg(), node=self.get_fully_qualified_name()
        )
        for parameter in parameters:
            known = parameter.name in self._rcl_parameters
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
        self._rcl_parameter_events.publish(event)
        for callback in self._rcl_post_set:
            callback(parameters)
        return SetParametersResult(successful=True)

    # Services

    def _rcl_on_describe(self, request, response):
        response.descriptors = [
            self._rcl_descriptors.get(n, ParameterDescriptor(name=n)) for n in request.names
        ]
        return response

    def _rcl_on_get(self, request, response):
        missing = Parameter("")
        response.values = [
            self._rcl_parameters.get(n, missing).get_parameter_value() for n in request.names
        ]
        return response

    def _rcl_on_get_types(self, request, response):
        response.types = [
            self._rcl_parameters[n].type_.value
            if n in self._rcl_parameters
            else ParameterType.PARAMETER_NOT_SET
            for n in request.names
        ]
        return response

    def _rcl_on_list(self, request, response):
        names = [
            n
            for n in list(self._rcl_parameters)
            if not request.prefixes
            or n in request.prefixes
            or any(n.startswith(p + ".") for p in request.prefixes)
        ]
        response.result.names = sorted(names)
        response.result.prefixes = sorted({n.rpartition(".")[0] for n in names if "." in n})
        return response

    def _rcl_set_from_messages(self, messages) -> SetParametersResult:
        try:
            return self.set_parameters_atomically(
                [Parameter.from_parameter_msg(m) for m in messages]
            )
        except (ParameterNotDeclaredException, ValueError) as err:
            return SetParametersResult(successful=False, reason=str(err))

    def _rcl_on_set_each(self, request, response):
        response.results = [self._rcl_set_from_messages([m]) for m in request.parameters]
        return response

    def _rcl_on_set_all(self, request, response):
        response.result = self._rcl_set_from_messages(request.parameters)
        return response
