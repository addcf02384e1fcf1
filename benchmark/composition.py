#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one process for all nodes saves: `composed:=true` beside `false`, in turns in one run.

Each turn launches guide.launch.py as a user does, with a video at 30 Hz, while nobody looks at the
overlay, and measures latency, CPU time and memory (PSS). Before each turn the bare engine takes
the same frames at the same rate in one loop; "beyond the engine" is what is left without it.
Parameters of the pose node follow as `name:=value`.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import nodes  # noqa: F401  # the PATH, and Cyclone DDS's settings
import numpy as np
from pipeline import READY_S, WARM_S, measure_guidance, size
from watcher import RATE, Watcher, cpu_s, write_video

BARS = {
    "latency beyond the engine, p95": 0.35,
    "CPU beyond the engine": 0.4,
    "memory": 0.5,
}
POSES_BAR = 0.95  # of the rate, or of what the engine alone could do
GUIDANCE_BAR = 0.05  # of one DWPose-t inference
FIRST = 300  # frames of the bare engine


def bare_engine(parameters: dict[str, str], video: Path, seconds: float) -> dict[str, float]:
    """Run the pose node's engine without ROS: CPU share at RATE, and milliseconds a frame, of
    which `busy` are CPU time.
    """
    from dwpose_ros.estimation.backends import load
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget
    from dwpose_ros.tracking.pose_tracker import PoseTracker

    target = ExecutionTarget(
        *(
            parameters.get(name, getattr(ExecutionTarget(), name))
            for name in ("runtime", "device", "precision")
        )
    )
    estimator, _ = load(
        parameters.get("backend", "auto"),
        parameters.get("model", ""),
        parameters.get("detector", ""),
        target,
        detector_size=int(parameters.get("detector_size", 0)),
    )
    tracker = PoseTracker(estimator, int(parameters.get("detect_every", 1)))
    reader, frames = cv2.VideoCapture(str(video)), []
    while len(frames) < FIRST and (read := reader.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    for i in range(30):
        tracker(frames[i], i / RATE)
    times, busy = [], 0.0
    begin = due = time.perf_counter()
    for i in range(int(seconds * RATE)):
        start, cpu = time.perf_counter(), time.process_time()
        tracker(frames[i % len(frames)], (30 + i) / RATE)
        times.append((time.perf_counter() - start) * 1e3)
        busy += time.process_time() - cpu
        due += 1 / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
    share, busy_ms = busy / (time.perf_counter() - begin), busy / len(times) * 1e3
    tracker.close()
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "cpu": share,
        "busy": busy_ms,
        "p50": float(p50),
        "p95": float(p95),
        "mean": float(np.mean(times)),
    }


