# SPDX-License-Identifier: Apache-2.0
"""Inference runtimes behind one interface, `Network`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.runtimes.target import (
    OFFERED,
    ONNX,
    TFLITE,
    ExecutionTarget,
    Network,
    Unavailable,
)

_log = logging.getLogger(__name__)


def open_network(path: Path | str, target: ExecutionTarget = ExecutionTarget()) -> Network:
    """Open an ONNX file for inference.

    Args:
        path: the ONNX file.
        target: runtime, device and precision. Device ``auto`` falls back to the CPU with a warning
            that says why; any other device that is not available is an error.

    Raises:
        ModelError: the file is missing or corrupt, or the execution target is not available.
    """
    return _open(path, target, ONNX)


def open_tflite(
    path: Path | str, outputs: tuple[str, ...], target: ExecutionTarget = ExecutionTarget()
) -> Network:
    """Open a TFLite file for inference.

    Args:
        path: the TFLite file.
        outputs: names of the outputs that are wanted. What only the others need is not computed.
        target: as for `open_network`.

    Raises:
        ModelError: the file is missing or corrupt, has no such output, or the execution target is
            not available.
    """
    return _open(path, target, TFLITE, outputs)


def _open(
    path: Path | str, target: ExecutionTarget, runtimes: tuple[str, ...], *args: Any
) -> Network:
    """Open a file in one of some runtimes, the first of which is the default."""
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such model file")
    if target.runtime == "auto":
        target = target._replace(runtime=runtimes[0])
    if target.runtime not in runtimes:
        raise ModelError(
            f"runtime {target.runtime!r} does not run {Path(path).suffix or 'such'} networks; "
            f"use one of auto, {', '.join(runtimes)}"
        )
    able = _able(target)
    make = _runtime(target.runtime)
    if target.device != "auto":
        return make(path, target, *args)
    why = ""
    for device in make.best:
        if device in able:
            try:
                return make(path, target._replace(device=device), *args)
            except Unavailable as err:
                why = str(err)
    if "cpu" not in able:
        raise Unavailable(why)
    if why:
        _log.warning("device 'auto' is the cpu here: %s", why)
    return make(path, target._replace(device="cpu"), *args)


def _able(target: ExecutionTarget) -> list[str]:
    """Return the runtime's devices that offer the precision; at least the one that is asked for.

    Raises ModelError if there is none.
    """
    offered = OFFERED[target.runtime]
    if target.device not in ("auto", *offered):
        raise ModelError(
            f"device {target.device!r} is not one of {target.runtime}'s; use one of auto, "
            f"{', '.join(offered)}"
        )
    able = [d for d, kinds in offered.items() if target.precision in ("auto", *kinds)]
    if not able or target.device not in ("auto", *able):
        where = (
            target.runtime if target.device == "auto" else f"{target.runtime} on {target.device}"
        )
        kinds = {k for d, ks in offered.items() if target.device in ("auto", d) for k in ks}
        raise ModelError(
            f"precision {target.precision!r} cannot be had with {where}; use one of "
            f"auto, {', '.join(sorted(kinds))}"
        )
    return able


def _runtime(name: str) -> Any:
    """Return the runtime's class; imported here, since not all may be installed."""
    if name == "litert":
        from dwpose_ros.estimation.runtimes.lite_rt import LiteRt

        return LiteRt
    if name == "openvino":
        from dwpose_ros.estimation.runtimes.open_vino import OpenVino

        return OpenVino
    from dwpose_ros.estimation.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime
