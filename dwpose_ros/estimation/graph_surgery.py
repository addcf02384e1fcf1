# SPDX-License-Identifier: Apache-2.0
"""How networks are rewritten: see `graph_rewrite`, which does it once for each file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.estimation.conventions import MEAN, PERSON, SPLIT, STD, STRIDES
from dwpose_ros.estimation.graph_cache import PREFIX
from dwpose_ros.estimation.onnx_graph import Graph, open_session, run_session


def pose(model: onnx.ModelProto, path: Path, half: bool, subpixel: bool) -> onnx.ModelProto:
    image, shape = _image_input(model, path)
    height, width = shape[2:]
    if not width or not height or shape[0] > 1:
        raise ModelError(
            f"{path}: input is (batch {shape[0] or 'any'}, 3, {height or 'any'}, "
            f"{width or 'any'}); wanted a fixed height and width, and batch 1 or any"
        )
    outputs = [o.name for o in model.graph.output]
    original = open_session(model, path)
    sample = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    maps = [run_session(original, path, _normalised(crop)) for crop in sample]
    shapes, wanted = [m.shape for m in maps[0]], [(1, COUNT, SPLIT * s) for s in (width, height)]
    if shapes != wanted:
        raise ModelError(
            f"{path}: outputs are {', '.join(map(str, shapes))}; "
            f"wanted simcc_x {wanted[0]} and simcc_y {wanted[1]}"
        )
    for batch in ("batch", 1):
        made = onnx.ModelProto()
        made.CopyFrom(model)
        if batch != 1:
            _open_batch(made)
        _decode(made, outputs, subpixel)
        _take_pixels(made, image, "crops", [batch, height, width, 3])
        if _agrees(made, sample if batch != 1 else sample[:1], maps):
            break
    else:
        raise ModelError(
            f"{path}: answers otherwise once its input is uint8 and its maps are "
            "decoded in the graph; wanted a plain SimCC network"
        )
    if half:
        made = _halved(model, image, outputs, made)
    return made


def detector(model: onnx.ModelProto, path: Path, side: int) -> onnx.ModelProto:
    image, shape = _image_input(model, path)
    height, width = shape[2] or side, shape[3] or side
    if height % STRIDES[-1] or width % STRIDES[-1] or shape[0] > 1:
        raise ModelError(
            f"{path}: input is (batch {shape[0] or 'any'}, 3, {height}, {width}); "
            f"wanted batch 1 and height and width multiples of {STRIDES[-1]}"
        )
    original = open_session(model, path)
    zeros = np.zeros((1, 3, height, width), np.float32)
    shapes = [o.shape for o in run_session(original, path, zeros)]
    cells = sum((height // s) * (width // s) for s in STRIDES)
    size = [1, height, width, 3]
    if len(shapes) == 1 and shapes[0][:2] == (1, cells) and shapes[0][2:] >= (6,):
        _person_cells(model)
        _take_pixels(model, image, "image", size, bgr=True, normalise=False)
    elif len(shapes) == 2 and shapes[0] == (*shapes[1], 5) and len(shapes[1]) == 2:
        graph = Graph(model, before=False)
        for output, name in zip(model.graph.output, ("dets", "labels")):
            graph("Identity", output.name, out=name)
        graph.insert(
            outputs=[
                ("dets", TensorProto.FLOAT, None),
                ("labels", model.graph.output[1].type.tensor_type.elem_type, None),
            ]
        )
        _take_pixels(model, image, "image", size, bgr=True)
    else:
        raise ModelError(
            f"{path}: outputs are {', '.join(map(str, shapes))}; wanted YOLOX's "
            f"(1, {cells}, 5 + classes), or RTMDet's dets (1, n, 5) and labels (1, n)"
        )
    return model


def _image_input(model: onnx.ModelProto, path: Path) -> tuple[str, tuple[int, ...]]:
    """Return name and shape of the only image input; 0 is an open dimension."""
    constants = {c.name for c in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in constants]
    types = [i.type.tensor_type for i in inputs]
    shapes = [tuple(d.dim_value for d in t.shape.dim) for t in types]
    if (
        len(inputs) != 1
        or len(shapes[0]) != 4
        or shapes[0][1] != 3
        or types[0].elem_type != TensorProto.FLOAT
    ):
        found = ", ".join(
            f"{i.name.removeprefix(PREFIX)} {s} {TensorProto.DataType.Name(t.elem_type).lower()}"
            for i, s, t in zip(inputs, shapes, types)
        )
        raise ModelError(
            f"{path}: inputs are {found or 'none'}; wanted one, (batch, 3, height, width) float"
        )
    return inputs[0].name, shapes[0]


def _open_batch(model: onnx.ModelProto) -> None:
    """Let a graph that was exported for one image take any number, as far as shapes tell."""
    graph = model.graph
    constants = {c.name for c in graph.initializer}
    for value in (*graph.input, *graph.output):
        if value.name not in constants and value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    targets = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    held = [c for c in graph.initializer if c.name in targets]
    held += [
        node.attribute[0].t
        for node in graph.node
        if node.op_type == "Constant" and node.output[0] in targets
    ]
    for tensor in held:
        shape = numpy_helper.to_array(tensor).copy()
        if shape.size > 1 and shape[0] == 1:
            shape[0] = 0  # which is: as many as come in
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))


def _take_pixels(
    model: onnx.ModelProto,
    image: str,
    name: str,
    shape: list,
    *,
    bgr: bool = False,
    normalise: bool = True,
) -> None:
    """Replace the input ``image`` by uint8 RGB pixels, (n, height, width, 3)."""
    graph = Graph(model, before=True)
    order = [2, 1, 0] if bgr else [0, 1, 2]
    pixels = graph("Transpose", name, perm=[0, 3, 1, 2])
    if bgr:
        pixels = graph("Gather", pixels, np.array(order), axis=1)
    if normalise:
        pixels = graph("Cast", pixels, to=TensorProto.FLOAT)
        pixels = graph("Sub", pixels, MEAN[order].reshape(1, 3, 1, 1))
        graph("Div", pixels, STD[order].reshape(1, 3, 1, 1), out=image)
    else:
        graph("Cast", pixels, to=TensorProto.FLOAT, out=image)
    graph.insert(inputs=[(name, TensorProto.UINT8, shape)])


def _decode(model: onnx.ModelProto, maps: list[str], subpixel: bool) -> None:
    """Replace both SimCC maps by bins and scores."""
    graph = Graph(model, before=False)
    peaks, bins = zip(*(graph.largest(name) for name in maps))
    graph("Cast", graph("Concat", *bins, axis=-1), to=TensorProto.INT32, out="bins")
    # TopK does not say that it met a NaN; a mean does.
    spoilt = graph("IsNaN", graph("Add", *(graph.reduce("ReduceMean", name) for name in maps)))
    lower = graph("Reshape", graph("Min", *peaks), np.array([-1, COUNT]))
    graph("Where", spoilt, -1.0, lower, out="scores")
    outputs = [
        ("bins", TensorProto.INT32, ["batch", COUNT, 2]),
        ("scores", TensorProto.FLOAT, ["batch", COUNT]),
    ]
    if subpixel:
        graph(
            "Concat",
            *(_parabola(graph, *three) for three in zip(maps, bins, peaks)),
            axis=-1,
            out="offsets",
        )
        outputs.append(("offsets", TensorProto.FLOAT, ["batch", COUNT, 2]))
    graph.insert(outputs=outputs)


def _parabola(graph: Graph, simcc: str, bins: str, peaks: str) -> str:
    """From a map's bins to the top of the parabola through each and its two neighbours.

    (r - l) / (2 (2c - l - r)), within half a bin; 0 at the map's ends, where a neighbour is
    mirrored. SimCC's loss makes softmax of the map a Gaussian, so the map itself is a parabola.
    """
    at = graph("Cast", bins, to=TensorProto.FLOAT)
    count = graph(
        "Cast", graph("Gather", graph("Shape", simcc), np.array(2)), to=TensorProto.FLOAT
    )
    end = graph("Sub", count, 1.0)
    left = graph("Abs", graph("Sub", at, 1.0))
    right = graph("Sub", end, graph("Abs", graph("Sub", graph("Sub", end, at), 1.0)))
    low, high = (
        graph("GatherElements", simcc, graph("Cast", i, to=TensorProto.INT64), axis=2)
        for i in (left, right)
    )
    bend = graph("Sub", graph("Mul", peaks, 4.0), graph("Mul", graph("Add", low, high), 2.0))
    return graph("Div", graph("Sub", high, low), graph("Max", bend, 1e-12))


def _person_cells(model: onnx.ModelProto) -> None:
    """Keep of YOLOX's 85 columns x y w h, and objectness times person."""
    graph = Graph(model, before=False)
    box, seen, person = (
        graph("Gather", model.graph.output[0].name, np.array(columns), axis=2)
        for columns in ([0, 1, 2, 3], [4], [5 + PERSON])
    )
    graph("Concat", box, graph("Mul", seen, person), axis=2, out="cells")
    graph.insert(outputs=[("cells", TensorProto.FLOAT, [1, None, 5])])


