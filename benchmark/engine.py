#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the engine with the runtimes that a user would choose instead, on the same networks.

The networks have DWPose's exact architectures with random weights (training/export.py), since the
time does not depend on the weights. Each baseline runs in a process of its own, so that the
threads of one do not slow another. They take turns. Printed are medians of the turns' ratios, of
wall time and of CPU time. Needs rtmlib, and openvino for its rows: see benchmark/README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from baselines import (
    DATA,
    DETECT_EVERY,
    DETECTOR_SIZE,
    PACE_S,
    ROOT,
    Baseline,
    Work,
    given_boxes,
    official,
    ours,
    photograph,
    rtmlib,
    scene,
    standing,
)


class Bar(NamedTuple):
    """What a row must reach: the smallest ratio, and the largest share of CPU time."""

    ratio: float
    cpu: float = np.inf


def bars(device: str) -> dict[Work, Bar]:
    """Return the rows of a device: each work, and its bar."""
    rows: dict[Work, Bar] = {}
    if device != "cpu":
        for name in ("t", "m", "l-384"):
            rows[Work("pose", name, 1)] = Bar(1.3)
            rows[Work("pose", name, 5)] = Bar(3.0)
        return rows
    for name, many in (("t", 1.25), ("m", 1.15), ("l-384", 1.05)):
        rows[Work("pose", name, 1)] = Bar(1.0)
        rows[Work("pose", name, 5)] = Bar(many)
    for name in ("t", "m"):
        for paced in (False, True):
            rows[Work("image", name, 1, paced=paced)] = Bar(1.6, 0.6)
    for name in ("t", "m", "l-384"):
        rows[Work("pose", name, 1, "openvino")] = Bar(1.1)
        rows[Work("pose", name, 5, "openvino")] = Bar(1.4)
    for name in ("t", "m"):
        rows[Work("video", name, 1)] = Bar(1.3)
        rows[Work("video without ids", name, 1)] = Bar(1.0)
    return rows


class Row(NamedTuple):
    """The result of one row, against the fastest peer."""

    peer: str
    ours_ms: float
    peer_ms: float
    ratio: float
    """The peer's wall time divided by ours."""
    cpu: float
    """Our CPU time divided by the peer's."""


def compare(baselines: list[Baseline], work: Work, turns: int, count: int) -> Row:
    """Time the baselines in alternating turns; the first baseline is ours."""
    found: dict[str, list[tuple[float, float]]] = {c.name: [] for c in baselines}
    for i in range(turns + 1):
        for baseline in baselines if i % 2 else baselines[::-1]:
            spent = baseline.turn(count, work.paced)
            if i:  # the first is for warming up
                found[baseline.name].append(spent)
    times = {name: np.array(spent) for name, spent in found.items()}
    our = times.pop(baselines[0].name)
    peer = min(times, key=lambda name: np.median(times[name][:, 0]))
    ratios = times[peer] / our
    return Row(
        peer,
        np.median(our[:, 0]) * 1e3,
        np.median(times[peer][:, 0]) * 1e3,
        float(np.median(ratios[:, 0])),
        float(np.median(1 / ratios[:, 1])),
    )


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


def networks(folder: Path, names: list[str]) -> dict[str, Path]:
    """Return the pose networks' files, and export those that do not exist yet."""
    found = {n: folder / f"dwpose-{n}.onnx" for n in names}
    if not all(path.is_file() for path in found.values()):
        sys.path.insert(0, str(ROOT / "training"))
        from export import build, export

        folder.mkdir(parents=True, exist_ok=True)
        for name, path in found.items():
            if not path.is_file():
                export(build(name), path)
    return found


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("networks", nargs="*", default=["t", "m", "l-384"])
    add("--folder", type=Path, default=Path("models"), help="of the networks")
    add("--detector", type=Path, default=DATA / "rtmdet_nano_person.onnx")
    add("--device", default="cpu", choices=("cpu", "cuda", "tensorrt"))
    add(
        "--official",
        type=Path,
        metavar="FOLDER",
        help="with onnxpose.py, of the official code's branch onnx",
    )
    add("--turns", type=int, default=20)
    add("--only", default="", help="rows that contain this text")
    add("--frames", type=int, default=0, help="of the memory's row, e.g. 10000")
    return parser.parse_args()


def measure(work: Work, pose: Path, args: argparse.Namespace) -> Row:
    """Compare our engine with the others on one row's work."""
    pose = standing(pose) if work.kind.startswith("video") else pose
    peers = [rtmlib]
    if args.official and work.kind == "pose" and work.runtime == "onnxruntime":
        peers.append(official)
    baselines = [Baseline(make, work, pose, args.detector, args.device) for make in (ours, *peers)]
    count = 2 * DETECT_EVERY if work.kind.startswith("video") else 30 if work.paced else 5
    row = compare(baselines, work, max(4, args.turns // (4 if work.paced else 1)), count)
    for baseline in baselines:
        baseline.close()
    return row


def main() -> int:
    args = arguments()
    files = networks(args.folder, args.networks)
    if args.official:
        # The baselines' processes read it, too.
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(args.official), os.environ.get("PYTHONPATH", "")]
        )
        sys.path.insert(0, str(args.official))
    print(f"{os.cpu_count()} cores, device {args.device}, {args.turns} turns; ms a frame\n")
    print(f"{'work':<66}{'ours':>8}{'peer':>8}{'ratio':>7}{'CPU':>6}  bar")
    broken = 0
    for work, bar in bars(args.device).items():
        if args.only not in str(work) or work.network not in files:
            continue
        if work.kind != "pose" and not args.detector.is_file():
            print(f"{work!s:<66}  left out: {args.detector} is absent")
            continue
        row = measure(work, files[work.network], args)
        holds = row.ratio >= bar.ratio and row.cpu <= bar.cpu
        broken += not holds
        limit = f">= {bar.ratio:g}x" + (f", CPU <= {bar.cpu:.0%}" if bar.cpu < 9 else "")
        print(
            f"{work!s:<66}{row.ours_ms:8.2f}{row.peer_ms:8.2f}{row.ratio:7.2f}{row.cpu:6.0%}  "
            f"{limit}: {'holds' if holds else 'BROKEN'} ({row.peer})",
            flush=True,
        )
    print()
    for name, path in files.items():
        if args.only in "agreement":
            print(f"agreement, {name}: {agreement(path, args.official)}", flush=True)
        if args.device != "cpu":
            print(f"stages, {name}: {stages(path, args.detector, args.device)}", flush=True)
    if args.frames:
        print(memory(standing(next(iter(files.values()))), args.detector, args.frames))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
