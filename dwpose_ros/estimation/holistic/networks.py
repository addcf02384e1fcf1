# SPDX-License-Identifier: Apache-2.0
"""Open MediaPipe's networks, which `models fetch holistic` puts into the cache."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.detectors import Detector, open_detector
from dwpose_ros.estimation.holistic import face
from dwpose_ros.estimation.holistic.body import BodyNetwork
from dwpose_ros.estimation.holistic.face import FaceNetwork
from dwpose_ros.estimation.holistic.hand import HandNetwork
from dwpose_ros.estimation.holistic.search import ANCHORS, MIN_SCORE, Figure
from dwpose_ros.estimation.holistic.ssd import Ssd
from dwpose_ros.estimation.runtimes import open_tflite
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, Network

DETECTOR = "person_nano"
_FIGURE_OUTPUTS = ("Identity", "Identity_1")


class Networks(NamedTuple):
    detector: Detector
    figure: Figure
    body: BodyNetwork
    face: FaceNetwork
    hand: HandNetwork
    target: ExecutionTarget


def open_networks(target: ExecutionTarget, body_name: str) -> Networks:
    """Open all networks, and the one of that name for bodies.

    Raises ModelError if they are not in the cache or do not run.
    """
    wanted = [*models.group("holistic"), models.named(body_name), models.named(DETECTOR)]
    files = {model.name: models.cached(model) for model in wanted}
    missing = [m for m in wanted if models.status(m) != "ready"]
    if missing:
        name = missing[0].name if missing[0].kind == "body" else "holistic"
        raise ModelError(
            f"{models.cached(missing[0])} is {models.status(missing[0])}: "
            f"`ros2 run dwpose_ros models fetch {name}`"
        )

    def network(name: str, outputs: tuple[str, ...]) -> Network:
        return open_tflite(Path(files[name]), outputs, target)

    body = network(body_name, BodyNetwork.OUTPUTS)
    # LiteRT reads no ONNX file.
    runtime = "auto" if body.target.runtime == "litert" else body.target.runtime
    detector = models.cached(models.named(DETECTOR))
    return Networks(
        open_detector(detector, ExecutionTarget(runtime, "cpu"), min_score=MIN_SCORE),
        Figure(Ssd(network("pose_detection", _FIGURE_OUTPUTS), ANCHORS)),
        BodyNetwork(body),
        FaceNetwork(
            Ssd(
                network("face_detection_short_range", FaceNetwork.DETECTOR_OUTPUTS),
                face.DETECTOR_ANCHORS,
            ),
            network("face_landmark", FaceNetwork.OUTPUTS),
        ),
        HandNetwork(
            network("hand_recrop", HandNetwork.RECROP_OUTPUTS),
            network("hand_landmark_full", HandNetwork.OUTPUTS),
        ),
        body.target,
    )
