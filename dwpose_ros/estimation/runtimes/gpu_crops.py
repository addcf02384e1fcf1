# SPDX-License-Identifier: Apache-2.0
"""Crops made on the GPU: a frame is copied to it once, and no pixels are copied back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

from dwpose_ros.estimation.crop_geometry import GREY, fit
from dwpose_ros.estimation.onnx_graph import Graph
from dwpose_ros.estimation.runtimes.onnx_runtime import PROVIDERS, session

OPSET = 16  # the first with GridSample


class GpuCrops:
    """Implementation of `Crops` whose frames and crops are OrtValues of onnxruntime.

    Interpolation is bilinear as in OpenCV, but in float instead of fixed point, so pixels may
    differ by one or two grey levels.

    Args:
        device: ``cuda``; or ``cpu``, for tests.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._cutters: dict[tuple, ort.InferenceSession] = {}

    def upload(self, rgb: np.ndarray) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(rgb), self._device, 0)

    def people(
        self, frame: ort.OrtValue, centers: np.ndarray, scales: np.ndarray, size: tuple[int, int]
    ) -> ort.OrtValue:
        steps = scales / np.array(size)
        return self._cut(frame, centers - steps * size / 2, steps, size, 0)

    def letterbox(self, frame: ort.OrtValue, size: tuple[int, int]) -> tuple[ort.OrtValue, float]:
        ratio = fit(frame.shape(), size)
        steps = np.full((1, 2), 1 / ratio)
        # Resizing maps pixels' corners, not their centres.
        return self._cut(frame, steps / 2 - 0.5, steps, size, GREY), ratio

    def _cut(
        self,
        frame: ort.OrtValue,
        origins: np.ndarray,
        steps: np.ndarray,
        size: tuple[int, int],
        pad: int,
    ) -> ort.OrtValue:
        if (size, pad) not in self._cutters:
            places = dict.fromkeys((PROVIDERS[self._device], PROVIDERS["cpu"]))
            self._cutters[size, pad] = session(cutter(size, pad), list(places))
        binding = self._cutters[size, pad].io_binding()
        binding.bind_ortvalue_input("frame", frame)
        binding.bind_cpu_input("origins", np.ascontiguousarray(origins, np.float32))
        binding.bind_cpu_input("steps", np.ascontiguousarray(steps, np.float32))
        binding.bind_output("crops", self._device)
        self._cutters[size, pad].run_with_iobinding(binding)
        return binding.get_outputs()[0]


@lru_cache
def cutter(size: tuple[int, int], pad: int) -> bytes:
    """Build the ONNX graph that cuts crops (n, height, width, 3) out of ``frame`` (h, w, 3) uint8.

    Pixel (x, y) of crop i shows the frame at origins[i] + steps[i] * (x, y), where pixel centres
    are at 0, 1, ...; outside the frame it is ``pad``. All crops are sampled with one grid, so that
    the frame is not repeated for each crop.
    """
    width, height = size
    model = helper.make_model(
        helper.make_graph([], "cutter", [], []), opset_imports=[helper.make_opsetid("", OPSET)]
    )
    model.ir_version = 8
    graph = Graph(model, before=False)
    planes = graph(
        "Cast",
        graph("Unsqueeze", graph("Transpose", "frame", perm=[2, 0, 1]), np.array([0])),
        to=TensorProto.FLOAT,
    )
    planes = graph("Sub", planes, float(pad))
    # GridSample's coordinates run from -1, the first pixel's edge, to 1, the last pixel's.
    shape = graph(
        "Cast", graph("Gather", graph("Shape", "frame"), np.array([1, 0])), to=TensorProto.FLOAT
    )
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([columns, rows], -1)[None].astype(np.float32)
    at = [graph("Unsqueeze", name, np.array([1, 2])) for name in ("origins", "steps")]
    places = graph("Add", at[0], graph("Mul", at[1], pixels))
    grid = graph("Sub", graph("Div", graph("Add", graph("Mul", places, 2.0), 1.0), shape), 1.0)
    tall = graph(
        "GridSample",
        planes,
        graph("Reshape", grid, np.array([1, -1, width, 2])),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=0,
    )
    rounded = graph("Cast", graph("Round", graph("Add", tall, float(pad))), to=TensorProto.UINT8)
    crops = graph("Reshape", rounded, np.array([3, -1, height, width]))
    graph("Transpose", crops, perm=[1, 2, 3, 0], out="crops")
    graph.insert(
        inputs=[
            ("frame", TensorProto.UINT8, ["h", "w", 3]),
            ("origins", TensorProto.FLOAT, ["n", 2]),
            ("steps", TensorProto.FLOAT, ["n", 2]),
        ],
        outputs=[("crops", TensorProto.UINT8, ["n", height, width, 3])],
    )
    return model.SerializeToString()
