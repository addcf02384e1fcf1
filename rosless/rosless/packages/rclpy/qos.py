# SPDX-License-Identifier: Apache-2.0
"""Quality of service: ROS 2's profiles, and the same as DDS policies."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

from cyclonedds.qos import Policy, Qos

from rclpy.duration import Duration

_BLOCK_NS = 100_000_000  # how long a reliable writer waits for slow readers


class _Policy(IntEnum):
    @property
    def short_key(self) -> str:
        return self.name.lower()

    @classmethod
    def short_keys(cls) -> list[str]:
        return [policy.short_key for policy in cls]

    @classmethod
    def get_from_short_key(cls, name: str):
        return cls[name.upper()]


class HistoryPolicy(_Policy):
    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(_Policy):
    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(_Policy):
    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(_Policy):
    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


class QoSPolicyKind(IntEnum):
    """The settings of a profile, with ROS 2's numbers for them."""

    INVALID = 1
    DURABILITY = 2
    DEADLINE = 4
    LIVELINESS = 8
    RELIABILITY = 16
    HISTORY = 32
    LIFESPAN = 64
    DEPTH = 128
    LIVELINESS_LEASE_DURATION = 256
    AVOID_ROS_NAMESPACE_CONVENTIONS = 512


QoSHistoryPolicy, QoSReliabilityPolicy = HistoryPolicy, ReliabilityPolicy
QoSDurabilityPolicy, QoSLivelinessPolicy = DurabilityPolicy, LivelinessPolicy


class InvalidQoSProfileException(Exception):
    """Raised if the settings of a profile contradict each other."""


class QoSProfile:
    """History, depth, reliability, durability, deadline, lifespan and liveliness."""

    def __init__(
        self,
        *,
        depth: int | None = None,
        history: HistoryPolicy | None = None,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.VOLATILE,
        lifespan: Duration = Duration(),
        deadline: Duration = Duration(),
        liveliness=LivelinessPolicy.SYSTEM_DEFAULT,
        liveliness_lease_duration: Duration = Duration(),
        avoid_ros_namespace_conventions: bool = False,
    ) -> None:
        if history is None:
            if depth is None:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            history = HistoryPolicy.KEEP_LAST
        if history == HistoryPolicy.KEEP_LAST and depth is None:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise ValueError(f"depth must be a whole number of at least 0, not {depth!r}")
        if "BEST_AVAILABLE" in (reliability.name, durability.name, liveliness.name):
            raise NotImplementedError("rosless has no BEST_AVAILABLE; a full ROS 2 has it")
        self.history, self.depth = HistoryPolicy(history), depth or 0
        self.reliability = ReliabilityPolicy(reliability)
        self.durability = DurabilityPolicy(durability)
        self.lifespan, self.deadline = lifespan, deadline
        self.liveliness = LivelinessPolicy(liveliness)
        self.liveliness_lease_duration = liveliness_lease_duration
        self.avoid_ros_namespace_conventions = avoid_ros_namespace_conventions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QoSProfile) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return "QoSProfile(" + ", ".join(f"{k}={v}" for k, v in vars(self).items()) + ")"

    def to_dds(self) -> Qos:
        """Return the same settings as policies of Cyclone DDS."""
        best_effort = self.reliability == ReliabilityPolicy.BEST_EFFORT
        policies = [
            Policy.Reliability.BestEffort
            if best_effort
            else Policy.Reliability.Reliable(_BLOCK_NS),
            Policy.Durability.TransientLocal
            if self.durability == DurabilityPolicy.TRANSIENT_LOCAL
            else Policy.Durability.Volatile,
            Policy.History.KeepAll
            if self.history == HistoryPolicy.KEEP_ALL
            else Policy.History.KeepLast(self.depth or 1),
        ]
        if self.durability == DurabilityPolicy.TRANSIENT_LOCAL:
            policies.append(
                Policy.DurabilityService(
                    cleanup_delay=0,
                    history=policies[2],
                    max_samples=-1,
                    max_instances=-1,
                    max_samples_per_instance=-1,
                )
            )
        for duration, policy in (
            (self.deadline, Policy.Deadline),
            (self.lifespan, Policy.Lifespan),
        ):
            if duration.nanoseconds:
                policies.append(policy(duration.nanoseconds))
        lease = self.liveliness_lease_duration.nanoseconds
        if self.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC:
            policies.append(Policy.Liveliness.ManualByTopic(lease or 2**63 - 1))
        elif lease:
            policies.append(Policy.Liveliness.Automatic(lease))
        return Qos(*policies)

    @classmethod
    def from_dds(cls, qos: Qos) -> QoSProfile:
        """Return the profile of a discovered endpoint, which does not tell its history."""
        reliable = isinstance(qos[Policy.Reliability], Policy.Reliability.Reliable)
        latched = qos[Policy.Durability] == Policy.Durability.TransientLocal
        manual = isinstance(qos[Policy.Liveliness], Policy.Liveliness.ManualByTopic)
        return cls(
            deadline=_discovered(qos[Policy.Deadline], "deadline"),
            lifespan=_discovered(qos[Policy.Lifespan], "lifespan"),
            liveliness=LivelinessPolicy.MANUAL_BY_TOPIC if manual else LivelinessPolicy.AUTOMATIC,
            liveliness_lease_duration=_discovered(qos[Policy.Liveliness], "lease_duration"),
            depth=0,
            history=HistoryPolicy.UNKNOWN,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )


def _discovered(policy: Any, field: str) -> Duration:
    """Return the duration of a discovered policy; 0, the default, where it is not limited."""
    nanoseconds = getattr(policy, field, 2**63 - 1)
    return Duration(nanoseconds=0 if nanoseconds >= 2**63 - 1 else nanoseconds)


qos_profile_default = QoSProfile(depth=10)
qos_profile_system_default = QoSProfile(
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_rosout_default = QoSProfile(
    depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=10)
)

qos_profile_action_status_default = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class QoSPresetProfiles(Enum):
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default

    @classmethod
    def short_keys(cls) -> list[str]:
        return [name.lower() for name in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        return cls[name.upper()].value


def qos_profile(qos: QoSProfile | int) -> QoSProfile:
    """Return a profile, given that profile or a history depth. Raises TypeError."""
    if isinstance(qos, QoSProfile):
        return qos
    if isinstance(qos, int) and not isinstance(qos, bool) and qos >= 0:
        return QoSProfile(depth=qos)
    raise TypeError(f"Expected QoSProfile or non-negative int as history depth, not {qos!r}")
