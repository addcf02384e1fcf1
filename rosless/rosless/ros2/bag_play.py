# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag play`: publish what was recorded, at the same intervals."""

from __future__ import annotations

import time
from typing import Iterator

import rclpy
from rclpy.logging import get_logger
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from rosbags.interfaces import QosDurability, QosReliability
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock

from rosless.interfaces import learn
from rosless.messages import type_hash
from rosless.ros2 import CommandError, settle
from rosless.ros2.bag_files import opened

_LONGEST_SLEEP_S = 0.1  # signals are noticed only after it
_DEPTH = 10


def play(node, args) -> None:
    """Play a bag to its end, or until the context ends."""
    if args.rate <= 0:
        raise CommandError(f"--rate must be above 0, not {args.rate}")
    if min(args.clock, args.start_offset, args.delay) < 0:
        raise CommandError(
            "--clock, --start-offset and --delay must not be negative, but are "
            f"{args.clock}, {args.start_offset} and {args.delay}"
        )
    names = dict(rule.split(":=", 1) if ":=" in rule else (rule, "") for rule in args.remap)
    if not all(names.values()):
        raise CommandError(f"--remap takes rules such as /from:=/to, not {' '.join(args.remap)!r}")
    names = {node.resolve_topic_name(old): new for old, new in names.items()}
    with opened(args.bag) as bag:
        wanted = {node.resolve_topic_name(t) for t in args.topics or []}
        if unknown := sorted(wanted - {c.topic for c in bag.connections}):
            raise CommandError(
                f"the bag has no {', '.join(unknown)}; it has "
                f"{', '.join(sorted(c.topic for c in bag.connections))}"
            )
        chosen = [c for c in bag.connections if not wanted or c.topic in wanted]
        if args.clock:  # there must be only one clock
            chosen = [c for c in chosen if names.get(c.topic, c.topic) != "/clock"]
        Player(node, bag, chosen, names, args).run(args.loop, args.delay)


class Player:
    """Publishes the messages of a bag, each at its time."""

    def __init__(self, node, bag: Reader, connections: list, names: dict[str, str], args) -> None:
        self._node, self._bag = node, bag
        self._rate, self._start = args.rate, bag.start_time + int(args.start_offset * 1e9)
        self._log = get_logger("rosbag2_player")
        self._publishers, self._connections = {}, []
        for connection in connections:
            try:
                msg_type = learn(connection.msgtype, connection.msgdef.data)
            except ValueError as err:
                self._log.warning(f"{connection.topic} is not played: {err}")
                continue
            if connection.digest and connection.digest != type_hash(connection.msgtype):
                self._log.warning(
                    f"{connection.topic} was recorded with another definition of "
                    f"{connection.msgtype} than the one that is installed"
                )
            self._connections.append(connection)
            self._publishers[connection.id] = node.create_publisher(
                msg_type, names.get(connection.topic, connection.topic), _qos(connection)
            )
        self._clock = args.clock and node.create_publisher(
            Clock, "/clock", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        )
        self._tick_ns = int(1e9 / args.clock) if args.clock else 0

    def run(self, loop: bool, delay_s: float) -> None:
        settle(self._node)  # else subscribers would miss the beginning
        end = time.monotonic() + delay_s
        while rclpy.ok() and (left_s := end - time.monotonic()) > 0:
            time.sleep(min(left_s, _LONGEST_SLEEP_S))
        while rclpy.ok() and self._connections:
            self._once()
            if not loop:
                break
        time.sleep(0.2)  # so that reliable writers can deliver the last messages

    def _once(self) -> None:
        self._begin_ns, self._next_tick_ns = time.monotonic_ns(), self._start
        for connection, stamp, data in self._messages():
            try:
                if not self._wait_for(stamp):
                    return
                if self._clock:
                    self._tell_time(stamp)
                self._publishers[connection.id].publish(bytes(data))
            except RuntimeError:
                if rclpy.ok():
                    raise
                return  # a signal has just shut the context down

    def _messages(self) -> Iterator[tuple]:
        return self._bag.messages(self._connections, start=self._start)

    def _due_ns(self, stamp: int) -> int:
        return self._begin_ns + int((stamp - self._start) / self._rate)

    def _wait_for(self, stamp: int) -> bool:
        """Wait until a moment of the recording; return False if the context ends before."""
        while rclpy.ok():
            moment = min(stamp, self._next_tick_ns) if self._clock else stamp
            left_s = (self._due_ns(moment) - time.monotonic_ns()) / 1e9
            if left_s > 0:
                time.sleep(min(left_s, _LONGEST_SLEEP_S))
            elif moment == stamp:
                return True
            else:
                self._tell_time(moment)
        return False

    def _tell_time(self, stamp: int) -> None:
        self._clock.publish(Clock(clock=Time(nanoseconds=stamp).to_msg()))
        self._next_tick_ns = stamp + int(self._tick_ns * self._rate)


def _qos(connection) -> QoSProfile:
    """Return a QoS that suits all who could subscribe to the recorded publishers."""
    offers = connection.ext.offered_qos_profiles
    best_effort = offers and all(o.reliability == QosReliability.BEST_EFFORT for o in offers)
    latched = any(o.durability == QosDurability.TRANSIENT_LOCAL for o in offers)
    return QoSProfile(
        depth=_DEPTH,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
