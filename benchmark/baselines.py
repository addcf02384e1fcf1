# SPDX-License-Identifier: Apache-2.0
"""The baselines of engine.py, their input, and the processes that they run in."""

from __future__ import annotations

import contextlib
import functools
import io
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

DATA = ROOT.parent / "shared" / "data"
WIDTH, HEIGHT = 1280, 720
PACE_S = 1 / 30  # period of a camera
REST_S = 0.05  # between turns, until the last one's threads have stopped spinning
DETECT_EVERY = 10
DETECTOR_SIZE = 416


class Work(NamedTuple):
    """What a baseline does on each frame."""

    kind: str
    """``pose`` (in given boxes), ``image`` (detector and pose), ``video``, or ``video without
    ids``, for which rtmlib's PoseTracker works less."""
    network: str
    people: int = 1
    runtime: str = "onnxruntime"
    paced: bool = False

    def __str__(self) -> str:
        what = {"pose": "pose only", "image": "detector + pose"}.get(
            self.kind, f"{self.kind}, detector every {DETECT_EVERY}th"
        )
        who = "1 person" if self.people == 1 else f"{self.people} people"
        return f"{self.runtime:<12}{what}, {self.network}, {who}" + ", 30 Hz" * self.paced


# The input of the baselines.


def scene() -> np.ndarray:
    """Return an RGB image with some structure."""
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, None, 3)


def given_boxes(people: int) -> np.ndarray:
    return np.array([[60 + 200 * i, 40, 360 + 200 * i, 700] for i in range(people)], np.float32)


PHOTOGRAPH = DATA / "000000000785.jpg"


def photograph() -> np.ndarray:
    """Return an RGB image with one person, whom the detector finds."""
    bgr = cv2.imread(str(PHOTOGRAPH))
    return np.ascontiguousarray(cv2.resize(bgr, (WIDTH, HEIGHT))[..., ::-1])


def standing(path: Path) -> Path:
    """Return the network with maps of a person who fills the box, which video mode can follow.

    The network's own maps, which are random, are added with a tiny weight, so that they are still
    computed.
    """
    import onnx
    from onnx import helper, numpy_helper

    from dwpose_ros.core.keypoints import COUNT

    target = path.with_name(f"{path.stem}-standing.onnx")
    if target.is_file():
        return target
    model = onnx.load(str(path))
    height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[2:])
    # Points are spread over the box, which is the crop's inner 1 / 1.25.
    rng = np.random.default_rng(1)
    places = rng.uniform(0.12, 0.88, (COUNT, 2)) * [width, height]
    for output, places_1d, length in zip(model.graph.output, places.T, (2 * width, 2 * height)):
        name = output.name
        for node in model.graph.node:
            node.output[:] = [f"{name}_random" if o == name else o for o in node.output]
        maps = np.exp(-(((np.arange(length) / 2 - places_1d[:, None]) / 5) ** 2) / 2)[None]
        for suffix, value in (("_maps", maps), ("_weight", np.array(1e-7))):
            model.graph.initializer.append(
                numpy_helper.from_array(value.astype(np.float32), name + suffix)
            )
        model.graph.node.extend(
            [
                helper.make_node("Mul", [f"{name}_random", f"{name}_weight"], [f"{name}_quiet"]),
                helper.make_node("Add", [f"{name}_quiet", f"{name}_maps"], [name]),
            ]
        )
    onnx.save(model, str(target))
    return target


# The baselines: each function takes a work and files, and returns what to run on each frame.


def ours(work: Work, pose: Path, detector: Path | None, device: str) -> Callable[[], object]:
    from dwpose_ros.estimation.dwpose import DWPose
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget
    from dwpose_ros.tracking.pose_tracker import PoseTracker

    target = ExecutionTarget(work.runtime, device)
    boxes_from = None if work.kind == "pose" else detector
    estimator = DWPose(pose, boxes_from, target, detector_size=DETECTOR_SIZE)
    if work.kind == "pose":
        rgb, boxes = scene(), given_boxes(work.people)
        return lambda: estimator.estimate(rgb, boxes)
    rgb = photograph()
    if work.kind == "image":
        return lambda: estimator(rgb)
    video = PoseTracker(estimator, DETECT_EVERY)
    clock = iter(range(10**9))
    return lambda: video(rgb, next(clock) * PACE_S)


