# SPDX-License-Identifier: Apache-2.0
"""Inference runtimes behind one interface, `Network`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.runtimes.target import OFFERED, ExecutionTarget, Network, Unavailable

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
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such model file")
    if target.runtime not in OFFERED:
        raise ModelError(f"runtime {target.runtime!r} is unknown; use one of {', '.join(OFFERED)}")
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
    make = _runtime(target.runtime)
    if target.device != "auto":
        return make(path, target)
    why = ""
    for device in make.best:
        if device in able:
            try:
                return make(path, target._replace(device=device))
            except Unavailable as err:
                why = str(err)
    if "cpu" not in able:
        raise Unavailable(why)
    _log.warning("device 'auto' is the cpu here: %s", why)
    return make(path, target._replace(device="cpu"))


def _runtime(name: str) -> Any:
    """Return the runtime's class; imported here, since only one of the two may be installed."""
    if name == "openvino":
        from dwpose_ros.estimation.runtimes.open_vino import OpenVino

        return OpenVino
    from dwpose_ros.estimation.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime
