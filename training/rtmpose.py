# SPDX-License-Identifier: Apache-2.0
"""RTMPose, the network of DWPose: CSPNeXt, and a head that gives SimCC maps of 133 points.

Jiang et al., "RTMPose: Real-Time Multi-Person Pose Estimation based on MMPose" (2023); Li et al.,
"SimCC" (2022); the gated attention unit is Hua et al., "Transformer Quality in Linear Time"
(2022).
Layers are named as in mmpose.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.cspnext import CSPNeXt

POINTS = 133
SPLIT = 2  # SimCC bins per pixel


class Size(NamedTuple):
    """A size of the network; GFLOPs (multiply-adds) as in the DWPose paper, table 1."""

    deepen: float
    widen: float
    width: int  # of the input, pixels
    height: int
    gflops: float
    depthwise: bool = False
    """Whether the backbone is RTMDet-nano's kind."""
    hidden: int = 256
    """Features of a point in the head."""
    kernel: int = 7
    """Of the convolution that makes a map for each point."""


SIZES = {
    "nano": Size(0.33, 0.25, 144, 192, 0.1, True, 128, 3),  # ours
    "t": Size(0.167, 0.375, 192, 256, 0.5),
    "s": Size(0.33, 0.5, 192, 256, 0.9),
    "m": Size(0.67, 0.75, 192, 256, 2.2),
    "l": Size(1.0, 1.0, 192, 256, 4.5),
    "l-384": Size(1.0, 1.0, 288, 384, 10.1),
}
# RTMPose-x, the teacher of DWPose-l; GFLOPs of 384x288 as mmpose tells, and the same by area.
TEACHERS = {
    **SIZES,
    "x": Size(1.33, 1.25, 192, 256, 8.0),
    "x-384": Size(1.33, 1.25, 288, 384, 18.1),
}


class ScaleNorm(nn.Module):
    """Scales vectors to one length, learnt (Nguyen and Salazar, 2019)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.scale = features**-0.5
        self.g = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        norm = torch.linalg.norm(x, dim=-1, keepdim=True) * self.scale
        return x / norm.clamp(min=1e-5) * self.g


class Scale(nn.Module):
    """A learnt factor for each feature."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(features))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class RTMCCBlock(nn.Module):
    """Gated attention among the points, (n, points, features) to the same."""

    def __init__(self, features: int, key: int, expansion: int = 2) -> None:
        super().__init__()
        self.key, self.wide = key, features * expansion
        self.ln = ScaleNorm(features)
        self.uv = nn.Linear(features, 2 * self.wide + key, bias=False)
        self.gamma = nn.Parameter(torch.rand(2, key))
        self.beta = nn.Parameter(torch.rand(2, key))
        self.o = nn.Linear(self.wide, features, bias=False)
        self.act_fn = nn.SiLU(inplace=True)
        self.res_scale = Scale(features)

    def forward(self, x: Tensor) -> Tensor:
        gate, value, base = self.act_fn(self.uv(self.ln(x))).split(
            [self.wide, self.wide, self.key], -1
        )
        query, key = (base.unsqueeze(2) * self.gamma + self.beta).unbind(2)
        weights = torch.relu(query @ key.transpose(1, 2) / self.key**0.5) ** 2
        return self.res_scale(x) + self.o(gate * (weights @ value))


class RTMCCHead(nn.Module):
    """Features (n, channels, h / 32, w / 32) to SimCC maps of the points along x and y."""

    def __init__(self, channels: int, size: Size, key: int = 128) -> None:
        super().__init__()
        hidden, flat = size.hidden, -(-size.width // 32) * -(-size.height // 32)
        self.final_layer = nn.Conv2d(channels, POINTS, size.kernel, padding=size.kernel // 2)
        self.mlp = nn.Sequential(ScaleNorm(flat), nn.Linear(flat, hidden, bias=False))
        self.gau = RTMCCBlock(hidden, key)
        self.cls_x = nn.Linear(hidden, size.width * SPLIT, bias=False)
        self.cls_y = nn.Linear(hidden, size.height * SPLIT, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.gau(self.mlp(self.final_layer(x).flatten(2)))
        return self.cls_x(x), self.cls_y(x)


class RTMPose(nn.Module):
    """Normalised RGB images (n, 3, height, width) to simcc_x (n, 133, 2 width) and simcc_y."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.backbone = CSPNeXt(size.deepen, size.widen, size.depthwise)
        self.head = RTMCCHead(int(1024 * size.widen), size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(self.backbone(x))


def gflops(model: RTMPose) -> float:
    """Multiply-adds of one image, in thousands of millions."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, 3, model.size.height, model.size.width))
    return counter.get_total_flops() / 2 / 1e9
