"""ROS 2 names, types and graph on Eclipse Cyclone DDS, laid out as rmw_cyclonedds does.

Payloads are ready-made CDR (see `interfaces`), so a topic's DDS type is only a name: the Python
`cyclonedds` types are made with one dummy byte, and their serialisation passes bytes through.
"""

from __future__ import annotations

import os
import threading
import time
from functools import lru_cache
from typing import NamedTuple

from cyclonedds.builtin import (BuiltinDataReader, BuiltinTopicDcpsParticipant,
                                BuiltinTopicDcpsPublication, BuiltinTopicDcpsSubscription)
from cyclonedds.core import (DDSException, GuardCondition, InstanceState, ReadCondition,
                             SampleState, ViewState, WaitSet)
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct, annotations, make_idl_struct, types
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from rosless.interfaces import deserialize, message_class, serialize, type_hash

__all__ = ["DDSException", "GuardCondition", "Participant", "WaitSet", "any_sample"]

GRAPH = "ros_discovery_info"
GRAPH_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
# Images cross the network in few large datagrams: in many small ones, best effort loses half.
_NETWORK = ("<General><MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>"
            '</General><Internal><SocketReceiveBufferSize min="0B" max="32MB"/></Internal>')
# The loopback interface is named, since what arrives through an unnamed one is not heard.
_LOCALHOST = ('<General><Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>'
              "<AllowMulticast>false</AllowMulticast></General><Discovery>"
              "<ParticipantIndex>auto</ParticipantIndex>"
              "<MaxAutoParticipantIndex>99</MaxAutoParticipantIndex>"
              '<Peers><Peer address="localhost"/></Peers></Discovery>')
_domains: dict[int, Domain] = {}


def domain_id_from_environment() -> int:
    """ROS_DOMAIN_ID, 0 if unset. Raises ValueError unless it is a whole number from 0 to 232."""
    text = os.environ.get("ROS_DOMAIN_ID", "") or "0"
    if not text.isdigit() or int(text) > 232:
        raise ValueError(f"ROS_DOMAIN_ID is {text!r}; it must be a whole number from 0 to 232")
    return int(text)


def configuration() -> str:
    """Cyclone DDS's configuration from ROS 2's variables; CYCLONEDDS_URI has the last word."""
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "") or "SUBNET"
    if os.environ.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST"
    if reach.upper() not in ("SUBNET", "LOCALHOST", "SYSTEM_DEFAULT"):
        raise ValueError(f"ROS_AUTOMATIC_DISCOVERY_RANGE is {reach!r}; rosless knows SUBNET, "
                         "LOCALHOST and SYSTEM_DEFAULT")
    if os.environ.get("ROS_STATIC_PEERS"):
        raise ValueError("rosless has no ROS_STATIC_PEERS: name peers in CYCLONEDDS_URI")
    parts = [_NETWORK, _LOCALHOST if reach.upper() == "LOCALHOST" else ""]
    own = ",".join(f"<CycloneDDS><Domain>{p}</Domain></CycloneDDS>" for p in parts if p)
    return ",".join(filter(None, [own, os.environ.get("CYCLONEDDS_URI", "")]))


def dds_type_name(typename: str) -> str:
    """'std_msgs/msg/String' -> 'std_msgs::msg::dds_::String_'."""
    package, kind, name = typename.split("/")
    return f"{package}::{kind}::dds_::{name}_"


def ros_type_name(dds_name: str) -> str:
    """The reverse of `dds_type_name`; other DDS types keep their name."""
    parts = dds_name.split("::")
    if len(parts) == 4 and parts[2] == "dds_":
        return f"{parts[0]}/{parts[1]}/{parts[3].rstrip('_')}"
    return dds_name


@lru_cache(maxsize=None)
def _raw_type(typename: str) -> type[IdlStruct]:
    cls = make_idl_struct(typename.rsplit("/", 1)[-1], dds_type_name(typename),
                          {"bytes_follow": types.uint8})
    annotations.final(cls)
    annotations.autoid("sequential")(cls)
    # On the class itself: Cyclone DDS refuses samples of a subclass.
    cls.serialize = lambda self, *_, **__: self.raw

    def wrap(_cls, data, *_, **__):
        sample = cls.__new__(cls)
        sample.raw = data
        return sample
    cls.deserialize = classmethod(wrap)
    return cls


def any_sample(reader: DataReader) -> ReadCondition:
    """A condition that is true while the reader holds a sample."""
    return ReadCondition(reader, ViewState.Any | InstanceState.Any | SampleState.Any)


class Writer:
    """Writes CDR to a topic."""

    def __init__(self, writer: DataWriter, raw_type: type) -> None:
        self.dds, self._type = writer, raw_type
        self.gid = writer.get_guid().bytes

    def write(self, data: bytes) -> None:
        sample = self._type.__new__(self._type)
        sample.raw = data
        self.dds.write(sample)


class Endpoint(NamedTuple):
    """A reader or writer that discovery has found."""

    topic: str  # DDS name, with its prefix
    typename: str  # ROS 2 name
    gid: bytes
    participant: bytes
    qos: Qos


