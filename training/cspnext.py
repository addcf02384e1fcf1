# SPDX-License-Identifier: Apache-2.0
"""CSPNeXt, the backbone of RTMDet, RTMPose and DWPose, in PyTorch.

Lyu et al., "RTMDet: An Empirical Study of Designing Real-Time Object Detectors" (2022): CSP stages
of blocks with a 5x5 depthwise convolution, and channel attention before each stage ends. Layers
are named as in mmdetection.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Channels in and out, blocks, whether blocks add their input, whether pooling comes first.
STAGES = (
    (64, 128, 3, True, False),
    (128, 256, 6, True, False),
    (256, 512, 6, True, False),
    (512, 1024, 3, False, True),
)


class ConvModule(nn.Module):
    """Convolution without bias, batch normalisation, SiLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.activate = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.activate(self.bn(self.conv(x)))


class DepthwiseSeparable(nn.Module):
    """A convolution of each channel, then one across channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise_conv = ConvModule(inputs, inputs, kernel, stride, groups=inputs)
        self.pointwise_conv = ConvModule(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise_conv(self.depthwise_conv(x))


def _conv3(depthwise: bool) -> type[ConvModule] | type[DepthwiseSeparable]:
    """What 3x3 convolutions are: RTMDet-nano's are depthwise separable too."""
    return DepthwiseSeparable if depthwise else ConvModule


class Block(nn.Module):
    """CSPNeXt's block: 3x3, then a depthwise separable 5x5."""

    def __init__(self, channels: int, add_identity: bool, depthwise: bool) -> None:
        super().__init__()
        self.conv1 = _conv3(depthwise)(channels, channels, 3)
        self.conv2 = DepthwiseSeparable(channels, channels, 5)
        self.add_identity = add_identity

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv2(self.conv1(x))
        return out + x if self.add_identity else out


class ChannelAttention(nn.Module):
    """Weighs channels by their mean over the image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)
        self.act = nn.Hardsigmoid(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.act(self.fc(x.mean((2, 3), keepdim=True)))


class CSPLayer(nn.Module):
    """Half the channels go through the blocks, half beside them."""

    def __init__(
        self, inputs: int, outputs: int, blocks: int, add_identity: bool, depthwise: bool
    ) -> None:
        super().__init__()
        middle = outputs // 2
        self.main_conv = ConvModule(inputs, middle, 1)
        self.short_conv = ConvModule(inputs, middle, 1)
        self.final_conv = ConvModule(2 * middle, outputs, 1)
        self.blocks = nn.Sequential(
            *(Block(middle, add_identity, depthwise) for _ in range(blocks))
        )
        self.attention = ChannelAttention(2 * middle)

    def forward(self, x: Tensor) -> Tensor:
        main = self.blocks(self.main_conv(x))
        return self.final_conv(self.attention(torch.cat([main, self.short_conv(x)], 1)))


class SPPBottleneck(nn.Module):
    """Pooling over 5, 9 and 13 pixels beside the image itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvModule(channels, channels // 2, 1)
        self.poolings = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13))
        self.conv2 = ConvModule(channels // 2 * 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return self.conv2(torch.cat([x, *(pool(x) for pool in self.poolings)], 1))


class CSPNeXt(nn.Module):
    """Images (n, 3, h, w) to features (n, 1024 * widen, h / 32, w / 32)."""

    def __init__(self, deepen: float, widen: float, depthwise: bool = False) -> None:
        super().__init__()

        def wide(channels: int) -> int:
            return int(channels * widen)

        stem = wide(STAGES[0][0])
        self.stem = nn.Sequential(
            ConvModule(3, stem // 2, 3, 2),
            ConvModule(stem // 2, stem // 2, 3),
            ConvModule(stem // 2, stem, 3),
        )
        for number, (inputs, outputs, blocks, add_identity, pools) in enumerate(STAGES, 1):
            layers: list[nn.Module] = [_conv3(depthwise)(wide(inputs), wide(outputs), 3, 2)]
            if pools:
                layers.append(SPPBottleneck(wide(outputs)))
            layers.append(
                CSPLayer(
                    wide(outputs),
                    wide(outputs),
                    max(round(blocks * deepen), 1),
                    add_identity,
                    depthwise,
                )
            )
            setattr(self, f"stage{number}", nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        return self.stage4(self.stage3(self.stage2(self.stage1(self.stem(x)))))
