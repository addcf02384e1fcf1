# SPDX-License-Identifier: Apache-2.0
"""Message packages that a machine may lack, written down for a test: rosless makes them from .msg
files below a prefix."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

COLOR, POINT2 = "float64 r\nfloat64 g\nfloat64 b\nfloat64 a\n", "float64 x\nfloat64 y\n"
FOXGLOVE = {
    "Color": COLOR,
    "Point2": POINT2,
    "CircleAnnotation": "builtin_interfaces/Time timestamp\nPoint2 position\nfloat64 diameter\n"
    "float64 thickness\nColor fill_color\nColor outline_color\n",
    "PointsAnnotation": "builtin_interfaces/Time timestamp\nuint8 POINTS=1\nuint8 LINE_LIST=4\n"
    "uint8 type\nPoint2[] points\nColor outline_color\n"
    "Color[] outline_colors\nColor fill_color\nfloat64 thickness\n",
    "TextAnnotation": "builtin_interfaces/Time timestamp\nPoint2 position\nstring text\n"
    "float64 font_size\nColor text_color\nColor background_color\n",
    "ImageAnnotations": "CircleAnnotation[] circles\nPointsAnnotation[] points\n"
    "TextAnnotation[] texts\n",
}
POINT = "float32 x\nfloat32 y\nfloat32 c\n"
# The order of hri_msgs, in which the left eye and ear come before the right, unlike OpenPose's.
SKELETON = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
)
_HEADER = "std_msgs/Header header\n"
_JOINTS = _HEADER + "".join(f"uint8 {name.upper()}={i}\n" for i, name in enumerate(SKELETON))
HRI = {
    "IdsList": _HEADER + "string[] ids\n",
    "NormalizedPointOfInterest2D": POINT,
    "NormalizedRegionOfInterest2D": _HEADER
    + "".join(f"float32 {name}\n" for name in ("xmin", "ymin", "xmax", "ymax", "c")),
    "Skeleton2D": _JOINTS + "NormalizedPointOfInterest2D[18] skeleton\n",
}
HRI_BEFORE_0_8 = {
    "IdsList": HRI["IdsList"],
    "PointOfInterest2D": POINT,
    "Skeleton2D": _JOINTS + "PointOfInterest2D[] skeleton\n",
}


def provide(package: str, definitions: dict[str, str], prefix: Path) -> str:
    """AMENT_PREFIX_PATH with the package below a new prefix."""
    folder = prefix / "share" / package / "msg"
    folder.mkdir(parents=True)
    for name, text in definitions.items():
        (folder / f"{name}.msg").write_text(text)
    return os.pathsep.join(filter(None, [str(prefix), os.environ.get("AMENT_PREFIX_PATH", "")]))


_PROVIDED: set[str] = set()


def messages(package: str, definitions: dict[str, str], prefix: Path, monkeypatch):
    """The package's messages, its own where it is installed; skips the test where they cannot be
    had, as on a ROS 2 that makes no messages without a build."""
    if package in _PROVIDED or importlib.util.find_spec(package) is None:
        _PROVIDED.add(package)
        monkeypatch.setenv("AMENT_PREFIX_PATH", provide(package, definitions, prefix))
    return pytest.importorskip(f"{package}.msg")
