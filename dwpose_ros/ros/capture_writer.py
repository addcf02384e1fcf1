# SPDX-License-Identifier: Apache-2.0
"""Writes the chosen frames to disk, and describes them as CapturedImage messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage

from dwpose_ros.capture import Candidate, CaptureError, Files, discard, save
from dwpose_ros.capture.storage import quality_document
from dwpose_ros.core.images import ImageError, fill_compressed
from dwpose_ros.msg import CapturedImage, QualityMeasure
from dwpose_ros.ros.conversions import capture_document
from dwpose_ros.visualization.skeleton import draw_skeleton

# Returns the calibration for a picture (h, w, 3) uint8 BGR and its stamp, ns; None without one.
CalibrationOf = Callable[[np.ndarray, int], "CameraInfo | None"]


def write_captures(
    chosen: Sequence[Candidate],
    label: str,
    folder: Path,
    form: str,
    calibration_of: CalibrationOf,
    rejected: Sequence[str] = (),
) -> list[CapturedImage]:
    """Write all chosen pictures to disk, or none.

    Args:
        chosen: candidates whose `buffered` is the frame, its picture (h, w, 3) uint8 BGR, and the
            people in it.
        label: of the files' names.
        folder: made if it does not exist.
        form: file format of the images, "png" or "jpg".
        calibration_of: gives the calibration that is published with a picture.
        rejected: why other frames were not taken, a line for each, for the pose file.

    Raises:
        CaptureError: a file cannot be written.
        ImageError: a picture cannot be encoded.
    """
    written, captures = [], []
    try:
        for candidate in chosen:
            capture, files = _write(candidate, label, folder, form, calibration_of, rejected)
            written.append(files)
            captures.append(capture)
    except (CaptureError, ImageError):
        for files in written:
            discard(files)
        raise
    return captures


def without_bytes(capture: CapturedImage) -> CapturedImage:
    """Return a copy of the message whose image has no data, but its header and format."""
    fields = {name: getattr(capture, name) for name in CapturedImage.get_fields_and_field_types()}
    image = CompressedImage(header=capture.image.header, format=capture.image.format)
    return CapturedImage(**fields | {"image": image})


def _write(
    chosen: Candidate,
    label: str,
    folder: Path,
    form: str,
    calibration_of: CalibrationOf,
    rejected: Sequence[str],
) -> tuple[CapturedImage, Files]:
    (buffered, bgr, people), quality = chosen.buffered, chosen.quality
    header = buffered.pose.header
    capture = CapturedImage(
        header=header,
        label=label,
        pose=buffered.pose,
        person_id=chosen.person_id,
        quality=quality.score,
        sharpness=quality.value("sharpness"),
        motion=quality.value("motion"),
        measures=[QualityMeasure(**m._asdict()) for m in quality.measures],
    )
    fill_compressed(capture.image, bgr, form)
    capture.image.header = header
    if (info := calibration_of(bgr, buffered.stamp_ns)) is not None:
        capture.camera_info = copy(info)
        capture.camera_info.header = header  # as for exact synchronisation
    document = capture_document(capture)
    document["quality"] = quality_document(quality)
    document["rejected"] = list(rejected)
    files = save(
        folder,
        label,
        buffered.stamp_ns,
        bytes(capture.image.data),
        form,
        document,
        draw_skeleton(bgr.copy(), people),
    )
    capture.image_path, capture.pose_path, capture.overlay_path = map(str, files)
    return capture, files
