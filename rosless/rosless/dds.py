# SPDX-License-Identifier: Apache-2.0
"""ROS 2 names, types and graph on Eclipse Cyclone DDS, laid out as rmw_cyclonedds does.

Payloads are ready-made CDR (see `interfaces`), so a topic's DDS type is only a name: the Python
`cyclonedds` types are made without members, and their serialisation passes bytes through.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any, Iterator, NamedTuple

import cyclonedds.core
from cyclonedds._clayer import ddspy_take
from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import (
    DDSException,
    Entity,
    GuardCondition,
    InstanceState,
    ReadCondition,
    SampleState,
    ViewState,
)
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct, annotations, make_idl_struct
from cyclonedds.internal import SampleInfo
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from rosless.interfaces import deserialize, message_class, serialize, type_hash

# The library's C part makes a SampleInfo of each sample, and crashes (11.0.1) if that raises; as
# it does where a signal's handler raises (Ctrl-C!) while the class's Python code runs. So what is
# made is a note of what to make, `partial(SampleInfo, <figures>)`, for which no Python code runs.
SampleInfo.__new__ = staticmethod(partial(partial))

GRAPH = "ros_discovery_info"
GRAPH_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
# Images cross the network in few large datagrams: in many small ones, best effort loses half.
_NETWORK = (
    "<General><MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>"
    '</General><Internal><SocketReceiveBufferSize min="0B" max="32MB"/></Internal>'
)
# The loopback interface is named, since what arrives through an unnamed one is not heard.
_LOCALHOST = (
    '<General><Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>'
    "<AllowMulticast>false</AllowMulticast></General><Discovery>"
    "<ParticipantIndex>auto</ParticipantIndex>"
    "<MaxAutoParticipantIndex>99</MaxAutoParticipantIndex>"
    '<Peers><Peer address="localhost"/></Peers></Discovery>'
)
_MOST_STRANGERS = 1000  # processes remembered that told of their nodes, and are not seen yet
_domains: dict[int, Domain] = {}
_joining = threading.Lock()  # two threads may join the first time at once
# The library converts QoS through buffers that all threads share: of two that ask for what was
# discovered at once, one would free what the other reads.
_converting = threading.RLock()


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
        raise ValueError(
            f"ROS_AUTOMATIC_DISCOVERY_RANGE is {reach!r}; rosless knows SUBNET, "
            "LOCALHOST and SYSTEM_DEFAULT"
        )
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
    # Without members: the library looks up a new topic's members without the lock under which
    # its other threads forget those of topics that end, and has crashed on that.
    cls = make_idl_struct(typename.rsplit("/", 1)[-1], dds_type_name(typename), {})
    annotations.final(cls)
    annotations.autoid("sequential")(cls)
    # On the class itself: Cyclone DDS refuses samples of a subclass.
    cls.serialize = lambda self, *_, **__: self.raw
    return cls


def _info(note: partial) -> SampleInfo:
    """The SampleInfo that the C part made a note of."""
    info = object.__new__(SampleInfo)
    info.__init__(*note.args)
    return info


class Gone(RuntimeError):
    """A reader or writer was used after its end."""


@contextmanager
def _or_gone(entity: Entity) -> Iterator[None]:
    try:
        yield
    except DDSException as err:
        if err.code not in (
            DDSException.DDS_RETCODE_BAD_PARAMETER,
            DDSException.DDS_RETCODE_ALREADY_DELETED,
        ):
            raise
        raise Gone(f"{type(entity).__name__} was destroyed, or its context was") from err


def _counted(found: int) -> int:
    """Only the number is asked for: the library's own lists fail where it has just risen."""
    if found < 0:
        raise DDSException(found, "Occurred while counting what an endpoint is matched with")
    return found


class Writer:
    """Writes CDR to a topic."""

    def __init__(self, writer: DataWriter, raw_type: type) -> None:
        self._dds, self._type = writer, raw_type
        self.gid = writer.get_guid().bytes
        self.identity = writer.get_instance_handle() & (2**64 - 1)

    def write(self, data: bytes) -> bool:
        """Write; False if slow readers left no room for it in time. Raises Gone."""
        sample = self._type.__new__(self._type)
        sample.raw = data
        try:
            with _or_gone(self._dds):
                self._dds.write(sample)
        except DDSException as err:
            if err.code != DDSException.DDS_RETCODE_TIMEOUT:
                raise
            return False
        return True

    def matched(self) -> int:
        """How many readers it has."""
        with _or_gone(self._dds):
            return _counted(self._dds._get_matched_subscriptions(self._dds._ref, None, 0))

    def end(self) -> None:
        _end(self._dds)


