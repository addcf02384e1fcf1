# SPDX-License-Identifier: Apache-2.0
"""Export for image generators: the pose map on black, and OpenPose's JSON.

Both use OpenPose's 18 body points (Cao et al., 2019): COCO's 17 in another order, and a neck
half-way between the shoulders. Style and format match the ControlNet annotators, with whose
output the generators were trained.
"""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from dwpose_ros.core.keypoints import FACE, HAND_LIMBS, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses, visible

NECK = 1
# OpenPose's order. The entry for the neck is a placeholder, since the neck is computed.
BODY_18 = np.array([
    INDEX[name]
    for name in (
        "nose", "nose",
        "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle",
        "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear",
    )
])  # fmt: skip
SHOULDERS = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
PUPILS = [INDEX["right_eye"], INDEX["left_eye"]]
# The 17 limbs, in the order of their colours.
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip


def _rainbow(i: int, n: int) -> tuple[int, int, int]:
    """Return hue i of n as BGR."""
    red, green, blue = colorsys.hsv_to_rgb(i / n, 1, 1)
    return round(blue * 255), round(green * 255), round(red * 255)


BODY_COLORS = [_rainbow(i, 18) for i in range(18)]
HAND_COLORS = [_rainbow(i, len(HAND_LIMBS)) for i in range(len(HAND_LIMBS))]
HAND_DOT, FACE_DOT = (255, 0, 0), (255, 255, 255)  # BGR
# Radii and widths in pixels, for a map whose shorter side is 512, the generators' size.
SIDE, LIMB, JOINT, FINGER, HAND_JOINT, FACE_RADIUS = 512, 4, 4, 2, 4, 3
FADE = 0.6  # limbs are darker than joints


def draw_pose_map(
    people: PersonPoses, width: int, height: int, threshold: float = THRESHOLD
) -> np.ndarray:
    """Draw the pose map, (height, width, 3) uint8 BGR, as OpenCV's imwrite expects it.

    Line widths scale with the map, so that they are right after a generator scales it to 512.
    """
    canvas = np.zeros((height, width, 3), np.uint8)

    def px(at_512: int) -> int:
        return max(1, round(at_512 * min(width, height) / SIDE))

    seen = visible(people, threshold)
    bodies, bodies_seen = _body_18(people, seen)
    for (a, b), color in zip(LIMBS, BODY_COLORS):
        for xy in bodies[bodies_seen[:, a] & bodies_seen[:, b]]:
            _limb(canvas, xy[a], xy[b], px(LIMB), color)
    canvas[:] = canvas * FADE
    for i, color in enumerate(BODY_COLORS):
        for xy in bodies[bodies_seen[:, i], i]:
            cv2.circle(canvas, _pixel(xy), px(JOINT), color, -1)
    for hand in (LEFT_HAND, RIGHT_HAND):
        for xy, there in zip(people.xy[:, hand], seen[:, hand]):
            for (a, b), color in zip(HAND_LIMBS, HAND_COLORS):
                if there[a] and there[b]:
                    cv2.line(canvas, _pixel(xy[a]), _pixel(xy[b]), color, px(FINGER))
            for point in xy[there]:
                cv2.circle(canvas, _pixel(point), px(HAND_JOINT), HAND_DOT, -1)
    for point in people.xy[:, FACE][seen[:, FACE]]:
        cv2.circle(canvas, _pixel(point), px(FACE_RADIUS), FACE_DOT, -1)
    return canvas


def to_openpose(
    people: PersonPoses, width: int, height: int, threshold: float = THRESHOLD
) -> dict:
    """Return OpenPose's JSON document for ControlNet and ComfyUI, in pixels of the image.

    Each point is x, y, c. Those programs take a c below 1 as "not found", so c is 1 for a visible
    point, and others are 0, 0, 0; the scores are in this package's own pose file. A face has 70
    points; the last two are the pupils (right, left), for which the eye keypoints are used, as
    DWPose does. A face or hand without a visible point is an empty list.
    """
    seen = visible(people, threshold)
    bodies, bodies_seen = _body_18(people, seen)
    faces = np.r_[FACE, PUPILS]
    return {
        "people": [
            {
                "pose_keypoints_2d": _triples(bodies[i], bodies_seen[i]),
                "face_keypoints_2d": _part(people.xy[i, faces], seen[i, faces], seen[i, FACE]),
                "hand_left_keypoints_2d": _part(people.xy[i, LEFT_HAND], seen[i, LEFT_HAND]),
                "hand_right_keypoints_2d": _part(people.xy[i, RIGHT_HAND], seen[i, RIGHT_HAND]),
            }
            for i in range(len(people))
        ],
        "canvas_width": width,
        "canvas_height": height,
    }


def _body_18(people: PersonPoses, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return OpenPose's points (n, 18, 2), and which are visible (n, 18).

    The neck is visible if both shoulders are.
    """
    xy, there = people.xy[:, BODY_18], seen[:, BODY_18]
    xy[:, NECK] = people.xy[:, SHOULDERS].mean(1)
    there[:, NECK] = seen[:, SHOULDERS].all(1)
    return xy, there


def _limb(
    canvas: np.ndarray, a: np.ndarray, b: np.ndarray, width: int, color: tuple[int, int, int]
) -> None:
    middle, along = (a + b) / 2, a - b
    angle = int(np.degrees(np.arctan2(along[1], along[0])))
    axes = (int(np.hypot(*along) / 2), width)
    outline = cv2.ellipse2Poly(_pixel(middle), axes, angle, 0, 360, 1)
    cv2.fillConvexPoly(canvas, np.array(outline), color)


def _pixel(xy: np.ndarray) -> tuple[int, int]:
    return int(xy[0]), int(xy[1])


def _part(xy: np.ndarray, seen: np.ndarray, any_of: np.ndarray | None = None) -> list[float]:
    return _triples(xy, seen) if (seen if any_of is None else any_of).any() else []


def _triples(xy: np.ndarray, seen: np.ndarray) -> list[float]:
    triples = np.concatenate([xy, np.ones((len(xy), 1))], 1)
    return np.where(seen[:, None], triples, 0).astype(float).ravel().tolist()
