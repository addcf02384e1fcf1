#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a frame takes from the camera's stamp to /wholebody_pose, and what of it is ours.

One run prints, for 1280x720 at 30 Hz with real nodes in processes of their own: the engine's time
per frame (asked of the pose node), latency from stamp to a subscriber's callback, frames sent,
arrived and dropped, age of the oldest frame ever taken up, and guidance time per message. What the
whole launched system takes is measured by `composition.py`.

With `--worlds .venv .venv-ros2/jazzy` (`sourced`: as it is in this terminal) each environment
takes its turn, and a table has them side by side.
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

import numpy as np
import worlds
from nodes import start, stop
from watcher import RATE, Watcher, write_video

BAR_MS = 15.0  # what the middleware may add to the engine, at the 95th percentile
GUIDANCE_BAR_MS = 1.0
OLDEST_BAR_MS = 100.0
ARRIVED_BAR, ARRIVED_BAR_DRIVER = 0.995, 0.9  # of the frames that were sent
READY_S = 60.0  # until the first pose, of which networks take most to load
WARM_S = 5.0  # the network's first runs
SETTLE_S = 2.5  # until what was under way has arrived and the diagnostics tell of it


def measure_pipeline(args, parameters: dict[str, str], video: Path) -> dict:
    """Latencies and losses with camera and pose node, as a third process sees them."""
    width, height = args.size
    watcher = Watcher()
    pose = start("pose", **parameters)
    if args.driver:
        camera = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).parent / "driver.py"),
                str(width),
                str(height),
                f"{RATE:.0f}",
                str(args.depth),
            ],
            start_new_session=True,
            text=True,
            stdout=subprocess.PIPE,
        )
    else:
        camera = start("camera", source=video, loop="true", wait_for_node="pose")
    try:
        watcher.spin(READY_S, lambda: watcher.poses > 0)
        watcher.spin(WARM_S)
        before, watcher.recording = dict(watcher.told.get("pose", {})), True
        watcher.spin(args.seconds)
        watcher.recording = False
        message = watcher.told["pose"]["message"] if "pose" in watcher.told else ""
        if args.driver:
            os.kill(camera.pid, signal.SIGINT)
        else:
            watcher.deactivate("camera")
        watcher.spin(SETTLE_S)
    finally:
        stop(pose, camera)
        watcher.close()
    if not watcher.latencies:
        raise SystemExit("no pose came: run the pose node by hand to see why")
    told = watcher.told["pose"]
    sent = int(
        camera.stdout.read() if args.driver else watcher.told["camera"]["out /image_raw messages"]
    )
    return figures_of(watcher, told, before, sent, args.seconds) | {"message": message}


def figures_of(
    watcher: Watcher, told: dict[str, str], before: dict[str, str], sent: int, seconds: float
) -> dict:
    from dwpose_ros.ros.middleware import get_rmw_implementation_identifier

    p50, p95 = np.percentile(watcher.latencies, [50, 95])
    engine_p95, arrived = float(told["engine p95 (ms)"]), int(told["in /image_raw messages"])
    return {
        "engine p50": float(told["engine p50 (ms)"]),
        "engine p95": engine_p95,
        "latency p50": float(p50),
        "latency p95": float(p95),
        "added": float(p95) - engine_p95,
        "poses a second": len(watcher.latencies) / seconds,
        "dropped": int(told["frames dropped"]) - int(before.get("frames dropped", 0)),
        "oldest": float(told["oldest frame processed (ms)"]),
        "sent": sent,
        "arrived": arrived,
        "share": arrived / max(sent, 1),
        "model": told["model"],
        "device": told["device"],
        "middleware": get_rmw_implementation_identifier(),
    }


def measure_guidance(people: int = 8, seconds: float = 8.0) -> float:
    """Milliseconds the guidance node's work takes per message, of simulated people before it.

    It leaves messages out that come soon after the last.
    """
    from guidance_groups import drawn_world
    from sensor_model import SensorModel
    from std_msgs.msg import Header

    from dwpose_ros.core.person_poses import PersonPoses
    from dwpose_ros.guidance import Coach, load_profile
    from dwpose_ros.guidance.checks import CheckRunner
    from dwpose_ros.guidance.observation import TargetSelector
    from dwpose_ros.nodes.guidance import LEAST_S
    from dwpose_ros.ros.conversions import from_msg, to_msg
    from dwpose_ros.ros.shipped_files import configured
    from dwpose_ros.simulation.actor import Actor

    profile = load_profile(configured("profiles", "full_body"))
    busy_s, messages = 0.0, 0
    for seed in range(people):
        random = np.random.default_rng(seed)
        world = drawn_world(random, "adults", profile)
        sensor = SensorModel(random, world.camera, RATE, world.body)
        actor = Actor(world.start, "obedient", seed, world.body)
        selector, check, coach = TargetSelector(profile), CheckRunner(profile), Coach(profile)
        last_s = -LEAST_S
        for i in range(int(seconds * RATE)):
            xy, scores, boxes = sensor(actor.at(i / RATE))
            there = PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy))
            message = to_msg(there, Header(), *sensor.size, "")
            messages += 1
            if i / RATE - last_s < LEAST_S:
                continue
            last_s = i / RATE
            start_s = time.perf_counter()
            observation = selector.look(from_msg(message), *sensor.size, i / RATE)
            coach.update(check(observation), i / RATE)
            busy_s += time.perf_counter() - start_s
    return busy_s / messages * 1e3


