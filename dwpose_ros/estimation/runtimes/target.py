# SPDX-License-Identifier: Apache-2.0
"""Execution targets, and the interface of networks that run on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from dwpose_ros.core.errors import ModelError

RUNTIMES = ("auto", "onnxruntime", "openvino", "litert")
DEVICES = ("auto", "cpu", "cuda", "tensorrt", "gpu", "npu")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")

# Precisions of each runtime's devices. With onnxruntime, `auto` is the first; OpenVINO chooses
# its own. LiteRT runs TFLite networks, OpenVINO both kinds.
OFFERED: dict[str, dict[str, tuple[str, ...]]] = {
    "onnxruntime": {"cpu": ("fp32",), "cuda": ("fp32", "fp16"), "tensorrt": ("fp16", "fp32")},
    "openvino": {"cpu": ("fp32", "bf16", "fp16"), "gpu": ("fp16", "fp32"), "npu": ("fp16",)},
    "litert": {"cpu": ("fp32",)},
}
ONNX, TFLITE = ("onnxruntime", "openvino"), ("litert", "openvino")

MAX_BATCH = 8  # people per run; larger batches need more memory and are not faster


class ExecutionTarget(NamedTuple):
    """Where a network shall run, or where it actually runs."""

    runtime: str = "auto"
    """One of RUNTIMES; ``auto`` is onnxruntime for ONNX networks, litert for TFLite networks."""
    device: str = "auto"
    """One of DEVICES; ``auto`` is the best one available."""
    precision: str = "auto"
    """One of PRECISIONS; ``auto`` is the runtime's own choice for the device."""

    def __str__(self) -> str:
        return f"{self.runtime} {self.device} {self.precision}"


class Network(Protocol):
    """A network that is ready to run. Not thread-safe: call it from one thread at a time."""

    target: ExecutionTarget
    """Where it actually runs, as reported by the runtime."""
    inputs: dict[str, tuple[int, ...]]
    """The shape of each input by its name; 0 is a dynamic dimension."""
    outputs: tuple[str, ...]

    def __call__(self, feed: Mapping[str, Any]) -> list[np.ndarray]:
        """Run the network on its inputs by name, and return all outputs."""
        ...


class Unavailable(ModelError):
    """The requested device, or a library that it needs, is not available."""


def line(err: Exception) -> str:
    """Return a runtime's error on one line, cut to 300 characters."""
    return " ".join(str(err).split())[:300]
