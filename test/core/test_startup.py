# SPDX-License-Identifier: Apache-2.0
"""What the executables import first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

THREADS = """
import dwpose_ros.core.startup
import os, numpy
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="only Linux lists threads there")
@pytest.mark.parametrize("wish, threads", [(None, 1), ("2", min(2, os.cpu_count()))])
def test_numpy_has_one_thread_unless_the_user_wants_more(wish, threads):
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    if wish:
        env["OPENBLAS_NUM_THREADS"] = wish
    done = subprocess.run([sys.executable, "-c", THREADS], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == threads
