# SPDX-License-Identifier: Apache-2.0
"""An int8 pose network from a user's own pictures, and how far its points are off: `quantize`.

Static quantisation (QDQ) by onnxruntime.quantization, for CPUs. Chosen by measuring on networks
of DWPose's architecture, t, s and m, on a CPU with VNNI:

- uint8 activations: with int8 ones these networks run at half the speed of float32.
- int8 weights per channel: 4 dB less noise in the maps than per tensor (t, s), no slower.
- What comes after the last convolution, the attention unit and both SimCC layers, stays float32:
  in int8 it alone moved a tenth of the points of a random network, and won 4 to 6 % of speed.
- Ranges are the least and largest values seen (MinMax): percentiles and entropy gained nothing
  that was the same for all three networks, and hold every activation in memory.

The weights were random, rescaled so that signals reach the end: what a trained network loses
only the report says, on the user's own pictures, before a file is written.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError, ModelError
from dwpose_ros.core.image_sources import SourceError
from dwpose_ros.estimation import backends as backend
from dwpose_ros.estimation.crop_geometry import PADDING
from dwpose_ros.estimation.detectors import open_detector
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, line
from dwpose_ros.evaluation.drift import LIMIT_SHARE, MIN_SCORE, DriftError, compare, judge, table
from dwpose_ros.evaluation.frames import FramesError, Sample, samples_of
from dwpose_ros.evaluation.simcc import SimccNetwork, prepare

FRAMES = 120
HOLD_OUT = 3  # every third frame is kept for the report
MIN_FRAMES = 6  # with people: four to learn the ranges from, two to judge by
FEW_FRAMES = 60  # below it the report says that it rests on little
SPEED_RUNS = 20
INT8_OPS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
            "QLinearMatMul", "ConvInteger", "MatMulInteger")  # fmt: skip


class QuantizeError(DwposeError):
    """A network that cannot be made; the message says why and what would be right."""


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Frames to calibrate with, and every third, held out to judge by.

    Raises QuantizeError where there are too few.
    """
    if len(samples) < MIN_FRAMES:
        raise QuantizeError(
            f"{len(samples)} frames with people were found, wanted {MIN_FRAMES} "
            f"at least, better {FEW_FRAMES} or more: give more pictures, of "
            "the light and the people that the network will see"
        )
    held = [s for i, s in enumerate(samples) if i % HOLD_OUT == HOLD_OUT - 1]
    return [s for i, s in enumerate(samples) if i % HOLD_OUT != HOLD_OUT - 1], held


def check_float(path: Path | str) -> None:
    """QuantizeError where the file is quantised already or needs a library that is absent."""
    try:
        import onnx
        import onnxruntime.quantization  # noqa: F401
    except ImportError as err:
        raise QuantizeError(
            f"{err.name} is not installed: pip install 'dwpose_ros[quantize]', "
            "or onnx and ml_dtypes"
        ) from err
    found = {n.op_type for n in onnx.load(str(path), load_external_data=False).graph.node}
    if found & set(INT8_OPS):
        raise QuantizeError(
            f"{path}: is quantised already (it has "
            f"{', '.join(sorted(found & set(INT8_OPS)))}); give the float32 file"
        )


