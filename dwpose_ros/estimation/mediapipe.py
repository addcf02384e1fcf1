# SPDX-License-Identifier: Apache-2.0
"""MediaPipe Holistic, mapped to the 133 keypoints: an offline fallback for one person nearby.

Its wheel contains the models, so nothing is downloaded. Its limits:

- There are no small toes; their score is 0.
- Face and hand points have no scores of their own: they are 1 if the face or hand was found, else
  0.
- Body scores say little about occlusion: a nose seen from behind keeps a score near 1, and only
  the missing face shows that the person is turned away.
- Body scores do not tell a person from a table. The person's score is the detector's, which runs
  only on the first image of a person.
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
from dwpose_ros.core.person_poses import THRESHOLD, PersonPoses
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

VERSION = "0.10.21"  # the last version whose wheel contains the Holistic models
PYTHONS = ((3, 9), (3, 12))  # first and last Python version with a wheel

# MediaPipe's pose landmark (of 33) for each body keypoint, from the nose to the ankles.
POSE_BODY = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
# The same for the feet; MediaPipe's "foot index" is at the big toe.
FEET_POINTS = [
    INDEX[name] for name in ("left_big_toe", "left_heel", "right_big_toe", "right_heel")
]
POSE_FEET = [31, 29, 32, 30]

# For each of the 68 iBUG face points, the vertex of the 468-point face mesh at the same position,
# or two vertices whose mean is: on the jaw this keeps the spacing even, on the brows the two are
# the lower and upper edge. Derived from the mesh's topology, checked on annotated photographs.
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
    """Estimator of at most one person.

    Args:
        tracking: track the person from frame to frame; otherwise each image is independent.

    Raises:
        ModelError: MediaPipe is not installed, has another version, or has no wheel for this
            Python.
    """

    name = "mediapipe_holistic"
    runs_on = ExecutionTarget("mediapipe", "cpu", "fp32")  # all that its Python package supports

    def __init__(self, tracking: bool = True) -> None:
        with _quiet():
            self._holistic = _holistic(tracking)
            self._score = 0.0  # of the person when last detected
            # The graph starts, and prints messages, at the first image.
            self._holistic.process(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        check_image(rgb)
        # MediaPipe does not accept views such as bgr[..., ::-1].
        found = self._holistic.process(np.ascontiguousarray(rgb))
        if found.pose_detection is not None:  # None if the person was tracked
            self._score = float(found.pose_detection.score[0])
        return to_people(found, rgb.shape[1], rgb.shape[0], self._score)

    def close(self) -> None:
        self._holistic.close()


def to_people(found: Any, width: int, height: int, score: float = 1.0) -> PersonPoses:
    """Map Holistic's result for an image of ``width`` x ``height`` pixels to the 133 keypoints.

    ``score`` is the score of the person's last detection, 0..1.
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
    scores[~inside] = 0  # MediaPipe gives points outside the image high scores
    seen = scores > THRESHOLD
    if not seen.any():
        return PersonPoses.none()
    box = [*xy[seen].min(0), *xy[seen].max(0)]
    return PersonPoses.of(xy[None], scores[None], [box], [score])


def _pixels(landmarks: Any, width: int, height: int) -> np.ndarray:
    return np.array([(point.x * width, point.y * height) for point in landmarks.landmark])


def _holistic(tracking: bool) -> Any:
    """Open Holistic so that it also returns detections, with or without tracking."""
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
    # The same as MediaPipe's own Holistic class, plus the output `pose_detection`.
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
    """Suppress MediaPipe's start-up messages, which its C++ code writes to descriptor 2.

    Other output to that descriptor is collected and written afterwards.
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