class Reader:
    """Reads CDR from a topic. Other threads may end it at any time."""

    def __init__(self, reader: DataReader) -> None:
        self._dds = reader
        self.condition = ReadCondition(reader, ViewState.Any | InstanceState.Any | SampleState.Any)
        self.gid = reader.get_guid().bytes

    def ready(self) -> bool:
        """Whether there is something to take."""
        try:
            return self.condition.triggered
        except DDSException:  # it has ended
            return False

    def take(self, count: int = 1) -> list[tuple[bytes, Any]]:
        """The oldest samples, as CDR and what DDS knows of them. None if it has ended."""
        try:
            with _or_gone(self._dds):
                taken = ddspy_take(self._dds._ref, self.condition.mask, count)
                if isinstance(taken, int):
                    raise DDSException(taken, f"Occurred while taking data in {self._dds!r}")
        except Gone:
            return []
        return [(data, info) for data, note in taken if (info := _info(note)).valid_data]

    def matched(self) -> int:
        """How many writers it has."""
        with _or_gone(self._dds):
            return _counted(self._dds._get_matched_publications(self._dds._ref, None, 0))

    def end(self) -> None:
        _end(self._dds)


def _end(entity: Entity) -> None:
    """End it at once, rather than when Python collects it. Harmless where it has ended."""
    entity._delete(entity._ref)


class WaitSet(cyclonedds.core.WaitSet):
    """Waits until one of several conditions is true."""

    def keep(self, conditions: set[Entity]) -> None:
        """Wait for these from now on. Those of ended readers are left out."""
        for condition, _ in list(self.attached):
            if condition not in conditions:
                self._waitset_detach(self._ref, condition._ref)
        self.attached = [a for a in self.attached if a[0] in conditions]
        for condition in conditions - {a[0] for a in self.attached}:
            with suppress(Gone), _or_gone(condition):
                self.attach(condition)


class Endpoint(NamedTuple):
    """A reader or writer that discovery has found."""

    topic: str  # DDS name, with its prefix
    typename: str  # ROS 2 name
    gid: bytes
    qos: Qos


class _Domain(Domain):
    """A domain that lives as long as its process.

    Freeing it, which Python would do at exit, sometimes waits for ever for Cyclone DDS's threads
    (seen with 11.0.1, once in some 200 exits); participants have left by then.
    """

    def __del__(self) -> None:
        pass


_CHANGES = 1000  # of the graph that are taken at once


