# SPDX-License-Identifier: Apache-2.0
"""The detector's own part, on the features of RTMDet's backbone: a feature pyramid that is half
as wide as RTMDet-nano's, and one head for all strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from dwpose_ros.estimation.conventions import STRIDES
from training.cspnext import ConvModule, DepthwiseSeparable

RARE = 0.01  # score of a place at the beginning


class Fuse(nn.Module):
    """Two maps of features become one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = ConvModule(2 * width, width, 1)
        self.mix = DepthwiseSeparable(width, width, 5)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        x = self.reduce(torch.cat([one, other], 1))
        return cast(Tensor, x + self.mix(x))


class Down(nn.Module):
    """Halves a map of features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = ConvModule(width, width, 3, 2, groups=width)
        self.pointwise = ConvModule(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.pointwise(self.depthwise(x)))


class DetectorHead(nn.Module):
    """Scores and boxes of people at each place, from a backbone's features.

    Args:
        channels: of the features at strides of 8, 16 and 32 px.
        width: channels within.
    """

    def __init__(self, channels: Sequence[int], width: int = 64) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(ConvModule(c, width, 1) for c in channels)
        self.up = nn.ModuleList(Fuse(width) for _ in range(2))
        self.shrink = nn.ModuleList(Down(width) for _ in range(2))
        self.down = nn.ModuleList(Fuse(width) for _ in range(2))
        self.score_tower = nn.Sequential(*(DepthwiseSeparable(width, width, 5) for _ in range(2)))
        self.box_tower = nn.Sequential(*(DepthwiseSeparable(width, width, 5) for _ in range(2)))
        self.score = nn.Conv2d(width, 1, 1)
        self.box = nn.Conv2d(width, 4, 1)
        nn.init.constant_(self.score.bias, float(torch.logit(torch.tensor(RARE))))
        nn.init.constant_(self.box.bias, 1.5)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the logits (n, places) and the boxes (n, places, 4), x1 y1 x2 y2 px."""
        fine, middle, coarse = (m(f) for m, f in zip(self.lateral, features))
        middle = self.up[0](_double(coarse), middle)
        fine = self.up[1](_double(middle), fine)
        middle = self.down[0](self.shrink[0](fine), middle)
        coarse = self.down[1](self.shrink[1](middle), coarse)
        scores, boxes = [], []
        for x, stride in zip((fine, middle, coarse), STRIDES):
            scores.append(self.score(self.score_tower(x)).flatten(1))
            sides = functional.softplus(self.box(self.box_tower(x))) * stride
            boxes.append(_corners(sides, stride))
        return torch.cat(scores, 1), torch.cat(boxes, 1)


class Cells(nn.Module):
    """The head with its answers as a YOLOX gives them, (n, places, 6): the middle from the cell's
    corner in strides, the logarithms of width and height in strides, the score, and 1."""

    def __init__(self, head: DetectorHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        maps = (fine, middle, coarse)
        logits, boxes = self.head(maps)
        corners = torch.cat([_grid(m, s).flatten(0, 1) for m, s in zip(maps, STRIDES)])
        stride = torch.cat(
            [torch.full((m.shape[2] * m.shape[3], 1), float(s)) for m, s in zip(maps, STRIDES)]
        )
        middles = ((boxes[..., :2] + boxes[..., 2:]) / 2 - corners) / stride
        sides = torch.log((boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-3) / stride)
        score = logits.sigmoid()[..., None]
        return torch.cat([middles, sides, score, torch.ones_like(score)], 2)


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0)


def _grid(x: Tensor, stride: int) -> Tensor:
    """Return the places of a map, (h, w, 2) px: each cell's upper left corner, as RTMDet's."""
    # float() at the end, since the exporter would calculate in 64 bits.
    rows = torch.arange(x.shape[2], device=x.device) * stride
    columns = torch.arange(x.shape[3], device=x.device) * stride
    down, across = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([across, down], -1).float()


def _corners(sides: Tensor, stride: int) -> Tensor:
    """Convert distances (n, 4, h, w) to left, top, right and bottom into boxes (n, h * w, 4)."""
    places = _grid(sides, stride).permute(2, 0, 1)
    boxes = torch.cat([places - sides[:, :2], places + sides[:, 2:]], 1)
    return boxes.flatten(2).transpose(1, 2)
