# SPDX-License-Identifier: Apache-2.0
"""An int8 pose network from a user's own pictures.

Static quantisation (QDQ) by onnxruntime.quantization, for CPUs. Chosen by measuring on networks
of DWPose's architecture, t, s and m, on a CPU with VNNI:

- uint8 activations: with int8 ones these networks run at half the speed of float32.
- int8 weights per channel: 4 dB less noise in the maps than per tensor (t, s), no slower.
- What comes after the last convolution, the attention unit and both SimCC layers, stays float32:
  in int8 it alone moved a tenth of the points of a random network, and won 4 to 6 % of speed.
- Ranges are the least and largest values seen (MinMax): percentiles and entropy gained nothing
  that was the same for all three networks, and hold every activation in memory.

The weights were random, rescaled so that signals reach the end. What a trained network loses is
what `drift` measures, on the user's own pictures.
"""

from __future__ import annotations

import contextlib
import logging
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.estimation.runtimes.target import line
from dwpose_ros.evaluation.frames import Sample
from dwpose_ros.evaluation.simcc import SimccNetwork, prepare

HOLD_OUT = 3  # every third frame is kept for the report
MIN_FRAMES = 6  # with people: four to learn the ranges from, two to compare the networks on
FEW_FRAMES = 60  # with fewer frames the report warns that its figures are rough
SPEED_RUNS = 20
INT8_OPS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
            "QLinearMatMul", "ConvInteger", "MatMulInteger")  # fmt: skip


class QuantizeError(DwposeError):
    """A network cannot be quantised; the message says why and what would be right."""


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Split frames into those to calibrate with, and every third, which is held out.

    Raises:
        QuantizeError: there are too few.
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
    """Check that a network is not quantised yet, and that the libraries to do so are there.

    Raises:
        QuantizeError: it is, or they are not.
    """
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
    """Write the int8 network of a float32 one, calibrated on crops.

    Inputs and outputs keep their names, shapes and float32.

    Args:
        path: the float32 network.
        name: of its input.
        crops: (h, w, 3) uint8 RGB each, to learn the ranges of activations from.
        output: the file to write.
        reduce_range: weights of 7 bits, for x86 CPUs without VNNI, whose 8-bit sums saturate.

    Raises:
        QuantizeError: it cannot be quantised.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    with _quiet():
        try:
            model = _prepared(path)
            quantize_static(
                model,
                str(output),
                _calibration_reader(name, crops),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=reduce_range,
                nodes_to_exclude=_after_convolutions(model),
                calibrate_method=CalibrationMethod.MinMax,
            )
        except Exception as err:  # whatever onnx, onnxruntime and their quantiser raise
            raise QuantizeError(f"{path}: cannot be quantised: {line(err)}") from err
    made = onnx.load(str(output))
    if not any(node.op_type == "QuantizeLinear" for node in made.graph.node):
        raise QuantizeError(f"{path}: has no convolution that could be quantised")


def _prepared(path: Path | str) -> Any:
    """Return a network with inferred shapes, in an opset that has scales per channel."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        model = onnx.load(str(path))
        opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        if opset < 13:  # the first with scales per channel; DWPose's own file has 11
            model = onnx.version_converter.convert_version(model, 13)
            onnx.save(model, str(prepared))
            path = prepared
        # Symbolic shapes would need sympy, and say nothing more of these graphs.
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        return onnx.load(str(prepared))


def _calibration_reader(name: str, crops: Sequence[np.ndarray]) -> Any:
    """Return what feeds the crops to the quantiser one by one, with a progress bar."""
    from onnxruntime.quantization import CalibrationDataReader
    from tqdm import tqdm  # here, so that nodes do not need it

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no hints
        def __init__(self) -> None:
            bar = tqdm(crops, desc="calibrating", unit="person", leave=False)
            self._next = ({name: prepare([crop])} for crop in bar)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._next, None)

    return Reader()


def _after_convolutions(model: Any) -> list[str]:
    """Give each node a name, and return those of the nodes that no convolution comes after."""
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
    """Return the median time of both networks, ms a person.

    They run in turns, so that other load on the machine slows both.
    """
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
    """Silence the quantiser's advice, which is followed already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
