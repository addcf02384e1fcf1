# SPDX-License-Identifier: Apache-2.0
"""An RTMDet, exported by mmdeploy, as a teacher: its backbone's features, and what it says at each
place before the best boxes are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from onnx.utils import Extractor

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.conventions import MEAN, STD


class Places(NamedTuple):
    """Tensors of an RTMDet's graph."""

    image: str
    features: tuple[str, str, str]
    """Of the backbone, at strides of 8, 16 and 32 px."""
    scores: str
    """(n, places, 1) of a person, 0..1."""
    boxes: str
    """(n, places, 4) x1 y1 x2 y2 px."""


class Taught(NamedTuple):
    """What the teacher sees in images."""

    features: tuple[np.ndarray, np.ndarray, np.ndarray]
    """(n, channels, h / stride, w / stride) float32, for each stride."""
    scores: np.ndarray
    """(n, places) float32, 0..1; the places of the finest stride come first, row by row."""
    boxes: np.ndarray
    """(n, places, 4) float32, x1 y1 x2 y2 px."""


class Teacher:
    """RTMDet's network, cut off before non-maximum suppression.

    Args:
        path: an RTMDet as exported by mmdeploy, with open batch, height and width.
        threads: of its calculation.

    Raises:
        ModelError: the file is no such network.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        self.model = read(path)
        self.places = find(self.model, path)
        outputs = [*self.places.features, self.places.scores, self.places.boxes]
        cut = Extractor(self.model).extract_model([self.places.image], outputs)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            cut.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, rgb: np.ndarray) -> Taught:
        """Look at images (n, h, w, 3) uint8 RGB, whose sides are multiples of 32."""
        image = (rgb.astype(np.float32) - MEAN) / STD
        image = np.ascontiguousarray(image[..., ::-1].transpose(0, 3, 1, 2))
        *features, scores, boxes = self._session.run(None, {self.places.image: image})
        return Taught(tuple(features), scores[..., 0], boxes)


def read(path: Path) -> onnx.ModelProto:
    """Read an ONNX file, with the shapes of its tensors. Raises ModelError if it is none."""
    try:
        return onnx.shape_inference.infer_shapes(onnx.load(str(path)))
    except Exception as err:  # onnx and protobuf share no narrower base
        line = " ".join(str(err).split())[:200]
        raise ModelError(f"{path}: cannot be read as ONNX: {line}") from err


def find(model: onnx.ModelProto, path: Path) -> Places:
    """Find the tensors of an RTMDet.

    Raises:
        ModelError: the graph is not laid out as one.
    """
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output}
    kinds = {kind: [n for n in graph.node if n.op_type == kind]
             for kind in ("Resize", "Concat", "ReduceMax")}  # fmt: skip
    try:
        # The neck enlarges the coarse features twice, and puts the backbone's finer ones beside.
        coarse, fine = (
            next(c for c in kinds["Concat"] if resize.output[0] in c.input)
            for resize in kinds["Resize"]
        )
        beside = [
            next(name for name in concat.input if maker[name].op_type != "Resize")
            for concat in (coarse, fine)
        ]
        top = maker[kinds["Resize"][0].input[0]]
        while top.op_type != "Conv":  # back over the activation
            top = maker[top.input[0]]
        (best,) = kinds["ReduceMax"]
        (boxes,) = (
            c for c in kinds["Concat"]
            if len(c.input) == 4 and all(maker[i].op_type == "Unsqueeze" for i in c.input)
            and all(maker[maker[i].input[0]].op_type in ("Sub", "Add") for i in c.input)
        )  # fmt: skip
    except (KeyError, StopIteration, ValueError) as err:
        raise ModelError(f"{path}: is no RTMDet as mmdeploy exports it") from err
    features = (beside[1], beside[0], top.input[0])
    return Places(graph.input[0].name, features, best.input[0], boxes.output[0])
