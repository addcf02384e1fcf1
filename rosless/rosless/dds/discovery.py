# SPDX-License-Identifier: Apache-2.0
"""What DDS itself discovers: the participants, writers and readers of a domain."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import InstanceState
from cyclonedds.domain import DomainParticipant
from cyclonedds.qos import Qos

from rosless.dds.endpoints import info_of, or_gone
from rosless.dds.types import ros_type_name

_MOST_CHANGES = 1000  # taken at once
# The library converts QoS in buffers that all threads share: if two threads took discovered
# endpoints at once, one would free what the other reads.
_converting = threading.RLock()


class Endpoint(NamedTuple):
    """A reader or writer that discovery has found."""

    topic: str  # DDS name, with its prefix
    typename: str  # ROS 2 name
    gid: bytes
    qos: Qos


class Discovery:
    """Knows the participants, writers and readers that are there now."""

    def __init__(self, participant: DomainParticipant) -> None:
        self._participant = participant
        self._lock = threading.RLock()
        self._found: dict[Any, tuple[BuiltinDataReader, dict[bytes, Any]]] = {}

    def participants(self) -> set[bytes]:
        """Return the gids of all participants. Raises Gone."""
        return {p.key.bytes for p in self._current(BuiltinTopicDcpsParticipant)}

    def endpoints(self, writers: bool) -> list[Endpoint]:
        """Return all writers, or all readers. Raises Gone."""
        topic = BuiltinTopicDcpsPublication if writers else BuiltinTopicDcpsSubscription
        return [
            Endpoint(e.topic_name, ros_type_name(e.type_name), e.key.bytes, e.qos)
            for e in self._current(topic)
        ]

    def _current(self, topic) -> list:
        # Take only changes: reading everything each time leaks memory in the library, which also
        # keeps all that has ever been there.
        with _converting, self._lock, or_gone(self._participant):
            if topic not in self._found:
                self._found[topic] = BuiltinDataReader(self._participant, topic), {}
            reader, alive = self._found[topic]
            while changes := reader.take(_MOST_CHANGES):
                for sample in changes:
                    key = sample.key.bytes
                    if info_of(sample.sample_info).instance_state == InstanceState.Alive:
                        alive[key] = sample
                    else:
                        alive.pop(key, None)
            return list(alive.values())