def rtmlib(work: Work, pose: Path, detector: Path | None, device: str) -> Callable[[], object]:
    from rtmlib import Custom, PoseTracker
    from rtmlib.tools.object_detection import RTMDet
    from rtmlib.tools.pose_estimation import RTMPose

    where = {"backend": work.runtime, "device": "cuda" if device == "tensorrt" else device}
    size = input_size(pose)
    if work.kind.startswith("video"):
        return functools.partial(
            PoseTracker(
                functools.partial(
                    Custom,
                    det_class="RTMDet",
                    det=str(detector),
                    pose_class="RTMPose",
                    det_input_size=(DETECTOR_SIZE, DETECTOR_SIZE),
                    pose=str(pose),
                    pose_input_size=size,
                ),
                det_frequency=DETECT_EVERY,
                tracking=work.kind == "video",
                **where,
            ),
            photograph(),
        )
    estimate = RTMPose(str(pose), model_input_size=size, **where)
    if work.kind == "pose":
        rgb, boxes = scene(), given_boxes(work.people).tolist()
        return lambda: estimate(rgb, bboxes=boxes)
    rgb = photograph()
    find = RTMDet(str(detector), model_input_size=(DETECTOR_SIZE, DETECTOR_SIZE), **where)
    return lambda: estimate(rgb, bboxes=find(rgb))


def official(work: Work, pose: Path, detector: Path | None, device: str) -> Callable[[], object]:
    """Return the authors' own code, from a checkout of its branch ``onnx``."""
    import onnxruntime
    from onnxpose import inference_pose

    assert work.kind == "pose" and work.runtime == "onnxruntime"
    providers = ["CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"]
    session = onnxruntime.InferenceSession(str(pose), providers=providers)
    bgr, boxes = np.ascontiguousarray(scene()[..., ::-1]), given_boxes(work.people)
    return lambda: inference_pose(session, boxes, bgr)


def bare(work: Work, pose: Path, detector: Path | None, device: str) -> Callable[[], object]:
    """Return the network alone, on tensors that are ready."""
    from dwpose_ros.estimation.runtimes import open_network
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

    width, height = input_size(pose)
    crops = np.random.default_rng(0).normal(size=(work.people, 3, height, width))
    network = open_network(pose, ExecutionTarget(work.runtime, device))
    feed = {next(iter(network.inputs)): crops.astype(np.float32)}
    return lambda: network(feed)


def input_size(pose: Path) -> tuple[int, int]:
    import onnx

    shape = onnx.load(str(pose)).graph.input[0].type.tensor_type.shape.dim
    return shape[3].dim_value, shape[2].dim_value


# Processes that take turns.


def serve(pipe, make: Callable, *arguments) -> None:
    """Run what ``make`` returns as often as asked, and answer with wall and CPU time, s."""
    with contextlib.redirect_stdout(io.StringIO()):
        run = make(*arguments)
        pipe.send("ready")
        while (turn := pipe.recv()) is not None:
            count, paced = turn
            run()  # refills the caches
            start, cpu = time.perf_counter(), time.process_time()
            if not paced:
                for _ in range(count):
                    run()
                pipe.send(
                    ((time.perf_counter() - start) / count, (time.process_time() - cpu) / count)
                )
                continue
            busy = 0.0
            for i in range(count):
                time.sleep(max(0.0, start + i * PACE_S - time.perf_counter()))
                begin = time.perf_counter()
                run()
                busy += time.perf_counter() - begin
            # Include the CPU time of its threads while it waits for the next frame.
            time.sleep(max(0.0, start + count * PACE_S - time.perf_counter()))
            pipe.send((busy / count, (time.process_time() - cpu) / count))


class Baseline:
    """A process that does one work with one library."""

    def __init__(self, make: Callable, *arguments) -> None:
        self.name = make.__name__
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, make, *arguments), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def turn(self, count: int, paced: bool) -> tuple[float, float]:
        """Return mean wall and CPU time, s a frame, over ``count`` frames."""
        time.sleep(REST_S)
        self._pipe.send((count, paced))
        return self._pipe.recv()

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join(10)
