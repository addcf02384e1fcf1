# SPDX-License-Identifier: Apache-2.0
"""The messages that docs/troubleshooting.md quotes are those that the programs write."""

from __future__ import annotations

import ast
import re

import pytest
from documents import ROOT, TEXTS

# Messages of other programs, and names in the first column that are no messages.
OTHERS = {
    "/dev/video0",
    "/speech",
    "Bus error",
    "CUDAExecutionProvider",
    "No module named 'onnxruntime'",
    "No module named 'rclpy'",
    "onnx",
    "dwpose_ros",
    "numpy.core.multiarray failed to import",
    "compiled using NumPy 1.x cannot be run in NumPy 2",
    "Expected RMW implementation identifier of ...",
    "librmw_zenoh_cpp.so: cannot open shared object file",
    "Failed to find a free participant index for domain 0",
    "failed to create domain",
    'selected interface "lo" is not multicast-capable',
    "Node not found",
    "... nodes in the graph that share an exact name",
    "malformed launch argument 'label:='",
    "Wrong parameter type, expected 'Type.DOUBLE' got 'Type.INTEGER'",
    "Failed to publish log message to rosout: publisher's context is invalid",
    "ros2",
    "ros2 param",
}
# What is another value in each case: `...`, numbers, quoted values, topics, names. What comes before
# and after a colon or `which` may come from two places of the sources.
PLACEHOLDER = re.compile(
    r"\.\.\.|'[^']*'|(?<![\w.])/\w+(?:/\w+)*|\d+x\d+|(?<!\w)\d+(?:\.\d+)?|\brmw_\w+|\b\w+/msg/\w+"
    r"|Fast DDS|Cyclone DDS|Corrupt JPEG data|thread camera|espeak-ng|absent|: |\bwhich\b"
    r"|FASTRTPS\w+|CYCLONEDDS\w+"
)


def quoted() -> list[str]:
    """What the first columns of the tables have in backticks."""
    found = []
    for row in re.findall(r"^\| (.*)$", TEXTS["docs/troubleshooting.md"], re.M):
        cell = row.split(" | ")[0]
        found += [
            (long or short).strip() for long, short in re.findall(r"``(.+?)``|`([^`]+)`", cell)
        ]
    return found


def texts() -> str:
    """All texts of the sources, one a line, with a control character for each value in them."""
    lines = []
    for folder in ("dwpose_ros", "launch"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (getattr(part, "value", None) for part in node.values)
                    lines.append("".join(p if isinstance(p, str) else "\0" for p in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    lines.append(node.value)
    return "\n".join(" ".join(line.split()) for line in lines)


TEXT = texts()


@pytest.mark.parametrize("message", [m for m in quoted() if m not in OTHERS])
def test_a_message_is_written_by_the_sources(message):
    pieces = [piece.strip(" :,;()") for piece in PLACEHOLDER.split(message)]
    pieces = [piece for piece in pieces if re.search("[a-z]{3}", piece)]
    assert pieces
    assert [piece for piece in pieces if piece not in TEXT] == []


def test_messages_were_found():
    assert len(set(quoted()) - OTHERS) > 20
    assert not OTHERS - set(quoted())
