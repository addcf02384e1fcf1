# SPDX-License-Identifier: Apache-2.0
"""Measures a network's errors on renders, for the figures in sensor_model.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sensor_model import GROUPS, STATURE_M, as_taken, scene_at

from dwpose_ros.core.keypoints import LEFT_HAND
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.simulation.camera import SimulatedPerson

Estimate = Callable[[np.ndarray], PersonPoses]  # of an image (h, w, 3) uint8 RGB
TURNS = (0, -15, 20, 35, -50, 70, -90, 120, 180)  # degrees
SETTLING = 2  # frames that a tracker needs to settle
# Height of the camera in m, distances of the person in m, and their posture.
PLACES = (
    (1.0, (3.0, 3.6), "relaxed"),
    (1.45, (1.0, 1.5), "relaxed"),
    (1.4, (1.15, 1.4), "hands_shown"),
)


class _Looks(NamedTuple):
    """What a network saw of a person who stands in one place."""

    errors: np.ndarray
    """(frames, 133, 2), in heights of the person."""
    seen: np.ndarray
    """(frames, 133) bool."""
    inside: np.ndarray
    """(133,) bool, points in the image."""
    visible: np.ndarray
    """(133,) bool, points that nothing hides."""
    hand_lengths: list[float]
    """Length of the left hand as seen, as a share of the true one."""


def fit(estimate: Estimate, turns: Sequence[float] = TURNS, frames: int = 8) -> str:
    """Measure a network's errors and losses on renders, and format them as a table."""
    random = np.random.default_rng(0)
    rows: dict[tuple[str, bool], list[tuple[float, float, float]]] = {}
    lengths: list[float] = []
    for height_m, distances, posture in PLACES:
        for yaw in turns if posture == "relaxed" else (0, -10, 12):
            for distance in distances:
                looks = _look(estimate, random, height_m, distance, yaw, posture, frames)
                if looks is None:
                    continue
                lengths += looks.hand_lengths
                for name, group in GROUPS.items():
                    if (name == "hands") != (posture == "hands_shown"):
                        continue  # hanging, they are too small to be found
                    for visible in (True, False):
                        of = np.zeros(133, bool)
                        of[group] = looks.inside[group] & (looks.visible[group] == visible)
                        if of.any():
                            row = _row(looks.errors[:, of], looks.seen[:, of])
                            rows.setdefault((name, visible), []).append(row)
    return _table(rows, lengths)


def _look(
    estimate: Estimate,
    random: np.random.Generator,
    height_m: float,
    distance_m: float,
    yaw_deg: float,
    posture: str,
    frames: int,
) -> _Looks | None:
    """Show a network a person in one place; None if it never finds them."""
    scene = scene_at(height_m)
    x_m = random.uniform(-0.2, 0.2)
    errors, seen, lengths, taken = [], [], [], np.empty((133, 2))
    for seed in range(frames + SETTLING):
        figure = SimulatedPerson(
            x_m + random.normal(0, 0.006), distance_m, yaw_deg + random.normal(), posture
        )
        truth = scene.truth([figure])
        found = estimate(scene.render([figure], seed=seed))
        if seed < SETTLING or not len(found):
            continue
        taken = as_taken(truth.xy[0])
        errors.append((found.xy[0] - taken) / (scene.camera.focal_px * STATURE_M / distance_m))
        seen.append(found.scores[0] > THRESHOLD)
        if posture == "hands_shown" and seen[-1][LEFT_HAND].all():
            lengths.append(_length(found.xy[0]) / _length(truth.xy[0]))
    if not errors:
        return None
    inside = ((taken >= 0) & (taken < (scene.camera.width, scene.camera.height))).all(1)
    return _Looks(np.array(errors), np.array(seen), inside, truth.scores[0] > 0, lengths)


def _table(
    rows: dict[tuple[str, bool], list[tuple[float, float, float]]], lengths: list[float]
) -> str:
    lines = [f"{'':<6}{'':<8}{'seen':>7}{'lasting':>9}{'jitter':>9}"]
    for (name, visible), found in rows.items():
        seen, lasting, jitter = (
            np.nanmean([f[0] for f in found]),
            *(np.nanmedian([f[i] for f in found]) for i in (1, 2)),
        )
        lines.append(
            f"{name:<6}{'visible' if visible else 'hidden':<8}{seen:>7.3f}"
            f"{lasting:>9.4f}{jitter:>9.4f}"
        )
    lines.append(f"hands are {np.median(lengths):.2f} as long as the rig's")
    return "\n".join(lines)


def _length(xy: np.ndarray) -> float:
    """Return the left hand's longest side, px."""
    return float(np.ptp(xy[LEFT_HAND], axis=0).max())


def _row(errors: np.ndarray, seen: np.ndarray) -> tuple[float, float, float]:
    """Return the share seen, and the lasting error and jitter of points that are always seen."""
    always = seen.all(0)
    if not always.any():
        return float(seen.mean()), math.nan, math.nan
    lasting = np.linalg.norm(errors[:, always].mean(0), axis=1)
    # The median length of a vector of two normal numbers is 1.18 of their standard deviation.
    return (
        float(seen.mean()),
        float(np.median(lasting)) / 1.18,
        float(np.median(errors[:, always].std(0))),
    )