class Participant:
    """One DDS participant: a process's place in the ROS 2 graph."""

    def __init__(self, domain_id: int) -> None:
        try:
            with _joining:
                if domain_id not in _domains:
                    _domains[domain_id] = _Domain(domain_id, configuration())
            self._dds = DomainParticipant(domain_id, Qos(Policy.Userdata(b"enclave=/;")))
        except DDSException as err:
            raise OSError(
                f"Cyclone DDS cannot join domain {domain_id}: a network interface (at "
                "least the loopback) must be up, and CYCLONEDDS_URI, where set, "
                f"correct: {err}"
            ) from err
        self.domain_id = domain_id
        self.gid = self._dds.get_guid().bytes
        self._topics: dict[tuple[str, str], Topic] = {}
        self._nodes: dict[object, tuple[str, str, list[bytes], list[bytes]]] = {}
        self._lock = threading.RLock()
        self._graph_writer = self.writer(GRAPH, GRAPH_TYPE, _graph_qos(Policy.History.KeepLast(1)))
        self._graph_reader: Reader | None = None
        self._remote: dict[bytes, Any] = {}
        self._builtin: dict[Any, tuple[BuiltinDataReader, dict[bytes, Any]]] = {}

    def end(self) -> None:
        """Leave the graph; all readers and writers of this participant end."""
        _end(self._dds)

    def guard(self) -> GuardCondition:
        return GuardCondition(self._dds)

    def wait_set(self) -> WaitSet:
        return WaitSet(self._dds)

    def writer(self, topic: str, typename: str, qos: Qos) -> Writer:
        """A writer on the DDS topic `topic` (prefix included) of a ROS 2 type."""
        return Writer(
            DataWriter(self._dds, self._topic(topic, typename), _hashed(qos, typename)),
            _raw_type(typename),
        )

    def reader(self, topic: str, typename: str, qos: Qos) -> Reader:
        """A reader likewise."""
        return Reader(DataReader(self._dds, self._topic(topic, typename), _hashed(qos, typename)))

    def _topic(self, name: str, typename: str) -> Topic:
        with self._lock:
            if (name, typename) not in self._topics:
                self._topics[name, typename] = Topic(self._dds, name, _raw_type(typename))
            return self._topics[name, typename]

    # The graph: which nodes there are, and what is theirs

    def announce(
        self, owner: object, name: str, namespace: str, readers: list[bytes], writers: list[bytes]
    ) -> None:
        """Tell others that this process has a node with these endpoints."""
        with self._lock:
            self._nodes[owner] = name, namespace, readers, writers
            self._publish_graph()

    def withdraw(self, owner: object) -> None:
        """Tell others that a node has gone."""
        with self._lock:
            if self._nodes.pop(owner, None) is not None:
                with suppress(Gone):
                    self._publish_graph()

    def _publish_graph(self) -> None:
        node_type = message_class("rmw_dds_common/msg/NodeEntitiesInfo")
        gid_type = message_class("rmw_dds_common/msg/Gid")

        def gids(of: list[bytes]) -> list:
            return [gid_type(data=g) for g in of]

        self._graph_writer.write(
            serialize(
                message_class(GRAPH_TYPE)(
                    gid=gid_type(data=self.gid),
                    node_entities_info_seq=[
                        node_type(
                            node_namespace=namespace,
                            node_name=name,
                            reader_gid_seq=gids(readers),
                            writer_gid_seq=gids(writers),
                        )
                        for name, namespace, readers, writers in self._nodes.values()
                    ],
                )
            )
        )

    def _discovered(self, topic) -> list:
        """What of a kind is there now. Only what has changed is taken: reading all of it each time
        costs memory that is never given back, and keeps all that has ever been there."""
        with _converting, self._lock, _or_gone(self._dds):
            if topic not in self._builtin:
                self._builtin[topic] = BuiltinDataReader(self._dds, topic), {}
            reader, alive = self._builtin[topic]
            while changes := reader.take(_CHANGES):
                for sample in changes:
                    key = sample.key.bytes
                    if _info(sample.sample_info).instance_state == InstanceState.Alive:
                        alive[key] = sample
                    else:
                        alive.pop(key, None)
            return list(alive.values())

    def endpoints(self, writers: bool) -> list[Endpoint]:
        """All writers, or all readers, that are known now."""
        found = self._discovered(
            BuiltinTopicDcpsPublication if writers else BuiltinTopicDcpsSubscription
        )
        return [
            Endpoint(e.topic_name, ros_type_name(e.type_name), e.key.bytes, e.qos) for e in found
        ]

    def nodes(self) -> list[tuple[str, str, set[bytes], set[bytes]]]:
        """All nodes known now: name, namespace, gids of their readers and of their writers."""
        with _converting, self._lock:  # in the order of `_discovered`
            if self._graph_reader is None:
                self._graph_reader = self.reader(
                    GRAPH, GRAPH_TYPE, _graph_qos(Policy.History.KeepAll)
                )
                time.sleep(0.1)  # what was said before is sent again to a new reader
            for data, _ in self._graph_reader.take(10_000):
                with suppress(ValueError):  # Humble's has longer gids
                    info = deserialize(data, message_class(GRAPH_TYPE))
                    self._remote[info.gid.data.tobytes()] = info
            alive = {p.key.bytes for p in self._discovered(BuiltinTopicDcpsParticipant)}
            # Anybody may invent processes, and those that have gone are never told of again.
            if len(self._remote) - len(alive) > _MOST_STRANGERS:
                self._remote = {g: info for g, info in self._remote.items() if g in alive}
            infos = [info for gid, info in self._remote.items() if gid in alive]
        return [
            (
                node.node_name,
                node.node_namespace,
                {g.data.tobytes() for g in node.reader_gid_seq},
                {g.data.tobytes() for g in node.writer_gid_seq},
            )
            for info in infos
            for node in info.node_entities_info_seq
        ]


def _graph_qos(history) -> Qos:
    return Qos(Policy.Reliability.Reliable(100_000_000), Policy.Durability.TransientLocal, history)


def _hashed(qos: Qos, typename: str) -> Qos:
    return qos + Qos(Policy.Userdata(f"typehash={type_hash(typename)};".encode()))
