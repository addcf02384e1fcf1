# SPDX-License-Identifier: Apache-2.0
"""Networks in OpenVINO: on CPUs, and on Intel GPUs and NPUs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.model_registry import cache_dir
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, Unavailable, line

TYPES = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}
NAMES = {
    "float": "fp32",
    "f32": "fp32",
    "float32": "fp32",
    "f16": "fp16",
    "float16": "fp16",
    "bf16": "bf16",
    "bfloat16": "bf16",
}


class OpenVino:
    """Implementation of `Network` with a model compiled by OpenVINO.

    Args:
        path: an ONNX or TFLite file.
        target: device and precision.
        outputs: names of the outputs that are wanted; empty: all.
    """

    best = ("gpu",)

    def __init__(
        self, path: Path | str, target: ExecutionTarget, outputs: tuple[str, ...] = ()
    ) -> None:
        try:
            import openvino
        except ImportError as err:
            raise Unavailable(
                f"runtime 'openvino' cannot be had: {err}; pip install openvino, or use runtime "
                "'onnxruntime'"
            ) from err
        core = openvino.Core()
        device = target.device.upper()
        found = core.available_devices  # such as CPU, GPU.0, GPU.1
        if device not in {name.split(".")[0] for name in found}:
            raise Unavailable(
                f"device {target.device!r} cannot be had: OpenVINO finds "
                f"{', '.join(found).lower() or 'none'}"
            )
        config: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if target.precision != "auto":
            config["INFERENCE_PRECISION_HINT"] = TYPES[target.precision]
        if device != "CPU":  # compiling takes long there, but only a second for a CPU
            config["CACHE_DIR"] = str(cache_dir() / "openvino")
        try:
            self._compiled, self._requests = _compile(core, path, device, config, outputs)
        except Exception as err:  # OpenVINO raises RuntimeError and its own kinds
            kind = "TFLite" if outputs else "ONNX"
            raise ModelError(f"{path}: not a usable {kind} model: {line(err)}") from err
        used = self._compiled.get_property("INFERENCE_PRECISION_HINT")
        precision = NAMES.get(
            used.get_type_name() if hasattr(used, "get_type_name") else str(used), str(used)
        )
        if target.precision not in ("auto", precision):
            raise ModelError(
                f"precision {target.precision!r} cannot be had: this {target.device} "
                f"calculates in {precision}"
            )
        where = "+".join(self._compiled.get_property("EXECUTION_DEVICES")).lower()
        self.target = ExecutionTarget("openvino", where, precision)
        self.inputs = {
            i.get_any_name(): tuple(
                d.get_length() if d.is_static else 0 for d in i.get_partial_shape()
            )
            for i in self._compiled.inputs
        }
        self.outputs = outputs or tuple(o.get_any_name() for o in self._compiled.outputs)

    def __call__(self, feed: Mapping[str, Any]) -> list[np.ndarray]:
        count = len(next(iter(feed.values())))
        request = self._requests.get(count, self._requests[0])
        results = request.infer(dict(feed), share_inputs=True)
        return [np.array(results[name]) for name in self.outputs]


def _compile(
    core: Any, path: Path | str, device: str, config: dict[str, Any], outputs: tuple[str, ...]
) -> tuple[Any, dict[int, Any]]:
    """Return the compiled model, and a request for each number of people; 0 is for any."""
    import openvino

    model = core.read_model(str(path))
    if outputs:
        model = openvino.Model([model.output(o) for o in outputs], model.get_parameters())
    compiled = core.compile_model(model, device, config)
    requests = {0: compiled.create_infer_request()}
    if model.inputs[0].get_partial_shape()[0].is_dynamic:
        # Fixed shapes are 10 % faster, and most images show one person.
        model.reshape({i: [1, *i.get_partial_shape()[1:]] for i in model.inputs})
        requests[1] = core.compile_model(model, device, config).create_infer_request()
    return compiled, requests
