# SPDX-License-Identifier: Apache-2.0
"""Parameters: names with typed values."""

from __future__ import annotations

from array import array
from enum import Enum
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue

PARAMETER_SEPARATOR_STRING = "."
_FIELDS = {
    "BOOL": "bool_value",
    "INTEGER": "integer_value",
    "DOUBLE": "double_value",
    "STRING": "string_value",
    "BYTE_ARRAY": "byte_array_value",
    "BOOL_ARRAY": "bool_array_value",
    "INTEGER_ARRAY": "integer_array_value",
    "DOUBLE_ARRAY": "double_array_value",
    "STRING_ARRAY": "string_array_value",
}
_SCALARS = {bool: "BOOL", int: "INTEGER", float: "DOUBLE", str: "STRING"}


def _scalar(value: Any) -> str:
    """Return the type's name, also of a subclass such as numpy.float64; empty if it is none."""
    return next((name for kind, name in _SCALARS.items() if isinstance(value, kind)), "")


class Parameter:
    """A name, a type and a value."""

    class Type(Enum):
        NOT_SET = ParameterType.PARAMETER_NOT_SET
        BOOL = ParameterType.PARAMETER_BOOL
        INTEGER = ParameterType.PARAMETER_INTEGER
        DOUBLE = ParameterType.PARAMETER_DOUBLE
        STRING = ParameterType.PARAMETER_STRING
        BYTE_ARRAY = ParameterType.PARAMETER_BYTE_ARRAY
        BOOL_ARRAY = ParameterType.PARAMETER_BOOL_ARRAY
        INTEGER_ARRAY = ParameterType.PARAMETER_INTEGER_ARRAY
        DOUBLE_ARRAY = ParameterType.PARAMETER_DOUBLE_ARRAY
        STRING_ARRAY = ParameterType.PARAMETER_STRING_ARRAY

        @classmethod
        def from_parameter_value(cls, value: Any) -> Parameter.Type:
            """Return the type of a Python value. Raises TypeError if no type fits."""
            if value is None:
                return cls.NOT_SET
            if kind := _scalar(value):
                return cls[kind]
            if isinstance(value, array):
                return cls.DOUBLE_ARRAY if value.typecode in "fd" else cls.INTEGER_ARRAY
            if isinstance(value, (list, tuple)):
                if all(isinstance(v, bytes) for v in value):
                    return cls.BYTE_ARRAY
                kinds = {_scalar(v) for v in value}
                if len(kinds) == 1 and (kind := kinds.pop()):
                    return cls[f"{kind}_ARRAY"]
            raise TypeError(
                f"{value!r} is not a parameter value: it must be a bool, int, float, str "
                "or a list of one of these"
            )

        def check(self, value: Any) -> bool:
            """Return whether a value is of this type."""
            try:
                return type(self).from_parameter_value(value) == self or (
                    self.name.endswith("ARRAY") and isinstance(value, (list, tuple)) and not value
                )
            except TypeError:
                return False

    def __init__(self, name: str, type_: Parameter.Type | None = None, value: Any = None) -> None:
        if type_ is None:
            type_ = Parameter.Type.from_parameter_value(value)
        elif not isinstance(type_, Parameter.Type):
            raise TypeError("type must be an instance of `Parameter.Type`")
        elif not type_.check(value):
            raise ValueError(f"Type '{type_.name}' and value '{value}' do not agree")
        self.name, self.type_, self.value = name, type_, value

    def __repr__(self) -> str:
        return f"Parameter(name={self.name!r}, type_={self.type_.name}, value={self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameter) and vars(self) == vars(other)

    def get_parameter_value(self) -> ParameterValue:
        msg = ParameterValue(type=self.type_.value)
        if self.type_ != Parameter.Type.NOT_SET:
            setattr(msg, _FIELDS[self.type_.name], self.value)
        return msg

    def to_parameter_msg(self) -> ParameterMsg:
        return ParameterMsg(name=self.name, value=self.get_parameter_value())

    @classmethod
    def from_parameter_msg(cls, msg: ParameterMsg) -> Parameter:
        return cls(msg.name, cls.Type(msg.value.type), parameter_value_to_python(msg.value))


def parameter_value_to_python(value: ParameterValue) -> Any:
    """Return the Python value in a ParameterValue message, or None if it is not set."""
    kind = Parameter.Type(value.type)
    return None if kind == Parameter.Type.NOT_SET else getattr(value, _FIELDS[kind.name])