def size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def told_bars(name: str, one: dict, driver: bool) -> bool:
    """Print which bars hold; whether all do."""
    arrived = ARRIVED_BAR_DRIVER if driver else ARRIVED_BAR
    bars = [
        (
            one["added"] <= BAR_MS,
            f"the middleware adds at p95 {one['added']:.1f} ms (bar: {BAR_MS:g} ms)",
        ),
        (
            one["oldest"] <= OLDEST_BAR_MS,
            f"oldest frame taken up {one['oldest']:.1f} ms (bar: {OLDEST_BAR_MS:g} ms)",
        ),
        (
            one["share"] >= arrived,
            f"{one['arrived']} of {one['sent']} frames arrived, "
            f"{one['share']:.2%} (bar: {arrived:.1%})",
        ),
    ]
    for holds, text in bars:
        print(f"{'holds ' if holds else 'BROKEN'} {name}: {text}")
    return all(holds for holds, _ in bars)


def compare(args, video: Path) -> None:
    """Each world in turns, and a table."""
    words = [
        "--json",
        "--video",
        str(video),
        "--seconds",
        str(args.seconds),
        "--size",
        "x".join(map(str, args.size)),
        "--depth",
        str(args.depth),
        *["--driver"] * args.driver,
        *args.parameters,
    ]
    found: dict[str, list[dict]] = {}
    for turn in range(args.rounds):
        for world in args.worlds:
            one = worlds.figures(world, Path(__file__).resolve(), *words)
            found.setdefault(world, []).append(one)
            print(
                f"turn {turn + 1}, {world}: load {os.getloadavg()[0]:.1f}, {one}",
                file=sys.stderr,
                flush=True,
            )
    first = found[args.worlds[0]][0]
    print(
        f"{first['model']} on {first['device']}, {'x'.join(map(str, args.size))} at {RATE:g} "
        f"Hz, {os.cpu_count()} cores, {args.seconds:g} s\n"
    )
    print(*worlds.table(found), "", sep="\n")
    for world, rounds in found.items():
        for one in rounds:
            told_bars(world, one, args.driver)


def report(args, video: Path, parameters: dict[str, str]) -> None:
    """This world alone, and what the rest of the system takes."""
    figures = measure_pipeline(args, parameters, video)
    if args.json:
        return print(json.dumps(figures))
    guidance = measure_guidance()
    print(
        f"{figures['model']} on {figures['device']}, {'x'.join(map(str, args.size))} at "
        f"{RATE:g} Hz, {os.cpu_count()} cores, {args.seconds:g} s\n"
    )
    print(
        f"engine per frame             p50 {figures['engine p50']:6.1f} ms   "
        f"p95 {figures['engine p95']:6.1f} ms"
    )
    print(
        f"camera stamp to subscriber   p50 {figures['latency p50']:6.1f} ms   "
        f"p95 {figures['latency p95']:6.1f} ms"
    )
    print(f"poses a second               {figures['poses a second']:.1f}")
    print(f"frames dropped               {figures['dropped']}")
    print(f"guidance per message         {guidance:.3f} ms\n")
    told_bars(figures["middleware"], figures, args.driver)
    print(
        f"{'holds ' if guidance <= GUIDANCE_BAR_MS else 'BROKEN'} guidance takes "
        f"{guidance:.2f} ms (bar: {GUIDANCE_BAR_MS:g} ms)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of measuring")
    parser.add_argument("--size", type=size, default=(1280, 720), metavar="WIDTHxHEIGHT")
    parser.add_argument(
        "--worlds",
        nargs="+",
        metavar="FOLDER",
        help=f"environments to compare: .venv, .venv-ros2/jazzy; {worlds.SOURCED}: this one",
    )
    parser.add_argument("--rounds", type=int, default=1, help="turns of each world")
    parser.add_argument(
        "--driver",
        action="store_true",
        help="images come from another driver, reliably, at the middleware's defaults",
    )
    parser.add_argument("--depth", type=int, default=1, help="of the driver's queue")
    parser.add_argument("--json", action="store_true", help="only the pipeline's figures")
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "parameters",
        nargs="*",
        metavar="name:=value",
        help="of the pose node, e.g. backend:=dwpose model:=a.onnx; after --",
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = args.video or Path(folder) / "sway.avi"
        if args.video is None:
            write_video(video, *args.size)
        if args.worlds:
            compare(args, video)
        else:
            report(args, video, dict(p.split(":=", 1) for p in args.parameters))
    return 0


if __name__ == "__main__":
    sys.exit(main())
