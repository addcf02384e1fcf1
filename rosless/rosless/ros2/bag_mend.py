# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag reindex`: complete an MCAP file whose recording was killed."""

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
    """Cut off a record that is incomplete, and end the file; return the number of bytes cut off.

    Raises ValueError if it is not an MCAP file, or is complete.
    """
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(
                f"{str(path)!r} is not an MCAP file: it does not begin with MCAP's magic bytes"
            )
        end = file.tell()
        while len(head := file.read(9)) == 9 and head[0] != _FOOTER:
            after = file.tell() + int.from_bytes(head[1:], "little")
            if head[0] == _DATA_END or after > size:
                break
            end = file.seek(after)
        file.seek(-len(_MAGIC), os.SEEK_END)
        if file.read() == _MAGIC:
            raise ValueError(f"{str(path)!r} is complete: it needs no repair")
        file.truncate(end)
        file.seek(end)
        file.write(_END)
        return size - end
