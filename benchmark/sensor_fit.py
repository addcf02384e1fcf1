# SPDX-License-Identifier: Apache-2.0
"""Measures a network's errors on renders, for the figures in sensor_model.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from network_sensor import scene_of
from sensor_model import GROUPS, LIMBS, SCORE_SHARES, STATURE_M, as_taken

from dwpose_ros.core.keypoints import LEFT_HAND
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson

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
    scores: np.ndarray
    """(frames, 133)."""
    inside: np.ndarray
    """(133,) bool, points in the image."""
    visible: np.ndarray
    """(133,) bool, points that nothing hides."""
    hand_lengths: list[float]
    """Length of the left hand as seen, as a share of the true one."""

    @property
    def seen(self) -> np.ndarray:
        """(frames, 133) bool."""
        return self.scores > THRESHOLD


def fit(estimate: Estimate, turns: Sequence[float] = TURNS, frames: int = 8) -> str:
    """Measure a network's errors and losses on renders, and format them as a table."""
    random = np.random.default_rng(0)
    rows: dict[tuple[str, bool], list[tuple[float, ...]]] = {}
    scores: dict[tuple[str, bool], list[np.ndarray]] = {}
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
                            row = _row(looks, of)
                            rows.setdefault((name, visible), []).append(row)
                            scores.setdefault((name, visible), []).append(looks.scores[:, of])
    return f"{_table(rows, lengths)}\n\n{_score_table(scores)}"


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
    scene = scene_of(SimulatedCamera(height_m=height_m))
    x_m = random.uniform(-0.2, 0.2)
    errors, scores, lengths, taken = [], [], [], np.empty((133, 2))
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
        scores.append(found.scores[0])
        if posture == "hands_shown" and (scores[-1][LEFT_HAND] > THRESHOLD).all():
            lengths.append(_length(found.xy[0]) / _length(truth.xy[0]))
    if not errors:
        return None
    inside = ((taken >= 0) & (taken < (scene.camera.width, scene.camera.height))).all(1)
    return _Looks(np.array(errors), np.array(scores), inside, truth.scores[0] > 0, lengths)


def _table(rows: dict[tuple[str, bool], list[tuple[float, ...]]], lengths: list[float]) -> str:
    heads = ("seen", "lasting", "jitter", "lasting shared", "jitter shared")
    lines = [f"{'':<14}" + "".join(f"{head:>16}" for head in heads)]
    for (name, visible), found in rows.items():
        columns = list(zip(*found))
        figures = [np.nanmean(columns[0]), *(np.nanmedian(c) for c in columns[1:3])]
        for common, whole in (columns[3:5], columns[5:7]):  # sums of squares: one ratio of all
            figures.append(np.nansum(common) / max(np.nansum(whole), 1e-12))
        lines.append(
            f"{name:<6}{'visible' if visible else 'hidden':<8}"
            + "".join(f"{figure:>16.4f}" for figure in figures)
        )
    lines.append(f"hands are {np.median(lengths):.2f} as long as the rig's")
    return "\n".join(lines)


def _score_table(scores: dict[tuple[str, bool], list[np.ndarray]]) -> str:
    """Format the quantiles of the scores of points that are seen, and how much they tremble."""
    heads = (*(f"score {share:.0%}" for share in SCORE_SHARES), "tremble")
    lines = [f"{'':<14}" + "".join(f"{head:>12}" for head in heads)]
    for (name, visible), found in scores.items():
        values = np.concatenate([some.ravel() for some in found])
        figures = [*np.quantile(values[values > THRESHOLD], SCORE_SHARES)]
        figures.append(np.median(np.concatenate([some.std(0) for some in found])))
        lines.append(
            f"{name:<6}{'visible' if visible else 'hidden':<8}"
            + "".join(f"{figure:>12.3f}" for figure in figures)
        )
    return "\n".join(lines)


def _length(xy: np.ndarray) -> float:
    """Return the left hand's longest side, px."""
    return float(np.ptp(xy[LEFT_HAND], axis=0).max())


def _row(looks: _Looks, of: np.ndarray) -> tuple[float, ...]:
    """Measure some points (133,) bool of what was seen.

    Returns:
        The share seen; the lasting error and the jitter of points that are always seen; and for
        each of these two, the squares that limbs have in common, and all squares.
    """
    seen = looks.seen[:, of]
    always = of & looks.seen.all(0)
    if not always.any():
        return (float(seen.mean()), *[math.nan] * 6)
    errors = looks.errors[:, always]
    lasting = np.linalg.norm(errors.mean(0), axis=1)
    still = np.zeros_like(looks.errors[0])
    still[always] = errors.mean(0)
    moving = np.zeros_like(looks.errors)
    moving[:, always] = errors - errors.mean(0)
    # The median length of a vector of two normal numbers is 1.18 of their standard deviation.
    return (
        float(seen.mean()),
        float(np.median(lasting)) / 1.18,
        float(np.median(errors.std(0))),
        *_shared(still[None], always),
        *_shared(moving, always),
    )


def _shared(errors: np.ndarray, of: np.ndarray) -> tuple[float, float]:
    """Return the sums of squares of (frames, 133, 2) that limbs have in common, and of all.

    Of a limb with n points, the mean of independent errors has an n-th of their variance, which
    is no error in common.
    """
    common = whole = 0.0
    for limb in LIMBS:
        points = [i for i in limb if of[i]]
        if len(points) < 2:
            continue
        e = errors[:, points]
        n, squares = len(points), float((e**2).mean())
        mean = float((e.mean(1) ** 2).mean())
        common += n * max((mean - squares / n) / (1 - 1 / n), 0.0)
        whole += n * squares
    return common, whole
