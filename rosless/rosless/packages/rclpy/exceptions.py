# SPDX-License-Identifier: Apache-2.0
"""Exceptions of rclpy."""

from rosless.dds import Gone as InvalidHandle  # noqa: F401


class NotInitializedException(Exception):
    """Raised if a context is used before its init or after its shutdown."""


class InvalidNodeNameException(ValueError):
    """Raised if a node's name has other characters than letters, digits and underscores."""


class InvalidNamespaceException(ValueError):
    """Raised if a namespace is malformed."""


class InvalidTopicNameException(ValueError):
    """Raised if a topic's name is malformed."""


class InvalidServiceNameException(ValueError):
    """Raised if a service's name is malformed."""


class ParameterException(Exception):
    """Base class of the exceptions about parameters."""

    def __init__(self, error_msg: str, parameters=()) -> None:
        names = [parameters] if isinstance(parameters, str) else list(parameters)
        super().__init__(f"{error_msg}: {', '.join(map(str, names))}" if names else error_msg)


class ParameterNotDeclaredException(ParameterException):
    def __init__(self, parameters) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters)


class ParameterAlreadyDeclaredException(ParameterException):
    def __init__(self, parameters) -> None:
        super().__init__("Parameter(s) already declared", parameters)


class ParameterImmutableException(ParameterException):
    def __init__(self, parameters) -> None:
        super().__init__("Attempted to modify read-only parameter(s)", parameters)


class ParameterUninitializedException(ParameterException):
    def __init__(self, parameters) -> None:
        super().__init__("The parameter is not initialized", parameters)


class InvalidParameterException(ParameterException):
    def __init__(self, parameter) -> None:
        super().__init__("Invalid parameter name", parameter)


class InvalidParameterValueException(ParameterException):
    def __init__(self, parameter: str, value, reason: str) -> None:
        super().__init__(
            f"Invalid parameter value ({value}) for parameter '{parameter}'. Reason: {reason}"
        )


class InvalidParameterTypeException(ParameterException):
    def __init__(self, desired, expected_type: str) -> None:
        super().__init__(
            f"Trying to set parameter '{desired.name}' to '{desired.value}' of type "
            f"'{desired.type_.name}', expecting type '{expected_type}'"
        )


class ROSInterruptException(Exception):
    """Raised if a shutdown interrupts an operation."""
