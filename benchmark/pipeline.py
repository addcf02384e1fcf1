#!/usr/bin/env python3
"""How long a frame takes from the camera's stamp to /wholebody_pose, and what of it is ours.

One run prints, for 1280x720 at 30 Hz with real nodes in processes of their own: the engine's time
per frame (asked of the pose node), latency from stamp to a subscriber's callback, frames dropped,
age of the oldest frame ever taken up, guidance time per message, and how much of a core each node
of the whole launched system takes while nobody looks at the overlay.
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

import cv2
import numpy as np
import skimage.data
from nodes import start, stop

WIDTH, HEIGHT, RATE = 1280, 720, 30.0
BAR_MS = 15.0  # what the middleware may add to the engine, at the 95th percentile
GUIDANCE_BAR_MS = 1.0


def write_video(path: Path, count: int = 300) -> None:
    """A portrait that sways a little; motion JPEG, which costs the camera node little."""
    photo = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    for i in range(count):
        shift = 20 * np.sin(2 * np.pi * i / 30)
        move = np.array([[1.2, 0, 340 + shift], [0, 1.2, HEIGHT - 1.2 * 512]])
        video.write(cv2.warpAffine(photo, move, (WIDTH, HEIGHT), borderValue=(96, 88, 80)))
    video.release()


def measure_pipeline(seconds: float, parameters: dict[str, str]) -> dict[str, float]:
    """Latencies with camera and pose node, as a subscriber in a third process sees them."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray

    from dwpose_ros.msg import WholeBodyPose
    latencies: list[float] = []
    latest: dict[str, str] = {}
    recording = False
    rclpy.init(args=[])
    node = rclpy.create_node("benchmark")

    def on_pose(msg) -> None:
        if recording:
            now = node.get_clock().now().nanoseconds
            stamp = msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec
            latencies.append((now - stamp) / 1e6)

    def on_diagnostics(msg) -> None:
        if msg.status[0].name == "pose":  # of all nodes
            latest.update({v.key: v.value for v in msg.status[0].values})
    node.create_subscription(WholeBodyPose, "wholebody_pose", on_pose, 5)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_diagnostics, 1)

    def spin(duration: float) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.05)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "sway.avi"
        write_video(video)
        processes = [start("pose", **parameters), start("camera", source=video, loop="true")]
        try:
            spin(8.0)  # start-up, and the network's first runs
            before, recording = dict(latest), True
            spin(seconds)
            recording = False
            spin(1.5)
        finally:
            stop(*processes)
    node.destroy_node()
    rclpy.shutdown()
    if not latencies:
        raise SystemExit("no pose came: run the pose node by hand to see why")
    return {
        "engine p50": float(latest["engine p50 (ms)"]),
        "engine p95": float(latest["engine p95 (ms)"]),
        "latency p50": float(np.percentile(latencies, 50)),
        "latency p95": float(np.percentile(latencies, 95)),
        "poses a second": len(latencies) / seconds,
        "dropped": int(latest["frames dropped"]) - int(before.get("frames dropped", 0)),
        "oldest": float(latest["oldest frame processed (ms)"]),
        "model": latest["model"], "device": latest["device"],
    }


def measure_guidance(messages: int = 2000) -> float:
    """Milliseconds the guidance node's work takes per message of one person."""
    from dwpose_ros.guidance import Coach, load_profile
    from dwpose_ros.guidance.checks import judge
    from dwpose_ros.guidance.observation import TargetSelector
    from dwpose_ros.msg import PersonPose, WholeBodyPose
    from dwpose_ros.ros.conversions import from_msg
    from dwpose_ros.ros.shipped_files import configured
    random = np.random.default_rng(0)
    profile = load_profile(configured("profiles", "full_body"))
    follower, coach = TargetSelector(profile), Coach(profile)
    person = PersonPose(id=1, score=1.0, box=np.array([400, 50, 800, 700], np.float32),
                        x=random.uniform(400, 800, 133).astype(np.float32),
                        y=random.uniform(50, 700, 133).astype(np.float32),
                        scores=random.uniform(0.2, 1, 133).astype(np.float32))
    message = WholeBodyPose(width=WIDTH, height=HEIGHT, persons=[person])
    start_s = time.perf_counter()
    for i in range(messages):
        ids, people = from_msg(message)
        view = follower.look(ids, people.xy, people.scores, people.boxes, WIDTH, HEIGHT, i / 30)
        coach.update(judge(view, profile), i / 30)
    return (time.perf_counter() - start_s) / messages * 1e3


def cpu_s(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_idle(seconds: float = 10.0) -> dict[str, float]:
    """Share of a core that each node takes once all of guide.launch.py runs."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "sway.avi"
        write_video(video)
        log = Path(folder) / "log"
        with open(log, "w") as output:
            launch = subprocess.Popen(
                ["ros2", "launch", "dwpose_ros", "guide.launch.py", f"source:={video}",
                 "loop:=true",
                 "speech:=false", f"folder:={folder}"], start_new_session=True, stdout=output,
                stderr=subprocess.STDOUT)
        try:
            time.sleep(10.0)  # start-up
            nodes = dict(re.findall(r"\[(\w+)-\d+\]: process started with pid \[(\d+)\]",
                                    log.read_text()))
            before = {name: cpu_s(int(pid)) for name, pid in nodes.items()}
            time.sleep(seconds)
            return {name: (cpu_s(int(pid)) - before[name]) / seconds
                    for name, pid in nodes.items()}
        finally:
            os.killpg(launch.pid, signal.SIGINT)
            launch.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of measuring")
    parser.add_argument("parameters", nargs="*", metavar="name:=value",
                        help="of the pose node, e.g. backend:=dwpose model:=a.onnx")
    args = parser.parse_args()
    figures = measure_pipeline(args.seconds, dict(p.split(":=", 1) for p in args.parameters))
    guidance = measure_guidance()
    added = figures["latency p95"] - figures["engine p95"]
    print(f"{figures['model']} on {figures['device']}, {WIDTH}x{HEIGHT} at {RATE:g} Hz, "
          f"{os.cpu_count()} cores, {args.seconds:g} s\n")
    print(f"engine per frame             p50 {figures['engine p50']:6.1f} ms   "
          f"p95 {figures['engine p95']:6.1f} ms")
    print(f"camera stamp to subscriber   p50 {figures['latency p50']:6.1f} ms   "
          f"p95 {figures['latency p95']:6.1f} ms")
    print(f"poses a second               {figures['poses a second']:.1f}")
    print(f"frames dropped               {figures['dropped']}")
    print(f"oldest frame ever taken up   {figures['oldest']:.1f} ms")
    print(f"guidance per message         {guidance:.3f} ms\n")
    idle = measure_idle()
    print(f"CPU while nobody looks       {sum(idle.values()):.0%} of a core: "
          + ", ".join(f"{name} {share:.0%}" for name, share in idle.items()) + "\n")
    for text, value, bar in (("the middleware adds at p95", added, BAR_MS),
                             ("guidance takes", guidance, GUIDANCE_BAR_MS)):
        print(f"{'holds ' if value <= bar else 'BROKEN'} {text} {value:.2f} ms "
              f"(bar: {bar:g} ms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
