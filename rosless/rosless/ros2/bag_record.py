# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag record`: write messages as they arrive, without deserializing them."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer, WriterError

from rosless.interfaces import full_definition, get_interface
from rosless.messages import type_hash
from rosless.ros2 import CommandError, visible

_FOREVER = QosTime(9223372036, 854775807)  # as rosbag2 writes it
_DEPTH = 100  # messages that can wait while the disk is busy
_DRAIN_S = 1.0


def record(node, args) -> None:
    """Record until SIGINT or SIGTERM."""
    wanted = {node.resolve_topic_name(t) for t in [*args.topics, *args.more_topics]}
    if bool(wanted) == args.all:
        raise CommandError("give either topics or -a, for all of them")
    output = args.output or Path(time.strftime("rosbag2_%Y_%m_%d-%H_%M_%S"))
    if output.exists():
        raise CommandError(f"Output folder {str(output)!r} already exists: give another by -o")
    writer = Writer(output, version=9, storage_plugin=StoragePlugin[args.storage.upper()])
    if args.storage_preset_profile == "zstd_fast":
        if args.storage != "mcap":
            raise CommandError("--storage-preset-profile zstd_fast goes with --storage mcap only")
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    try:
        with writer, stopping() as stopped:
            Recorder(node, writer, wanted, args.include_hidden_topics).run(stopped)
    except (OSError, WriterError) as err:
        raise CommandError(f"{str(output)!r} cannot be written: {err}") from err


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Note SIGINT and SIGTERM, without an interruption; yield whether one has come."""
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }  # ignored: SIGINT in a background job
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Recorder:
    """Subscribes to the topics that are there, and to those that come later."""

    def __init__(self, node, writer: Writer, wanted: set[str], hidden: bool) -> None:
        self._node, self._writer, self._wanted, self._hidden = node, writer, wanted, hidden
        self._log = get_logger("rosbag2_recorder")
        self._subscriptions: dict[str, object] = {}
        self._seen: set[str] = set()
        self._last_ns = 0
        self._called = 0  # how often a callback was called

    def run(self, stopped: Callable[[], bool]) -> None:
        timers = [
            self._node.create_timer(0.2, self._discover),  # also ends each wait, for signals
            self._node.create_timer(1.0, self._save),
        ]
        self._log.info("Recording...")
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        while not stopped():
            executor.spin_once()
        for timer in timers:
            timer.cancel()
        self._drain(executor)
        self._log.info("Recording stopped")

    def _drain(self, executor: SingleThreadedExecutor) -> None:
        """Write the messages that came before the signal, but stop if more keep coming."""
        end, idle = time.monotonic() + _DRAIN_S, 0
        while idle < 3 and time.monotonic() < end:  # rclpy's is idle once between two calls
            before = self._called
            executor.spin_once(timeout_sec=0.0)
            idle = idle + 1 if before == self._called else 0

    def _discover(self) -> None:
        self._called += 1
        topics = self._node.get_topic_names_and_types()
        for topic, types in visible(topics, self._hidden or bool(self._wanted)):
            if topic in self._seen or self._wanted and topic not in self._wanted:
                continue
            offers = self._node.get_publishers_info_by_topic(topic)
            if not offers:
                continue
            self._seen.add(topic)
            try:
                self._subscribe(topic, types[0], [offer.qos_profile for offer in offers])
            except ValueError as err:
                self._log.warning(f"{topic} of type {types[0]} is not recorded: {err}")

    def _subscribe(self, topic: str, typename: str, offers: list[QoSProfile]) -> None:
        msg_type, text = get_interface(typename), full_definition(typename)
        connection = self._writer.add_connection(
            topic,
            typename,
            msgdef=text,
            rihs01=type_hash(typename),
            offered_qos_profiles=[_offer(profile) for profile in offers],
        )
        # The QoS that all publishers offer.
        reliable = all(o.reliability == ReliabilityPolicy.RELIABLE for o in offers)
        latched = all(o.durability == DurabilityPolicy.TRANSIENT_LOCAL for o in offers)
        qos = QoSProfile(
            depth=_DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=(
                DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
            ),
        )
        self._subscriptions[topic] = self._node.create_subscription(
            msg_type, topic, partial(self._write, connection), qos, raw=True
        )
        self._log.info(f"Subscribed to topic '{topic}'")

    def _write(self, connection, data: bytes) -> None:
        self._called += 1
        # In order: an MCAP file without an index, as after a killed recording, must be sorted.
        self._last_ns = max(self._last_ns, time.time_ns())
        self._writer.write(connection, self._last_ns, data)

    def _save(self) -> None:
        """Write to disk what would be lost if this process were killed."""
        self._called += 1
        storage = self._writer.storage
        if self._writer.storage_plugin == StoragePlugin.SQLITE3:
            storage.conn.commit()
        elif storage.chunk.msgs:  # rosbag2 does not play a file that begins with an empty chunk
            storage.close_chunk()
            storage.bio.flush()


def _offer(profile: QoSProfile) -> Qos:
    return Qos(
        QosHistory.UNKNOWN,
        0,
        QosReliability[profile.reliability.name],
        QosDurability[profile.durability.name],
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )
