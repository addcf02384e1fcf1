# SPDX-License-Identifier: Apache-2.0
"""The losses of RTMPose and of DWPose's two-stage distillation.

Yang et al., "Effective Whole-body Pose Estimation with Two-stages Distillation" (2023). In the
first stage the student learns from labels, and from a larger teacher's features and logits:

    loss = simcc + r * (ALPHA * feature + BETA * logit),  r = 1 - (epoch - 1) / epochs

In the second stage, with its backbone frozen, its new head learns from the logits of its old one
alone.

RTMPose sums its loss over a batch of 64, and means the distillation's over theirs. Here all are
means over the batch, and the first is multiplied by 64, so that their balance does not depend on
the batch's size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ALPHA = 5e-5  # of the feature loss in the first stage
BETA = 0.1  # of the logit loss in the first stage
SHARPNESS = 10.0  # logits and labels are multiplied by it before the softmax; RTMPose's "beta"
BATCH = 64  # of each GPU in RTMPose's schedule


def simcc_loss(predicted: Sequence[Tensor], labels: Sequence[Tensor], weights: Tensor) -> Tensor:
    """Return RTMPose's loss: how far the maps are from the labels, a Kullback-Leibler divergence.

    Args:
        predicted: logits (n, points, bins) along x and along y.
        labels: the same shapes; the softmax is taken here.
        weights: (n, points).
    """
    total = sum((_divergence(p, q).mean(-1) * weights).sum() for p, q in zip(predicted, labels))
    return total * BATCH / weights.numel()


def logit_loss(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """Return DWPose's logit loss, over all points alike, annotated or not.

    The paper writes the cross entropy; this is the divergence, whose gradient is the same and
    which is zero when both agree.

    Args:
        student: logits (n, points, bins) along x and along y.
        teacher: the same shapes; no gradient goes there.
    """
    return sum(_divergence(s, t.detach()).sum(-1).mean() for s, t in zip(student, teacher))


class FeatureLoss(nn.Module):
    """DWPose's feature loss: the squared distance from the teacher's features, summed over
    channels and places, mean over the batch. A 1x1 convolution takes the student's channels to
    the teacher's where they differ; it is trained and thrown away."""

    def __init__(self, student: int, teacher: int) -> None:
        super().__init__()
        self.align = nn.Identity() if student == teacher else nn.Conv2d(student, teacher, 1)

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        difference = self.align(student) - teacher.detach()
        return difference.square().sum() / len(difference)


def decay(epoch: int, epochs: int) -> float:
    """Return the weight r of both distillation losses in an epoch, the first of which is 1.

    Raises:
        ValueError: there is no such epoch.
    """
    if not 1 <= epoch <= epochs:
        raise ValueError(f"epoch {epoch}: wanted one of 1 to {epochs}")
    return 1 - (epoch - 1) / epochs


def _divergence(predicted: Tensor, wanted: Tensor) -> Tensor:
    """The divergence of each bin, (n, points, bins)."""
    return F.kl_div(
        F.log_softmax(predicted * SHARPNESS, -1),
        torch.softmax(wanted * SHARPNESS, -1),
        reduction="none",
    )