def _halved(
    model: onnx.ModelProto, image: str, maps: list[str], whole: onnx.ModelProto
) -> onnx.ModelProto:
    """Return the network in float16 between float32 preparation and decoding."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    dims = whole.graph.input[0].type.tensor_type.shape.dim
    shape = [d.dim_param or d.dim_value for d in dims]
    if shape[0] != 1:
        _open_batch(model)
    half = convert_float_to_float16(model, keep_io_types=True)
    _decode(half, maps, len(whole.graph.output) == 3)
    _take_pixels(half, image, "crops", shape)
    return half


def _agrees(model: onnx.ModelProto, crops: np.ndarray, maps: list[list[np.ndarray]]) -> bool:
    """Return whether the new network finds in these crops what the maps of the old one say."""
    try:
        bins, scores = open_session(model, Path()).run(["bins", "scores"], {"crops": crops})
    except Exception:  # a graph that cannot take several: onnxruntime says so in many ways
        return False
    x, y = (np.concatenate(axis) for axis in zip(*maps[: len(crops)]))
    wanted = np.stack([x.argmax(-1), y.argmax(-1)], -1)
    peaks = np.minimum(x.max(-1), y.max(-1))
    spoilt = np.isnan(x).any(-1) | np.isnan(y).any(-1)
    same = (bins == wanted)[~spoilt]
    return (not same.size or same.mean() > 0.99) and np.allclose(
        scores, np.where(spoilt, -1, peaks), rtol=1e-2, atol=1e-3
    )


def _normalised(crop: np.ndarray) -> np.ndarray:
    return ((crop - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
