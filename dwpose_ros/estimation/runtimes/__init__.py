# SPDX-License-Identifier: Apache-2.0
"""Where networks run: one small interface, and the runtimes behind it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.runtimes.target import OFFERED, ExecutionTarget, Network, Unavailable

_log = logging.getLogger(__name__)


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
            f"{', '.join(offered)}"
        )
    able = [d for d, kinds in offered.items() if place.precision in ("auto", *kinds)]
    if not able or place.device not in ("auto", *able):
        where = place.runtime if place.device == "auto" else f"{place.runtime} on {place.device}"
        kinds = {k for d, ks in offered.items() if place.device in ("auto", d) for k in ks}
        raise ModelError(
            f"precision {place.precision!r} cannot be had with {where}; use one of "
            f"auto, {', '.join(sorted(kinds))}"
        )
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


def _runtime(name: str) -> Any:
    """The class behind a name, imported only when it is wanted."""
    if name == "openvino":
        from dwpose_ros.estimation.runtimes.open_vino import OpenVino

        return OpenVino
    from dwpose_ros.estimation.runtimes.onnx_runtime import OnnxRuntime

    return OnnxRuntime
