# SPDX-License-Identifier: Apache-2.0
"""Giving an MCAP file that was not closed, since its recording was killed, its end."""

from __future__ import annotations

import os
from pathlib import Path

_MAGIC = b"\x89MCAP0\r\n"
_DATA_END, _FOOTER = 0x0F, 0x02
_END = (
    bytes([_DATA_END])
    + (4).to_bytes(8, "little")
    + bytes(4)
    + bytes([_FOOTER])
    + (20).to_bytes(8, "little")
    + bytes(20)
    + _MAGIC
)  # without an index


def mend(path: Path) -> int:
    """Cut off what was written in part, and end the file. Returns the number of bytes cut off.

    Raises ValueError if it is no MCAP file, or is whole.
    """
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{str(path)!r} is no MCAP file: it does not begin with its magic")
        end = file.tell()
        while len(head := file.read(9)) == 9 and head[0] != _FOOTER:
            after = file.tell() + int.from_bytes(head[1:], "little")
            if head[0] == _DATA_END or after > size:
                break
            end = file.seek(after)
        file.seek(-len(_MAGIC), os.SEEK_END)
        if file.read() == _MAGIC:
            raise ValueError(f"{str(path)!r} needs no mending: it has its end")
        file.truncate(end)
        file.seek(end)
        file.write(_END)
        return size - end
