# SPDX-License-Identifier: Apache-2.0
"""Definitions of messages: those that rosbags knows, and those in installed interface files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.base import make_typesdict
from rosbags.typesys.msg import MSGParser

from rosless import index
from rosless.action_types import PARTS, carriers
from rosless.provided import ros2_is_sourced

# For each kind of file: the endings of the names of its messages, and the error if the file has
# another number of messages.
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
# Written by tools/rosless_definitions.py.
_KNOWN = Path(__file__).parent / "share/rosbags_definitions.json"


def _known() -> dict[str, tuple[list, list]]:
    """Return the definitions of ROS 2's own messages in the form that rosbags gives them."""

    def as_tuple(value: Any) -> Any:
        return tuple(map(as_tuple, value)) if isinstance(value, list) else value

    return {
        name: ([*map(as_tuple, constants)], [*map(as_tuple, fields)])
        for name, (constants, fields) in json.loads(_KNOWN.read_text(encoding="utf-8")).items()
    }


store = get_typestore(Stores.EMPTY)  # of definitions alone: it makes no messages
store.fielddefs.update(_known())
# What rosidl puts into a message without fields.
_NOTHING = ("structure_needs_at_least_one_member", (Nodetype.BASE, ("uint8", 0)))
# rosbags keeps no default values for the types it knows; among them, this is the only one.
defaults: dict[tuple[str, str], Any] = {("geometry_msgs/msg/Quaternion", "w"): 1.0}


def look_up(typename: str) -> tuple[list, list]:
    """Return a message's constants and fields, as rosbags describes them.

    Raises ValueError if the type is not installed, or its file cannot be read.
    """
    if typename not in store.fielddefs:
        read_file(typename)
    if typename not in store.fielddefs:
        raise ValueError(f"{typename} is not installed, and rosless does not have it")
    return store.fielddefs[typename]


def read_file(typename: str) -> None:
    """Read the installed file of a type or of a part of it, as of 'std_srvs/srv/Trigger_Request',
    if there is one. Raises ValueError with the file.
    """
    package, kind, name = typename.split("/")
    endings, wrong = _LAYOUTS[kind]
    for file in index.interface_files(package, kind):
        stem = f"{package}/{kind}/{file.stem}"
        if not f"{name}_".startswith(f"{file.stem}_") or stem + endings[0] in store.fielddefs:
            continue
        text = file.read_text(encoding="utf-8")
        pieces = [text] if kind == "msg" else re.split(r"^---[ \t]*$", text, flags=re.MULTILINE)
        if len(pieces) != len(endings):
            raise ValueError(f"{file}: {wrong}, not {len(pieces) - 1}")
        texts = {stem + ending: piece for ending, piece in zip(endings, pieces)}
        try:
            for part, text in texts.items():
                _register(part, text)
        except Exception as err:  # rosbags' parser raises many kinds
            raise ValueError(f"{file} cannot be read: {err}") from err
        if kind == "action":
            store.fielddefs.update(carriers(stem))


def _register(name: str, text: str) -> None:
    # The parser knows messages only: read a part of a service as a message, then rename it.
    package, _, short = name.split("/")
    parsed = MSGParser(f"MSG: {package}/msg/{short}\n{text}").specification()
    parsed = [m._replace(name=name) for m in parsed]
    for part, (constants, fields) in make_typesdict(parsed).items():
        store.fielddefs[part] = constants, fields or [_NOTHING]
    defaults.update(
        {(name, f.name): f.value for m in parsed for f in m.fields if f.value is not None}
    )


def add(typename: str, text: str) -> None:
    """Add a message by its full definition, as bags hold it. Errors are rosbags' parser's."""
    store.register(get_types_from_msg(text, typename))


def interface_names(package: str = "*") -> list[str]:
    """Return the names of all types that can be imported, or of those in one package."""
    known = (
        set()
        if ros2_is_sourced()
        else {n for n in store.fielddefs if "/msg/" in n and package in ("*", n.partition("/")[0])}
    )
    files = {f"{f.parts[-3]}/{f.parts[-2]}/{f.stem}" for f in index.interface_files(package)}
    return sorted(known | files)
