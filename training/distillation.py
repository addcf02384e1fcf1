# SPDX-License-Identifier: Apache-2.0
"""What a network learns from: labels alone, or DWPose's first or second stage.

Each lesson is a module that owns the network that is trained, `student`, and gives the loss of a
batch. Teachers are frozen, and are no part of its state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.losses import ALPHA, BETA, FeatureLoss, decay, logit_loss, simcc_loss
from training.rtmpose import RTMPose, Size
from training.targets import targets

MODES = ("plain", "stage1", "stage2")


class Lesson(nn.Module):
    """Learning from labels alone, as RTMPose does; the base of the others.

    Under autocast the backbone alone is computed in less than 32 bits: logits are multiplied by
    ten before the softmax, and so would be their errors.
    """

    def __init__(self, student: RTMPose) -> None:
        super().__init__()
        self.student = student
        self.points = (student.size.width, student.size.height)

    def forward(
        self, images: Tensor, xy: Tensor, weights: Tensor, epoch: int, epochs: int
    ) -> Tensor:
        """Return the loss of a batch.

        Args:
            images: (n, 3, height, width), normalised.
            xy: (n, 133, 2) pixels of the crops.
            weights: (n, 133).
            epoch: which, from 1.
            epochs: how many there are.
        """
        return self.labels(_head(self.student, self.student.backbone(images)), xy, weights)

    def labels(self, maps: tuple[Tensor, Tensor], xy: Tensor, weights: Tensor) -> Tensor:
        x, y, weights = targets(xy, weights, self.points)
        return simcc_loss(maps, (x, y), weights)


class FirstStage(Lesson):
    """Labels, and a larger teacher's features and logits."""

    def __init__(self, student: RTMPose, teacher: RTMPose) -> None:
        super().__init__(student)
        self._teacher = (_frozen(teacher),)  # in a tuple it is no submodule
        self.features = FeatureLoss(channels(student.size), channels(teacher.size))

    def forward(
        self, images: Tensor, xy: Tensor, weights: Tensor, epoch: int, epochs: int
    ) -> Tensor:
        teacher = self._teacher[0]
        with torch.no_grad():
            wanted = teacher.backbone(images)
            wanted_maps = _head(teacher, wanted)
        found = self.student.backbone(images)
        maps = _head(self.student, found)
        told = ALPHA * self.features(found.float(), wanted.float())
        told = told + BETA * logit_loss(maps, wanted_maps)
        return self.labels(maps, xy, weights) + decay(epoch, epochs) * told


class SecondStage(Lesson):
    """A trained network's backbone, frozen, and a new head that learns its old one's logits.

    Neither labels nor features: the paper's loss of this stage is that of the logits alone.
    """

    def __init__(self, student: RTMPose, teacher: RTMPose) -> None:
        super().__init__(student)
        student.backbone.load_state_dict(teacher.backbone.state_dict())
        student.backbone.requires_grad_(False)
        self._teacher = (_frozen(teacher),)

    def train(self, mode: bool = True) -> SecondStage:
        super().train(mode)
        self.student.backbone.eval()  # its statistics stay as they are, too
        return self

    def forward(
        self, images: Tensor, xy: Tensor, weights: Tensor, epoch: int, epochs: int
    ) -> Tensor:
        teacher = self._teacher[0]
        with torch.no_grad():
            features = self.student.backbone(images)
            wanted = _head(teacher, features)
        return logit_loss(_head(self.student, features), wanted)


def lesson(mode: str, student: RTMPose, teacher: RTMPose | None) -> Lesson:
    """Return the lesson of a mode.

    Raises:
        ValueError: the teacher is missing, not wanted, or does not fit.
    """
    if mode not in MODES:
        raise ValueError(f"mode {mode!r}: wanted one of {', '.join(MODES)}")
    if (teacher is None) != (mode == "plain"):
        has = "no teacher" if teacher is None else "a teacher"
        raise ValueError(f"mode {mode} has {has}; stage1 and stage2 want one, plain none")
    if teacher is None:
        return Lesson(student)
    same = teacher.size == student.size if mode == "stage2" else _input(teacher) == _input(student)
    if not same:
        wanted = "be of the student's size" if mode == "stage2" else "have the student's input"
        raise ValueError(
            f"the teacher is {_named(teacher.size)}, the student {_named(student.size)}; in "
            f"{mode} the teacher must {wanted}"
        )
    return (FirstStage if mode == "stage1" else SecondStage)(student, teacher)


def channels(size: Size) -> int:
    """Return how many channels a network's features have."""
    return int(1024 * size.widen)


def _head(model: RTMPose, features: Tensor) -> tuple[Tensor, Tensor]:
    with torch.autocast(features.device.type, enabled=False):
        return model.head(features.float())


def _frozen(model: RTMPose) -> RTMPose:
    return model.eval().requires_grad_(False)


def _input(model: RTMPose) -> tuple[int, int]:
    return model.size.width, model.size.height


def _named(size: Size) -> str:
    return f"{size.width}x{size.height} with depth {size.deepen:g} and width {size.widen:g}"
