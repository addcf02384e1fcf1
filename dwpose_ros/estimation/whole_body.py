# SPDX-License-Identifier: Apache-2.0
"""Python interface for whole-body poses in images, without ROS."""

from __future__ import annotations

from types import TracebackType

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.runtimes.target import ExecutionTarget


class WholeBody:
    """Finds the people in single images, with 133 keypoints each.

    The arguments have the same meaning as the pose node's parameters of the same names. Not
    thread-safe: use an object from one thread at a time. For video, pass ``estimator.backend`` to
    ``PoseTracker``, which adds track ids.

    Args:
        model: pose network, a name from ``dwpose models list`` or the path of an ONNX file;
            empty: DWPose's own.
        detector: person detector, likewise; empty: DWPose's own.
        backend: ``dwpose``, ``holistic``, or ``auto``: DWPose if its weights are available, else
            the networks of MediaPipe Holistic.
        runtime: ``onnxruntime``, ``openvino`` or ``litert``; ``auto``: onnxruntime for DWPose,
            litert for holistic.
        device: such as ``cpu`` or ``cuda``; ``auto``: a GPU, else the CPU with a warning.
        precision: ``fp32``, ``fp16`` or ``bf16``; ``auto``: the runtime's choice.
        subpixel: read points between the bins of the SimCC maps.
        detector_size: side of the detector's input in pixels, if its file leaves that open;
            0: 640.
        download: fetch missing weights first.
        video: the images are the frames of one video, in which holistic follows people from
            frame to frame; DWPose processes each image independently in any case.

    Raises:
        ModelError: a model or the device is not available; the message says what to do.
    """

    def __init__(
        self,
        model: str = "",
        detector: str = "",
        *,
        backend: str = "auto",
        runtime: str = "auto",
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
        """Where it actually runs, as reported by the runtime."""
        return self.backend.runs_on

    def __call__(self, image: np.ndarray, rgb: bool = False) -> PersonPoses:
        """Find the people in an image.

        Args:
            image: (h, w, 3) uint8, BGR as OpenCV gives it.
            rgb: the image is RGB instead.

        Raises:
            ValueError: the array has another shape or type.
        """
        image = np.asarray(image)
        if not rgb and image.ndim == 3:  # the estimator rejects other shapes
            image = np.ascontiguousarray(image[..., ::-1])
        return self.backend(image)

    def close(self) -> None:
        """Release the networks. The object cannot be called afterwards."""
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
