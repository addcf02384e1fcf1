# SPDX-License-Identifier: Apache-2.0
"""Videos made for tests, of kinds that OpenCV does not write."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

COLOURS = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (0, 255, 255), (255, 0, 255)]  # BGR


def matroska(path: Path, times_ms: list[int]) -> None:
    """A video whose frames, of COLOURS in turn, come at these times."""

    def element(name: str, content: bytes) -> bytes:
        return bytes.fromhex(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content

    def number(name: str, value: int) -> bytes:
        return element(name, value.to_bytes(8, "big"))

    blocks = b"".join(
        element(
            "A3",
            b"\x81"
            + struct.pack(">hB", time_ms, 0x80)
            + cv2.imencode(".jpg", np.full((48, 64, 3), COLOURS[i % 5], np.uint8))[1].tobytes(),
        )
        for i, time_ms in enumerate(times_ms)
    )
    info = number("2AD7B1", 1_000_000) + element("4489", struct.pack(">d", times_ms[-1] + 100.0))
    track = (
        number("D7", 1)
        + number("73C5", 1)
        + number("83", 1)
        + element("86", b"V_MJPEG")
        + element("E0", number("B0", 64) + number("BA", 48))
    )
    path.write_bytes(
        element("1A45DFA3", element("4282", b"matroska"))
        + element(
            "18538067",
            element("1549A966", info)
            + element("1654AE6B", element("AE", track))
            + element("1F43B675", number("E7", 0) + blocks),
        )
    )
