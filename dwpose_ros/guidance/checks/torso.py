# SPDX-License-Identifier: Apache-2.0
"""How broad a person looks: the widths of shoulders and hips, against the length of the torso."""

from __future__ import annotations

import math

from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.guidance.observation import Observation, per_observation

_POINTS = FACE.start  # of body and feet, which come first
_STEEPEST = math.radians(75.0)  # ray to a point that can be told from straight down


def points_at(
    observation: Observation, threshold: float, *names: str
) -> list[tuple[float, float]] | None:
    """Return the coordinates (x, y) of keypoints by name; None unless all are visible."""
    xy, scores = _body(observation)
    points = [INDEX[name] for name in names]
    if min(scores[i] for i in points) <= threshold:
        return None
    return [xy[i] for i in points]


@per_observation
def _body(observation: Observation) -> tuple[list[tuple[float, float]], list[float]]:
    """Return the points of body and feet, and their scores: of few, lists are faster."""
    xy, scores = observation.xy[:_POINTS], observation.scores[:_POINTS]
    return [(x, y) for x, y in xy.tolist()], scores.tolist()


@per_observation
def breadth(observation: Observation, threshold: float) -> tuple[float, float]:
    """Return the widths of shoulders plus hips, and the length of the torso, px.

    NaN unless both are visible. The width is < 0 from behind.
    """
    shoulders = points_at(observation, threshold, "left_shoulder", "right_shoulder")
    hips = points_at(observation, threshold, "left_hip", "right_hip")
    if shoulders is None or hips is None:
        return math.nan, math.nan
    (left, left_y), (right, right_y) = shoulders
    (left_hip, left_hip_y), (right_hip, right_hip_y) = hips
    down = (left_hip_y + right_hip_y) / 2 - (left_y + right_y) / 2
    across = (left_hip + right_hip - left - right) / 2
    torso = math.hypot(down, across)
    # Measure the width perpendicular to the torso, so that leaning does not count as a turn.
    width = (
        (left - right + left_hip - right_hip) * down
        - (left_y - right_y + left_hip_y - right_hip_y) * across
    ) / max(torso, 1.0)
    rows = (left_y + right_y) / 2, (left_hip_y + right_hip_y) / 2
    return width, torso * _as_seen_level(observation, *rows)


def _as_seen_level(observation: Observation, shoulders_y: float, hips_y: float) -> float:
    """Return the factor by which an upright torso would look longer, in proportion to its
    breadth, to a camera that is level with it.

    A camera that looks down sees shoulders nearer than hips, and the torso shortened: the more,
    the nearer somebody is. The horizon tells how the camera is tilted.
    """
    focal = observation.scale.focal * observation.width
    middle = observation.height / 2
    tilt = math.atan((0.5 - observation.scale.horizon) * observation.height / focal)
    rays = [tilt + math.atan((y - middle) / focal) for y in (shoulders_y, hips_y)]
    if max(map(abs, rays)) > _STEEPEST or hips_y - shoulders_y < 1.0:
        return 1.0
    length = focal * (math.tan(rays[1]) - math.tan(rays[0]))
    widths = sum(math.cos(ray - tilt) / math.cos(ray) for ray in rays) / 2
    return length / (hips_y - shoulders_y) / widths
