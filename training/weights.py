# SPDX-License-Identifier: Apache-2.0
"""Take weights from mmpose's and DWPose's .pth files, by name.

Their networks' layers have our names: `backbone.stem.0.conv.weight`, `head.gau.uv.weight`.
DWPose's distillation keeps the student below `student.` (and, in the second stage, its backbone
below `teacher.`); a classifier's backbone (CSPNeXt trained on ImageNet) has the backbone alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from dwpose_ros.core.errors import DwposeError
from training.checkpoints import network, read
from training.rtmpose import TEACHERS, RTMPose

SHOWN = 8  # names in a message
# Of mmpose's files, and no weights of the network: the normalisation that ours does outside, and
# the distillation's adapter.
FOREIGN = ("data_preprocessor.", "distill_losses.")


class WeightsError(DwposeError):
    """Weights do not fit; the message lists what is missing, unknown or of another shape."""


def load_all(model: RTMPose, path: Path) -> None:
    """Load every weight of a network; it is changed only if all fit.

    Raises:
        CheckpointError: the file cannot be read.
        WeightsError: a name is missing or unknown, or a shape differs.
    """
    found, own = state_dict(path), model.state_dict()
    wrong = _wrong_shapes(found, own)
    missing = [n for n in own if n not in found and not n.endswith("num_batches_tracked")]
    unknown = [n for n in found if n not in own]
    said = [
        f"{word} {_some(names)}"
        for word, names in (("missing", missing), ("unknown", unknown), ("other shapes", wrong))
        if names
    ]
    if said:
        size = model.size
        raise WeightsError(
            f"{path}: does not fit a network of {size.width}x{size.height}, depth "
            f"{size.deepen:g}, width {size.widen:g}: {'; '.join(said)}"
        )
    model.load_state_dict(found, strict=False)


def teacher(path: Path, size: str = "") -> RTMPose:
    """Return a trained network, from a checkpoint of ours or a .pth with mmpose's names.

    Args:
        path: the file.
        size: which of the published sizes a .pth has; a checkpoint of ours says it itself.

    Raises:
        CheckpointError: the file cannot be read, or says no size and none is given.
        WeightsError: the weights are not of this size.
    """
    if not size:
        return network(path)
    model = RTMPose(TEACHERS[size])
    load_all(model, path)
    return model.eval()


def load_fitting(model: RTMPose, path: Path) -> list[str]:
    """Load the weights that fit, to begin with, and return the names of those that stay random.

    Raises:
        CheckpointError: the file cannot be read.
        WeightsError: none fits.
    """
    found, own = state_dict(path), model.state_dict()
    fitting = {n: t for n, t in found.items() if n in own and t.shape == own[n].shape}
    if not any(t.ndim > 1 for t in fitting.values()):
        wrong = _wrong_shapes(found, own) or [n for n in found if n not in own]
        raise WeightsError(f"{path}: has no weight that fits; it has {_some(wrong)}")
    model.load_state_dict(fitting, strict=False)
    return [n for n in own if n not in fitting and not n.endswith("num_batches_tracked")]


def state_dict(path: Path) -> dict[str, Tensor]:
    """Return a file's weights by our names.

    Raises:
        CheckpointError: the file cannot be read.
        WeightsError: it holds no weights.
    """
    data: Any = read(path)
    if isinstance(data, dict):
        data = data.get("state_dict", data)
    if (
        not isinstance(data, dict)
        or not data
        or not all(isinstance(n, str) and isinstance(t, Tensor) for n, t in data.items())
    ):
        raise WeightsError(f"{path}: holds no weights by name; wanted a state_dict")
    return renamed(data)


def renamed(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by our names, whether a network's, a distillation's or several GPUs'."""
    found = {n.removeprefix("module."): t for n, t in found.items()}
    if any(n.startswith("student.") for n in found):
        student = {n.removeprefix("student."): t for n, t in found.items() if "student." in n[:8]}
        # The second stage trains a head alone; its backbone is the teacher's.
        if not any(n.startswith("backbone.") for n in student) or _is_second(found):
            student.update(
                {n.removeprefix("teacher."): t for n, t in found.items()
                 if n.startswith("teacher.backbone.")}
            )  # fmt: skip
        found = student
    return {n: t for n, t in found.items() if not n.startswith(FOREIGN)}


def _is_second(found: dict[str, Tensor]) -> bool:
    """Whether weights are of a second stage: student and teacher of one shape, and no adapter."""
    backbones = [
        {n.removeprefix(f"{who}."): t.shape for n, t in found.items()
         if n.startswith(f"{who}.backbone.")}
        for who in ("student", "teacher")
    ]  # fmt: skip
    adapter = any(n.startswith("distill_losses.loss_fea") for n in found)
    return backbones[0] == backbones[1] and not adapter


def _wrong_shapes(found: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    return [
        f"{n} {tuple(t.shape)}, wanted {tuple(own[n].shape)}"
        for n, t in found.items()
        if n in own and t.shape != own[n].shape
    ]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
