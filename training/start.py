# SPDX-License-Identifier: Apache-2.0
"""What a network's weights are at the beginning: another network's, where they fit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from torch import Tensor, nn

from training.cspnext import ConvModule, CSPNeXt
from training.detector.teacher import read
from training.rtmpose import RTMPose
from training.weights import WeightsError, load_fitting

IMAGES, SIDE = 16, 128  # of noise, px, in which the statistics of features are measured


def begin(model: RTMPose, path: Path) -> None:
    """Give a network another one's weights, where they fit.

    Args:
        model: the network.
        path: a checkpoint, a .pth of mmpose's names, or an ONNX file of an RTMDet, of which the
            backbone is taken.

    Raises:
        DwposeError: the file cannot be read, or nothing fits.
    """
    if path.suffix == ".onnx":
        from_rtmdet(model.backbone, path)
    else:
        load_fitting(model, path)


def from_rtmdet(backbone: CSPNeXt, path: Path) -> None:
    """Take the backbone of an RTMDet as mmdeploy exports it.

    There the normalisations are part of the convolutions. Here each gets statistics such that the
    network is the same, in training as well.

    Raises:
        ModelError: the file cannot be read.
        WeightsError: its convolutions are not those of the backbone.
    """
    graph = read(path).graph
    values = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    found = [
        (torch.from_numpy(values[n.input[1]].copy()), torch.from_numpy(values[n.input[2]].copy()))
        for n in graph.node
        if n.op_type == "Conv"
    ]
    own = _in_order(backbone)
    shapes = [tuple(one.weight.shape) for one, _ in own]
    if [tuple(w.shape) for w, _ in found[: len(own)]] != shapes:
        raise WeightsError(f"{path}: its first {len(own)} convolutions are not those of nano")
    with torch.no_grad():
        for (conv, norm), (weight, bias) in zip(own, found):
            conv.weight.copy_(weight)
            if norm is None:
                conv.bias.copy_(bias)
            else:
                norm.weight.fill_((1 + norm.eps) ** 0.5)
                norm.bias.copy_(bias)
        _measure(backbone, [norm for _, norm in own if norm is not None])


def _in_order(backbone: CSPNeXt) -> list[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """Return the convolutions with their norms, in the order in which the exporter met them: of a
    CSP layer, the way beside the blocks comes first."""

    def key(name: str) -> str:
        steps = ("stem", "short_conv", "main_conv", "blocks", "attention", "final_conv")
        parts = [f"{steps.index(p)}" if p in steps else p for p in name.split(".")]
        return ".".join(parts)

    found: list[tuple[str, tuple[nn.Conv2d, nn.BatchNorm2d | None]]] = []
    for name, module in backbone.named_modules():
        if isinstance(module, ConvModule):
            found.append((key(name), (module.conv, module.bn)))
        elif name.endswith("attention.fc"):
            found.append((key(name), (module, None)))  # type: ignore[arg-type]
    return [pair for _, pair in sorted(found, key=lambda one: one[0])]


def _measure(backbone: CSPNeXt, norms: list[nn.BatchNorm2d]) -> None:
    """Set the norms' statistics to those of smooth noise, and keep what they calculate."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(0, 1, (IMAGES, SIDE // 8, SIDE // 8, 3)).astype(np.float32)
    images = np.stack([cv2.resize(c, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for c in coarse])
    seen: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def look(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        seen[norm] = (inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3)).clamp(min=1e-4))

    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    mode = backbone.training
    backbone.eval()(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    backbone.train(mode)
    for hook in hooks:
        hook.remove()
    for norm, (mean, variance) in seen.items():
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
