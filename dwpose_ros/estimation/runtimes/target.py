# SPDX-License-Identifier: Apache-2.0
"""Where a network runs, and what a network is that is ready to run there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from dwpose_ros.core.errors import ModelError

RUNTIMES = ("onnxruntime", "openvino")
DEVICES = ("auto", "cpu", "cuda", "tensorrt", "gpu", "npu")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")

# What each runtime's devices calculate in; the first is what `auto` means, except with OpenVINO,
# which is asked for its own choice.
OFFERED = {
    "onnxruntime": {"cpu": ("fp32",), "cuda": ("fp32", "fp16"), "tensorrt": ("fp16", "fp32")},
    "openvino": {"cpu": ("fp32", "bf16", "fp16"), "gpu": ("fp16", "fp32"), "npu": ("fp16",)},
}

MAX_BATCH = 8  # people a run: more cost memory and win nothing


class ExecutionTarget(NamedTuple):
    """Where a network is to run, or where it is found to run."""

    runtime: str = "onnxruntime"
    """One of RUNTIMES."""
    device: str = "auto"
    """One of DEVICES; ``auto`` is the best that can be had."""
    precision: str = "auto"
    """One of PRECISIONS; ``auto`` is the runtime's own choice for the device."""

    def __str__(self) -> str:
        return f"{self.runtime} {self.device} {self.precision}"


class Network(Protocol):
    """A network that is ready to run; one thread at a time."""

    place: ExecutionTarget
    """Where it really runs, asked of the runtime."""
    inputs: dict[str, tuple[int, ...]]
    """The shape of each input by its name, 0 where any length is taken."""
    outputs: tuple[str, ...]

    def __call__(self, feed: Mapping[str, Any]) -> list[np.ndarray]:
        """Run it; gives all its outputs."""
        ...


class Unavailable(ModelError):
    """The device that was asked for is not there, or its libraries are not."""


def line(err: Exception) -> str:
    """A runtime's error on one line, as much of it as one wants to read."""
    return " ".join(str(err).split())[:300]
