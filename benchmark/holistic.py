#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time a frame of the holistic backend, beside MediaPipe's own package and DWPose, in turns.

Films of one person, scaled and extended to 1280x720:

    python benchmark/holistic.py FILM... [--models FILE.onnx...] [--frames N] [--rounds N]

DWPose's networks have `person_nano` as their detector, on every tenth frame. They should be
trained: one that sees nobody calls for the detector in almost every frame.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dwpose_ros.estimation.backends import load  # noqa: E402
from dwpose_ros.estimation.holistic import Holistic  # noqa: E402
from dwpose_ros.estimation.runtimes.target import ExecutionTarget  # noqa: E402
from dwpose_ros.tracking.pose_tracker import PoseTracker  # noqa: E402

WIDTH, HEIGHT, RATE_HZ = 1280, 720, 30
BAR = 1.0  # of MediaPipe's CPU time

Look = Callable[[np.ndarray, float], object]


def film(path: str, count: int) -> list[np.ndarray]:
    """Return the first frames of a film, RGB."""
    capture, frames = cv2.VideoCapture(path), []
    while len(frames) < count:
        more, bgr = capture.read()
        if not more:
            break
        width = round(bgr.shape[1] * HEIGHT / bgr.shape[0])
        bgr = cv2.resize(bgr, (min(width, WIDTH), HEIGHT))
        side = (WIDTH - bgr.shape[1]) // 2
        bgr = cv2.copyMakeBorder(
            bgr, 0, 0, side, WIDTH - bgr.shape[1] - side, cv2.BORDER_REPLICATE
        )
        frames.append(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    if not frames:
        raise SystemExit(f"{path}: no frames")
    return frames


def mediapipe() -> Look:
    """Return MediaPipe's Holistic as its package has it, tracking from frame to frame."""
    from mediapipe.python.solution_base import SolutionBase
    from mediapipe.python.solutions import holistic  # noqa: F401  what its graph is made of

    # Their class Holistic does the same, but sets an option in a way that protobuf 7 has not.
    theirs = SolutionBase(
        binary_graph_path="mediapipe/modules/holistic_landmark/holistic_landmark_cpu.binarypb",
        side_inputs={
            "model_complexity": 1,
            "smooth_landmarks": True,
            "use_prev_landmarks": True,
            "enable_segmentation": False,
            "smooth_segmentation": False,
            "refine_face_landmarks": False,
        },
        outputs=[
            "pose_landmarks",
            "face_landmarks",
            "left_hand_landmarks",
            "right_hand_landmarks",
        ],
    )
    return lambda rgb, _: theirs.process(np.ascontiguousarray(rgb))


def ours(runtime: str) -> Look:
    return PoseTracker(Holistic(ExecutionTarget(runtime)))


def dwpose(model: str) -> Look:
    return PoseTracker(load("dwpose", model, "person_nano")[0], detect_every=10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("films", nargs="+", metavar="FILM")
    parser.add_argument("--models", nargs="*", default=[], metavar="FILE.onnx")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    found = importlib.util.find_spec
    looks: dict[str, Look] = {"holistic, LiteRT": ours("litert")}
    if found("openvino"):
        looks["holistic, OpenVINO"] = ours("openvino")
    if found("mediapipe"):
        looks["MediaPipe"] = mediapipe()
    looks |= {f"DWPose, {Path(model).stem}": dwpose(model) for model in args.models}
    spent: dict[tuple[str, str], list[tuple[float, float]]] = {}
    now = 0.0
    for _ in range(args.rounds):
        for path in args.films:
            frames = film(path, args.frames)
            for name, look in looks.items():
                cpu, wall = time.process_time(), time.perf_counter()
                for k, rgb in enumerate(frames):
                    look(rgb, now + k / RATE_HZ)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                each = 1e3 / len(frames)
                spent.setdefault((path, name), []).append((cpu * each, wall * each))
            now += 60.0  # the next film begins anew
    print("| film | | CPU ms a frame | of MediaPipe's | ms a frame |")
    print("| --- " * 5 + "|")
    broken = False
    for (path, name), times in spent.items():
        cpu, wall = np.median(times, axis=0)
        theirs = spent.get((path, "MediaPipe"))
        ratio = cpu / np.median(theirs, axis=0)[0] if theirs else np.nan
        broken |= name.startswith("holistic") and ratio > BAR
        print(f"| {Path(path).stem} | {name} | {cpu:.1f} | {ratio:.2f} | {wall:.1f} |")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
