# SPDX-License-Identifier: Apache-2.0
"""A process's place in a DDS domain."""

from __future__ import annotations

import threading

from cyclonedds.core import DDSException, GuardCondition
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from rosless.dds.discovery import Discovery
from rosless.dds.endpoints import Reader, WaitSet, Writer, end
from rosless.dds.graph import Graph
from rosless.dds.settings import configuration
from rosless.dds.types import dds_type_name, raw_type, with_type_hash

_domains: dict[int, Domain] = {}
_joining = threading.Lock()  # two threads may be the first at once
# Topics are made one by one in the whole process: Cyclone DDS 11.0.1 refuses some of those whose
# type another thread registers at the same time ("Non specific error", once in some 1,500).
_making_topics = threading.Lock()


class _Domain(Domain):
    """A domain that lives as long as its process.

    Python would free it at exit, which sometimes waits forever for Cyclone DDS's threads (seen
    with 11.0.1, once in some 200 exits). All participants have left by then.
    """

    def __del__(self) -> None:
        pass


class Participant:
    """Makes readers and writers, and knows those of others.

    Attributes:
        gid: its id in DDS, 16 bytes.
        discovery: all participants, readers and writers of the domain.
        graph: all nodes of the domain.
    """

    def __init__(self, domain_id: int) -> None:
        """Join a domain.

        Raises:
            OSError: the network does not allow it, or CYCLONEDDS_URI is wrong.
            ValueError: an environment variable of ROS 2 is wrong.
        """
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
        self.discovery = Discovery(self._dds)
        self.graph = Graph(self, self.discovery)

    def end(self) -> None:
        """Leave the domain; this ends all its readers and writers."""
        end(self._dds)

    def guard(self) -> GuardCondition:
        """Return a new condition that any thread can trigger."""
        return GuardCondition(self._dds)

    def wait_set(self) -> WaitSet:
        """Return a new wait set."""
        return WaitSet(self._dds)

    def writer(self, topic: str, typename: str, qos: Qos) -> Writer:
        """Return a new writer of a ROS 2 type; `topic` is the DDS name, with its prefix."""
        return Writer(
            DataWriter(self._dds, self._topic(topic, typename), with_type_hash(qos, typename)),
            raw_type(typename),
        )

    def reader(self, topic: str, typename: str, qos: Qos) -> Reader:
        """Return a new reader of a ROS 2 type; `topic` is the DDS name, with its prefix."""
        return Reader(
            DataReader(self._dds, self._topic(topic, typename), with_type_hash(qos, typename)),
            dds_type_name(typename),
        )

    def _topic(self, name: str, typename: str) -> Topic:
        with _making_topics:
            if (name, typename) not in self._topics:
                self._topics[name, typename] = Topic(self._dds, name, raw_type(typename))
            return self._topics[name, typename]
