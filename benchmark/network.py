#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures which images of 1280x720 at 30 Hz reach another machine, and how old they are there.

    sudo .venv/bin/python benchmark/network.py --rosless .venv/bin/python --ros2 .venv-ros2/jazzy

The machines are two network namespaces joined by a veth. Each has a /dev/shm of its own: otherwise
Fast DDS would take them for one machine. Both have the same clock. The real camera node runs in
the first. A reader that subscribes as our nodes do runs in the second. How many images were sent
is read from the camera's diagnostics. Namespaces and their processes end with this program.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from machines import Machine, check, join
from network_ends import TRANSPORTS

CONFIG = Path(__file__).resolve().parents[1] / "config"
WIDTH, HEIGHT, RATE = 1280, 720, 30.0
LINKS = {
    "1 Gbit": ("1gbit", 0.0),
    "100 Mbit": ("100mbit", 0.0),
    "1 Gbit, 1 % lost": ("1gbit", 0.01),
    "100 Mbit, 1 % lost": ("100mbit", 0.01),
}
ENDS = Path(__file__).with_name("network_ends.py")
DIAGNOSTICS_S = 1.5  # the camera publishes its diagnostics once a second
# Variables that would set another middleware, or another ROS 2, than a row's.
LEFT_OUT = (
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "ROS_LOCALHOST_ONLY",
    "PYTHONPATH",
    "AMENT_PREFIX_PATH",
    "LD_LIBRARY_PATH",
)
HEADER = (
    "middleware",
    "settings",
    "link",
    "images",
    "sent",
    "arrived",
    "share",
    "Hz",
    "age p50, p95, max (ms)",
    "Mbit/s",
)


class Setting(NamedTuple):
    """A middleware, and how it is set."""

    middleware: str
    name: str
    prefix: list[str]  # of every command
    variables: dict[str, str]


def write_video(path: Path, count: int = 60) -> None:
    """Write a video of detailed frames, whose JPEGs are as large as those of a furnished room."""
    import cv2
    import numpy as np
    import skimage.data

    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    random = np.random.default_rng(0)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    for i in range(count):
        move = np.array([[1.0, 0, 20 * np.sin(2 * np.pi * i / count)], [0, 1.0, 0]])
        frame = cv2.warpAffine(photo, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_WRAP)
        noise = random.normal(0, 3, frame.shape)
        video.write(np.clip(frame + noise, 0, 255).astype(np.uint8))
    video.release()


