# SPDX-License-Identifier: Apache-2.0
"""Differences between the middlewares of ROS 2."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from dwpose_ros.ros.middleware_environment import (
    FAST_DDS_VARIABLES,
    UDP,
    cyclone_fault,
    fast_dds,
    fast_dds_variables,
    installed,
)

# The first two bytes of an endpoint's GID are its vendor's number in the DDS standard.
_VENDORS = {b"\x01\x0f": "Fast DDS", b"\x01\x10": "Cyclone DDS", b"\x01\x01": "Connext DDS"}
_OURS = {"fastrtps": "Fast DDS", "cyclonedds": "Cyclone DDS", "connext": "Connext DDS"}
_NAMED = 3  # nodes that a line names


def get_rmw_implementation_identifier() -> str:
    """Return the middleware's name, as rclpy does. Without a real ROS 2 rclpy is not imported for
    it, which would be half of the time until a launch file starts its nodes.
    """
    if not installed(os.environ):
        return "rmw_cyclonedds_cpp"
    from rclpy.utilities import get_rmw_implementation_identifier as identifier

    return identifier()


def settings(
    config: Path, shm: str = "/dev/shm", environ: MutableMapping[str, str] = os.environ
) -> tuple[dict[str, str], str]:
    """Return environment variables that the middleware in use needs for large images, and a line
    for the user, empty if there is nothing to say.

    Settings of the user are kept.

    Raises:
        ValueError: the middleware cannot start with the user's settings; the text says the cure.
    """
    name = get_rmw_implementation_identifier()
    if "fastrtps" in name:
        profile, told = fast_dds(config, shm, environ)
        path = str(config / profile)
        return (dict.fromkeys(fast_dds_variables(environ), path) if profile else {}), told
    if "cyclonedds" in name:
        if fault := cyclone_fault(environ):
            raise ValueError(fault)
        asked = environ.get("RMW_IMPLEMENTATION") or name
        told = (
            ""
            if asked == name
            else (
                f"RMW_IMPLEMENTATION is {asked!r}, but this is {name}, all that there is without "
                "ROS 2: nodes of another middleware share topics with it, not services; set it to "
                f"{name} everywhere"
            )
        )
        own = f"file://{(config / 'cyclonedds.xml').absolute()}"  # Cyclone DDS decodes no %20
        usable = not environ.get("CYCLONEDDS_URI") and "," not in own  # which separates files
        return ({"CYCLONEDDS_URI": own} if usable else {}), told
    return {}, ""


def image_cure() -> str:
    """Return why large images get lost on the middleware in use, and what helps."""
    return (
        f"{_on_one_machine(get_rmw_implementation_identifier())}; if they come from another "
        "machine, see docs/how-to/two-machines.md"
    )


def _on_one_machine(name: str) -> str:
    if "fastrtps" in name:
        if any(os.environ.get(one, "").endswith(f"/{UDP}") for one in FAST_DDS_VARIABLES):
            return (
                "large images get lost by UDP, which they go by since /dev/shm is small: "
                "docker run --shm-size=1g, or sudo sysctl -w net.core.rmem_max=33554432"
            )
        return (
            "large images get lost where Fast DDS's shared memory is small, which is its "
            "default: where they are published, set FASTRTPS_DEFAULT_PROFILES_FILE (Kilted "
            "and later: FASTDDS_DEFAULT_PROFILES_FILE) to config/fastdds.xml of dwpose_ros"
        )
    if "cyclonedds" in name:
        return (
            "large images get lost where the socket buffer is small, see net.core.rmem_max in "
            "docs/limits.md"
        )
    return f"large images may get lost on {name}: try image_transport:=compressed"


def own_vendor() -> str:
    """Return the DDS vendor of this process; empty if unknown."""
    name = get_rmw_implementation_identifier()
    return next((vendor for part, vendor in _OURS.items() if part in name), "")


def vendor(endpoint) -> str:
    """Return the DDS vendor of a publisher or subscription; empty if unknown."""
    return _VENDORS.get(bytes(endpoint.endpoint_gid[:2]), "")


def name_of(endpoint) -> str:
    """Return the full name of the node that owns a publisher or subscription."""
    return f"{endpoint.node_namespace.rstrip('/')}/{endpoint.node_name}"


def strangers(node) -> str:
    """Return a line if nodes of another DDS vendor are on the network, else an empty text.

    Each vendor lays out requests in another way: topics arrive, but services never answer.
    """
    ours = own_vendor()
    found = {
        name_of(one): theirs
        for one in node.get_publishers_info_by_topic("/rosout")
        if ours and (theirs := vendor(one)) and theirs != ours
    }
    if not found:
        return ""
    names = sorted(found)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{', '.join(names[:_NAMED])}{more} on {' and '.join(sorted(set(found.values())))}, "
        f"this node on {ours}: they share topics, but services and actions do not answer; "
        "set RMW_IMPLEMENTATION to the same everywhere "
        f"(here {get_rmw_implementation_identifier()}), or another ROS_DOMAIN_ID"
    )


def foreign_server(node, service: str) -> str:
    """Return the DDS vendor of a service (full name) if it differs from ours; else empty.

    Such a service must not be called: Fast DDS takes a request of Cyclone DDS for the lengths of
    arrays, and may use up the memory of its machine.
    """
    ours = own_vendor()
    found = node.get_subscriptions_info_by_topic(f"rq{service}Request", no_mangle=True)
    return next(
        (theirs for one in found if ours and (theirs := vendor(one)) and theirs != ours), ""
    )
