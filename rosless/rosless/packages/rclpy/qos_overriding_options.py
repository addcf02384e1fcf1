# SPDX-License-Identifier: Apache-2.0
"""Parameters by which users change the QoS of one publisher or subscription."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult

from rclpy.duration import Duration
from rclpy.exceptions import ParameterAlreadyDeclaredException
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)

QosCallbackResult = SetParametersResult
QosCallbackType = Callable[[QoSProfile], SetParametersResult]
_POLICIES = {
    "history": HistoryPolicy,
    "reliability": ReliabilityPolicy,
    "durability": DurabilityPolicy,
    "liveliness": LivelinessPolicy,
}


class InvalidQosOverridesError(Exception):
    """Raised if the options' callback refuses the profile."""


class QoSOverridingOptions:
    """Which policies have a parameter `qos_overrides.<topic>.<publisher|subscription>.<policy>`.

    `callback(profile)` may refuse the resulting profile. `entity_id` distinguishes several
    publishers or subscriptions of one topic.
    """

    def __init__(
        self,
        policy_kinds: Iterable[QoSPolicyKind],
        *,
        callback: QosCallbackType | None = None,
        entity_id: str | None = None,
    ) -> None:
        self.policy_kinds, self.callback, self.entity_id = policy_kinds, callback, entity_id

    @classmethod
    def with_default_policies(
        cls, *, callback: QosCallbackType | None = None, entity_id: str | None = None
    ) -> QoSOverridingOptions:
        """Return options for history, depth and reliability."""
        return cls(
            (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY),
            callback=callback,
            entity_id=entity_id,
        )


def overridden(
    node, entity: str, topic: str, qos: QoSProfile, options: QoSOverridingOptions | None
) -> QoSProfile:
    """Declare the parameters of the options, and return the profile with their values.

    `entity` is 'publisher' or 'subscription'. Raises InvalidQosOverridesError, or RuntimeError if
    a policy does not have the given value.
    """
    if options is None:
        return qos
    values = dict(vars(qos))
    about = f"{entity} `{topic}` with id `{options.entity_id}`"
    group = f"qos_overrides.{topic}.{entity}" + (
        "" if options.entity_id is None else f"_{options.entity_id}"
    )
    for kind in options.policy_kinds:
        if entity == "subscription" and kind == QoSPolicyKind.LIFESPAN:
            continue
        policy = kind.name.lower()
        name = f"{group}.{policy}"
        try:
            value = node.declare_parameter(
                name,
                _to_parameter(values[policy]),
                ParameterDescriptor(description=f"{policy} for {about}", read_only=True),
            ).value
        except ParameterAlreadyDeclaredException:
            value = node.get_parameter(name).value
        values[policy] = _from_parameter(policy, value)
    profile = QoSProfile(**values)
    if options.callback is not None and not (result := options.callback(profile)).successful:
        raise InvalidQosOverridesError(
            f"Provided QoS overrides for {about}, are not valid: {result.reason}"
        )
    return profile


def _to_parameter(value: Any) -> Any:
    if isinstance(value, Duration):
        return value.nanoseconds
    return value.name.lower() if type(value) in _POLICIES.values() else value


def _from_parameter(policy: str, value: Any) -> Any:
    if policy in _POLICIES:
        try:
            return _POLICIES[policy][value.upper()]
        except KeyError as err:
            raise RuntimeError(
                f"Unexpected QoS override for policy `{policy}`: `{value}`; it must be one of "
                f"{', '.join(p.name.lower() for p in _POLICIES[policy])}"
            ) from err
    if policy in ("deadline", "lifespan", "liveliness_lease_duration"):
        return Duration(nanoseconds=value)
    return value
