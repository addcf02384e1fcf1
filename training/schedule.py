# SPDX-License-Identifier: Apache-2.0
"""RTMPose's learning rate, and its average of the weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

FLOOR = 0.05  # of the base, at the end
START = 1e-5  # of the base, at the first step


def rate(step: int, steps: int, warm_up: int) -> float:
    """Return the factor of the base learning rate: flat for half of the steps, then a cosine.

    Args:
        step: which, from 0.
        steps: how many there are.
        warm_up: in how many it rises linearly to the base, in addition.
    """
    half = steps // 2
    flat = 1.0
    if step >= half:
        fall = (1 + math.cos(math.pi * (step - half) / max(steps - half, 1))) / 2
        flat = FLOOR + (1 - FLOOR) * fall
    rise = START + (1 - START) * step / warm_up if step < warm_up else 1.0
    return flat * rise


class Average:
    """An exponential moving average of a network's weights and statistics.

    Each step takes MOMENTUM of the present network, more at the beginning: mmengine's
    ``ExpMomentumEMA`` with the numbers of RTMPose's configurations.
    """

    MOMENTUM, GAMMA = 2e-4, 2000

    def __init__(self, model: nn.Module) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.steps = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the network after a step."""
        share = (1 - self.MOMENTUM) * math.exp(-(1 + self.steps) / self.GAMMA) + self.MOMENTUM
        for kept, now in zip(self.model.state_dict().values(), model.state_dict().values()):
            if kept.is_floating_point():
                kept.lerp_(now, share)
            else:
                kept.copy_(now)
        self.steps += 1


def groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Return AdamW's groups: no decay of biases, norms and learnt factors."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