def memory_mb(pid: int) -> float:
    """Proportional set size: what processes share is divided among them."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1)) / 1024


def measure(composed: bool, parameters: dict[str, str], video: Path, seconds: float) -> dict:
    """Launch, wait for poses, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        words = ["ros2", "launch", "dwpose_ros", "guide.launch.py", f"source:={video}"]
        words += ["loop:=true", f"folder:={folder}", f"composed:={str(composed).lower()}"]
        words += [f"{name}:={value}" for name, value in parameters.items()]
        watcher = Watcher()
        begin = time.monotonic()
        with open(log, "w") as output:
            launch = subprocess.Popen(
                words, start_new_session=True, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            watcher.spin(READY_S, lambda: watcher.poses > 0)
            first_s = time.monotonic() - begin
            watcher.spin(WARM_S)
            pids = {
                name: int(pid)
                for name, pid in re.findall(
                    r"\[(\w+)-\d+\]: process started with pid \[(\d+)\]", log.read_text()
                )
            }
            before = {name: cpu_s(pid) for name, pid in pids.items()}
            watcher.recording, start = True, time.monotonic()
            watcher.spin(seconds)
            lasted = time.monotonic() - start
            cpu = {name: (cpu_s(pid) - before[name]) / lasted for name, pid in pids.items()}
            memory = {name: memory_mb(pid) for name, pid in pids.items()}
        finally:
            os.killpg(launch.pid, signal.SIGINT)
            launch.wait(20)
            watcher.close()
        if not watcher.latencies:
            raise SystemExit(f"no pose came:\n{log.read_text()}")
    return {
        "first pose (s)": first_s,
        "latency p50": float(np.percentile(watcher.latencies, 50)),
        "latency p95": float(np.percentile(watcher.latencies, 95)),
        "poses": len(watcher.latencies) / lasted,
        "engine p50": float(watcher.told["pose"]["engine p50 (ms)"]),
        "engine p95": float(watcher.told["pose"]["engine p95 (ms)"]),
        "cpu": cpu,
        "memory": memory,
    }


def show(way: str, turns: list[dict]) -> None:
    """Print what was measured of one way to launch."""
    for one in turns:
        alone = one["alone"]
        parts = ", ".join(f"{name} {share:.0%}" for name, share in one["cpu"].items())
        print(
            f"{way}: stamp to subscriber {one['latency p50']:.0f}/{one['latency p95']:.0f} ms, "
            f"engine {one['engine p50']:.0f}/{one['engine p95']:.0f} ms, {one['poses']:.1f} Hz, "
            f"CPU {sum(one['cpu'].values()):.0%} of a core ({parts}; the engine alone "
            f"{alone['p50']:.0f}/{alone['p95']:.0f} ms, {alone['cpu']:.0%}), "
            f"memory {sum(one['memory'].values()):.0f} MB, "
            f"first pose after {one['first pose (s)']:.1f} s"
        )


def tell_bars(found: dict[str, list[dict]], guidance: float) -> None:
    """Print the ratios, and which bars hold."""

    def ratio(figure) -> float:
        return median(map(figure, found["composed"])) / median(map(figure, found["separate"]))

    ratios = {
        "latency beyond the engine, p95": ratio(lambda o: o["latency p95"] - o["engine p95"]),
        "CPU beyond the engine": ratio(
            lambda o: sum(o["cpu"].values()) - o["alone"]["busy"] / 1e3 * o["poses"]
        ),
        "memory": ratio(lambda o: sum(o["memory"].values())),
    }
    print("\ncomposed / separate, medians of the turns:")
    for name, value in ratios.items():
        bar = BARS[name]
        print(f"{'holds ' if value <= bar else 'BROKEN'} {name}: {value:.2f} (bar: {bar:g})")
    engine = {
        name: median(o["alone"][name] for turns in found.values() for o in turns)
        for name in ("mean", "p50")
    }
    able = min(RATE, 1e3 / engine["mean"])
    poses = median(o["poses"] for o in found["composed"])
    print(
        f"{'holds ' if poses >= POSES_BAR * able else 'BROKEN'} {poses:.1f} poses a second "
        f"(bar: {POSES_BAR:g} of the {able:.1f} that the engine alone could do)"
    )
    share = guidance / engine["p50"]
    print(
        f"{'holds ' if share <= GUIDANCE_BAR else 'BROKEN'} guidance takes {guidance:.2f} ms a "
        f"message, {share:.3f} of the engine's median frame (bar: {GUIDANCE_BAR:g} of DWPose-t's)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of measuring, each turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each way")
    parser.add_argument("--size", type=size, default=(1280, 720), metavar="WIDTHxHEIGHT")
    parser.add_argument("parameters", nargs="*", metavar="name:=value", help="of the pose node")
    args = parser.parse_args()
    parameters = dict(p.split(":=", 1) for p in args.parameters)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "sway.avi"
        write_video(video, *args.size)
        cv2.setNumThreads(1)  # as our nodes have it
        found: dict[str, list[dict]] = {"separate": [], "composed": []}
        for _ in range(args.rounds):
            for way, turns in found.items():
                alone = bare_engine(parameters, video, args.seconds)
                one = measure(way == "composed", parameters, video, args.seconds)
                turns.append(one | {"alone": alone})
    width, height = args.size
    print(
        f"{width}x{height} at {RATE:g} Hz, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    for way, turns in found.items():
        show(way, turns)
    tell_bars(found, measure_guidance())
    return 0


if __name__ == "__main__":
    sys.exit(main())
