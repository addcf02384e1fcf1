# SPDX-License-Identifier: Apache-2.0
"""Whole-body pose by DWPose on ROS 2, and guidance of the person in front of the camera.

    import cv2, dwpose_ros

    estimator = dwpose_ros.WholeBody()
    image = cv2.imread("people.jpg")
    poses = estimator(image)
    cv2.imwrite("drawn.jpg", dwpose_ros.draw(image, poses))

The names in ``__all__`` are imported when they are first used: ``import dwpose_ros`` itself loads
neither a runtime for networks nor ROS.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dwpose_ros.core.errors import DwposeError, ModelError
    from dwpose_ros.core.keypoints import NAMES, SKELETON
    from dwpose_ros.core.person_poses import PersonPoses
    from dwpose_ros.estimation.whole_body import WholeBody
    from dwpose_ros.tracking.pose_tracker import PoseTracker
    from dwpose_ros.visualization.drawing import draw
    from dwpose_ros.visualization.openpose import draw_pose_map, to_openpose

__version__ = "0.1.0"
__all__ = [
    "NAMES",
    "SKELETON",
    "DwposeError",
    "ModelError",
    "PersonPoses",
    "PoseTracker",
    "WholeBody",
    "draw",
    "draw_pose_map",
    "to_openpose",
]
_HOMES = {
    "NAMES": "core.keypoints",
    "SKELETON": "core.keypoints",
    "DwposeError": "core.errors",
    "ModelError": "core.errors",
    "PersonPoses": "core.person_poses",
    "PoseTracker": "tracking.pose_tracker",
    "WholeBody": "estimation.whole_body",
    "draw": "visualization.drawing",
    "draw_pose_map": "visualization.openpose",
    "to_openpose": "visualization.openpose",
}

# OpenCV reads this when it is imported. Without it, a small file that claims to be a huge picture
# could take all memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))


def _package_folders(own: list[str]) -> list[str]:
    """Where the modules of this package lie: besides our own, the generated ``msg`` and ``srv``,
    which are elsewhere on the path when this is the source folder.

    Only folders with an ``__init__.py`` count. A clone of the repository is often called
    ``dwpose_ros`` too, and its ``msg`` folder holds .msg files: for a script beside it, that
    folder would otherwise be imported in place of the generated messages.
    """
    found = pkgutil.extend_path(own, __name__)
    return [p for p in found if p in own or os.path.isfile(os.path.join(p, "__init__.py"))]


__path__ = _package_folders(list(__path__))


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