class Programs:
    """Starts programs on machines with one setting, and ends them all; a context manager."""

    def __init__(self, setting: Setting) -> None:
        self._started: list[subprocess.Popen] = []
        self._prefix = setting.prefix
        # Variables come after the prefix, since one that sources a ROS 2 sets some of them.
        self._variables = [
            word
            for name, value in setting.variables.items()
            for word in ([f"{name}={value}"] if value else ["-u", name])
        ]

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all programs, as Ctrl-C does."""
        stop(self._started)

    def start(self, machine: Machine, *words: str, stdout=subprocess.DEVNULL) -> subprocess.Popen:
        """Start a program on a machine."""
        process = subprocess.Popen(
            machine.command(*self._prefix, "env", *self._variables, *words),
            env={name: value for name, value in os.environ.items() if name not in LEFT_OUT},
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process


def measure(
    machines: list[Machine], setting: Setting, transport: str, seconds: float, video: Path
) -> list[str]:
    """Measure one row, and return its cells: sent, arrived, share, Hz, ages, Mbit/s.

    Args:
        machines: the sender and the receiver.
        transport: one of TRANSPORTS.
        seconds: for which images are counted.
        video: what the camera shows.
    """
    sender, receiver = machines
    camera = ("ros2", "run", "dwpose_ros", "camera", "--ros-args", "-p", f"source:={video}")
    with tempfile.TemporaryFile("w+") as said, Programs(setting) as programs:
        programs.start(sender, "python3", str(ENDS), "watch", transport, stdout=said)
        programs.start(sender, *camera, "-p", "loop:=true")
        reader = programs.start(
            receiver,
            *("python3", str(ENDS), "read", transport, str(seconds)),
            stdout=subprocess.PIPE,
        )
        begin = json.loads(reader.stdout.readline() or "0")  # both empty where it failed
        bytes_before = sender.sent_bytes()
        arrived = json.loads(reader.stdout.readline() or "null")
        end, bytes_after = time.time_ns(), sender.sent_bytes()
        if arrived is None:
            raise SystemExit(
                f"the reader failed ({setting.middleware}, {setting.name}): run "
                f"{ENDS.name} read {transport} {seconds:g} to see why"
            )
        time.sleep(DIAGNOSTICS_S)
        programs.stop()
        said.seek(0)
        counts = [json.loads(line) for line in said]
    return figures(counts, arrived, begin, end, bytes_after - bytes_before)


def figures(
    said: list[list[int]], arrived: list[list[int]], begin: int, end: int, sent_bytes: int
) -> list[str]:
    """Compute a row's cells.

    Args:
        said: pairs of a time (ns), and how many images the camera had sent by then.
        arrived: pairs of an image's stamp and of when it was read, ns.
        begin, end: between which images are counted, ns.
        sent_bytes: what the camera's machine sent in that time.
    """
    import numpy as np

    if not said:
        raise SystemExit("the camera node did not tell of itself: run it by hand to see why")
    sent = float(np.diff(np.interp([begin, end], *zip(*said)))[0])
    ages = [(taken - stamp) / 1e6 for stamp, taken in arrived]
    told = ", ".join(f"{x:.0f}" for x in np.percentile(ages, (50, 95, 100))) if ages else "-"
    share = min(1.0, len(ages) / sent) if sent >= 1 else 0.0
    seconds = (end - begin) / 1e9
    return [
        f"{sent:.0f}",
        f"{len(ages)}",
        f"{share:.0%}",
        f"{len(ages) / seconds:.1f}",
        told,
        f"{sent_bytes * 8e-6 / seconds:.0f}",
    ]


def stop(processes: list[subprocess.Popen]) -> None:
    """End processes as Ctrl-C does, and kill those that do not end within 5 s."""
    for number in (signal.SIGINT, signal.SIGKILL):
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, number)
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                pass


def settings(args: argparse.Namespace, folder: Path) -> list[Setting]:
    """Return the settings that were asked for, of each middleware our own first."""
    found = []
    cyclone = [f for f in args.settings if "<CycloneDDS" in f.read_text()]
    fast = [f for f in args.settings if f not in cyclone]
    if args.rosless:
        path = f"PATH={args.rosless.absolute().parent}:{os.environ['PATH']}"
        ours = [CONFIG / "cyclonedds.xml", CONFIG / "cyclonedds_network.xml"]
        for file in tuple(ours):  # also with the socket buffer that most systems allow
            ours.append(folder / f"{file.stem}_208kB.xml")
            ours[-1].write_text(file.read_text().replace('max="32MB"', 'max="212992B"'))
        found += [
            Setting(
                "Cyclone DDS", f.name, ["env", path], {"CYCLONEDDS_URI": f.absolute().as_uri()}
            )
            for f in (*ours, *cyclone)
        ]
    if args.ros2:
        prefix = ["bash", "-c", '. "$0"/setup.bash && exec "$@"', str(args.ros2.absolute())]
        names = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
        found += [
            Setting(
                "Fast DDS",
                f.name if f else "its defaults",
                prefix,
                dict.fromkeys(names, str(f.absolute()) if f else ""),
            )
            for f in (CONFIG / "fastdds.xml", None, CONFIG / "fastdds_network.xml", *fast)
        ]
    return found


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rosless", type=Path, metavar="PYTHON", help="with rosless installed")
    parser.add_argument(
        "--ros2",
        type=Path,
        metavar="FOLDER",
        help="of a real ROS 2 with our package, where its setup.bash is",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row (%(default)s)")
    parser.add_argument(
        "--settings",
        type=Path,
        nargs="*",
        default=[],
        metavar="XML",
        help="more of them, for Cyclone DDS or Fast DDS",
    )
    parser.add_argument(
        "--sysctl",
        nargs="*",
        default=[],
        metavar="NAME=VALUE",
        help="of both machines, as net.ipv4.ipfrag_time=1",
    )
    parser.add_argument("--only", default="", help="rows with this text")
    args = parser.parse_args()
    if not (args.rosless or args.ros2):
        parser.error("name --rosless, --ros2, or both")
    return args


def main() -> int:
    args = arguments()
    check()
    print("| " + " | ".join(HEADER) + " |\n" + "| --- " * len(HEADER) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "video.avi"
        write_video(video)
        for link, (rate, loss) in LINKS.items():
            for transport in TRANSPORTS:
                for setting in settings(args, Path(folder)):
                    row = [setting.middleware, setting.name, link, transport]
                    if args.only in " | ".join(row):
                        with Machine() as sender, Machine() as receiver:
                            machines = [sender, receiver]
                            join(machines, rate, loss, args.sysctl)
                            row += measure(machines, setting, transport, args.seconds, video)
                        print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
