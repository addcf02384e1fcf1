# SPDX-License-Identifier: Apache-2.0
"""What engine.py prints beside its rows: stages on a GPU, agreement with others, and memory."""

from __future__ import annotations

import contextlib
import io
import os
import time
from pathlib import Path

import numpy as np
from baselines import DETECT_EVERY, DETECTOR_SIZE, PACE_S, given_boxes, photograph, scene


def stages(pose: Path, detector: Path, device: str) -> str:
    """Time the stages on a GPU for one person: upload, crop, network, download."""
    import onnxruntime as ort

    from dwpose_ros.estimation.crop_geometry import around
    from dwpose_ros.estimation.dwpose import DWPose, decode
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

    estimator = DWPose(pose, detector, ExecutionTarget("onnxruntime", device))
    crops, session = estimator._crops, estimator._network._session
    rgb, size = scene(), estimator._size
    at = around(given_boxes(1), size)
    frame = crops.upload(rgb)
    crop = crops.people(frame, *at, size)
    bound = session.io_binding()
    if isinstance(crop, ort.OrtValue):
        bound.bind_ortvalue_input("crops", crop)
    else:
        bound.bind_cpu_input("crops", crop)
    for name in estimator._network.outputs:
        bound.bind_output(name, "cpu" if device == "cpu" else "cuda")
    session.run_with_iobinding(bound)
    steps = {
        "upload": lambda: crops.upload(rgb),
        "crop": lambda: crops.people(frame, *at, size),
        "bare network": lambda: session.run_with_iobinding(bound),
        "download": lambda: decode(*bound.copy_outputs_to_cpu()),
        "after upload": lambda: estimator._estimate(frame, given_boxes(1)),
    }
    spent = {name: [] for name in steps}
    for _ in range(50):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            spent[name].append((time.perf_counter() - start) * 1e3)
    medians = {name: float(np.median(times)) for name, times in spent.items()}
    ratio = medians["after upload"] / medians["bare network"]
    return (
        ", ".join(f"{name} {value:.2f} ms" for name, value in medians.items())
        + f"; after upload / bare network {ratio:.2f} (bar on a GPU: 1.5)"
    )


def agreement(pose: Path, checkout: Path | None) -> str:
    """Return the share of peaks in the same SimCC bin as the official code's (or rtmlib's)."""
    from dwpose_ros.estimation.crop_geometry import around
    from dwpose_ros.estimation.crops import CpuCrops
    from dwpose_ros.estimation.graph_rewrite import pose_network
    from dwpose_ros.estimation.runtimes import open_network
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

    network = open_network(pose_network(pose), ExecutionTarget(device="cpu"))
    size = network.inputs["crops"][2], network.inputs["crops"][1]
    rng = np.random.default_rng(2)
    corner = rng.uniform(-50, [1000, 500], (40, 2))
    boxes = np.hstack([corner, corner + rng.uniform(40, 500, (40, 2))]).astype(np.float32)
    rgb = scene()
    centers, scales = around(boxes, size)
    found = [
        network({"crops": CpuCrops().people(rgb, c[None], s[None], size)})
        for c, s in zip(centers, scales)
    ]
    bins, scores = (np.concatenate(a) for a in zip(*found))
    with contextlib.redirect_stdout(io.StringIO()):
        if checkout is not None:
            import onnxruntime
            from onnxpose import inference_pose

            session = onnxruntime.InferenceSession(str(pose), providers=["CPUExecutionProvider"])
            xy, theirs = inference_pose(session, boxes, np.ascontiguousarray(rgb[..., ::-1]))
        else:
            from rtmlib.tools.pose_estimation import RTMPose

            xy, theirs = RTMPose(str(pose), model_input_size=size)(rgb, bboxes=boxes.tolist())
    wanted = (xy - (centers - scales / 2)[:, None]) / scales[:, None] * size * 2
    seen = (scores > 0) & (theirs > 0)
    off = np.abs(np.round(wanted) - bins).max(-1)[seen]
    return (
        f"{np.mean(off == 0):.3%} of {seen.sum()} peaks in the same bin, "
        f"the farthest {off.max():.0f} off (bar: 99.9 %, 1)"
    )


def memory(pose: Path, detector: Path, frames: int) -> str:
    """Return the memory of the process in the course of many frames."""
    from dwpose_ros.estimation.dwpose import DWPose
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget
    from dwpose_ros.tracking.pose_tracker import PoseTracker

    video = PoseTracker(
        DWPose(pose, detector, ExecutionTarget(device="cpu"), detector_size=DETECTOR_SIZE),
        DETECT_EVERY,
        smooth=True,
    )
    picture, held = photograph(), []
    for i in range(frames):
        # People come and go, so that numbers of crops change.
        shown = picture if i // 50 % 3 else np.zeros_like(picture)
        video(shown if i // 50 % 2 else np.ascontiguousarray(shown[:, ::-1]), i * PACE_S)
        if i % (frames // 10) == frames // 10 - 1:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            held.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    return (
        f"{frames} frames of video: " + ", ".join(f"{mb:.0f}" for mb in held) + " MB; "
        f"from the second tenth to the last {held[-1] - held[1]:+.1f} MB"
    )
