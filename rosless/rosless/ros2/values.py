"""Messages as YAML, and YAML as messages."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import yaml

from rosless import parameter_yaml
from rosless.interfaces import Message, message_class


def to_plain(value: Any, longest: int | None = None, arrays: bool = True) -> Any:
    """A message as dicts, lists and scalars; lists are cut after `longest` items."""
    if isinstance(value, Message):
        return {name: to_plain(getattr(value, name), longest, arrays) for name in value._FIELDS}
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


def to_yaml(message: Message, longest: int | None = None, arrays: bool = True) -> str:
    """A message as YAML, in the order of its fields."""
    return parameter_yaml.dump(to_plain(message, longest, arrays))


def from_yaml(cls: type[Message], text: str) -> Message:
    """A message from YAML such as `{data: hello}`. Raises ValueError naming what does not fit."""
    try:
        values = yaml.safe_load(text) if text.strip() else {}
    except (yaml.YAMLError, RecursionError) as err:
        raise ValueError(f"{text!r} is not YAML: {err}") from err
    return fill(cls(), values or {})


def fill(message: Message, values: Any) -> Message:
    """Set a message's fields from a dict, nested messages likewise."""
    if not isinstance(values, dict):
        raise ValueError(f"values of {message._TYPENAME} must be a mapping such as "
                         f"'{{{next(iter(message._FIELDS), 'field')}: ...}}', not {values!r}")
    for name, value in values.items():
        if name not in message._FIELDS:
            raise ValueError(f"{message._TYPENAME} has no field {name!r}; "
                             f"it has {', '.join(message._FIELDS)}")
        setattr(message, name, _convert(message._FIELDS[name].idl, getattr(message, name), value))
    return message


def _convert(idl: str, current: Any, value: Any) -> Any:
    if isinstance(current, Message):
        return fill(type(current)(), value)
    if isinstance(current, list) and "/" in idl:
        package, name = idl.removeprefix("sequence<").split("[")[0].rstrip(">").split("/")
        cls = message_class(f"{package}/msg/{name.split(',')[0]}")
        return [fill(cls(), v) for v in value]
    if isinstance(current, float) and isinstance(value, int):
        return float(value)
    if isinstance(current, bytes) and isinstance(value, int):
        return bytes([value])
    if isinstance(current, str) and not isinstance(value, str):
        return str(value)
    return value
