# SPDX-License-Identifier: Apache-2.0
"""Two virtual machines: network namespaces joined by a cable of a given rate and loss. Needs root.

The queue tbf limits the rate. Packets are dropped by a BPF filter of four instructions, since not
all kernels have netem. It drops incoming packets on both sides at random, and so single fragments
of a datagram.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable


def check() -> None:
    """Raise SystemExit if no machines can be made; the text says what is missing."""
    if os.geteuid():
        raise SystemExit("network namespaces are made by root: run this with sudo")
    if missing := [p for p in ("ip", "tc", "unshare", "nsenter") if not shutil.which(p)]:
        raise SystemExit(f"{', '.join(missing)} missing: apt-get install iproute2 util-linux")


class Machine:
    """A network namespace with a /dev/shm of its own. It ends with this process."""

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
        """Return the bytes sent through the cable so far."""
        link = json.loads(self.run("ip", "-json", "-statistics", "link", "show", "cable"))[0]
        return link["stats64"]["tx"]["bytes"]

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *error) -> None:
        self._holder.stdin.close()
        self._holder.wait(10)


def run(*words: str) -> str:
    """Run a command, and return its output. Raises SystemExit with its errors."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {'; '.join(done.stderr.splitlines())}")
    return done.stdout


def join(machines: list[Machine], rate: str, loss: float, settings: Iterable[str] = ()) -> None:
    """Lay a cable between two machines.

    Its queue holds 1000 packets, as a network card's; senders wait when it is full.

    Args:
        machines: the two.
        rate: as tc takes it, such as 100mbit.
        loss: share of the packets that are dropped, 0..1.
        settings: of the kernel's network, as sysctl takes them.
    """
    name = f"cable{os.getpid()}"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}b")
    for i, (machine, end) in enumerate(zip(machines, (name, f"{name}b"))):
        run("ip", "link", "set", end, "netns", str(machine.pid), "name", "cable")
        machine.run("ip", "address", "add", f"10.77.0.{i + 1}/24", "dev", "cable")
        machine.run("ip", "link", "set", "cable", "up")
        machine.run("ip", "route", "add", "224.0.0.0/4", "dev", "cable")
        limit = f"rate {rate} burst 32kb limit 1514000"
        machine.run(*f"tc qdisc add dev cable root tbf {limit}".split())
        for setting in settings:
            machine.run("sysctl", "--quiet", "--write", setting)
        if loss:
            # A = random; if A >= loss: return TC_ACT_UNSPEC; return TC_ACT_SHOT
            code = f"4,32 0 0 4294963256,53 0 1 {int(loss * 2**32)},6 0 0 4294967295,6 0 0 2"
            machine.run("tc", "qdisc", "add", "dev", "cable", "clsact")
            ingress = "tc filter add dev cable ingress bpf direct-action bytecode"
            machine.run(*ingress.split(), code)
