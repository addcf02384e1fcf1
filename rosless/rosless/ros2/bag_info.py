# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag info`: a summary of a bag."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rosbags.rosbag2 import Reader

from rosless.ros2.bag_files import files_of


def describe(bag: Reader, path: Path) -> str:
    """Return the text that `ros2 bag info` prints."""
    parts = files_of(path)
    topics = [
        f"Topic: {c.topic} | Type: {c.msgtype} | Count: {c.msgcount} | "
        f"Serialization Format: {c.ext.serialization_format}"
        for c in sorted(bag.connections, key=lambda c: c.topic)
    ]
    # rosbags' end time is one nanosecond after the last message.
    end = bag.end_time - 1 if bag.message_count else bag.start_time
    known = bag.message_count > 0
    rows = [
        ("Files", ", ".join(part.name for part in parts)),
        ("Bag size", _size(sum(part.stat().st_size for part in parts))),
        ("Storage id", "mcap" if ".mcap" in parts[0].suffixes else "sqlite3"),
        ("Duration", f"{(end - bag.start_time) / 1e9:.9f}s" if known else "0s"),
        ("Start", _date(bag.start_time) if known else "-"),
        ("End", _date(end) if known else "-"),
        ("Messages", str(bag.message_count)),
        ("Topic information", f"\n{'':19}".join(topics)),
    ]
    return "\n" + "\n".join(f"{title + ':':<19}{value}" for title, value in rows)


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _date(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds):%b %d %Y %H:%M:%S}.{rest:09d} ({seconds}.{rest:09d})"
