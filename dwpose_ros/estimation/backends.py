# SPDX-License-Identifier: Apache-2.0
"""Which estimator to use, and why."""

from __future__ import annotations

from pathlib import Path

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

BACKENDS = ("auto", "dwpose", "mediapipe")
MODEL = "dw-ll_ucoco_384"
DETECTOR = "yolox_l"


def load(
    backend: str = "auto",
    model: str = "",
    detector: str | None = "",
    place: ExecutionTarget = ExecutionTarget(),
    *,
    subpixel: bool = True,
    detector_size: int = 0,
    download: bool = False,
    progress: models.Progress | None = None,
    video: bool = True,
) -> tuple[Estimator, str]:
    """Make an estimator; the second value is one line that says which one it is and why.

    ``model`` and ``detector`` are names from the registry or paths of ONNX files; empty is
    DWPose's own pair, a detector that is None is left out. ``auto`` is DWPose where both are
    there, or named, else MediaPipe. ``place``, ``subpixel`` and ``detector_size`` are DWPose's.
    ``download`` fetches what is missing from the cache first. ``video`` lets MediaPipe follow the
    person from one image to the next; without it each image is looked at by itself. Raises
    ModelError.
    """
    if backend not in BACKENDS:
        raise ModelError(f"backend {backend!r} is unknown; use one of {', '.join(BACKENDS)}")
    if backend == "mediapipe":
        return _mediapipe(place, video), "MediaPipe Holistic, as asked"
    try:
        pose = find(model or MODEL, download, progress)
        boxes = None if detector is None else find(detector or DETECTOR, download, progress)
    except ModelError as err:
        if backend == "dwpose" or model or detector:
            raise
        why = str(err)
    else:
        from dwpose_ros.estimation.dwpose import DWPose

        estimator = DWPose(pose, boxes, place, subpixel=subpixel, detector_size=detector_size)
        asked = "as asked" if backend == "dwpose" or model or detector else "weights are there"
        return estimator, f"DWPose {estimator.name}, {asked}"
    try:
        return _mediapipe(place, video), f"MediaPipe Holistic, since DWPose cannot be had: {why}"
    except ModelError as err:
        raise ModelError(f"neither backend can be had: DWPose: {why}; MediaPipe: {err}") from err


def _mediapipe(place: ExecutionTarget, video: bool) -> Estimator:
    if place.device not in ("auto", "cpu"):
        raise ModelError(
            f"device {place.device!r} cannot be had: MediaPipe runs on auto or cpu only"
        )
    from dwpose_ros.estimation.mediapipe import MediaPipe

    return MediaPipe(tracking=video)


def find(name: str, download: bool = False, progress: models.Progress | None = None) -> Path:
    """A model's file, by its name in the registry or by path. Raises ModelError."""
    if "/" in name or name.endswith(".onnx"):
        path = Path(name).expanduser()
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
        return path
    known = models.named(name)
    if download:
        return models.fetch(known, progress)
    state = models.status(known)
    if state != "ready":
        raise ModelError(
            f"{models.cached(known)} is {state}: `ros2 run dwpose_ros models fetch {name}`, or "
            f"put {known.url} there"
        )
    return models.cached(known)
