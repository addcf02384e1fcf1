# SPDX-License-Identifier: Apache-2.0
"""Check a parameter's value against its descriptor."""

from __future__ import annotations

from rcl_interfaces.msg import ParameterDescriptor

from rclpy.parameter import Parameter


def type_fits(parameter: Parameter, descriptor: ParameterDescriptor) -> bool:
    """Return whether a value has the declared type."""
    return parameter.type_.value == descriptor.type or (
        Parameter.Type(descriptor.type).check(parameter.value)
    )


def refusal(parameter: Parameter, descriptor: ParameterDescriptor, declaring: bool) -> str:
    """Return why a value does not fit its descriptor, or "" if it does."""
    if descriptor.read_only and not declaring:
        return f"Trying to set a read-only parameter: {parameter.name}."
    if not descriptor.dynamic_typing and not type_fits(parameter, descriptor):
        return (
            f"Wrong parameter type, expected '{Parameter.Type(descriptor.type)}' got "
            f"'{parameter.type_}'"
        )
    for kind, ranges in (
        ("INTEGER", descriptor.integer_range),
        ("DOUBLE", descriptor.floating_point_range),
    ):
        if ranges and parameter.type_.name == kind:
            return _out_of_range(parameter, ranges[0], "." if kind == "INTEGER" else "")
    return ""


def _out_of_range(parameter: Parameter, limits, dot: str) -> str:
    # rclpy writes a dot after "out of range" for integers only.
    low, high, step = limits.from_value, limits.to_value, limits.step
    if not low <= parameter.value <= high:
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
