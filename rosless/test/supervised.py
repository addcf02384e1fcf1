# SPDX-License-Identifier: Apache-2.0
"""Processes of tests: they end with the tests, however those end, and obey Ctrl-C.

A watcher process holds one end of a pipe; only this process has the other end. When the pipe
closes, because this process has ended, even by SIGKILL, the watcher ends all processes that were
started. Each process writes its id to the pipe before it becomes the command, so none is missed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import lru_cache

LIMIT_S = 120.0  # for all waits; generous, since machines can be busy
_GRACE_S = 12.0  # time for a launch to end what it has launched
_PYTHON = [sys.executable, "-I", "-S", "-c"]  # for a fast start: it needs no installed packages
# A shell lets its background jobs ignore SIGINT, and so do all their children.
_BECOME = """import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.write(int(sys.argv[1]), b"%d\\n" % os.getpid())
os.close(int(sys.argv[1]))
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as err:
    sys.exit(f"{sys.argv[2]} cannot be run: {err}")
"""


def popen(words: list[str], **options) -> subprocess.Popen:
    """Start a command that leads its own session and process group."""
    pipe = _watcher()
    return subprocess.Popen(
        [*_PYTHON, _BECOME, str(pipe), *words], pass_fds=(pipe,), start_new_session=True, **options
    )


def run(words: list[str], timeout_s: float = LIMIT_S, **options) -> subprocess.CompletedProcess:
    """Run a command; return its output as text, and its exit code."""
    with popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@lru_cache(maxsize=None)
def _watcher() -> int:
    """Start the watcher once; return the end of its pipe for the ids of processes."""
    read, write = os.pipe()
    subprocess.Popen(
        [*_PYTHON[:2], os.path.abspath(__file__)],
        stdin=read,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    os.close(read)
    return write


def _birth(pid: int) -> str:
    """Return when a process began, or "" if there is none: ids are used again."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _signal(group: int, birth: str, number: int) -> bool:
    """Send a signal to a group; return False if it has ended, or its id is another's now."""
    if _birth(group) not in (birth, ""):
        return False
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    births = {int(line): _birth(int(line)) for line in iter(sys.stdin.readline, "")}
    left = {
        group: birth for group, birth in births.items() if _signal(group, birth, signal.SIGINT)
    }
    end = time.monotonic() + _GRACE_S
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left = {group: birth for group, birth in left.items() if _signal(group, birth, 0)}
    for group, birth in left.items():
        _signal(group, birth, signal.SIGKILL)


if __name__ == "__main__":
    _watch()
