# SPDX-License-Identifier: Apache-2.0
"""Rewrites published networks so that pixels go in and answers come out.

Preparation and decoding move into the graph: uint8 crops in; bins and scores out instead of whole
SimCC maps. So every runtime does them where the network runs, and a GPU sends back a few
kilobytes. Each file is rewritten once and cached.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dwpose_ros.estimation.graph_cache import rewritten

if TYPE_CHECKING:
    import onnx


def pose_network(path: Path | str, *, half: bool = False, subpixel: bool = False) -> Path:
    """Return the file of a rewritten SimCC network of 133 points.

    Input ``crops``, (n, height, width, 3) uint8 RGB; outputs ``bins``, (n, 133, 2) int32, and
    ``scores``, (n, 133) float32, the lower of both axes' peaks, -1 where a map holds a NaN. n is
    any number, or 1 if the graph allows no other.

    Args:
        half: calculate the network's own part in float16.
        subpixel: add an output ``offsets``, (n, 133, 2) float32, in bins, from the bin to the top
            of the parabola through it and its neighbours.

    Raises:
        ModelError: the file is not such a network; the text gives the shapes found and wanted.
    """

    def make(model: onnx.ModelProto) -> onnx.ModelProto:
        from dwpose_ros.estimation.graph_surgery import pose  # which imports onnx

        return pose(model, Path(path), half, subpixel)

    return rewritten(Path(path), f"pose{'-half' * half}{'-subpixel' * subpixel}", make)


def detector_network(path: Path | str, size: int = 0) -> Path:
    """Return the file of a rewritten person detector.

    Input ``image``, (1, height, width, 3) uint8 RGB, letterboxed. Outputs of an RTMDet: ``dets``,
    (1, n, 5), x1 y1 x2 y2 score in pixels, and ``labels``, (1, n). Output of a YOLOX: ``cells``,
    (1, cells, 5), its raw x y w h, and the person's score.

    Args:
        size: side of the square input if the file leaves it open; 0 is YOLOX's own 640, which
            serves RTMDet as well.

    Raises:
        ModelError: the file is neither.
    """

    def make(model: onnx.ModelProto) -> onnx.ModelProto:
        from dwpose_ros.estimation.graph_surgery import detector  # which imports onnx

        return detector(model, Path(path), size or 640)

    return rewritten(Path(path), f"detector{size or ''}", make)
