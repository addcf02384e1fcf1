# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: written whole or not at all, and read back or refused in one line.

Below `state_dict` are the averaged weights by mmpose's names, which `training/export.py` takes.
"""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from training.rtmpose import RTMPose, Size

FORMAT = 1
# mmpose's files tell the data set's keypoints in NumPy arrays, by the names of NumPy 1 or 2.
_ARRAYS: list[Any] = [
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "u1", "?")),
    *(
        (made, f"numpy.{core}.{name}")
        for core in ("core.multiarray", "_core.multiarray")
        for name, made in (("_reconstruct", np.asarray(0).__reduce__()[0]),
                           ("scalar", np.float64(0).__reduce__()[0]))
    ),
]  # fmt: skip
LAST, BEST = "last.pth", "best.pth"


class CheckpointError(DwposeError):
    """A checkpoint cannot be written, read or used; the message says why."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; a former one stays until the new one is whole.

    Raises:
        CheckpointError: it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    try:
        write_atomically({path: buffer.getvalue()})
    except OSError as err:
        raise CheckpointError(f"{path}: cannot be written: {err.strerror or err}") from err


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint of ours.

    Raises:
        CheckpointError: it cannot be read, or is none of ours.
    """
    state = read(path)
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: is no checkpoint of this training, of format {FORMAT}; of a .pth with "
            "mmpose's names the size must be told"
        )
    return state


def read(path: Path) -> Any:
    """Read any file of PyTorch, without running code that may be in it.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        with torch.serialization.safe_globals(_ARRAYS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as err:
        raise CheckpointError(f"{path}: cannot be read: {err.strerror or err}") from err
    except (RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as err:
        raise CheckpointError(
            f"{path}: is no PyTorch file with weights alone, or not a whole one"
        ) from err


def network(path: Path) -> RTMPose:
    """Return the averaged network of a checkpoint of ours.

    Raises:
        CheckpointError: it cannot be read, or is none of ours.
    """
    state = load(path)
    try:
        model = RTMPose(Size(*state["size"]))
        model.load_state_dict(state["state_dict"])
    except (KeyError, TypeError, RuntimeError) as err:
        line = " ".join(str(err).split())[:200]
        raise CheckpointError(f"{path}: its weights are not of the size it names: {line}") from err
    return model.eval()


def check_folder(out: Path) -> None:
    """Make the folder of a run.

    Raises:
        CheckpointError: it cannot be made, or not be written into.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise CheckpointError(f"{out}: cannot be made: {err.strerror or err}") from err
    if not os.access(out, os.W_OK):
        raise CheckpointError(f"{out}: cannot be written into; wanted a folder that is yours")
