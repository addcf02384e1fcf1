# SPDX-License-Identifier: Apache-2.0
"""ROS 2's message types as DDS types.

Payloads are ready-made CDR (see `rosless.messages`), so a topic's DDS type is only a name: the
Python `cyclonedds` types have no members, and their serialization passes bytes through.
"""

from __future__ import annotations

from functools import lru_cache

from cyclonedds.idl import IdlStruct, annotations, make_idl_struct
from cyclonedds.qos import Policy, Qos

from rosless.messages import type_hash


def dds_type_name(typename: str) -> str:
    """Return a type's name in DDS: 'std_msgs/msg/String' -> 'std_msgs::msg::dds_::String_'."""
    package, kind, name = typename.split("/")
    return f"{package}::{kind}::dds_::{name}_"


def ros_type_name(dds_name: str) -> str:
    """Return a type's name in ROS 2, the reverse of `dds_type_name`.

    A type that is not from ROS 2 keeps its DDS name.
    """
    parts = dds_name.split("::")
    if len(parts) == 4 and parts[2] == "dds_":
        return f"{parts[0]}/{parts[1]}/{parts[3].rstrip('_')}"
    return dds_name


@lru_cache(maxsize=None)
def raw_type(typename: str) -> type[IdlStruct]:
    """Return the DDS type of a ROS 2 type; a sample's attribute `raw` is its CDR."""
    # Without members: for a new topic, the library reads the members without the lock under
    # which its other threads forget the members of topics that end. That has crashed.
    cls = make_idl_struct(typename.rsplit("/", 1)[-1], dds_type_name(typename), {})
    annotations.final(cls)
    annotations.autoid("sequential")(cls)
    # On the class itself: Cyclone DDS refuses samples of a subclass.
    cls.serialize = lambda self, *_, **__: self.raw
    return cls


def with_type_hash(qos: Qos, typename: str) -> Qos:
    """Return QoS that also tells other participants the hash of a type."""
    return qos + Qos(Policy.Userdata(f"typehash={type_hash(typename)};".encode()))
