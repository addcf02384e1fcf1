# SPDX-License-Identifier: Apache-2.0
"""List actions: each is found by its feedback topic."""

from __future__ import annotations

_TOPIC, _TYPE = "/_action/feedback", "_FeedbackMessage"


def get_action_names_and_types(node) -> list[tuple[str, list[str]]]:
    """Return the names of all actions, with their types."""
    return _actions(node.get_topic_names_and_types())


def get_action_server_names_and_types_by_node(
    node, remote_node_name: str, remote_node_namespace: str
):
    """Return the actions of which a node is a server, with their types."""
    return _actions(
        node.get_publisher_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )


def get_action_client_names_and_types_by_node(
    node, remote_node_name: str, remote_node_namespace: str
):
    """Return the actions of which a node is a client, with their types."""
    return _actions(
        node.get_subscriber_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )


def _actions(topics: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    return [
        (name.removesuffix(_TOPIC), [t.removesuffix(_TYPE) for t in types])
        for name, types in topics
        if name.endswith(_TOPIC)
    ]
