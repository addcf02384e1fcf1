# SPDX-License-Identifier: Apache-2.0
"""Message, service and action types by name, and the modules that they are imported from.

A class is made when it is first asked for.
"""

from __future__ import annotations

import importlib
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any

from rosless import definitions, index, messages
from rosless.action_types import PARTS
from rosless.definitions import interface_names
from rosless.provided import ros2_is_sourced


def get_interface(typename: str) -> type:
    """Return the class of 'std_msgs/msg/String', 'std_srvs/srv/Trigger' or an action.

    Raises ValueError if there is none.
    """
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
    """Return an interface's source text: its installed file, or text made from rosbags' types."""
    package, kind, name = typename.split("/")
    for file in index.interface_files(package, kind):
        if file.stem == name:
            return file.read_text(encoding="utf-8")
    return full_definition(typename).split("=" * 80)[0]


def full_definition(typename: str) -> str:
    """Return a message's definition followed by those of its fields' types, as bags hold it.

    Raises ValueError for an unknown type, and for an action's feedback, which has no such form.
    """
    get_interface(typename)
    if "/action/" in typename:
        raise ValueError("rosless has no definitions of actions for bags")
    messages.message_class(typename)
    return definitions.store.generate_msgdef(typename, ros_version=2)[0]


def learn(typename: str, text: str) -> type:
    """Return a message's class; if it is not installed, make it from a bag's definition of it.

    Raises ValueError if the definition cannot be read.
    """
    try:
        return get_interface(typename)
    except ValueError:
        if ros2_is_sourced():  # a real ROS 2 sends only what it has compiled
            raise
        try:
            definitions.add(typename, text)
            return messages.message_class(typename)
        except Exception as err:  # rosbags' parser raises many kinds
            raise ValueError(
                f"{typename} is not installed, and its definition cannot be read: {err}"
            ) from err


class InterfaceLoader(Loader):
    """Makes `<package>`, `<package>.msg`, `<package>.srv` and `<package>.action` as modules."""

    @classmethod
    def spec(cls, module: str) -> ModuleSpec | None:
        """Return the spec of such a module, or None if there is no such package or kind."""
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
            typename = f"{package}/{kind}/{name}"
            if typename not in definitions.store.fielddefs and name not in names():
                raise AttributeError(
                    f"no interface {package}/{kind}/{name}; "
                    f"{package}/{kind} has {', '.join(names())}"
                )
            make = {"msg": messages.message_class, "srv": _service, "action": _action}
            setattr(module, name, make[kind](typename))
            return getattr(module, name)

        vars(module).update(__getattr__=attribute, __dir__=names)


def _service(typename: str) -> type:
    definitions.read_file(typename)
    parts = ("Request", "Response")
    return _holder(typename, **{p: messages.message_class(f"{typename}_{p}") for p in parts})


def _action(typename: str) -> type:
    definitions.read_file(typename)
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
            "FeedbackMessage": messages.message_class(f"{typename}_FeedbackMessage"),
            "GoalStatusMessage": action_msgs[0].GoalStatusArray,
            "CancelGoalService": action_msgs[1].CancelGoal,
        },
    )
    parts = {part: messages.message_class(f"{typename}_{part}") for part in PARTS}
    return _holder(typename, Impl=impl, **parts)


def _holder(typename: str, **parts: type) -> type:
    package, kind, name = typename.split("/")
    return type(name, (), {**parts, "_TYPENAME": typename, "__module__": f"{package}.{kind}"})
