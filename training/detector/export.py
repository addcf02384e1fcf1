# SPDX-License-Identifier: Apache-2.0
"""Write a trained detector as an ONNX file that answers as a YOLOX does: backbone and head."""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from pathlib import Path

import onnx
import torch
from onnx.utils import Extractor

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.estimation.conventions import MEAN, STD
from training.checkpoints import load
from training.detector.network import Cells, DetectorHead
from training.detector.teacher import find, read

SIZE = 416  # px, side of the input
OPSET = 17


def export(teacher: Path, head: Path, out: Path, size: int = SIZE) -> None:
    """Write the detector, whole or not at all.

    Input ``images``, (1, 3, size, size) float32 BGR, 0..255; output ``output``, (1, places, 6).

    Args:
        teacher: the RTMDet whose backbone it has.
        head: a checkpoint of `training.detector.train`.
        out: the file to write.
        size: side of the input in px, a multiple of 32.

    Raises:
        DwposeError: a file cannot be read, or is not what it should be.
    """
    model = read(teacher)
    places = find(model, teacher)
    backbone = Extractor(model).extract_model([places.image], list(places.features))
    state = load(head)
    network = DetectorHead(state["channels"])
    network.load_state_dict(state["state_dict"])
    own = _traced(Cells(network).eval(), state["channels"], size)
    backbone.ir_version, own.ir_version = 8, 8
    backbone = onnx.version_converter.convert_version(backbone, OPSET)
    pairs = list(zip(places.features, ("fine", "middle", "coarse")))
    joined = onnx.compose.merge_models(
        onnx.compose.add_prefix(backbone, "backbone/"),
        own,
        io_map=[(f"backbone/{a}", b) for a, b in pairs],
    )
    _normalised(joined, f"backbone/{places.image}", size)
    joined.producer_name = "dwpose_ros"
    onnx.checker.check_model(joined)
    write_atomically({out: joined.SerializeToString()})


def _traced(cells: Cells, channels: list[int], size: int) -> onnx.ModelProto:
    maps = tuple(
        torch.zeros(1, c, size // stride, size // stride)
        for c, stride in zip(channels, (8, 16, 32))
    )
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about tracing
        torch.onnx.export(
            cells, maps, buffer, dynamo=False, opset_version=OPSET,
            input_names=["fine", "middle", "coarse"], output_names=["output"],
        )  # fmt: skip
    return onnx.load_from_string(buffer.getvalue())


def _normalised(model: onnx.ModelProto, image: str, size: int) -> None:
    """Let the graph take pixels: the mean and deviation of ImageNet become its first nodes."""
    graph = model.graph
    for name, values in (("mean", MEAN[::-1]), ("deviation", STD[::-1])):
        constant = onnx.numpy_helper.from_array(values.reshape(1, 3, 1, 1).copy(), name)
        graph.initializer.append(constant)
    nodes = [
        onnx.helper.make_node("Sub", ["images", "mean"], ["centred"]),
        onnx.helper.make_node("Div", ["centred", "deviation"], [image]),
    ]
    for node in reversed(nodes):
        graph.node.insert(0, node)
    del graph.input[:]
    shape = [1, 3, size, size]
    graph.input.append(onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, shape))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.detector.export", description=__doc__
    )
    parser.add_argument("--teacher", type=Path, required=True, help="ONNX file of the RTMDet")
    parser.add_argument("--head", type=Path, required=True, help="a checkpoint of the training")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=SIZE, help="side of the input, px")
    args = parser.parse_args(arguments)
    try:
        export(args.teacher, args.head, args.out, args.size)
    except DwposeError as err:
        print(f"training: {err}", file=sys.stderr)
        return 1
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