def quantize(
    path: Path | str,
    name: str,
    crops: Sequence[np.ndarray],
    output: Path,
    reduce_range: bool = False,
) -> None:
    """Write the int8 network of a float32 one, whose input is ``name``, calibrated on crops.

    ``crops`` (h, w, 3) uint8 RGB. Inputs and outputs keep their names, shapes and float32.
    ``reduce_range``: weights of 7 bits, for x86 CPUs without VNNI, whose 8-bit sums saturate.
    Raises QuantizeError.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from tqdm import tqdm

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no hints
        def __init__(self) -> None:
            bar = tqdm(crops, desc="calibrating", unit="person", leave=False)
            self._next = ({name: prepare([crop])} for crop in bar)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._next, None)

    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        try:
            model = onnx.load(str(path))
            opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
            if opset < 13:  # the first with scales per channel; DWPose's own file has 11
                model = onnx.version_converter.convert_version(model, 13)
                onnx.save(model, str(prepared))
                path = prepared
            # Symbolic shapes would need sympy, and say nothing more of these graphs.
            quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
            model = onnx.load(str(prepared))
            after = _after_convolutions(model)
            quantize_static(
                model,
                str(output),
                Reader(),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=reduce_range,
                nodes_to_exclude=after,
                calibrate_method=CalibrationMethod.MinMax,
            )
        except Exception as err:  # whatever onnx, onnxruntime and their quantiser raise
            raise QuantizeError(f"{path}: cannot be quantised: {line(err)}") from err
        made = onnx.load(str(output))
        if not any(n.op_type == "QuantizeLinear" for n in made.graph.node):
            raise QuantizeError(f"{path}: has no convolution that could be quantised")


def _after_convolutions(model: Any) -> list[str]:
    """The nodes that no convolution comes after, by names that each node has from now on."""
    makers = {out: node for node in model.graph.node for out in node.output}
    for i, node in enumerate(model.graph.node):
        node.name = f"{i}:{node.name or node.op_type}"
    before, todo = set(), [n for n in model.graph.node if n.op_type == "Conv"]
    while todo:
        node = todo.pop()
        if node.name not in before:
            before.add(node.name)
            todo += [makers[i] for i in node.input if i in makers]
    return [n.name for n in model.graph.node if n.name not in before]


def speed(exact: SimccNetwork, other: SimccNetwork, crop: np.ndarray) -> tuple[float, float]:
    """Median ms a person of both networks, run in turn, so that both have the same machine."""
    blob = prepare([crop])
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(SPEED_RUNS + 3):
        for network, taken in zip((exact, other), times):
            start = time.perf_counter()
            network.run(blob)
            taken.append(time.perf_counter() - start)
    first, second = (1e3 * statistics.median(taken[3:]) for taken in times)
    return first, second


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice, which is followed already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Make an int8 pose network from your own pictures, for CPUs, and say how far "
        "its\npoints drift from the float32 network's on pictures it was not calibrated on.",
        epilog=f"Every {HOLD_OUT}rd frame with people is held out and judged by; the others set "
        "the ranges.\nThe report comes before anything is written, and nothing is written where "
        "95 of 100\npoints of some part are not within the limit, or not seen any more. The "
        "file is then\nused by its path, as any other:\n"
        "  ros2 run dwpose_ros pose --ros-args -p model:=OUT.onnx\n"
        "  ros2 run dwpose_ros quantize dw-ll_ucoco_384 my_bag --topic /camera/image_raw \\\n"
        "      --output dw-ll_ucoco_384_int8.onnx\n"
        "Needs onnx and ml_dtypes, for bags rosbags: pip install 'dwpose_ros[quantize]'. Ends "
        "with 0,\n1 when something failed or drifts too far, 2 for wrong usage, 130 if stopped.",
    )
    add = parser.add_argument
    add("model", help="the float32 network: a name or an ONNX file")
    add(
        "source",
        nargs="+",
        help="an image, a folder of images, a video, a camera, or a ROS 2 "
        "bag (folder, .mcap or .db3)",
    )
    add("--output", required=True, type=Path, metavar="OUT.onnx", help="the file to write")
    add(
        "--detector",
        default=backend.DETECTOR,
        help=f"who finds the people: a name or an ONNX file; default: {backend.DETECTOR}",
    )
    add(
        "--images",
        type=int,
        default=FRAMES,
        metavar="N",
        help=f"frames to use, evenly spread over the sources; default: {FRAMES}",
    )
    add("--topic", default="", help="the bag's image topic, where it has several")
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
        default=MIN_SCORE,
        help=f"judge points that float32 gives this score or more; default: {MIN_SCORE}",
    )
    add(
        "--reduce-range",
        action="store_true",
        help="7-bit weights, for x86 CPUs without VNNI, whose 8-bit sums saturate",
    )
    add("--force", action="store_true", help="write it whatever drifts or is lost, or is there")
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "quantize") -> int:
    """The command `quantize`. Exits 0, 1 when something failed, 2 for usage, 130 if stopped."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if args.images < 1:
        parser.error(f"--images is {args.images}; wanted {MIN_FRAMES} or more")
    if args.limit_drift is not None and not args.limit_drift >= 0:
        parser.error(f"--limit-drift is {args.limit_drift}; wanted 0 or more pixels")
    try:
        _run(args)
    except (QuantizeError, DriftError, FramesError, ModelError, SourceError) as err:
        print(err, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped: nothing was written", file=sys.stderr)
        return 130
    return 0


def _run(args: argparse.Namespace) -> None:
    path, output = backend.find(args.model), args.output.expanduser()
    if output.is_dir() or not os.access(output.absolute().parent, os.W_OK):
        raise QuantizeError(
            f"{output}: cannot be written there; wanted a file's name in a folder "
            "that exists and is yours"
        )
    exact = SimccNetwork(path)
    if output.exists() and output.samefile(path):
        raise QuantizeError(f"{output}: is the float32 network itself; give another --output")
    if output.exists() and not args.force:
        raise QuantizeError(f"{output} exists; give another --output, or --force to replace it")
    check_float(path)
    detector = open_detector(
        backend.find(args.detector), ExecutionTarget("onnxruntime", "cpu", "fp32")
    )
    samples, seen = samples_of(args.source, args.images, args.topic, detector, exact.size)
    print(f"{seen} frames, {len(samples)} with people")
    calibration, held = split(samples)
    learn = [crop for s in calibration for crop in s.crops]
    unknown = [crop for s in held for crop in s.crops]
    print(
        f"{len(learn)} people of {len(calibration)} frames set the ranges, {len(unknown)} "
        f"people of {len(held)} others judge them:"
    )
    for sample in held:
        print(f"  held out: {sample.name}")
    if len(samples) < FEW_FRAMES:
        print(f"(Few: below {FEW_FRAMES} frames the figures are rough.)")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "int8.onnx"
        quantize(path, exact.input, learn, made, args.reduce_range)
        other = SimccNetwork(made)
        heights = np.concatenate([s.heights for s in held])
        drifts = compare(exact(unknown), other(unknown), heights, args.min_score)
        times = speed(exact, other, unknown[0])
        sizes = [p.stat().st_size / 1e6 for p in (path, made)]
        limit = args.limit_drift
        if limit is None:
            limit = LIMIT_SHARE * exact.size[1] / PADDING
        print(
            f"\nDrift of int8 from float32 in pixels of {exact.size[0]}x{exact.size[1]}, over "
            f"points with a score of {args.min_score:g} or more:\n\n{table(drifts)}\n\n"
            f"size {sizes[0]:.1f} -> {sizes[1]:.1f} MB; {times[0]:.1f} -> {times[1]:.1f} ms a "
            f"person on this CPU, {times[0] / times[1]:.2f} times as fast",
            flush=True,
        )
        far = judge(drifts, limit)
        if far and not args.force:
            raise QuantizeError(
                f"not written: 95 % of each part must be within {limit:.1f} px "
                f"and still be seen, but {', '.join(far)} (--limit-drift, "
                "--force)"
            )
        _place(made, output)
    print(f"{output} written" + (", though it drifts too far" if far else ""))


def _place(made: Path, output: Path) -> None:
    """Put the file there, whole or not at all."""
    try:
        write_atomically({output: made.read_bytes()})
    except OSError as err:
        raise QuantizeError(f"{output}: cannot be written: {err.strerror}") from err
