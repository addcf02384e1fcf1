#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write rosless's file of ROS 2's message definitions, from those of the library rosbags.

The library makes a data class for each when its definitions are imported, which would be a
quarter of the time that a node takes to start.

    python tools/rosless_definitions.py
"""

from __future__ import annotations

import json
from pathlib import Path

from rosbags.typesys import Stores, get_typestore

FILE = Path(__file__).resolve().parents[1] / "rosless/rosless/share/rosbags_definitions.json"


def definitions() -> dict[str, tuple[list, list]]:
    """Return the constants and the fields of each message, as rosbags describes them."""
    return get_typestore(Stores.ROS2_JAZZY).fielddefs


def text() -> str:
    """Return the file's text: a line for each message."""
    lines = (f"{json.dumps(name)}: {json.dumps(of)}" for name, of in sorted(definitions().items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
