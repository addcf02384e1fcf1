# SPDX-License-Identifier: Apache-2.0
"""ROS domains for tests: each run on a machine has its own."""

from __future__ import annotations

import fcntl
import os
import tempfile

_DOMAINS = range(10, 60)  # their ports in ROS 2 are below those that Linux hands out
_locks: list = []


def own_domain() -> str:
    """Return a domain that belongs to this process until its end.

    Raises RuntimeError if none is free.
    """
    first = os.getpid() % len(
        _DOMAINS
    )  # so that a run does not meet programs left over from the last one
    for domain in (*_DOMAINS[first:], *_DOMAINS[:first]):
        path = os.path.join(tempfile.gettempdir(), f"ros_domain_{domain}.lock")
        try:
            lock = open(path, "a")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it belongs to another run or another user
            continue
        _locks.append(lock)
        return str(domain)
    raise RuntimeError(
        f"all ROS domains from {_DOMAINS[0]} to {_DOMAINS[-1]} are in use by other test runs"
    )
