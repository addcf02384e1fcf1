# SPDX-License-Identifier: Apache-2.0
"""Camera calibrations in YAML, as camera_calibration and usb_cam write them."""

from __future__ import annotations

import math
from pathlib import Path

from sensor_msgs.msg import CameraInfo, RegionOfInterest

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.files import FileError, read_yaml
from dwpose_ros.core.geometry import is_calibrated, same_aspect
from dwpose_ros.core.text import one_line

# Focal lengths, in image widths, of lenses of 170 and of 5 degrees.
_SHORTEST, _LONGEST = 0.044, 11.5
_SIZES = {"camera_matrix": (3, 3), "rectification_matrix": (3, 3), "projection_matrix": (3, 4)}


def read_calibration(path: Path) -> CameraInfo:
    """Read a calibration file.

    Raises:
        ValueError, OSError: the text names the file and what is missing.
    """
    try:
        found = read_yaml(path)
        matrices = {name: _matrix(found[name], size) for name, size in _SIZES.items()}
        distortion = [float(v) for v in found["distortion_coefficients"]["data"]]
        return CameraInfo(
            width=int(found["image_width"]),
            height=int(found["image_height"]),
            distortion_model=str(found["distortion_model"]),
            d=distortion,
            k=matrices["camera_matrix"],
            r=matrices["rectification_matrix"],
            p=matrices["projection_matrix"],
        )
    except FileNotFoundError as err:
        raise DwposeError(
            f"the calibration {path} does not exist: leave it out, or make one with "
            "camera_calibration"
        ) from err
    except FileError:
        raise
    except (KeyError, TypeError, ValueError) as err:
        what = f"it has no {err}" if isinstance(err, KeyError) else one_line(err)
        raise DwposeError(
            f"{path} is no calibration as camera_calibration writes it: {what}"
        ) from err


def fitted(info: CameraInfo, width: int, height: int) -> CameraInfo:
    """Scale a calibration to images of `width` x `height` px that show the same.

    Raises:
        ValueError: the aspect ratio differs, so nobody knows what was cut off.
    """
    if (info.width, info.height) == (width, height):
        return info
    if not same_aspect((info.width, info.height), (width, height)):
        raise ValueError(
            f"the calibration is for {info.width}x{info.height} pixels and does not "
            f"fit {width}x{height}, which show another part: calibrate at that size"
        )
    wide, high = width / info.width, height / info.height
    scales = [wide, high, 1.0]  # of the rows; distortion and rotation know no pixels
    roi = info.roi
    left, top = round(roi.x_offset * wide), round(roi.y_offset * high)
    return CameraInfo(
        header=info.header,
        width=width,
        height=height,
        distortion_model=info.distortion_model,
        d=info.d,
        r=info.r,
        k=[float(v) * scales[i // 3] for i, v in enumerate(info.k)],
        p=[float(v) * scales[i // 4] for i, v in enumerate(info.p)],
        binning_x=info.binning_x,
        binning_y=info.binning_y,
        roi=RegionOfInterest(
            x_offset=left,
            y_offset=top,
            do_rectify=roi.do_rectify,
            width=min(round(roi.width * wide), width - left),
            height=min(round(roi.height * high), height - top),
        ),
    )


def focal_in_widths(info: CameraInfo | None, width: int, height: int) -> float:
    """Return the focal length of images of `width` x `height` px, in widths of them.

    NaN if there is no calibration, or it is for images that show another part, or of no lens that
    there is.
    """
    if info is None or not is_calibrated(info.k) or width < 1:
        return math.nan
    if info.width and info.height and not same_aspect((info.width, info.height), (width, height)):
        return math.nan
    focal = float(info.k[0]) / (info.width or width)
    return focal if _SHORTEST < focal < _LONGEST else math.nan


def _matrix(entry: dict, size: tuple[int, int]) -> list[float]:
    values = [float(v) for v in entry["data"]]
    if len(values) != size[0] * size[1]:
        raise ValueError(f"{len(values)} values, where {size[0]} x {size[1]} are wanted")
    return values
