# SPDX-License-Identifier: Apache-2.0
"""Message, service and action classes as rosidl makes them for Python, on rosbags' types and CDR.

A class is made when it is first asked for. Fields are checked on assignment (AssertionError, as in
rosidl); fixed arrays of numbers are numpy, sequences of numbers `array.array`.
"""

from __future__ import annotations

import importlib
import re
from array import array
from functools import lru_cache, partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.base import make_typesdict
from rosbags.typesys.msg import MSGParser

from rosless import index, ros2_is_sourced
from rosless.action_types import PARTS, carriers, qualified_name
from rosless.fields import CODES, Field, checked, many, numbers, require, scalar

# How the messages in a file end their names, and what is wrong where their number is.
_LAYOUTS = {
    "msg": (("",), ""),
    "srv": (
        ("_Request", "_Response"),
        "a service must have one line --- between its request and its response",
    ),
    "action": (
        tuple("_" + part for part in PARTS),
        "an action must have two lines --- between its goal, its result and its feedback",
    ),
}
_store = get_typestore(Stores.ROS2_JAZZY)  # definitions and hashes
_wire = get_typestore(Stores.EMPTY)  # the same, with fields named as our classes store them
# rosbags keeps no default values of the types it knows; this is the only one among them.
_defaults: dict[tuple[str, str], Any] = {("geometry_msgs/msg/Quaternion", "w"): 1.0}


class Message:
    """Base of all messages: keyword arguments, equality and text form.

    Its own names have a form that no field and no constant can have.
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


def _from_wire(cls: type[Message], *values: Any) -> Message:
    message = cls.__new__(cls)
    for (name, field), value in zip(cls._FIELDS.items(), values):
        setattr(message, "_" + name, field.from_wire(value) if field.from_wire else value)
    return message


def serialize(message: Message) -> bytes:
    """CDR of a message, with its 4-byte header."""
    return bytes(_wire.serialize_cdr(message, message._TYPENAME))


def deserialize(data: bytes, cls: type[Message]) -> Message:
    """Message from CDR. Raises ValueError where the bytes do not fit the type."""
    try:
        # As a view: rosbags slices what it is given, and would copy an image's bytes.
        return _wire.deserialize_cdr(memoryview(data), cls._TYPENAME)
    except Exception as err:  # rosbags has many, and bytes from the network can be anything
        raise ValueError(
            f"{len(data)} bytes are not the CDR of a {cls._TYPENAME}: "
            f"{str(err) or type(err).__name__}"
        ) from err


def type_hash(typename: str) -> str:
    """ROS 2's hash (RIHS01) of a type, e.g. of 'std_msgs/msg/String'."""
    message_class(typename)  # reads its definition, where the class in use is a real ROS 2's
    return _store.hash_rihs01(typename)


def get_interface(typename: str) -> type:
    """Class of 'std_msgs/msg/String', 'std_srvs/srv/Trigger' or an action. Raises ValueError."""
    parts = typename.split("/")
    if len(parts) == 2:
        parts.insert(1, "msg")
    try:
        package, kind, name = parts
        action, feedback, _ = name.partition("_FeedbackMessage")
        if kind == "action" and feedback:  # a message that tools meet on a topic
            return get_interface(f"{package}/action/{action}").Impl.FeedbackMessage
        return getattr(importlib.import_module(f"{package}.{kind}"), name)
    except (ValueError, ImportError, AttributeError) as err:
        raise ValueError(
            f"unknown interface type {typename!r}: give <package>/msg/<Name>, "
            f"<package>/srv/<Name> or <package>/action/<Name> of an installed "
            "package"
        ) from err


def definition(typename: str) -> str:
    """Source text of an interface: the installed file, or made from what rosbags knows."""
    package, kind, name = typename.split("/")
    for file in index.interface_files(package, kind):
        if file.stem == name:
            return file.read_text(encoding="utf-8")
    return full_definition(typename).split("=" * 80)[0]


def full_definition(typename: str) -> str:
    """A message's definition with those of its fields' types below it, as bags hold it.

    Raises ValueError for an unknown type, and for an action's feedback, which has no such form.
    """
    get_interface(typename)
    if "/action/" in typename:
        raise ValueError("rosless has no definitions of actions for bags")
    message_class(typename)
    return _store.generate_msgdef(typename, ros_version=2)[0]


def learn(typename: str, text: str) -> type[Message]:
    """The class of a message, by a bag's definition of it where it is not installed.

    Raises ValueError where the definition cannot be read.
    """
    try:
        return get_interface(typename)
    except ValueError:
        if ros2_is_sourced():  # which sends what it has compiled, and nothing else
            raise
        try:
            _store.register(get_types_from_msg(text, typename))
            return message_class(typename)
        except Exception as err:  # rosbags' parser has many
            raise ValueError(
                f"{typename} is not installed, and its definition cannot be read: {err}"
            ) from err


