# SPDX-License-Identifier: Apache-2.0
"""What the detector learns: its teacher's answers, corrected where exact boxes are known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dwpose_ros.core.boxes import area, iou
from dwpose_ros.estimation.conventions import STRIDES

SAME = 0.5  # overlap from which the teacher means somebody who is known
OTHER = 0.3  # overlap below which it means nobody who is known
WRONG = 0.05  # highest score that is learnt where it sees somebody who is not there
SEEN = 0.5  # score from which the teacher has seen somebody
MISSED = 0.7  # score that is learnt for somebody whom it has not
LEAST = 16  # px, longer side of a person whom nobody has to see
SIDES = (64, 160)  # px, longer sides of people from which a coarser stride finds them
WEIGHT_FROM = 0.05  # score from which a box is learnt
FOCUS = 2.0  # quality focal loss (Li et al., 2020)
OF_BOXES = 2.0  # weight of the boxes' loss


class Target(NamedTuple):
    scores: np.ndarray
    """(places,) float32, 0..1."""
    boxes: np.ndarray
    """(places, 4) float32, x1 y1 x2 y2 px."""


def corrected(
    scores: np.ndarray, boxes: np.ndarray, exact: np.ndarray, known: np.ndarray
) -> Target:
    """Correct the teacher's answers for one image by what is known of it.

    Args:
        scores: (places,) of the teacher.
        boxes: (places, 4) of the teacher.
        exact: boxes (n, 4) of the people in the part of the image that is known.
        known: (h, w) bool, that part: everybody in it is among them.
    """
    places, strides = grid(known.shape)
    at = np.minimum(places.astype(int), np.array(known.shape[::-1]) - 1)
    here = known[at[:, 1], at[:, 0]]
    overlap = iou(boxes, exact) if len(exact) else np.zeros((len(boxes), 1), np.float32)
    best, whose = overlap.max(1), overlap.argmax(1)
    scores, boxes = scores.copy(), boxes.copy()
    ghost = here & (best < OTHER)
    scores[ghost] = np.minimum(scores[ghost], WRONG)
    if not len(exact):
        return Target(scores, boxes)
    same = here & (best > SAME)
    boxes[same] = exact[whose[same]]
    middles, longer = (exact[:, :2] + exact[:, 2:]) / 2, (exact[:, 2:] - exact[:, :2]).max(1)
    wanted = np.array(STRIDES)[np.digitize(longer, SIDES)]
    for i in np.flatnonzero(longer >= LEAST):
        if scores[same & (whose == i)].max(initial=0) >= SEEN:
            continue
        near = (strides == wanted[i]) & (np.abs(places - middles[i]) < 1.5 * wanted[i]).all(1)
        near &= here & ~same
        scores[near] = np.maximum(scores[near], MISSED)
        boxes[near] = exact[i]
    return Target(scores, boxes)


def grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (n, 2) px, x y, and the strides (n,) px of an image (h, w)."""
    places, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: shape[0] // stride, : shape[1] // stride] * stride
        places.append(np.stack([columns, rows], -1).reshape(-1, 2))
        strides.append(np.full(rows.size, stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(strides)


def loss(logits: Tensor, boxes: Tensor, scores: Tensor, wanted: Tensor) -> Tensor:
    """Return the loss of a batch: quality focal loss of the scores, GIoU of the boxes.

    Args:
        logits: (n, places).
        boxes: (n, places, 4).
        scores: (n, places), to be learnt.
        wanted: (n, places, 4), to be learnt.
    """
    difference = (logits.sigmoid() - scores).abs() ** FOCUS
    surprise = functional.binary_cross_entropy_with_logits(logits, scores, reduction="none")
    weights = scores * (scores > WEIGHT_FROM)
    total = weights.sum().clamp(min=1.0)
    return (difference * surprise).sum() / total + OF_BOXES * (
        (1 - giou(boxes, wanted)) * weights
    ).sum() / total


def giou(one: Tensor, other: Tensor) -> Tensor:
    """Generalized intersection over union (Rezatofighi et al., 2019) of boxes (..., 4)."""
    low, high = torch.max(one[..., :2], other[..., :2]), torch.min(one[..., 2:], other[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    areas = [(b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1) for b in (one, other)]
    union = (areas[0] + areas[1] - both).clamp(min=1e-6)
    low, high = torch.min(one[..., :2], other[..., :2]), torch.max(one[..., 2:], other[..., 2:])
    around = (high - low).prod(-1).clamp(min=1e-6)
    return both / union - (around - union) / around


def visible(boxes: np.ndarray, width: int, height: int, share: float = 0.25) -> np.ndarray:
    """Clip boxes (n, 4) to an image, without those of which less than a share is left."""
    inside = boxes.clip(0, [width, height, width, height]).astype(np.float32)
    whole = np.maximum(area(boxes), 1e-6)
    return inside[area(inside) >= share * whole]
