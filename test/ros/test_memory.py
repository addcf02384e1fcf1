# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os

from dwpose_ros.ros.memory import keep_freed_memory, return_freed_memory

def held_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

keep_freed_memory()
blocks = [bytearray(b"x" * 1_000_000) for _ in range(100)]
last = bytearray(1_000_000)  # above the others, so that these cannot leave by themselves
full = held_mb()
del blocks
freed = held_mb()
return_freed_memory()
print(full - freed, full - held_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_is_freed_is_kept_until_it_is_returned():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    kept, returned = map(float, done.stdout.split())
    assert kept < 20 and returned > 80
