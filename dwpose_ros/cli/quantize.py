# SPDX-License-Identifier: Apache-2.0
"""Make an int8 pose network, and report how far its points drift: the command `quantize`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dwpose_ros.cli.exit_codes import exit_code
from dwpose_ros.cli.output_file import check_output, write_output
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.estimation import backends
from dwpose_ros.estimation.crop_geometry import PADDING
from dwpose_ros.estimation.detectors import open_detector
from dwpose_ros.estimation.runtimes.target import ExecutionTarget
from dwpose_ros.evaluation.drift import LIMIT_SHARE, Drift, compare, exceeding, table
from dwpose_ros.evaluation.frames import Sample, samples_of
from dwpose_ros.evaluation.quantization import (
    FEW_FRAMES,
    HOLD_OUT,
    MIN_FRAMES,
    QuantizeError,
    check_float,
    quantize,
    speed,
    split,
)
from dwpose_ros.evaluation.simcc import SimccNetwork

FRAMES = 120


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Make an int8 pose network from your own pictures, for CPUs, and say how far "
        "its\npoints drift from the float32 network's on pictures it was not calibrated on.",
        epilog=f"Every {HOLD_OUT}rd frame with people is held out for the report; the others set "
        "the ranges.\nThe report comes before anything is written, and nothing is written where "
        "95 of 100\npoints of some part are not within the limit, or not seen any more. The "
        "file is then\nused by its path, as any other:\n"
        "  ros2 run dwpose_ros pose --ros-args -p model:=OUT.onnx\n"
        "  ros2 run dwpose_ros quantize dw-ll_ucoco_384 my_bag --topic /camera/image_raw \\\n"
        "      --output dw-ll_ucoco_384_int8.onnx\n"
        "Needs onnx and ml_dtypes, for bags rosbags: pip install 'dwpose_ros[quantize]'. Ends "
        "with 0,\n1 when something failed or drifts too far, 2 for wrong usage, 130 if stopped.",
    )
    parser.add_argument("model", help="the float32 network: a name or an ONNX file")
    _add_pictures(parser)
    _add_result(parser)
    return parser


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "source",
        nargs="+",
        help="an image, a folder of images, a video, a camera, or a ROS 2 "
        "bag (folder, .mcap or .db3)",
    )
    add(
        "--detector",
        default=backends.DETECTOR,
        help=f"who finds the people: a name or an ONNX file; default: {backends.DETECTOR}",
    )
    add(
        "--images",
        type=int,
        default=FRAMES,
        metavar="N",
        help=f"frames to use, evenly spread over the sources; default: {FRAMES}",
    )
    add("--topic", default="", help="the bag's image topic, where it has several")


def _add_result(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", required=True, type=Path, metavar="OUT.onnx", help="the file to write")
    add(
        "--limit-drift",
        type=float,
        metavar="PX",
        help="how far 95 of 100 points of each part may be off, in pixels of the network's "
        "input; default: 1 %% of a person's height, 2.0 at 256x192 and 3.1 at 384x288",
    )
    add(
        "--min-score",
        type=float,
        default=THRESHOLD,
        help=f"compare points that float32 gives this score or more; default: {THRESHOLD}",
    )
    add(
        "--reduce-range",
        action="store_true",
        help="7-bit weights, for x86 CPUs without VNNI, whose 8-bit sums saturate",
    )
    add("--force", action="store_true", help="write it whatever drifts or is lost, or is there")


def main(argv: Sequence[str] | None = None, prog: str = "quantize") -> int:
    """Run the command. Exits 0, 1 when something failed, 2 for wrong usage, 130 if stopped."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if args.images < 1:
        parser.error(f"--images is {args.images}; wanted {MIN_FRAMES} or more")
    if args.limit_drift is not None and not args.limit_drift >= 0:
        parser.error(f"--limit-drift is {args.limit_drift}; wanted 0 or more pixels")
    return exit_code(lambda: _run(args), "stopped: nothing was written")


def _run(args: argparse.Namespace) -> None:
    path, output = backends.find(args.model), args.output.expanduser()
    if output.exists() and output.samefile(path):
        raise QuantizeError(f"{output}: is the float32 network itself; give another --output")
    check_output(output, "--output", args.force)
    exact = SimccNetwork(path)
    check_float(path)
    detector = open_detector(
        backends.find(args.detector), ExecutionTarget("onnxruntime", "cpu", "fp32")
    )
    samples, seen = samples_of(args.source, args.images, args.topic, detector, exact.size)
    print(f"{seen} frames, {len(samples)} with people")
    calibration, held_out = split(samples)
    _print_split(calibration, held_out)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "int8.onnx"
        crops = [crop for sample in calibration for crop in sample.crops]
        quantize(path, exact.input, crops, made, args.reduce_range)
        drifts = _report(exact, path, made, held_out, args.min_score)
        limit = args.limit_drift
        if limit is None:
            limit = LIMIT_SHARE * exact.size[1] / PADDING
        too_far = exceeding(drifts, limit)
        if too_far and not args.force:
            raise QuantizeError(
                f"not written: 95 % of each part must be within {limit:.1f} px "
                f"and still be seen, but {', '.join(too_far)} (--limit-drift, "
                "--force)"
            )
        write_output(output, made.read_bytes())
    print(f"{output} written" + (", though it drifts too far" if too_far else ""))


def _print_split(calibration: Sequence[Sample], held_out: Sequence[Sample]) -> None:
    learn, compare_on = (sum(len(s.crops) for s in part) for part in (calibration, held_out))
    print(
        f"{learn} people of {len(calibration)} frames set the ranges, {compare_on} "
        f"people of {len(held_out)} others are for the report:"
    )
    for sample in held_out:
        print(f"  held out: {sample.name}")
    if len(calibration) + len(held_out) < FEW_FRAMES:
        print(f"(Few: below {FEW_FRAMES} frames the figures are rough.)")


def _report(
    exact: SimccNetwork, path: Path, made: Path, held_out: Sequence[Sample], min_score: float
) -> dict[str, Drift]:
    """Compare the new network with the exact one on frames held out; print and return it."""
    other = SimccNetwork(made)
    crops = [crop for sample in held_out for crop in sample.crops]
    heights = np.concatenate([sample.heights for sample in held_out])
    drifts = compare(exact(crops), other(crops), heights, min_score)
    times = speed(exact, other, crops[0])
    sizes = [file.stat().st_size / 1e6 for file in (path, made)]
    print(
        f"\nDrift of int8 from float32 in pixels of {exact.size[0]}x{exact.size[1]}, over "
        f"points with a score of {min_score:g} or more:\n\n{table(drifts)}\n\n"
        f"size {sizes[0]:.1f} -> {sizes[1]:.1f} MB; {times[0]:.1f} -> {times[1]:.1f} ms a "
        f"person on this CPU, {times[0] / times[1]:.2f} times as fast",
        flush=True,
    )
    return drifts