def interface_names(package: str = "*") -> list[str]:
    """All message, service and action types that can be imported, or those of a package."""
    known = (
        set()
        if ros2_is_sourced()
        else {
            n for n in _store.fielddefs if "/msg/" in n and package in ("*", n.partition("/")[0])
        }
    )
    files = {f"{f.parts[-3]}/{f.parts[-2]}/{f.stem}" for f in index.interface_files(package)}
    return sorted(known | files)


class InterfaceLoader(Loader):
    """Makes `<package>`, `<package>.msg`, `<package>.srv` and `<package>.action` as modules."""

    @classmethod
    def spec(cls, module: str) -> ModuleSpec | None:
        package, _, kind = module.partition(".")
        names = interface_names(package)
        if kind:
            has = any(name.split("/")[1] == kind for name in names)
            return ModuleSpec(module, cls()) if has else None
        return ModuleSpec(module, cls(), is_package=True) if names else None

    def exec_module(self, module) -> None:
        package, _, kind = module.__name__.partition(".")
        if not kind:
            return

        def names() -> list[str]:
            return [n.split("/")[2] for n in interface_names(package) if f"/{kind}/" in n]

        def attribute(name: str) -> Any:
            if name == "__all__":
                return names()
            if name.startswith("__"):
                raise AttributeError(name)
            if name not in names():
                raise AttributeError(
                    f"no interface {package}/{kind}/{name}; "
                    f"{package}/{kind} has {', '.join(names())}"
                )
            make = {"msg": message_class, "srv": _service, "action": _action}
            setattr(module, name, make[kind](f"{package}/{kind}/{name}"))
            return getattr(module, name)

        vars(module).update(__getattr__=attribute, __dir__=names)


def _service(typename: str) -> type:
    _register_files(typename)
    parts = {part: message_class(f"{typename}_{part}") for part in ("Request", "Response")}
    return _holder(typename, **parts)


def _action(typename: str) -> type:
    _register_files(typename)
    action_msgs = (
        importlib.import_module("action_msgs.msg"),
        importlib.import_module("action_msgs.srv"),
    )
    impl = type(
        "Impl",
        (),
        {
            "SendGoalService": _service(f"{typename}_SendGoal"),
            "GetResultService": _service(f"{typename}_GetResult"),
            "FeedbackMessage": message_class(f"{typename}_FeedbackMessage"),
            "GoalStatusMessage": action_msgs[0].GoalStatusArray,
            "CancelGoalService": action_msgs[1].CancelGoal,
        },
    )
    return _holder(
        typename, Impl=impl, **{part: message_class(f"{typename}_{part}") for part in PARTS}
    )


def _holder(typename: str, **parts: type) -> type:
    package, kind, name = typename.split("/")
    return type(name, (), {**parts, "_TYPENAME": typename, "__module__": f"{package}.{kind}"})


def _register_files(typename: str) -> None:
    """Add all definitions of the type's package to the store. Errors name the file."""
    package, kind, _ = typename.split("/")
    endings, wrong = _LAYOUTS[kind]
    for file in index.interface_files(package, kind):
        stem = f"{package}/{kind}/{file.stem}"
        if stem + endings[0] in _store.fielddefs:
            continue
        text = file.read_text(encoding="utf-8")
        pieces = [text] if kind == "msg" else re.split(r"^---[ \t]*$", text, flags=re.MULTILINE)
        if len(pieces) != len(endings):
            raise ValueError(f"{file}: {wrong}, not {len(pieces) - 1}")
        texts = {stem + ending: piece for ending, piece in zip(endings, pieces)}
        try:
            for name, text in texts.items():
                _register(name, text)
            if kind == "action":
                _store.register(carriers(stem))
        except Exception as err:  # rosbags' parser has many
            raise ValueError(f"{file} cannot be read: {err}") from err


def _register(name: str, text: str) -> None:
    # The parser knows messages only: a part of a service is read as one, then renamed.
    package, _, short = name.split("/")
    parsed = MSGParser(f"MSG: {package}/msg/{short}\n{text}").specification()
    parsed = [m._replace(name=name) for m in parsed]
    _store.register(make_typesdict(parsed))
    _defaults.update(
        {(name, f.name): f.value for m in parsed for f in m.fields if f.value is not None}
    )


@lru_cache(maxsize=None)
def message_class(typename: str) -> type[Message]:
    """The class of one message type, made from its definition."""
    if typename not in _store.fielddefs:
        _register_files(typename)
    if typename not in _store.fielddefs:
        raise ValueError(f"{typename} is not installed, and no type that rosless has")
    constants, fielddefs = _store.fielddefs[typename]
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
    wire = []
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
        wire.append((attribute, desc))
    cls = type(name, (Message,), body)
    _wire.fielddefs[typename] = (constants, wire)
    _wire.types[typename] = partial(_from_wire, cls)
    return cls


def _field(typename: str, name: str, desc: tuple) -> Field:
    default = _defaults.get((typename, name))
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
