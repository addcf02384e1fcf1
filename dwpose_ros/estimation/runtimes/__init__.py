"""Where networks run: one small interface, and the runtimes behind it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dwpose_ros.estimation.estimator import ModelError

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

_log = logging.getLogger("dwpose_ros.pose")


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


def open_network(path: Path | str, place: ExecutionTarget = ExecutionTarget()) -> Network:
    """Open an ONNX file where ``place`` says.

    Raises ModelError for a file that is missing or corrupt, and for a place that cannot be had.
    Only ``auto`` gives way, to the CPU, and then a warning says why.
    """
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such model file")
    if place.runtime not in OFFERED:
        raise ModelError(f"runtime {place.runtime!r} is unknown; use one of {', '.join(OFFERED)}")
    offered = OFFERED[place.runtime]
    if place.device not in ("auto", *offered):
        raise ModelError(
            f"device {place.device!r} is not one of {place.runtime}'s; use one of auto, "
            f"{', '.join(offered)}")
    able = [d for d, kinds in offered.items() if place.precision in ("auto", *kinds)]
    if not able or place.device not in ("auto", *able):
        where = place.runtime if place.device == "auto" else f"{place.runtime} on {place.device}"
        kinds = {k for d, ks in offered.items() if place.device in ("auto", d) for k in ks}
        raise ModelError(f"precision {place.precision!r} cannot be had with {where}; use one of "
                         f"auto, {', '.join(sorted(kinds))}")
    make = _runtime(place.runtime)
    if place.device != "auto":
        return make(path, place)
    why = ""
    for device in make.best:
        if device in able:
            try:
                return make(path, place._replace(device=device))
            except Unavailable as err:
                why = str(err)
    if "cpu" not in able:
        raise Unavailable(why)
    _log.warning("device 'auto' is the cpu here: %s", why)
    return make(path, place._replace(device="cpu"))


def _runtime(name: str):
    """The class behind a name, imported only when it is wanted."""
    if name == "openvino":
        from dwpose_ros.estimation.runtimes.open_vino import OpenVino

        return OpenVino
    from dwpose_ros.estimation.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime


def line(err: Exception) -> str:
    """A runtime's error on one line, as much of it as one wants to read."""
    return " ".join(str(err).split())[:300]
