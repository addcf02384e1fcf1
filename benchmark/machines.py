# SPDX-License-Identifier: Apache-2.0
"""Two machines on one: network namespaces, joined by a cable of so much rate and loss. For root.

Rates are limited by the queue tbf. Loss is a filter of four instructions, which any kernel with
cls_bpf runs, as netem is not built into all; it drops packets at random on both sides where they
come in, and so each fragment of a datagram by itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable


def check() -> None:
    """Ends the program where no machines can be made, and says what is missing."""
    if os.geteuid():
        raise SystemExit("network namespaces are made by root: run this with sudo")
    if missing := [p for p in ("ip", "tc", "unshare", "nsenter") if not shutil.which(p)]:
        raise SystemExit(f"{', '.join(missing)} missing: apt-get install iproute2 util-linux")


class Machine:
    """A network namespace with a /dev/shm of its own; it ends when this process does."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            [
                "unshare",
                "--net",
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs tmpfs /dev/shm && ip link set lo up && echo ready && exec cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._holder.stdout.readline() != "ready\n":
            raise SystemExit(
                "no network namespace can be made here: " + self._holder.stderr.read().strip()
            )
        self.pid = self._holder.pid

    def command(self, *words: str) -> list[str]:
        return [
            "nsenter",
            "--target",
            str(self.pid),
            "--net",
            "--mount",
            f"--wd={os.getcwd()}",
            "--",
            *words,
        ]

    def run(self, *words: str) -> str:
        return run(*self.command(*words))

    def sent_bytes(self) -> int:
        """By its end of the cable, so far."""
        link = json.loads(self.run("ip", "-json", "-statistics", "link", "show", "cable"))[0]
        return link["stats64"]["tx"]["bytes"]

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *error) -> None:
        self._holder.stdin.close()
        self._holder.wait(10)


def run(*words: str) -> str:
    """What a command prints; ends the program with what it complains of."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {'; '.join(done.stderr.splitlines())}")
    return done.stdout


def join(machines: list[Machine], rate: str, loss: float, settings: Iterable[str] = ()) -> None:
    """Lay a cable from one to the other, which carries `rate` (tc's, as in 100mbit) and loses that
    share of the packets, 0..1. Its queue is a network card's, of 1000: whoever sends waits for it.
    `settings` are those of the kernel's network, as sysctl takes them.
    """
    name = f"cable{os.getpid()}"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}b")
    for i, (machine, end) in enumerate(zip(machines, (name, f"{name}b"))):
        run("ip", "link", "set", end, "netns", str(machine.pid), "name", "cable")
        machine.run("ip", "address", "add", f"10.77.0.{i + 1}/24", "dev", "cable")
        machine.run("ip", "link", "set", "cable", "up")
        machine.run("ip", "route", "add", "224.0.0.0/4", "dev", "cable")
        machine.run(
            "tc",
            "qdisc",
            "add",
            "dev",
            "cable",
            "root",
            "tbf",
            "rate",
            rate,
            "burst",
            "32kb",
            "limit",
            "1514000",
        )
        for setting in settings:
            machine.run("sysctl", "--quiet", "--write", setting)
        if loss:
            # A = random; if A >= loss: return TC_ACT_UNSPEC; return TC_ACT_SHOT
            code = f"4,32 0 0 4294963256,53 0 1 {int(loss * 2**32)},6 0 0 4294967295,6 0 0 2"
            machine.run("tc", "qdisc", "add", "dev", "cable", "clsact")
            machine.run(
                "tc",
                "filter",
                "add",
                "dev",
                "cable",
                "ingress",
                "bpf",
                "direct-action",
                "bytecode",
                code,
            )
