"""A camera's calibration as camera_calibration and usb_cam keep it, in YAML."""

from __future__ import annotations

from pathlib import Path

from sensor_msgs.msg import CameraInfo

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.files import FileError, read_yaml
from dwpose_ros.core.text import one_line

_SIZES = {"camera_matrix": (3, 3), "rectification_matrix": (3, 3), "projection_matrix": (3, 4)}


def read_calibration(path: Path) -> CameraInfo:
    """Raises ValueError and OSError, which name the file and what it lacks."""
    try:
        found = read_yaml(path)
        matrices = {name: _matrix(found[name], size) for name, size in _SIZES.items()}
        distortion = [float(v) for v in found["distortion_coefficients"]["data"]]
        return CameraInfo(
            width=int(found["image_width"]), height=int(found["image_height"]),
            distortion_model=str(found["distortion_model"]), d=distortion,
            k=matrices["camera_matrix"], r=matrices["rectification_matrix"],
            p=matrices["projection_matrix"])
    except FileError:
        raise
    except (KeyError, TypeError, ValueError) as err:
        what = f"it has no {err}" if isinstance(err, KeyError) else one_line(err)
        raise DwposeError(f"{path} is no calibration as camera_calibration writes it: "
                         f"{what}") from err


def _matrix(entry: dict, size: tuple[int, int]) -> list[float]:
    values = [float(v) for v in entry["data"]]
    if len(values) != size[0] * size[1]:
        raise ValueError(f"{len(values)} values, where {size[0]} x {size[1]} are wanted")
    return values
