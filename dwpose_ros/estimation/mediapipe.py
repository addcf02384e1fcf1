# SPDX-License-Identifier: Apache-2.0
"""MediaPipe Holistic, mapped to the 133 points: the offline stand-in for one person near by.

Its wheel carries its models, so it needs no download. It lacks small toes (their score is 0) and
gives no score for a point of a face or a hand, only whether there is one: theirs are 1 or 0. Its
body scores say little about what is hidden: a nose seen from behind keeps a score near 1, and
only the missing face tells. Nor do they tell a person from a table; the score of a person is the
detector's, which runs on the first image of them only.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import BODY, COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

VERSION = "0.10.21"  # the last whose wheel carries the Holistic models
PYTHONS = ((3, 9), (3, 12))  # first and last with a wheel of it
MIN_SCORE = 0.3  # from here a point counts for the person's box

# For each of our points from the nose to the ankles, the one of MediaPipe's 33 pose landmarks.
POSE_BODY = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
# The same for feet; MediaPipe's "foot index" is where the big toe is.
FEET_POINTS = [
    INDEX[name] for name in ("left_big_toe", "left_heel", "right_big_toe", "right_heel")
]
POSE_FEET = [31, 29, 32, 30]

# For each of the 68 iBUG face points the vertex of the 468-point face mesh that lies there, or two
# vertices between which it lies: along the jaw they keep the steps even, on the brows they are
# its lower and upper edge. Found from the mesh's own lines, checked on annotated photographs.
MESH_FACE = [
    127, 234, (93, 132), (132, 58), 172, 136, 149, (176, 148),  # jaw, the person's right
    152, (400, 377), 378, 365, 397, (288, 361), (361, 323), 454, 356,  # chin, jaw to the left
    (46, 70), (53, 63), (52, 105), (65, 66), (55, 107),  # right brow
    (285, 336), (295, 296), (282, 334), (283, 293), (276, 300),  # left brow
    168, (6, 197), (195, 5), 4, 98, 97, 2, 326, 327,  # bridge, nostrils
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # right eye, left eye
    61, (40, 39), 37, 0, 267, (269, 270), 291, (321, 405), 314, 17, 84, (181, 91),  # outer lips
    78, 81, 13, 311, 308, 402, 14, 178,  # inner lips
]  # fmt: skip
_MESH_PAIRS = np.array([v if isinstance(v, tuple) else (v, v) for v in MESH_FACE])

_GRAPH = "mediapipe/modules/holistic_landmark/holistic_landmark_cpu.binarypb"
_CHATTER = re.compile(rb"INFO: Created TensorFlow|WARNING: All log messages before|[IW]\d{4} ")


class MediaPipe:
    """The estimator; finds one person at most. ``tracking`` follows them from frame to frame.

    Raises ModelError where MediaPipe is not installed, is another version, or has no wheel.
    """

    name = "mediapipe_holistic"
    runs_on = ExecutionTarget("mediapipe", "cpu", "fp32")  # its Python package has no other

    def __init__(self, tracking: bool = True) -> None:
        with _quiet():
            self._holistic = _holistic(tracking)
            self._score = 0.0  # of the person when last detected
            # The graph starts, and talks, at the first image.
            self._holistic.process(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        check_image(rgb)
        # It refuses views, such as bgr[..., ::-1].
        found = self._holistic.process(np.ascontiguousarray(rgb))
        if found.pose_detection is not None:  # else they were followed from the last image
            self._score = float(found.pose_detection.score[0])
        return to_people(found, rgb.shape[1], rgb.shape[0], self._score)

    def close(self) -> None:
        self._holistic.close()


def to_people(found: Any, width: int, height: int, score: float = 1.0) -> PersonPoses:
    """Map Holistic's result for an image of ``width`` x ``height`` pixels to the 133 points.

    ``score`` is that of the detection which it came of, 0..1.
    """
    if found.pose_landmarks is None:
        return PersonPoses.none()
    xy = np.zeros((COUNT, 2), np.float32)
    scores = np.zeros(COUNT, np.float32)

    pose = _pixels(found.pose_landmarks, width, height)
    seen_33 = np.array([point.visibility for point in found.pose_landmarks.landmark])
    for where, which in ((BODY, POSE_BODY), (FEET_POINTS, POSE_FEET)):
        xy[where], scores[where] = pose[which], seen_33[which]
    if found.face_landmarks is not None:
        xy[FACE] = _pixels(found.face_landmarks, width, height)[_MESH_PAIRS].mean(1)
        scores[FACE] = 1
    for where, hand in (
        (LEFT_HAND, found.left_hand_landmarks),
        (RIGHT_HAND, found.right_hand_landmarks),
    ):
        if hand is not None:
            xy[where] = _pixels(hand, width, height)
            scores[where] = 1
    inside = (xy >= 0).all(1) & (xy < (width, height)).all(1)
    scores[~inside] = 0  # MediaPipe guesses on beyond the border, sure of itself
    seen = scores > MIN_SCORE
    if not seen.any():
        return PersonPoses.none()
    box = [*xy[seen].min(0), *xy[seen].max(0)]
    return PersonPoses.of(xy[None], scores[None], [box], [score])


def _pixels(landmarks: Any, width: int, height: int) -> np.ndarray:
    return np.array([(point.x * width, point.y * height) for point in landmarks.landmark])


def _holistic(tracking: bool) -> Any:
    """Holistic that also gives its detections, and follows from image to image or not."""
    first, last = PYTHONS
    if not first <= sys.version_info[:2] <= last:
        raise ModelError(
            f"MediaPipe has no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}, "
            f"only for {first[0]}.{first[1]} to {last[0]}.{last[1]}: use one of those, or DWPose "
            "(its weights: `models fetch`)"
        )
    try:
        from mediapipe.python.solution_base import SolutionBase
        from mediapipe.python.solutions import holistic  # noqa: F401  what its graph is made of
    except ImportError as err:
        raise ModelError(
            f"MediaPipe {VERSION} is not installed here ({err}): `pip install --no-deps "
            f"mediapipe=={VERSION}`, or use DWPose (its weights: `models fetch`)"
        ) from err
    # As Holistic itself does it, which asks for no detections.
    return SolutionBase(
        binary_graph_path=_GRAPH,
        side_inputs={
            "model_complexity": 1, "smooth_landmarks": tracking, "use_prev_landmarks": tracking,
            "enable_segmentation": False, "smooth_segmentation": tracking,
            "refine_face_landmarks": False,
        },
        outputs=[
            "pose_detection", "pose_landmarks", "face_landmarks", "left_hand_landmarks",
            "right_hand_landmarks",
        ],
    )  # fmt: skip


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MediaPipe's start-up chatter, written by C++ to descriptor 2, off the terminal.

    Whatever else is written there meanwhile comes out afterwards, so nothing is lost.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            caught.seek(0)
            kept = b"".join(line for line in caught if not _CHATTER.match(line))
            if kept:
                os.write(2, kept)
