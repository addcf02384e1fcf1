# SPDX-License-Identifier: Apache-2.0
"""Networks whose answer is known: tiny ONNX graphs that stand in for trained ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from dwpose_ros.core.keypoints import COUNT

PEAK_PX = 64  # a marker as high or wide as this in the crop peaks at 1
MEAN = np.array([123.675, 116.28, 103.53], np.float32).reshape(1, 3, 1, 1)
STD = np.array([58.395, 57.12, 57.375], np.float32).reshape(1, 3, 1, 1)

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


needs_quantizer = pytest.mark.skipif(
    "not __import__('importlib.util').util.find_spec('ml_dtypes')",
    reason="ml_dtypes, which onnxruntime.quantization imports, is absent",
)


def operators(path: Path) -> set[str]:
    """The kinds of a network's nodes."""
    return {node.op_type for node in onnx.load(str(path)).graph.node}


@pytest.fixture
def data() -> Path:
    """Real pictures and a real detector, where the machine has them."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is absent")
    return DATA


@pytest.fixture
def save(tmp_path):
    """save(name, nodes, inputs, outputs, constants) -> path of an ONNX file."""

    def _save(name, nodes, inputs, outputs, constants=(), opset=17):
        def info(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            nodes, name,
            [info(*i) for i in inputs], [info(*o) for o in outputs],
            [numpy_helper.from_array(np.asarray(v), k) for k, v in dict(constants).items()],
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 8  # read by every onnxruntime of the last years
        path = tmp_path / name
        onnx.save(model, str(path))
        return path

    return _save


@pytest.fixture
def pose_model(save):
    """pose_model(width, height, batch) -> a pose network that finds pure colours.

    Point k is where red (k % 3 == 0), green (1) or blue (2) is: its SimCC maps are the sums of
    that colour over the crop's columns and rows, each value twice (two bins a pixel), in units of
    PEAK_PX saturated pixels. A rectangle w x h peaks at h / PEAK_PX in x and at w / PEAK_PX in y.
    ``bias`` is added to the maps. With ``shut`` nothing can make it take more than one image. If
    ``fragile``, it fails on white.
    """

    def _make(
        width=288,
        height=384,
        batch="batch",
        bias=0.0,
        name="colours.onnx",
        shut=False,
        fragile=False,
    ):
        node = helper.make_node
        pure = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32) / 255 / PEAK_PX
        nodes = [
            node("Mul", ["image", "std"], ["scaled"]),
            node("Add", ["scaled", "mean"], ["rgb"]),
            node("Conv", ["rgb", "pure"], ["colour"]),
            node("Relu", ["colour"], ["three"]),
        ]
        for axis, out in ((2, "simcc_x"), (3, "simcc_y")):
            nodes += [
                node("ReduceSum", ["three", f"axis{axis}"], [f"sum{axis}"], keepdims=0),
                node("Gather", [f"sum{axis}", "which"], [f"point{axis}"], axis=1),
                node("Gather", [f"point{axis}", f"twice{axis}"], [f"bins{axis}"], axis=2),
                node("Add", [f"bins{axis}", "bias"], [f"maps{axis}"]),
                # As exporters write it down, for as many images as they were shown.
                node("Reshape", [f"maps{axis}", f"shape{axis}"], [out]),
            ]
        if shut:  # a sum over images
            nodes[1] = node("ReduceSum", ["added", "axis0"], ["rgb"])
            nodes.insert(1, node("Add", ["scaled", "mean"], ["added"]))
        if fragile:  # white looks up what is beyond the end of a table
            nodes += [
                node("ReduceMin", ["rgb"], ["darkest"], keepdims=0),
                node("Div", ["darkest", "white"], ["share"]),
                node("Cast", ["share"], ["where"], to=TensorProto.INT64),
                node("Gather", ["bias_table", "where"], ["bias"]),
            ]
            nodes = [*nodes[:4], *nodes[-4:], *nodes[4:-4]]
        return save(
            name, nodes,
            [("image", [batch, 3, height, width])],
            [("simcc_x", [batch, COUNT, 2 * width]), ("simcc_y", [batch, COUNT, 2 * height])],
            {
                "std": STD, "mean": MEAN, "pure": pure.reshape(3, 3, 1, 1),
                "which": np.arange(COUNT) % 3,
                "bias_table" if fragile else "bias": np.asarray([bias] if fragile else bias,
                                                                np.float32),
                "white": np.float32(254.9),
                **{f"shape{axis}": np.array([1 if batch == 1 else -1, COUNT, 2 * size])
                   for axis, size in ((2, width), (3, height))},
                "axis2": np.array([2]), "axis3": np.array([3]), "axis0": np.array([0]),
                "twice2": np.arange(2 * width) // 2, "twice3": np.arange(2 * height) // 2,
            },
        )  # fmt: skip

    return _make


@pytest.fixture
def standing_model(save):
    """standing_model() -> a pose network that sees a person who fills the box, whatever it sees.

    Point k is at places[k], in widths and heights of the box; all peaks are 0.9.
    """

    def _make(width=192, height=256, name="standing.onnx"):
        places = np.random.default_rng(7).uniform(0, 1, (COUNT, 2))
        places[:4] = [[0, 0.5], [1, 0.5], [0.5, 0], [0.5, 1]]
        node = helper.make_node
        nodes = [
            node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3]),
            node("Mul", ["mean", "zero"], ["zeros"]),
            node("Reshape", ["zeros", "column"], ["each"]),
        ]
        constants = {"zero": np.float32(0), "column": np.array([-1, 1, 1])}
        for axis, (name_, side) in enumerate((("simcc_x", width), ("simcc_y", height))):
            at = (0.5 + (places[:, axis : axis + 1] - 0.5) / 1.25) * side
            distance = np.arange(2 * side) / 2 - at
            constants[f"map{axis}"] = (0.9 * np.exp(-(distance**2) / 50)).astype(np.float32)
            nodes.append(node("Add", ["each", f"map{axis}"], [name_]))
        path = save(
            name,
            nodes,
            [("image", ["batch", 3, height, width])],
            [("simcc_x", ["batch", COUNT, 2 * width]), ("simcc_y", ["batch", COUNT, 2 * height])],
            constants,
        )
        return path

    return _make


@pytest.fixture
def detector_model(save):
    """detector_model(boxes, scores) -> an RTMDet-like file, 320 x 320, that always says so."""

    def _make(boxes, scores, labels=None, name="boxes.onnx"):
        dets = np.concatenate([boxes, np.reshape(scores, (-1, 1))], 1).astype(np.float32)
        labels = np.zeros(len(dets)) if labels is None else np.asarray(labels)
        return save(
            name,
            [
                helper.make_node("Identity", ["all"], ["dets"]),
                helper.make_node("Identity", ["kinds"], ["labels"]),
            ],
            [("image", [1, 3, 320, 320])],
            [("dets", [1, len(dets), 5]), ("labels", [1, len(dets)])],
            {"all": dets[None], "kinds": labels[None].astype(np.float32)},
        )  # fmt: skip

    return _make


@pytest.fixture
def yolox_model(save):
    """yolox_model(raw) -> a YOLOX-like file, 640 x 640, that always gives raw, (1, 8400, 85)."""

    def _make(raw, name="yolox.onnx"):
        return save(
            name,
            [helper.make_node("Identity", ["raw"], ["output"])],
            [("images", [1, 3, 640, 640])],
            [("output", list(raw.shape))],
            {"raw": raw.astype(np.float32)},
        )

    return _make


@pytest.fixture
def seen(monkeypatch):
    """The list of arrays that networks are given from now on."""
    given = []
    run = onnxruntime.InferenceSession.run

    def spy(self, names, feed, *rest):
        given.extend(np.array(v) for v in feed.values())
        return run(self, names, feed, *rest)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", spy)
    return given
