# SPDX-License-Identifier: Apache-2.0
"""Choose and open an estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

BACKENDS = ("auto", "dwpose", "holistic")
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
            otherwise holistic, the networks of MediaPipe Holistic.
        model: pose network, a name from the registry or the path of an ONNX file; empty: MODEL.
            For holistic, its network for bodies: one of ``BODIES``; empty: ``BODY``.
        detector: person detector, likewise; empty: DETECTOR; None: no detector.
        target: where the networks run.
        subpixel: let DWPose read points between the bins of the SimCC maps.
        detector_size: side of the detector's input in pixels, if its file leaves that open.
        download: first fetch models that are missing from the cache.
        progress: called with the bytes done and the bytes in all during a download.
        video: the images are the frames of one video, in which holistic follows people from
            image to image; otherwise it processes each image independently.

    Returns:
        The estimator, and one line that says which one it is and why.

    Raises:
        ModelError: a model, the backend or the device is not available.
    """
    if backend not in BACKENDS:
        raise ModelError(f"backend {backend!r} is unknown; use one of {', '.join(BACKENDS)}")
    if backend == "holistic" or backend == "auto" and model in models.BODIES:
        _refuse(detector or ("" if model in models.BODIES else model))
        return _holistic(target, video, download, progress, model), "holistic, as asked"
    try:
        pose = find(model or MODEL, download, progress)
        boxes = None if detector is None else find(detector or DETECTOR, download, progress)
    except ModelError as err:
        if backend == "dwpose" or model or detector:
            raise
        why = str(err)
    else:
        estimator = _dwpose(pose, boxes, target, subpixel, detector_size)
        asked = "as asked" if backend == "dwpose" or model or detector else "weights are there"
        return estimator, f"DWPose {estimator.name}, {asked}"
    return _instead(why, target, video, download, progress)


def _dwpose(
    pose: Path, detector: Path | None, target: ExecutionTarget, subpixel: bool, detector_size: int
) -> Estimator:
    from dwpose_ros.estimation.dwpose import DWPose

    return DWPose(pose, detector, target, subpixel=subpixel, detector_size=detector_size)


def _refuse(named: str | None) -> None:
    """Raise ModelError if a network is named to a backend that has its own."""
    if named:
        raise ModelError(
            f"backend 'holistic' has networks of its own, so model {named!r} cannot be used; "
            f"leave detector and model empty (model may be {', '.join(models.BODIES)}), or use "
            "backend 'dwpose'"
        )


def _instead(why: str, *args: Any) -> tuple[Estimator, str]:
    """Make the estimator that stands in for DWPose, which cannot be had."""
    try:
        return _holistic(*args), f"holistic, since DWPose cannot be had: {why}"
    except ModelError as err:
        raise ModelError(f"neither backend can be had: DWPose: {why}; holistic: {err}") from err


def _holistic(
    target: ExecutionTarget,
    video: bool,
    download: bool,
    progress: models.Progress | None,
    body: str = "",
) -> Estimator:
    from dwpose_ros.estimation.holistic import Holistic

    body = body or models.BODY
    if download:
        for model in [*models.group("holistic"), models.named(body)]:
            models.fetch(model, progress)
    return Holistic(target, video, body)


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
