# SPDX-License-Identifier: Apache-2.0
"""Drift of a quantized network's keypoints from those of the float32 network, and its limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import GROUPS
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.estimation.conventions import SPLIT
from dwpose_ros.evaluation.simcc import decode

# 95 of 100 points of each body part must stay within 1 % of the person's height, which is 4 bins
# at 256x192. The OKS of the body is then above 0.98, and the distances between guidance's limits
# are larger than that.
LIMIT_SHARE = 0.01
MAX_LOST = 0.05  # share of the visible points whose score may fall below the threshold


class DriftError(DwposeError):
    """The drift cannot be computed; the message says why."""


class Drift(NamedTuple):
    """Drift of one body part's points; NaN if the float32 network sees none."""

    points: int
    median_px: float
    p95_px: float
    """In pixels of the network's input."""
    p95_share: float
    """Of the height of the person's box."""
    off_1: float
    off_2: float
    """Shares of points that are off by more than one and two bins on either axis."""
    score: float
    """Mean change of the scores."""
    lost: float
    """Share of points whose score fell below the threshold."""


def compare(
    exact: Sequence[np.ndarray],
    other: Sequence[np.ndarray],
    heights: np.ndarray,
    min_score: float = THRESHOLD,
) -> dict[str, Drift]:
    """Compute the drift of each body part, over the points that the exact network sees.

    Args:
        exact: SimCC maps x and y, (n, 133, bins) each, of the float32 network.
        other: those of the other network.
        heights: (n,) heights of the people's boxes, in pixels of the input.
        min_score: score of the points to compare.
    """
    (points, scores), (moved, new_scores) = decode(*exact), decode(*other)
    bins = np.abs(moved - points).max(-1) * SPLIT
    pixels = np.linalg.norm(moved - points, axis=-1)
    share = pixels / heights[:, None]
    report = {}
    for part, which in GROUPS.items():
        seen = scores[:, which] >= min_score
        px, delta = pixels[:, which][seen], (new_scores - scores)[:, which][seen]
        if not px.size:
            report[part] = Drift(0, *[math.nan] * 7)
            continue
        report[part] = Drift(
            px.size,
            float(np.median(px)),
            float(np.percentile(px, 95)),
            float(np.percentile(share[:, which][seen], 95)),
            float((bins[:, which][seen] > 1).mean()),
            float((bins[:, which][seen] > 2).mean()),
            float(delta.mean()),
            float((new_scores[:, which][seen] < min_score).mean()),
        )
    return report


def exceeding(drifts: dict[str, Drift], limit_px: float) -> list[str]:
    """Return what exceeds the limits, a line for each body part; an empty list if nothing does.

    Args:
        drifts: from `compare`.
        limit_px: largest 95th percentile of a body part's drift, pixels of the network's input.

    Raises:
        DriftError: the float32 network sees no point.
    """
    if not any(d.points for d in drifts.values()):
        raise DriftError(
            f"the float32 network sees no point with a score of {THRESHOLD} or "
            "more on the held-out frames: there is nothing to compare with"
        )
    far = []
    for part, d in drifts.items():
        name = part.replace("_", " ")
        if d.p95_px > limit_px:
            far.append(f"95 % of the {name} are within {d.p95_px:.1f} px")
        if d.lost > MAX_LOST:
            far.append(f"{d.lost:.0%} of the {name} are not seen any more")
    return far


def table(drifts: dict[str, Drift]) -> str:
    """Format the drift as a table by body part."""
    lines = [
        f"{'':11}{'points':>7}{'median':>9}{'95 %':>9}{'95 %':>9}{'off by':>9}{'off by':>9}"
        f"{'score':>9}{'points':>8}",
        f"{'':18}{'px':>9}{'px':>9}{'height':>9}{'> 1 bin':>9}{'> 2 bins':>9}"
        f"{'change':>9}{'lost':>8}",
    ]
    for part, d in drifts.items():
        lines.append(
            f"{part.replace('_', ' '):11}{d.points:7}"
            + (
                f"{d.median_px:9.2f}{d.p95_px:9.2f}{d.p95_share:9.2%}{d.off_1:9.1%}{d.off_2:9.1%}"
                f"{d.score:+9.3f}{d.lost:8.1%}"
                if d.points
                else "        - (float32 sees none)"
            )
        )
    return "\n".join(lines)
