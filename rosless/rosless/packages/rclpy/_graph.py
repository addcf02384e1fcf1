# SPDX-License-Identifier: Apache-2.0
"""What a node knows about the ROS graph."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from rclpy.qos import QoSProfile
from rclpy.service import service_topics


class TopicEndpointInfo(NamedTuple):
    """One publisher or subscription of a topic."""

    node_name: str
    node_namespace: str
    topic_type: str
    endpoint_type: str
    endpoint_gid: list[int]
    qos_profile: QoSProfile


class Graph:
    """Lists nodes, topics and services. Mixed into Node."""

    def _rcl_endpoints(self, writers: bool) -> list:
        return self.context.participant.discovery.endpoints(writers)

    def _rcl_dds_topics(self, endpoints) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for endpoint in endpoints:
            found[endpoint.topic].add(endpoint.typename)
        return found

    def _rcl_topics(self, endpoints) -> list[tuple[str, list[str]]]:
        return sorted(
            (name[2:], sorted(types))
            for name, types in self._rcl_dds_topics(endpoints).items()
            if name.startswith("rt/")
        )

    def _rcl_of_node(self, node_name: str, namespace: str, writers: bool) -> list:
        gids: set[bytes] = set()
        for node in self.context.participant.graph.nodes():
            if (node.name, node.namespace) == (node_name, namespace):
                gids |= node.writers if writers else node.readers
        return [e for e in self._rcl_endpoints(writers) if e.gid in gids]

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        return [(node.name, node.namespace) for node in self.context.participant.graph.nodes()]

    def get_node_names(self) -> list[str]:
        return [name for name, _ in self.get_node_names_and_namespaces()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> list[tuple[str, list[str]]]:
        return self._rcl_topics(self._rcl_endpoints(True) + self._rcl_endpoints(False))

    def get_service_names_and_types(self) -> list[tuple[str, list[str]]]:
        # There is a service wherever somebody reads its requests.
        return service_topics(self._rcl_dds_topics(self._rcl_endpoints(False)))

    def get_publisher_names_and_types_by_node(self, node_name: str, node_namespace: str):
        return self._rcl_topics(self._rcl_of_node(node_name, node_namespace, True))

    def get_subscriber_names_and_types_by_node(self, node_name: str, node_namespace: str):
        return self._rcl_topics(self._rcl_of_node(node_name, node_namespace, False))

    def get_service_names_and_types_by_node(self, node_name: str, node_namespace: str):
        return service_topics(
            self._rcl_dds_topics(self._rcl_of_node(node_name, node_namespace, False))
        )

    def get_client_names_and_types_by_node(self, node_name: str, node_namespace: str):
        return service_topics(
            self._rcl_dds_topics(self._rcl_of_node(node_name, node_namespace, True))
        )

    def _rcl_info(
        self, topic_name: str, writers: bool, no_mangle: bool
    ) -> list[TopicEndpointInfo]:
        topic = topic_name if no_mangle else "rt" + self.resolve_topic_name(topic_name)
        owners = {
            gid: (node.name, node.namespace)
            for node in self.context.participant.graph.nodes()
            for gid in node.readers | node.writers
        }
        return [
            TopicEndpointInfo(
                *owners.get(e.gid, ("_NODE_NAME_UNKNOWN_", "_NODE_NAMESPACE_UNKNOWN_")),
                e.typename,
                "PUBLISHER" if writers else "SUBSCRIPTION",
                list(e.gid),
                QoSProfile.from_dds(e.qos),
            )
            for e in self._rcl_endpoints(writers)
            if e.topic == topic
        ]

    def get_publishers_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        """Return all publishers of a topic; with `no_mangle` a DDS topic, such as rt/x."""
        return self._rcl_info(topic_name, True, no_mangle)

    def get_subscriptions_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        """Return all subscriptions of a topic; with `no_mangle` a DDS topic, such as rt/x."""
        return self._rcl_info(topic_name, False, no_mangle)

    def count_publishers(self, topic_name: str) -> int:
        topic = "rt" + self.resolve_topic_name(topic_name)
        return sum(e.topic == topic for e in self._rcl_endpoints(True))

    def count_subscribers(self, topic_name: str) -> int:
        topic = "rt" + self.resolve_topic_name(topic_name)
        return sum(e.topic == topic for e in self._rcl_endpoints(False))
