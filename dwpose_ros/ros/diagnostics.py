# SPDX-License-Identifier: Apache-2.0
"""What a node reports about itself on /diagnostics."""

from __future__ import annotations

from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.qos import ReliabilityPolicy

from dwpose_ros.ros.middleware import image_cure, name_of
from dwpose_ros.ros.topic_stats import TopicStats

LOST_SHARE = 0.05  # of messages, from which on it is told that they get lost
MISSED_SHARE = 0.03  # of images: with enough shared memory even a busy machine misses 1 to 2 %
SKEW_S = 0.1  # by which stamps may be ahead of our clock, as synchronised machines' are


class Limits(NamedTuple):
    """Limits in seconds beyond which a node is not well."""

    stale_s: float
    late_warning_s: float
    late_error_s: float


def status_of(
    node,
    phase: str,
    inputs: list[TopicStats],
    outputs: list[TopicStats],
    limits: Limits,
    now: float,
) -> DiagnosticStatus:
    """Return the status of a node: the worst that is wrong.

    Stale input is a warning, since the fault is another node's. Late output is its own.
    """
    level, message = DiagnosticStatus.OK, phase if phase != "active" else "running"
    silent = [stats for stats in inputs if stats.stale(now, limits.stale_s)]
    ages = [stats.age_ms()[1] / 1e3 for stats in outputs if stats.steady]
    late = max((age for age in ages if age > 0), default=0.0)  # some are not known
    if trouble := node.trouble(now):
        level, message = DiagnosticStatus.ERROR, trouble
    elif silent:
        awaited = node.health.awaited(silent[0], now)
        level = DiagnosticStatus.OK if awaited else DiagnosticStatus.WARN
        message = awaited or _silence(node, silent[0], now)
    elif late > limits.late_error_s:
        level, message = DiagnosticStatus.ERROR, f"what goes out is {late:.1f} s old"
    elif late > limits.late_warning_s:
        level, message = DiagnosticStatus.WARN, f"what goes out is {late:.1f} s old"
    elif concern := next(
        filter(None, (*map(clock_trouble, inputs), *map(lost_trouble, inputs))), ""
    ) or (node.concern() or node.health.strangers):
        level, message = DiagnosticStatus.WARN, concern
    return DiagnosticStatus(
        level=level, message=message, name=node.get_fully_qualified_name().lstrip("/")
    )


def lost_trouble(stats: TopicStats) -> str:
    """Return a line if many messages get lost, else an empty text."""
    lost, missed = stats.lost_share(), stats.missed_share()
    is_image = "Image" in stats.type_name
    if lost >= LOST_SHARE:
        trouble = f"{100 * lost:.0f} % of the messages on {stats.topic} get lost"
    elif is_image and missed >= MISSED_SHARE:
        trouble = (
            f"{100 * missed:.0f} % of the images on {stats.topic} do not reach this node: they "
            "are sent faster than this machine takes them, or get lost"
        )
    else:
        return ""
    return trouble + (f": {image_cure()}" if is_image else "")


def clock_trouble(stats: TopicStats) -> str:
    """Return what is wrong with the stamps of an input; empty if nothing."""
    if stats.unstamped:
        return (
            f"messages on {stats.topic} have no stamp (header.stamp is 0): they are taken as "
            "of now, which hides how old they are; set header.stamp where they are made"
        )
    if stats.recent_age_s() < -SKEW_S:
        return (
            f"stamps on {stats.topic} are {-stats.recent_age_s():.1f} s ahead of this node's "
            "clock: the clock of the machine that stamps the images is ahead, or this one's "
            "is behind; synchronise both (chrony, NTP)"
        )
    return ""


def add_figures(
    status: DiagnosticStatus,
    node,
    phase: str,
    inputs: list[TopicStats],
    outputs: list[TopicStats],
    now: float,
) -> None:
    """Add the details of the node and its topics. This takes longer than the status."""
    details = node.details()
    figures = {
        "state": phase,
        **details,
        **_figures("in", inputs, now),
        **{
            f"in {stats.topic} missing (%)": f"{100 * stats.missed_share():.1f}"
            for stats in inputs
            if "Image" in stats.type_name
        },
        **_figures("out", outputs, now),
        "faults": node.faults,
        "last error": node.last_error,
    }
    status.hardware_id = str(details.get("device", ""))
    status.values = [KeyValue(key=key, value=str(value)) for key, value in figures.items()]


def _figures(way: str, topics: list[TopicStats], now: float) -> dict[str, str]:
    found = {}
    for stats in topics:
        name = f"{way} {stats.topic}"
        found |= {
            f"{name} (Hz)": f"{stats.rate_hz(now):.1f}",
            f"{name} messages": str(stats.count),
        }
        p50, p95 = stats.age_ms()
        if p50 == p50:
            found |= {f"{name} age p50 (ms)": f"{p50:.1f}", f"{name} age p95 (ms)": f"{p95:.1f}"}
    return found


def _silence(node, stats: TopicStats, now: float) -> str:
    """Return that an input is silent, and who should send it."""
    nothing = f"nothing on {stats.topic} for {stats.silent_s(now):.1f} s: "
    found = node.get_publishers_info_by_topic(stats.topic)
    if not found:
        return nothing + "nobody publishes it"
    others = [one for one in found if one.topic_type != stats.type_name]
    if len(others) == len(found):
        return (
            f"{nothing}{name_of(others[0])} publishes it as {others[0].topic_type}, but this "
            f"node reads {stats.type_name}{_transport_hint(stats, others[0].topic_type)}"
        )
    wants = [
        s.qos_profile.reliability
        for s in node.get_subscriptions_info_by_topic(stats.topic)
        if s.node_name == node.get_name() and s.node_namespace == node.get_namespace()
    ]
    told = []
    for one in found:
        best_effort = one.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
        told.append(
            f"{name_of(one)} publishes it ({one.topic_type}, "
            f"{'best effort' if best_effort else 'reliable'})"
        )
        if phase := node.health.phase_of(name_of(one)):
            told[-1] += f", but is {phase}"
        elif best_effort and ReliabilityPolicy.RELIABLE in wants:
            told[-1] += ", which this node, that asks for reliable, cannot hear"
    hint = (
        ""
        if any("cannot hear" in t or "but is" in t for t in told)
        else (f"; {image_cure()}" if "Image" in found[0].topic_type else "")
    )
    return nothing + ", ".join(told) + hint


def _transport_hint(stats: TopicStats, topic_type: str) -> str:
    """Return how to read images of the other type."""
    compressed, raw = "sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image"
    if (stats.type_name, topic_type) == (raw, compressed):
        return (
            f": image_transport:=compressed image_topic:={stats.topic.removesuffix('/compressed')}"
        )
    if (stats.type_name, topic_type) == (compressed, raw):
        return f": image_transport:=raw image_topic:={stats.topic.removesuffix('/compressed')}"
    return ""
