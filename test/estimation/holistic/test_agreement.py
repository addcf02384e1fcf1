# SPDX-License-Identifier: Apache-2.0
"""Our points beside those of MediaPipe's own package, for the same single person.

On purpose, differ: the face and hands of frames in which they are followed (regions move with the
body), the points of a hand or body in every second frame of a video while it moves slowly, scores
(MediaPipe's are 0 or 1 for a face or hand), and whether there is a person at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import clips
import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

from dwpose_ros.core.keypoints import BODY, FACE, LEFT_HAND, RIGHT_HAND
from dwpose_ros.estimation.holistic.keypoints import (
    FEET_POINTS,
    MESH_FACE,
    POSE_BODY,
    POSE_FEET,
)
from dwpose_ros.simulation.camera import SimulatedPerson

pytest.importorskip("mediapipe")
pytestmark = needs_holistic

# In shares of the person's height: median, and the 95th percentile.
BARS = {"body": 0.005, "face": 0.005, "hands": 0.01}
TAIL = 0.02
PARTS = {"body": [BODY], "face": [FACE], "hands": [LEFT_HAND, RIGHT_HAND]}


@pytest.fixture(scope="module")
def mediapipe():
    """Looks at one image: points (133, 2) px and whether each was found (133,)."""
    from mediapipe.python.solution_base import SolutionBase
    from mediapipe.python.solutions import holistic  # noqa: F401  what its graph is made of

    names = ("face_landmarks", "left_hand_landmarks", "right_hand_landmarks")

    def look(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        # A new graph for each image: one that has seen another keeps regions of it.
        with SolutionBase(
            binary_graph_path="mediapipe/modules/holistic_landmark/holistic_landmark_cpu.binarypb",
            side_inputs={
                "model_complexity": 1, "smooth_landmarks": False, "use_prev_landmarks": False,
                "enable_segmentation": False, "smooth_segmentation": False,
                "refine_face_landmarks": False,
            },
            outputs=["pose_landmarks", *names],
        ) as graph:  # fmt: skip
            found = graph.process(np.ascontiguousarray(rgb))
        if found.pose_landmarks is None:
            return None
        size = rgb.shape[1], rgb.shape[0]

        def px(landmarks):
            return np.array([(p.x, p.y) for p in landmarks.landmark]) * size

        xy, there = np.zeros((133, 2)), np.zeros(133, bool)
        body = px(found.pose_landmarks)
        xy[BODY], there[BODY] = body[POSE_BODY], True
        xy[FEET_POINTS], there[FEET_POINTS] = body[POSE_FEET], True
        face, left, right = (getattr(found, name) for name in names)
        if face is not None:
            mesh = px(face)
            xy[FACE] = [mesh[list(v) if isinstance(v, tuple) else [v]].mean(0) for v in MESH_FACE]
            there[FACE] = True
        for part, hand in ((LEFT_HAND, left), (RIGHT_HAND, right)):
            if hand is not None:
                xy[part], there[part] = px(hand), True
        return xy, there

    return look


def _renders(scene) -> Iterator[np.ndarray]:
    for x, z, turn in ((0, 2.2, 0), (0.3, 3.0, 40), (-0.3, 2.6, 150), (0, 3.6, 270), (0, 1.6, 10)):
        yield scene.render([SimulatedPerson(x, z, yaw_deg=turn)])


def _photographs(data) -> Iterator[np.ndarray]:
    yield cv2.cvtColor(cv2.imread(str(data / "000000000785.jpg")), cv2.COLOR_BGR2RGB)
    for name in ("walk", "sorry", "book", "milk", "yes", "night"):
        for k, (_, rgb) in enumerate(clips.images(f"{name}.mkv")):
            if k % 30 == 15:
                yield rgb


def compare(estimator, mediapipe, pictures) -> dict[str, np.ndarray]:
    """Return the distances of both estimators' points, in heights of the person."""
    apart: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    both = 0
    for rgb in pictures:
        theirs, ours = mediapipe(rgb), estimator(rgb)
        if theirs is None or not len(ours):
            continue
        both += 1
        xy, there = theirs
        seen = there & (ours.scores[0] > 0.3)
        body = xy[BODY]
        height = max(np.ptp(body[:, 1]), np.ptp(body[:, 0]))
        off = np.hypot(*(ours.xy[0] - xy).T) / height
        for part, slices in PARTS.items():
            for points in slices:
                apart[part].append(off[points][seen[points]])
    assert both >= 4
    return {part: np.concatenate(values) for part, values in apart.items()}


def judge(apart: dict[str, np.ndarray]) -> None:
    for part, off in apart.items():
        assert len(off) > 20, part
        assert np.median(off) < BARS[part], (part, np.median(off))
        assert np.percentile(off, 95) < TAIL, (part, np.percentile(off, 95))


def test_on_renders(estimator, mediapipe, scene):
    judge(compare(estimator, mediapipe, _renders(scene)))


def test_on_real_people(estimator, mediapipe, data):
    judge(compare(estimator, mediapipe, _photographs(data)))
