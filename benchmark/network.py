#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which images of 1280x720 at 30 Hz reach another machine, and how old they are there.

    sudo .venv/bin/python benchmark/network.py --rosless .venv/bin/python --ros2 .venv-ros2/jazzy

The machines are two network namespaces that a veth joins, each with a /dev/shm of its own, since
Fast DDS would take them for one machine otherwise; one clock measures both. The real camera node
runs in the first, in the second a reader that subscribes as our nodes do. What was sent is what
the camera says in its diagnostics. Namespaces, and what runs in them, end with this program.
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

CONFIG = Path(__file__).resolve().parents[1] / "config"
WIDTH, HEIGHT, RATE = 1280, 720, 30.0
START_S = 10.0  # until the first image must have come
WARM_S = 2.0  # after it, before anything is counted
LINKS = {
    "1 Gbit": ("1gbit", 0.0),
    "100 Mbit": ("100mbit", 0.0),
    "1 Gbit, 1 % lost": ("1gbit", 0.01),
    "100 Mbit, 1 % lost": ("100mbit", 0.01),
}
TRANSPORTS = {"raw": "image_raw", "compressed": "image_raw/compressed"}
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
    """Frames full of detail, whose JPEGs are as large as a camera's of a furnished room."""
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


# In the namespaces


def read(transport: str, seconds: float) -> None:
    """Subscribe as our nodes do. Prints a line when counting begins, and one with what came."""
    import rclpy
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import CompressedImage, Image

    from dwpose_ros.ros.reliability import BestReliability

    kind = Image if transport == "raw" else CompressedImage
    arrived: list[tuple[int, int]] = []  # ns: stamped, taken up

    def on_image(msg) -> None:
        stamp = msg.header.stamp
        arrived.append((stamp.sec * 10**9 + stamp.nanosec, time.time_ns()))

    rclpy.init(args=[])
    node = rclpy.create_node("reader")
    topic = f"/{TRANSPORTS[transport]}"
    subscription = BestReliability(
        node,
        topic,
        f"sensor_msgs/msg/{kind.__name__}",
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
        lambda qos: node.create_subscription(kind, topic, on_image, qos),
    )
    node.create_timer(1.0, subscription.look)

    def spin(duration: float, until=lambda: False) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end and not until():
            rclpy.spin_once(node, timeout_sec=0.05)

    spin(START_S, until=lambda: arrived)
    spin(WARM_S)
    begin = time.time_ns()
    print(json.dumps(begin), flush=True)
    spin(seconds)
    print(json.dumps([a for a in arrived if a[1] >= begin]), flush=True)
    rclpy.spin(node)  # the camera sends only while somebody subscribes


def watch(transport: str) -> None:
    """Prints how many images the camera says to have sent, and when it said so (ns)."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray

    key = f"out /{TRANSPORTS[transport]} messages"

    def on_diagnostics(msg) -> None:
        counts = [
            v.value for s in msg.status if s.name == "camera" for v in s.values if v.key == key
        ]
        if counts:
            print(json.dumps([time.time_ns(), int(counts[0])]), flush=True)

    rclpy.init(args=[])
    node = rclpy.create_node("watcher")
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 10)
    rclpy.spin(node)


# Outside of them


def measure(
    machines: list[Machine], setting: Setting, transport: str, seconds: float, video: Path
) -> list[str]:
    """The figures of a row: sent, arrived, share, Hz, ages, Mbit/s."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name
        not in (
            "ROS_AUTOMATIC_DISCOVERY_RANGE",
            "ROS_LOCALHOST_ONLY",
            "PYTHONPATH",
            "AMENT_PREFIX_PATH",
            "LD_LIBRARY_PATH",
        )
    }
    said = tempfile.TemporaryFile("w+")
    started: list[subprocess.Popen] = []

    def start(machine: Machine, *words: str, stdout=subprocess.DEVNULL) -> subprocess.Popen:
        # Variables last: a prefix that sources a ROS 2 sets some of them.
        variables = [
            word
            for name, value in setting.variables.items()
            for word in ([f"{name}={value}"] if value else ["-u", name])
        ]
        started.append(
            subprocess.Popen(
                machine.command(*setting.prefix, "env", *variables, *words),
                env=environment,
                stdout=stdout,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    try:
        start(machines[0], "python3", __file__, "--role", "watch", transport, stdout=said)
        start(
            machines[0],
            "ros2",
            "run",
            "dwpose_ros",
            "camera",
            "--ros-args",
            "-p",
            f"source:={video}",
            "-p",
            "loop:=true",
        )
        reader = start(
            machines[1],
            "python3",
            __file__,
            "--role",
            "read",
            transport,
            "--seconds",
            str(seconds),
            stdout=subprocess.PIPE,
        )
        begin = json.loads(reader.stdout.readline() or "0")  # both empty where it failed
        bytes_before = machines[0].sent_bytes()
        arrived = json.loads(reader.stdout.readline() or "null")
        end, bytes_after = time.time_ns(), machines[0].sent_bytes()
        if arrived is None:
            raise SystemExit(
                f"the reader failed ({setting.middleware}, {setting.name}): run "
                f"network.py --role read {transport} to see why"
            )
        time.sleep(1.5)  # the camera speaks once a second
    finally:
        stop(started)
    said.seek(0)
    return figures(
        [json.loads(line) for line in said], arrived, begin, end, bytes_after - bytes_before
    )


def figures(
    said: list[list[int]], arrived: list[list[int]], begin: int, end: int, sent_bytes: int
) -> list[str]:
    """From what the camera said and the reader took up between two times (ns)."""
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
    """As Ctrl-C does it; a camera that waits for its network may need more."""
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
    """What was asked for, each middleware with our settings first."""
    found = []
    cyclone = [f for f in args.settings if "<CycloneDDS" in f.read_text()]
    fast = [f for f in args.settings if f not in cyclone]
    if args.rosless:
        path = f"PATH={args.rosless.absolute().parent}:{os.environ['PATH']}"
        ours = [CONFIG / "cyclonedds.xml", CONFIG / "cyclonedds_network.xml"]
        for file in tuple(ours):  # and with what a system gives that was not told to give more
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


def main() -> int:
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
    parser.add_argument(
        "--role", nargs=2, metavar=("read|watch", "raw|compressed"), help=argparse.SUPPRESS
    )
    args = parser.parse_args()
    if args.role:
        role, transport = args.role
        read(transport, args.seconds) if role == "read" else watch(transport)
        return 0
    if not (args.rosless or args.ros2):
        parser.error("name --rosless, --ros2, or both")
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
