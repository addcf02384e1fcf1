# SPDX-License-Identifier: Apache-2.0
"""Message classes as rosidl makes them for Python, with rosbags' CDR.

Fields are checked on assignment (AssertionError, as in rosidl); fixed arrays of numbers are numpy
arrays, sequences of numbers are `array.array`.
"""

from __future__ import annotations

from array import array
from functools import lru_cache, partial
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

from rosless import definitions
from rosless.action_types import qualified_name
from rosless.fields import CODES, Field, checked, many, numbers, require, scalar

wire = get_typestore(Stores.EMPTY)  # the definitions, with fields named as our classes store them


class Message:
    """Base of all messages: keyword arguments, equality and text form.

    The names in this class have forms that no field and no constant can have.
    """

    __slots__ = ()
    _FIELDS: dict[str, Field] = {}
    _TYPENAME = ""

    def __init__(self, **kwargs: Any) -> None:
        unknown = sorted(kwargs.keys() - self._FIELDS.keys())
        assert not unknown, (
            f"Invalid arguments passed to constructor of {self._TYPENAME}: "
            f"{', '.join(unknown)}; its fields are {', '.join(self._FIELDS)}"
        )
        for name, field in self._FIELDS.items():
            if name in kwargs:
                setattr(self, name, kwargs[name])
            else:
                setattr(self, "_" + name, field.default())

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        return {name: field.idl for name, field in cls._FIELDS.items()}

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = ((getattr(self, name), getattr(other, name)) for name in self._FIELDS)
        return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)

    def __repr__(self) -> str:
        values = ((name, getattr(self, name)) for name in self._FIELDS)
        text = ", ".join(
            f"{name}={value.tolist() if isinstance(value, array) else value!r}"
            for name, value in values
        )
        return f"{self._TYPENAME.replace('/', '.')}({text})"


def serialize(message: Message) -> bytes:
    """Return a message's CDR, with its 4-byte header."""
    return bytes(wire.serialize_cdr(message, message._TYPENAME))


def deserialize(data: bytes, cls: type[Message]) -> Message:
    """Return the message in CDR. Raises ValueError if the bytes do not fit the type."""
    try:
        # As a view: rosbags slices what it is given, and would copy an image's bytes.
        return wire.deserialize_cdr(memoryview(data), cls._TYPENAME)
    except Exception as err:  # bytes from the network can be anything, and rosbags raises many
        raise ValueError(
            f"{len(data)} bytes are not the CDR of a {cls._TYPENAME}: "
            f"{str(err) or type(err).__name__}"
        ) from err


def type_hash(typename: str) -> str:
    """Return ROS 2's hash (RIHS01) of a type, e.g. of 'std_msgs/msg/String'."""
    message_class(typename)  # reads its definition, even if the class in use is a real ROS 2's
    return definitions.store.hash_rihs01(typename)


@lru_cache(maxsize=None)
def message_class(typename: str) -> type[Message]:
    """Return the class of a message type. Raises ValueError if it is unknown or unreadable."""
    constants, fielddefs = definitions.look_up(typename)
    try:
        fields = {
            field: _field(typename, field, desc)
            for field, desc in fielddefs
            if field != "structure_needs_at_least_one_member"
        }
    except ValueError as err:
        raise ValueError(f"{typename}: {err}") from err
    package, kind, name = typename.split("/")
    body: dict[str, Any] = {
        "__slots__": tuple("_" + n for n in fields),
        "_FIELDS": fields,
        "_TYPENAME": typename,
        "__module__": f"{package}.{kind}",
        "__doc__": f"Class for {typename}.",
        "__qualname__": name if kind == "msg" else qualified_name(name),
    }
    body.update(
        {
            constant: bytes([value]) if base == "byte" else value
            for constant, base, value in constants
        }
    )
    stored = []
    for field, desc in fielddefs:
        attribute = "_" + field
        if field not in fields:
            body[attribute] = 0  # an empty struct has one byte on the wire
        else:
            body[field] = checked(field, fields[field])
            if convert := fields[field].to_wire:
                attribute = f"_{field}_WIRE"
                body[attribute] = property(
                    lambda self, slot="_" + field, convert=convert: convert(getattr(self, slot))
                )
        stored.append((attribute, desc))
    cls = type(name, (Message,), body)
    wire.fielddefs[typename] = (constants, stored)
    wire.types[typename] = partial(_from_wire, cls)
    return cls


def _from_wire(cls: type[Message], *values: Any) -> Message:
    message = cls.__new__(cls)
    for (name, field), value in zip(cls._FIELDS.items(), values):
        setattr(message, "_" + name, field.from_wire(value) if field.from_wire else value)
    return message


def _field(typename: str, name: str, desc: tuple) -> Field:
    default = definitions.defaults.get((typename, name))
    if desc[0] == Nodetype.NAME:
        return _nested(desc[1])
    if desc[0] == Nodetype.BASE:
        return scalar(*desc[1], default)
    item, length = desc[1]
    element = _nested(item[1]) if item[0] == Nodetype.NAME else scalar(*item[1], None)
    base = None if item[0] == Nodetype.NAME else item[1][0]
    fixed = desc[0] == Nodetype.ARRAY
    bound = f", {length}" if length else ""
    idl = f"{element.idl}[{length}]" if fixed else f"sequence<{element.idl}{bound}>"
    if base in CODES:
        return numbers(base, length, fixed, idl, default)
    return many(element, base, length, fixed, idl, default)


def _nested(typename: str) -> Field:
    cls = message_class(typename)
    package, _, short = typename.split("/")

    def check(name: str, value: Any) -> Any:
        require(isinstance(value, cls), name, f"a sub message of type '{short}'", value)
        return value

    return Field(f"{package}/{short}", cls, check)