class Participant:
    """One DDS participant: a process's place in the ROS 2 graph."""

    def __init__(self, domain_id: int) -> None:
        if domain_id not in _domains:
            _domains[domain_id] = Domain(domain_id, configuration())
        self.domain_id = domain_id
        self.dds = DomainParticipant(domain_id, Qos(Policy.Userdata(b"enclave=/;")))
        self.gid = self.dds.get_guid().bytes
        self._topics: dict[str, Topic] = {}
        self._nodes: dict[tuple[str, str], tuple[list[bytes], list[bytes]]] = {}
        self._lock = threading.RLock()
        latched = Qos(Policy.Reliability.Reliable(100_000_000), Policy.Durability.TransientLocal,
                      Policy.History.KeepLast(1))
        self._graph_writer = self.writer(GRAPH, GRAPH_TYPE, latched)
        self._graph_reader: DataReader | None = None
        self._remote: dict[bytes, object] = {}
        self._builtin: dict[str, BuiltinDataReader] = {}

    def close(self) -> None:
        """Leave the graph; all readers and writers of this participant end."""
        self.dds._delete(self.dds._ref)  # at once and in order, rather than when collected

    def _topic(self, name: str, typename: str) -> Topic:
        with self._lock:
            key = f"{name} {typename}"
            if key not in self._topics:
                self._topics[key] = Topic(self.dds, name, _raw_type(typename))
            return self._topics[key]

    def writer(self, topic: str, typename: str, qos: Qos) -> Writer:
        """A writer on the DDS topic `topic` (prefix included) of a ROS 2 type."""
        return Writer(DataWriter(self.dds, self._topic(topic, typename), self._hashed(qos, typename)),
                      _raw_type(typename))

    def reader(self, topic: str, typename: str, qos: Qos) -> DataReader:
        """A reader likewise; its samples carry CDR in `.raw`."""
        return DataReader(self.dds, self._topic(topic, typename), self._hashed(qos, typename))

    @staticmethod
    def _hashed(qos: Qos, typename: str) -> Qos:
        return qos + Qos(Policy.Userdata(f"typehash={type_hash(typename)};".encode()))

    # The graph: which nodes there are, and what is theirs

    def announce(self, name: str, namespace: str, readers: list[bytes],
                 writers: list[bytes]) -> None:
        """Tell others that this process has a node with these endpoints."""
        with self._lock:
            self._nodes[namespace, name] = readers, writers
            self._publish_graph()

    def withdraw(self, name: str, namespace: str) -> None:
        """Tell others that a node has gone."""
        with self._lock:
            if self._nodes.pop((namespace, name), None) is not None:
                self._publish_graph()

    def _publish_graph(self) -> None:
        info_type = message_class(GRAPH_TYPE)
        node_type = message_class("rmw_dds_common/msg/NodeEntitiesInfo")
        gid_type = message_class("rmw_dds_common/msg/Gid")

        def gid(data: bytes):
            return gid_type(data=data)
        self._graph_writer.write(serialize(info_type(gid=gid(self.gid), node_entities_info_seq=[
            node_type(node_namespace=namespace, node_name=name,
                      reader_gid_seq=[gid(g) for g in readers],
                      writer_gid_seq=[gid(g) for g in writers])
            for (namespace, name), (readers, writers) in self._nodes.items()])))

    def _discovered(self, topic) -> list:
        if topic not in self._builtin:
            self._builtin[topic] = BuiltinDataReader(self.dds, topic)
        return [s for s in self._builtin[topic].read(100_000)
                if s.sample_info.instance_state == InstanceState.Alive]

    def endpoints(self, writers: bool) -> list[Endpoint]:
        """All writers, or all readers, that are known now."""
        found = self._discovered(
            BuiltinTopicDcpsPublication if writers else BuiltinTopicDcpsSubscription)
        return [Endpoint(e.topic_name, ros_type_name(e.type_name), e.key.bytes,
                         e.participant_key.bytes, e.qos) for e in found]

    def nodes(self) -> list[tuple[str, str, set[bytes], set[bytes]]]:
        """All nodes known now: name, namespace, gids of their readers and of their writers."""
        with self._lock:
            if self._graph_reader is None:
                self._graph_reader = self.reader(GRAPH, GRAPH_TYPE, Qos(
                    Policy.Reliability.Reliable(100_000_000), Policy.Durability.TransientLocal,
                    Policy.History.KeepAll))
                time.sleep(0.1)  # what was said before is sent again to a new reader
            cls = message_class(GRAPH_TYPE)
            for sample in self._graph_reader.take(10_000):
                if sample.sample_info.valid_data:
                    info = deserialize(sample.raw, cls)
                    self._remote[info.gid.data.tobytes()] = info
        alive = {p.key.bytes for p in self._discovered(BuiltinTopicDcpsParticipant)}
        return [(node.node_name, node.node_namespace,
                 {g.data.tobytes() for g in node.reader_gid_seq},
                 {g.data.tobytes() for g in node.writer_gid_seq})
                for gid, info in self._remote.items() if gid in alive
                for node in info.node_entities_info_seq]
