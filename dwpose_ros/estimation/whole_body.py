# SPDX-License-Identifier: Apache-2.0
"""Whole-body poses from Python, without ROS: an image in, the people in it out."""

from __future__ import annotations

from types import TracebackType

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class WholeBody:
    """Finds the people in single images, with 133 keypoints each.

    The arguments mean the same as the pose node's parameters of the same names. An object is
    used by one thread at a time. For video, give ``estimator.backend`` to ``PoseTracker``, which
    adds ids.

    Args:
        model: pose network, a name from ``dwpose models list`` or an ONNX file's path; empty:
            DWPose's own.
        detector: person detector, likewise; empty: DWPose's own.
        backend: ``dwpose``, ``mediapipe``, or ``auto``: DWPose where its weights are, else
            MediaPipe.
        runtime: what runs networks, ``onnxruntime`` or ``openvino``.
        device: where they run, e.g. ``cpu`` or ``cuda``; ``auto``: a GPU, else the CPU with a
            warning.
        precision: what they calculate in, ``fp32`` or ``fp16``; ``auto``: the runtime's choice.
        subpixel: read points between the bins of the SimCC maps.
        detector_size: side of the detector's input in pixels, where its file leaves that open;
            0: 640.
        download: fetch missing weights first.
        video: the images are the frames of one video. MediaPipe then follows the person from
            one to the next; DWPose looks at each image by itself in any case.

    Raises:
        ModelError: a model or the device cannot be had; the message says what would be right.
    """

    def __init__(
        self,
        model: str = "",
        detector: str = "",
        *,
        backend: str = "auto",
        runtime: str = "onnxruntime",
        device: str = "auto",
        precision: str = "auto",
        subpixel: bool = True,
        detector_size: int = 0,
        download: bool = False,
        video: bool = False,
    ) -> None:
        self.backend, self.reason = load(
            backend,
            model,
            detector,
            ExecutionTarget(runtime, device, precision),
            subpixel=subpixel,
            detector_size=detector_size,
            download=download,
            video=video,
        )

    @property
    def name(self) -> str:
        """The model, e.g. ``dw-ll_ucoco_384``."""
        return self.backend.name

    @property
    def runs_on(self) -> ExecutionTarget:
        """Where it really runs, asked of the runtime."""
        return self.backend.runs_on

    def __call__(self, image: np.ndarray, rgb: bool = False) -> PersonPoses:
        """The people in an image (h, w, 3) uint8: BGR, as OpenCV gives it, or RGB.

        Raises ValueError for an array of another shape or type.
        """
        image = np.asarray(image)
        if not rgb and image.ndim == 3:  # other shapes are refused by the estimator
            image = np.ascontiguousarray(image[..., ::-1])
        return self.backend(image)

    def close(self) -> None:
        """Release the networks; the object cannot be called any more."""
        self.backend.close()

    def __enter__(self) -> WholeBody:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<WholeBody {self.name} on {self.runs_on}>"
