# SPDX-License-Identifier: Apache-2.0
"""Choose and open an estimator."""

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
    target: ExecutionTarget = ExecutionTarget(),
    *,
    subpixel: bool = True,
    detector_size: int = 0,
    download: bool = False,
    progress: models.Progress | None = None,
    video: bool = True,
) -> tuple[Estimator, str]:
    """Make an estimator.

    Args:
        backend: one of BACKENDS. ``auto`` is DWPose if its models are in the cache or are named,
            otherwise MediaPipe.
        model: pose network, a name from the registry or the path of an ONNX file; empty: MODEL.
        detector: person detector, likewise; empty: DETECTOR; None: no detector.
        target: where DWPose's networks run.
        subpixel: let DWPose read points between the bins of the SimCC maps.
        detector_size: side of the detector's input in pixels, if its file leaves that open.
        download: first fetch models that are missing from the cache.
        progress: called with the bytes done and the bytes in all during a download.
        video: let MediaPipe track the person from image to image; otherwise it processes each
            image independently.

    Returns:
        The estimator, and one line that says which one it is and why.

    Raises:
        ModelError: a model, the backend or the device is not available.
    """
    if backend not in BACKENDS:
        raise ModelError(f"backend {backend!r} is unknown; use one of {', '.join(BACKENDS)}")
    if backend == "mediapipe":
        return _mediapipe(target, video), "MediaPipe Holistic, as asked"
    try:
        pose = find(model or MODEL, download, progress)
        boxes = None if detector is None else find(detector or DETECTOR, download, progress)
    except ModelError as err:
        if backend == "dwpose" or model or detector:
            raise
        return _instead(target, video, str(err))
    estimator = _dwpose(pose, boxes, target, subpixel, detector_size)
    asked = "as asked" if backend == "dwpose" or model or detector else "weights are there"
    return estimator, f"DWPose {estimator.name}, {asked}"


def _dwpose(
    pose: Path, detector: Path | None, target: ExecutionTarget, subpixel: bool, detector_size: int
) -> Estimator:
    from dwpose_ros.estimation.dwpose import DWPose

    return DWPose(pose, detector, target, subpixel=subpixel, detector_size=detector_size)


def _instead(target: ExecutionTarget, video: bool, why: str) -> tuple[Estimator, str]:
    """Make MediaPipe's estimator in place of DWPose, which cannot be had."""
    try:
        return _mediapipe(target, video), f"MediaPipe Holistic, since DWPose cannot be had: {why}"
    except ModelError as err:
        raise ModelError(f"neither backend can be had: DWPose: {why}; MediaPipe: {err}") from err


def _mediapipe(target: ExecutionTarget, video: bool) -> Estimator:
    if target.device not in ("auto", "cpu"):
        raise ModelError(
            f"device {target.device!r} cannot be had: MediaPipe runs on auto or cpu only"
        )
    from dwpose_ros.estimation.mediapipe import MediaPipe

    return MediaPipe(tracking=video)


def find(name: str, download: bool = False, progress: models.Progress | None = None) -> Path:
    """Return the file of a model, given by its name in the registry or by path.

    Raises:
        ModelError: the name is unknown, or the file is missing or incomplete.
    """
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
