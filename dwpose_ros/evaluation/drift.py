# SPDX-License-Identifier: Apache-2.0
"""How far points are from where the float32 network puts them, and how far is too far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import GROUPS
from dwpose_ros.estimation.graph_rewrite import SPLIT
from dwpose_ros.evaluation.simcc import decode

MIN_SCORE = 0.3  # points that float32 itself does not see are not judged
# 95 of 100 points of each part must stay within 1 % of the person's height: 4 bins at 256x192.
# Distances between guidance's limits are larger; OKS of the body is then above 0.98.
LIMIT_SHARE = 0.01
MAX_LOST = 0.05  # of the points that float32 sees: one that is lost did not stay either


class DriftError(DwposeError):
    """A drift that cannot be judged; the message says why."""


class Drift(NamedTuple):
    """How far one part's points are from where float32 puts them; NaN where it sees none."""

    points: int
    median_px: float
    p95_px: float
    """In pixels of the network's input."""
    p95_share: float
    """Of the height of the person's box."""
    off_1: float
    off_2: float
    """Shares of points more than one bin, and more than two, off on either axis."""
    score: float
    """Mean change of the scores."""
    lost: float
    """Share of points whose score fell below the threshold."""


def compare(
    exact: Sequence[np.ndarray],
    other: Sequence[np.ndarray],
    heights: np.ndarray,
    min_score: float = MIN_SCORE,
) -> dict[str, Drift]:
    """Drift by body part between two pairs of maps, over the points that the first pair sees.

    ``heights`` (n,): of the people's boxes, in pixels of the input.
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


def judge(drifts: dict[str, Drift], limit_px: float) -> list[str]:
    """Why the drift is too large, by part; nothing where it is not.

    Raises DriftError where float32 sees nothing, so that nothing can be judged.
    """
    if not any(d.points for d in drifts.values()):
        raise DriftError(
            f"the float32 network sees no point with a score of {MIN_SCORE} or "
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
    """The report by body part."""
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
