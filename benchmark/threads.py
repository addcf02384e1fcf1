#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many threads networks and OpenCV should have, and whether those of networks should spin.

The bare engine takes a video's frames at 30 Hz. Each setting runs in turns, in a process of its
own, alone and beside a program that keeps one core busy. Parameters of the pose node follow as
`name:=value`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from composition import bare_engine
from pipeline import size
from watcher import RATE, write_video

BUSY = "while True: pass"


class Setting(NamedTuple):
    """The knobs of one run."""

    networks: int  # threads of a network; 0: as many as cores
    spin: bool  # whether they spin while they wait for each other
    opencv: int  # threads of OpenCV; 0: as many as cores


SETTINGS = (
    Setting(0, True, 0),  # all defaults
    Setting(0, False, 0),
    Setting(0, True, 1),
    Setting(0, False, 1),  # what our nodes have
    Setting(1, False, 1),
)


def run(setting: Setting, parameters: dict[str, str], video: Path, seconds: float) -> dict:
    """Measure the engine with this setting, in this process."""
    import cv2
    import onnxruntime

    opener = onnxruntime.InferenceSession

    def opened(model, options, **more):
        options.intra_op_num_threads = setting.networks
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(setting.spin)))
        return opener(model, options, **more)

    onnxruntime.InferenceSession = opened
    if setting.opencv:
        cv2.setNumThreads(setting.opencv)
    return bare_engine(parameters, video, seconds)


def measure(setting: Setting, busy: bool, args, video: Path) -> dict:
    """Measure in a process of its own."""
    other = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
    words = ["--one", json.dumps(setting), "--seconds", str(args.seconds), "--video", str(video)]
    try:
        done = subprocess.run(
            [sys.executable, __file__, *words, *args.parameters],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    finally:
        if other is not None:
            other.kill()
            other.wait()
    return json.loads(done.stdout.splitlines()[-1])


def compare(args, video: Path) -> None:
    """All settings in turns, and a table."""
    found: dict[tuple[Setting, bool], list[dict]] = {}
    for _ in range(args.rounds):
        for busy in (False, True):
            for setting in SETTINGS:
                one = measure(setting, busy, args, video)
                found.setdefault((setting, busy), []).append(one)
    width, height = args.size
    print(
        f"{width}x{height} at {RATE:g} Hz, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        "p50/p95 ms a frame, CPU ms a frame; medians of the turns\n\n"
        "| networks' threads | spin | OpenCV's | alone | one core busy |\n"
        "| --- | --- | --- | --- | --- |"
    )
    for setting in SETTINGS:
        cells = []
        for busy in (False, True):
            turns = found[setting, busy]
            p50, p95, cpu = (median(one[name] for one in turns) for name in ("p50", "p95", "busy"))
            cells.append(f"{p50:.0f}/{p95:.0f}, {cpu:.1f}")
        print(
            f"| {setting.networks or os.cpu_count()} | {'yes' if setting.spin else 'no'} "
            f"| {setting.opencv or os.cpu_count()} | {' | '.join(cells)} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of measuring, each turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each setting")
    parser.add_argument("--size", type=size, default=(1280, 720), metavar="WIDTHxHEIGHT")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("parameters", nargs="*", metavar="name:=value", help="of the pose node")
    args = parser.parse_args()
    if args.one:
        parameters = dict(p.split(":=", 1) for p in args.parameters)
        print(json.dumps(run(Setting(*args.one), parameters, args.video, args.seconds)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "sway.avi"
        write_video(video, *args.size)
        compare(args, video)
    return 0


if __name__ == "__main__":
    sys.exit(main())
