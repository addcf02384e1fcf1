# SPDX-License-Identifier: Apache-2.0
"""Check and expand the names of topics, services and nodes."""

from __future__ import annotations

import re

from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
)

_TOKEN = r"[A-Za-z_][A-Za-z0-9_]*"
_ABSOLUTE = re.compile(rf"(/{_TOKEN})+")


def check_node_name(name: str) -> str:
    """Return the name. Raises InvalidNodeNameException."""
    if not re.fullmatch(_TOKEN, name or ""):
        raise InvalidNodeNameException(
            f"Invalid node name {name!r}: it must be letters, digits "
            "and underscores, and not start with a digit"
        )
    return name


def check_namespace(namespace: str) -> str:
    """Return the namespace with its leading slash. Raises InvalidNamespaceException."""
    full = "/" + (namespace or "").strip("/")
    if full != "/" and not _ABSOLUTE.fullmatch(full):
        raise InvalidNamespaceException(
            f"Invalid namespace {namespace!r}: each part must be letters, digits and underscores"
        )
    return full


def expand(name: str, node_name: str, namespace: str, is_service: bool = False) -> str:
    """Return the absolute name: relative names are in the namespace, `~` means the node, and
    {node}, {ns} and {namespace} are filled in.

    Raises InvalidTopicNameException or InvalidServiceNameException.
    """
    given = name
    space = namespace.rstrip("/")
    for field, value in (("node", node_name), ("ns", space), ("namespace", space)):
        name = name.replace(f"{{{field}}}", value)
    if name.startswith("~"):
        full = f"{namespace.rstrip('/')}/{node_name}{name[1:]}"
    elif name.startswith("/"):
        full = name
    else:
        full = f"{namespace.rstrip('/')}/{name}"
    if not re.match("~(/|$)|[^~]", name) or not _ABSOLUTE.fullmatch(full):
        kind = InvalidServiceNameException if is_service else InvalidTopicNameException
        raise kind(
            f"Invalid {'service' if is_service else 'topic'} name {given!r}: each part must "
            "be letters, digits and underscores, and not start with a digit"
        )
    return full
