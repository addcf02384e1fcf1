#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes DWPose's networks as ONNX files as published: simcc_x and simcc_y of a batch of crops.

With no weights they are random but repeatable, and of the exact architecture: time does not depend
on weights, so benchmarks run on them.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path

import torch

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1])
)  # as a script: python training/export.py

from training.rtmpose import SIZES, RTMPose, gflops  # noqa: E402
from training.weights import load_all  # noqa: E402


def build(name: str, weights: Path | None = None) -> RTMPose:
    """A network of a published size; its weights are drawn from a fixed seed if none are given."""
    torch.manual_seed(0)
    model = RTMPose(SIZES[name])
    if weights is not None:
        load_all(model, weights)
    return model.eval()


def export(model: RTMPose, path: Path) -> None:
    """Write an ONNX file, whole or not at all."""
    image = torch.zeros(1, 3, model.size.height, model.size.width)
    temporary = path.with_suffix(".part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about tracing
        torch.onnx.export(
            model,
            (image,),
            str(temporary),
            dynamo=False,
            opset_version=17,
            input_names=["input"],
            output_names=["simcc_x", "simcc_y"],
            dynamic_axes={n: {0: "batch"} for n in ("input", "simcc_x", "simcc_y")},
        )
    os.replace(temporary, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SIZES), help=f"of {', '.join(SIZES)}")
    parser.add_argument("--folder", type=Path, default=Path("models"))
    parser.add_argument("--weights", type=Path, help="a PyTorch file, for one name")
    args = parser.parse_args()
    for name in args.names:
        if name not in SIZES:
            parser.error(f"{name!r} is no size; the sizes are {', '.join(SIZES)}")
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.names:
        model = build(name, args.weights)
        path = args.folder / f"dwpose-{name}.onnx"
        export(model, path)
        print(
            f"{path}: {gflops(model):.2f} GFLOPs (paper: {model.size.gflops}), "
            f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters"
        )


if __name__ == "__main__":
    main()
