# SPDX-License-Identifier: Apache-2.0
"""Caches rewritten networks by the content of their files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.model_registry import cache_dir

if TYPE_CHECKING:
    import onnx

PREFIX = "network/"
VERSION = "1"  # of what is made here: files in the cache made by another are not taken


def rewritten(path: Path, kind: str, make: Callable[[onnx.ModelProto], onnx.ModelProto]) -> Path:
    """Return what ``make`` makes of a file, from the cache if the same content was seen
    before.
    """
    digest = hashlib.sha256(f"{VERSION} {kind} ".encode())
    beside = path.with_name(path.name + ".data")  # where PyTorch may put the weights
    try:
        for part in (path, beside) if beside.is_file() else (path,):
            with part.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
    except OSError as err:
        raise ModelError(f"{path}: no such model file: {err.strerror}") from err
    target = cache_dir() / "networks" / f"{path.stem}-{kind}-{digest.hexdigest()[:16]}.onnx"
    if not target.is_file():
        import onnx  # only now: it takes time and memory
        from onnx.compose import add_prefix

        try:
            model = onnx.load(str(path))
        except Exception as err:  # protobuf's errors are its own
            raise ModelError(f"{path}: not a usable ONNX model: {err}") from err
        if not model.graph.node:
            raise ModelError(f"{path}: not a usable ONNX model: its graph is empty")
        # So that no name of its own is one of ours.
        _write(target, make(add_prefix(model, PREFIX)).SerializeToString())
    return target


def _write(target: Path, data: bytes) -> None:
    """Write the file atomically."""
    handle = -1
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, target)
    except OSError as err:
        raise ModelError(
            f"{target}: cannot be written: {err.strerror or err}; "
            "set DWPOSE_ROS_CACHE to a folder that can"
        ) from err
    finally:
        if handle >= 0 and os.path.exists(name):
            os.unlink(name)
