# SPDX-License-Identifier: Apache-2.0
"""The types generated from an action file: its three parts, and the messages that carry them."""

from __future__ import annotations

import re

from rosbags.interfaces import Nodetype

PARTS = ("Goal", "Result", "Feedback")
_GOAL_ID = ("goal_id", (Nodetype.NAME, "unique_identifier_msgs/msg/UUID"))


def carriers(typename: str) -> dict:
    """Return rosbags' definitions of the messages between an action's clients and servers."""

    def part(name: str) -> tuple:
        return name.lower(), (Nodetype.NAME, f"{typename}_{name}")

    fields = {
        "SendGoal_Request": [_GOAL_ID, part("Goal")],
        "SendGoal_Response": [
            ("accepted", (Nodetype.BASE, ("bool", 0))),
            ("stamp", (Nodetype.NAME, "builtin_interfaces/msg/Time")),
        ],
        "GetResult_Request": [_GOAL_ID],
        "GetResult_Response": [("status", (Nodetype.BASE, ("int8", 0))), part("Result")],
        "FeedbackMessage": [_GOAL_ID, part("Feedback")],
    }
    return {f"{typename}_{name}": ([], of) for name, of in fields.items()}


def qualified_name(name: str) -> str:
    """Return a message class's qualified name, needed for pickling: 'Dock_Goal' -> 'Dock.Goal'."""
    name = re.sub("_(SendGoal|GetResult)_(Request|Response)$", r".Impl.\1Service.\2", name)
    name = re.sub("_FeedbackMessage$", ".Impl.FeedbackMessage", name)
    return re.sub("_(Request|Response|Goal|Result|Feedback)$", r".\1", name)
