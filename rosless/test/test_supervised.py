# SPDX-License-Identifier: Apache-2.0
"""Processes of tests end with them and obey Ctrl-C, even if the tests run in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rosless_helpers import Program, wait_until

# A test that is killed while its program, which has a child, runs.
TESTER = f"""
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a shell
sys.path.insert(0, {str(Path(__file__).parent)!r})
from rosless_helpers import Program
started = Program(sys.argv[1])
print(started.popen.pid, started.line(), flush=True)
time.sleep(1000)
"""
PARENT = """
import signal, subprocess, time
print(subprocess.Popen(["sleep", "1000"]).pid, int(signal.getsignal(signal.SIGINT)
      is signal.default_int_handler), flush=True)
time.sleep(1000)
"""
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + PARENT


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    "number, code",
    [(signal.SIGKILL, PARENT), (signal.SIGTERM, PARENT), (signal.SIGKILL, STUBBORN)],
    ids=["killed", "terminated", "a program that ignores Ctrl-C"],
)
def test_a_killed_test_leaves_nothing_behind(number, code):
    tester = subprocess.Popen(
        [sys.executable, "-c", TESTER, code], stdout=subprocess.PIPE, text=True
    )
    program, child, _ = map(int, tester.stdout.readline().split())
    try:
        assert not ended(program) and not ended(child)
        tester.send_signal(number)
        tester.wait()
        wait_until(lambda: ended(program) and ended(child))
    finally:
        for pid in (program, child):
            if not ended(pid):
                os.kill(pid, signal.SIGKILL)


def test_programs_heed_ctrl_c_though_their_test_does_not():
    tester = subprocess.Popen(
        [sys.executable, "-c", TESTER, PARENT], stdout=subprocess.PIPE, text=True
    )
    program, child, heeds = map(int, tester.stdout.readline().split())
    tester.kill()
    tester.wait()
    for pid in (program, child):
        if not ended(pid):
            os.kill(pid, signal.SIGKILL)
    assert heeds


def test_a_program_that_ended_is_not_mistaken_for_another(monkeypatch):
    import supervised

    one = Program("print('up')")
    assert one.end()[:2] == (0, "up\n")
    sent = []
    monkeypatch.setattr(supervised.os, "killpg", lambda *args: sent.append(args))
    assert not supervised._signal(os.getpid(), "1", signal.SIGKILL) and not sent
    assert supervised._signal(one.popen.pid, "1", signal.SIGKILL) and len(sent) == 1


def test_a_command_that_is_not_there(tmp_path):
    import supervised

    done = supervised.run([str(tmp_path / "nope")])
    assert done.returncode == 1 and "nope cannot be run: [Errno 2]" in done.stderr
    assert supervised.run(["sh", "-c", "echo a; echo b >&2; exit 3"]).stdout == "a\n"
    with pytest.raises(subprocess.TimeoutExpired):
        supervised.run(["sleep", "1000"], timeout_s=0.1)
