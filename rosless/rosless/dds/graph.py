# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 graph: which nodes there are, and which readers and writers are theirs.

DDS discovers participants, readers and writers. The topic `ros_discovery_info` adds the nodes:
each process says there which nodes it has, and which endpoints each of them owns.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cyclonedds.qos import Policy, Qos

from rosless.dds.discovery import Discovery
from rosless.dds.endpoints import Gone, Reader
from rosless.messages import deserialize, message_class, serialize

if TYPE_CHECKING:
    from rosless.dds.participant import Participant

TOPIC = "ros_discovery_info"
TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
_MOST_STRANGERS = 1000  # processes that told of their nodes, but that DDS has not discovered yet


def graph_qos(history) -> Qos:
    """Return the QoS of the topic on which processes tell of their nodes."""
    return Qos(Policy.Reliability.Reliable(100_000_000), Policy.Durability.TransientLocal, history)


class NodeInfo(NamedTuple):
    """A node, with the gids of its readers and writers."""

    name: str
    namespace: str
    readers: set[bytes]
    writers: set[bytes]


@lru_cache(maxsize=10_000)
def _gid(data: bytes) -> Any:
    """Return an id as a message, made once: all are told again with each new endpoint."""
    return message_class("rmw_dds_common/msg/Gid")(data=data)


class Graph:
    """Tells others about the nodes of a participant, and knows the nodes of all."""

    def __init__(self, participant: Participant, discovery: Discovery) -> None:
        self._participant = participant
        self._discovery = discovery
        self._lock = threading.RLock()
        self._own: dict[object, NodeInfo] = {}
        self._writer = participant.writer(TOPIC, TYPE, graph_qos(Policy.History.KeepLast(1)))
        self._reader: Reader | None = None
        self._remote: dict[bytes, Any] = {}  # the last message of each participant, by its gid

    def announce(self, owner: object, node: NodeInfo) -> None:
        """Tell others that this process has a node, or which endpoints it has now. Raises Gone."""
        with self._lock:
            self._own[owner] = node
            self._publish()

    def withdraw(self, owner: object) -> None:
        """Tell others that a node has gone."""
        with self._lock:
            if self._own.pop(owner, None) is not None:
                with suppress(Gone):
                    self._publish()

    def _publish(self) -> None:
        node_type = message_class("rmw_dds_common/msg/NodeEntitiesInfo")
        message = message_class(TYPE)(
            gid=_gid(self._participant.gid),
            node_entities_info_seq=[
                node_type(
                    node_namespace=node.namespace,
                    node_name=node.name,
                    reader_gid_seq=[_gid(gid) for gid in node.readers],
                    writer_gid_seq=[_gid(gid) for gid in node.writers],
                )
                for node in self._own.values()
            ],
        )
        self._writer.write(serialize(message))

    def nodes(self) -> list[NodeInfo]:
        """Return all nodes that are known now. Raises Gone."""
        with self._lock:
            if self._reader is None:
                self._reader = self._participant.reader(
                    TOPIC, TYPE, graph_qos(Policy.History.KeepAll)
                )
                time.sleep(0.1)  # a new reader is sent again what was said before
            for data, _ in self._reader.take(10_000):
                with suppress(ValueError):  # Humble's messages have longer gids
                    info = deserialize(data, message_class(TYPE))
                    self._remote[info.gid.data.tobytes()] = info
            alive = self._discovery.participants()
            # Forget strangers: anybody can invent processes, and those that have gone never
            # say so here.
            if len(self._remote) - len(alive) > _MOST_STRANGERS:
                self._remote = {g: info for g, info in self._remote.items() if g in alive}
            infos = [info for gid, info in self._remote.items() if gid in alive]
        return [
            NodeInfo(
                node.node_name,
                node.node_namespace,
                {g.data.tobytes() for g in node.reader_gid_seq},
                {g.data.tobytes() for g in node.writer_gid_seq},
            )
            for info in infos
            for node in info.node_entities_info_seq
        ]
