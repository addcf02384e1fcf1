# SPDX-License-Identifier: Apache-2.0
"""Convert between messages and YAML."""

from __future__ import annotations

import re
from array import array
from contextlib import suppress
from functools import partial
from typing import Any, Callable

import numpy as np
import yaml

from rosless import parameter_yaml
from rosless.interfaces import get_interface

Stamps = list[Callable[[Any], None]]
_PART = re.compile(r"(\w+)((?:\[-?\d+\])*)")


def is_message(value: Any) -> bool:
    """Return whether it is a message or a message class, of rosless or of a real ROS 2."""
    return hasattr(value, "get_fields_and_field_types")


def type_name(message: Any) -> str:
    """Return the type of a message or its class, e.g. std_msgs/msg/String, else ""."""
    if not is_message(message):
        return ""
    cls = message if isinstance(message, type) else type(message)
    return "/".join([*cls.__module__.split(".")[:2], cls.__name__])


def to_plain(value: Any, longest: int | None = None, arrays: bool = True) -> Any:
    """Return a message as dicts, lists and scalars; cut lists and text after `longest`."""
    if is_message(value):
        return {
            name: to_plain(getattr(value, name), longest, arrays)
            for name in value.get_fields_and_field_types()
        }
    if isinstance(value, (list, array, np.ndarray)):
        if not arrays:
            return f"<sequence type: {type(value).__name__}, length: {len(value)}>"
        items = [to_plain(v, longest, arrays) for v in value[:longest]]
        return items + ["..."] if longest is not None and len(value) > longest else items
    if isinstance(value, str) and longest is not None and len(value) > longest:
        return value[:longest] + "..."
    if isinstance(value, bytes):
        return value[0]
    return value.item() if isinstance(value, np.generic) else value


def to_yaml(message: Any, longest: int | None = None, arrays: bool = True) -> str:
    """Return a message as YAML, in the order of its fields."""
    return parameter_yaml.dump(to_plain(message, longest, arrays))


def field_of(value: Any, path: str) -> Any:
    """Return a field of a message by its path, such as `header.stamp` or `persons[0].x`.

    Raises ValueError if no message of this type has it, IndexError if only this one does not.
    """
    whole = value
    for part in filter(None, path.split(".")):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(
                f"{part!r} of {path!r} is not a field: it must have the form name or name[0]"
            )
        if not is_message(value) or match[1] not in value.get_fields_and_field_types():
            raise ValueError(f"{type_name(whole)} has no field {path!r}")
        value = getattr(value, match[1])
        for index in re.findall(r"-?\d+", match[2]):
            if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
                raise ValueError(f"{match[1]!r} of {path!r} is not an array")
            if not -len(value) <= int(index) < len(value):
                raise IndexError(f"{match[1]} has {len(value)} elements, so it has no {path}")
            value = value[int(index)]
    return value


def from_yaml(cls: type, text: str, stamps: Stamps | None = None) -> Any:
    """Return a message from YAML such as `{data: hello}`. Raises ValueError for a wrong field.

    With `stamps`, a header may be `auto` and a time `now`: functions that set them are added to
    `stamps`; call each with the time whenever the message is sent.
    """
    try:
        values = yaml.safe_load(text) if text.strip() else {}
    except (yaml.YAMLError, RecursionError) as err:
        raise ValueError(f"{text!r} is not YAML: {err}") from err
    return fill(cls(), values or {}, stamps)


def fill(message: Any, values: Any, stamps: Stamps | None = None) -> Any:
    """Set the fields of a message, and of the messages in it, from a dict; return it."""
    types = message.get_fields_and_field_types()
    if not isinstance(values, dict):
        raise ValueError(
            f"values of {type_name(message)} must be a mapping such as "
            f"'{{{next(iter(types), 'field')}: ...}}', not {values!r}"
        )
    for name, value in values.items():
        if name not in types:
            raise ValueError(
                f"{type_name(message)} has no field {name!r}; it has {', '.join(types)}"
            )
        current = getattr(message, name)
        kind = type_name(current)
        if stamps is not None and (kind, value) == ("builtin_interfaces/msg/Time", "now"):
            stamps.append(partial(setattr, message, name))
        elif stamps is not None and (kind, value) == ("std_msgs/msg/Header", "auto"):
            stamps.append(partial(setattr, current, "stamp"))
        else:
            setattr(message, name, _convert(types[name], current, value, stamps))
    return message


def _convert(idl: str, current: Any, value: Any, stamps: Stamps | None) -> Any:
    if is_message(current):
        return fill(type(current)(), value, stamps)
    if isinstance(current, list) and "/" in idl:
        package, name = idl.removeprefix("sequence<").split("[")[0].rstrip(">").split("/")
        cls = get_interface(f"{package}/msg/{name.split(',')[0]}")
        return [fill(cls(), v, stamps) for v in value]
    if isinstance(current, float) and isinstance(value, (int, str)):
        with suppress(ValueError):  # in YAML 1.1, 1e3 is text
            return float(value)
    if isinstance(current, bytes) and isinstance(value, int):
        return bytes([value])
    if isinstance(current, str) and not isinstance(value, str):
        return str(value)
    return value
