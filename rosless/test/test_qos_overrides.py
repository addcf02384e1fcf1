# SPDX-License-Identifier: Apache-2.0
"""Parameters that override the quality of service."""

from __future__ import annotations

import pytest
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions
from std_msgs.msg import String

DEFAULT = QoSOverridingOptions.with_default_policies()
GIVEN = QoSProfile(depth=10)


def override(topic_and_entity: str, **values) -> list[str]:
    return [
        word
        for policy, value in values.items()
        for word in ("-p", f"qos_overrides.{topic_and_entity}.{policy}:={value}")
    ]


def test_defaults_become_parameters_that_are_read_only(peer):
    node = peer().node("camera", namespace="/left")
    node.create_publisher(String, "image", GIVEN, qos_overriding_options=DEFAULT)
    values = node.get_parameters_by_prefix("qos_overrides./left/image.publisher")
    assert {name: p.value for name, p in values.items()} == {
        "history": "keep_last",
        "depth": 10,
        "reliability": "reliable",
    }
    name = "qos_overrides./left/image.publisher.depth"
    assert node.describe_parameter(name).read_only
    assert node.describe_parameter(name).description == (
        "depth for publisher `/left/image` with id `None`"
    )
    (result,) = node.set_parameters([Parameter(name, value=3)])
    assert not result.successful and "read-only" in result.reason


def test_what_users_set_is_what_others_see(peer):
    publisher = peer(
        *override("/image.publisher", depth=3, reliability="best_effort"),
        *override("/image.subscription_main", durability="transient_local"),
    )
    node = publisher.node()
    image = node.create_publisher(String, "image", GIVEN, qos_overriding_options=DEFAULT)
    assert (image.qos_profile.depth, image.qos_profile.reliability) == (
        3,
        ReliabilityPolicy.BEST_EFFORT,
    )
    (info,) = node.get_publishers_info_by_topic("image")
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    kinds = (QoSPolicyKind.DURABILITY, QoSPolicyKind.DEADLINE, QoSPolicyKind.LIFESPAN)
    heard = node.create_subscription(
        String,
        "image",
        print,
        GIVEN,
        qos_overriding_options=QoSOverridingOptions(kinds, entity_id="main"),
    )
    assert heard.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert heard.qos_profile.deadline == Duration()
    assert not node.has_parameter("qos_overrides./image.subscription_main.lifespan")
    again = node.create_publisher(String, "image", GIVEN, qos_overriding_options=DEFAULT)
    assert again.qos_profile == image.qos_profile
    assert GIVEN == QoSProfile(depth=10)  # the program's own profile does not change


def test_what_cannot_be(peer):
    def refuse(profile: QoSProfile) -> SetParametersResult:
        return SetParametersResult(
            successful=profile.history != HistoryPolicy.KEEP_ALL, reason="images are large"
        )

    node = peer(
        *override("/a.publisher", history="keep_all", reliability="certain"),
        *override("/b.publisher", history="keep_all"),
        *override("/c.publisher", depth="deep"),
        *override("/d.publisher", reliability="best_available"),
    ).node()
    for topic, error, message in (
        ("a", RuntimeError, "policy `reliability`: `certain`; it must be one of system_def"),
        ("b", InvalidQosOverridesError, "publisher `/b` .* are not valid: images are large"),
        ("c", InvalidParameterTypeException, "expecting type 'INTEGER'"),
        ("d", NotImplementedError, "BEST_AVAILABLE"),
    ):
        with pytest.raises(error, match=message):
            node.create_publisher(
                String,
                topic,
                GIVEN,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(callback=refuse),
            )
    assert [p.topic for p in node.publishers if p.topic in "/a/b/c/d"] == []
