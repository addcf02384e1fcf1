# SPDX-License-Identifier: Apache-2.0
"""People as foxglove_msgs/ImageAnnotations, if that package is installed."""

from __future__ import annotations

import numpy as np

from dwpose_ros.core.keypoints import FACE, SKELETON
from dwpose_ros.core.person_poses import PersonPoses, visible
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.visualization.skeleton import FACE_COLOR, LIMB_COLORS, MIDDLE

try:
    from foxglove_msgs.msg import Color, ImageAnnotations, Point2, PointsAnnotation, TextAnnotation

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

LINE_PX, DOT_PX = 2.0, 3.0  # a line's width, a dot's radius
FACE_SHARE, FACE_PX = 1 / 140, 0.5  # radius of a face's dots, of the face; at least
TEXT_SHARE = 1 / 18  # of the image's height


def to_annotations(
    pose: WholeBodyPose, people: PersonPoses, text: str, threshold: float
) -> ImageAnnotations:
    """Return limbs, points and the instruction, in pixels of the image."""
    stamp, found = pose.header.stamp, ImageAnnotations()
    for xy, seen in zip(people.xy.astype(float), visible(people, threshold)):
        limbs = np.flatnonzero(seen[SKELETON].all(-1))
        colors = [_color(LIMB_COLORS[limb]) for limb in limbs]
        body, face = xy[: FACE.start][seen[: FACE.start]], xy[FACE][seen[FACE]]
        found.points += [
            PointsAnnotation(
                timestamp=stamp,
                type=PointsAnnotation.LINE_LIST,
                thickness=LINE_PX,
                points=_points(xy[SKELETON[limbs]].reshape(-1, 2)),
                outline_colors=colors,
            ),
            _dots(stamp, body, DOT_PX, MIDDLE),
        ]
        if len(face):
            size = max(FACE_PX, float(np.ptp(face, axis=0).max()) * FACE_SHARE)
            found.points.append(_dots(stamp, face, size, FACE_COLOR))  # larger, they are a blob
    if text:
        size = pose.height * TEXT_SHARE
        found.texts = [
            TextAnnotation(
                timestamp=stamp,
                text=text,
                font_size=size,
                text_color=_color(MIDDLE),
                background_color=Color(a=0.6),
                position=Point2(x=size, y=pose.height - size),
            )
        ]
    return found


def _dots(stamp, xy: np.ndarray, radius_px: float, bgr: tuple[int, int, int]) -> PointsAnnotation:
    return PointsAnnotation(
        timestamp=stamp,
        type=PointsAnnotation.POINTS,
        thickness=radius_px,
        points=_points(xy),
        outline_color=_color(bgr),
    )


def _points(xy: np.ndarray) -> list[Point2]:
    return [Point2(x=x, y=y) for x, y in xy.tolist()]


def _color(bgr: tuple[int, int, int]) -> Color:
    blue, green, red = (value / 255 for value in bgr)
    return Color(r=red, g=green, b=blue, a=1.0)
