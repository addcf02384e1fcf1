# SPDX-License-Identifier: Apache-2.0
"""People in space as visualization_msgs markers."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from dwpose_ros.core.keypoints import FACE, LEFT_HAND, SKELETON
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.visualization.captions import plain
from dwpose_ros.visualization.skeleton import FACE_COLOR, LIMB_COLORS, MIDDLE

LIFETIME = Duration(sec=2)  # of a marker whose sender has gone without a word
LINE_M, TEXT_M = 0.012, 0.12
ABOVE_M = 0.3  # the instruction's middle, above the highest point of the face
NOBODY_AT = (0.0, -0.4, 2.0)  # where it is while there is nobody: before the camera, m


def color(bgr: tuple[int, int, int]) -> ColorRGBA:
    """Return a colour of `visualization.skeleton` as a message."""
    blue, green, red = (value / 255 for value in bgr)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)


# One message of each, however many limbs have it.
_PALETTE = {bgr: color(bgr) for bgr in (*LIMB_COLORS, MIDDLE, FACE_COLOR)}
_LIMBS = [_PALETTE[bgr] for bgr in LIMB_COLORS]
# Points, their size in m, and colour; of hands the lines are enough. Those of a face are small,
# else they are one blob.
_DOTS = {
    "points": (slice(0, FACE.start), 0.025, _PALETTE[MIDDLE]),
    "faces": (slice(FACE.start, LEFT_HAND.start), 0.008, _PALETTE[FACE_COLOR]),
}


class SceneMarkers:
    """Makes the markers of one image after another, and deletes those of people who have left.

    Namespaces are `skeletons`, `points`, `faces` and `text`. Marker ids are the track ids; that of
    the text is 0.
    """

    def __init__(self) -> None:
        self._shown: set[tuple[str, int]] = set()

    def __call__(self, pose: WholeBodyPose, points: np.ndarray, guidance: Guidance) -> MarkerArray:
        """Return the markers of people at `points` (n, 133, 3) m; NaN is not drawn."""
        header, markers = pose.header, []
        for person, xyz in zip(pose.persons, points):
            number = person.id & 0x7FFFFFFF  # of a marker it is signed
            there = np.isfinite(xyz).all(-1)
            places = [
                Point(x=x, y=y, z=z) if seen else None
                for (x, y, z), seen in zip(xyz.astype(float).tolist(), there)
            ]
            limbs = np.flatnonzero(there[SKELETON].all(-1))
            lines = _marker(header, "skeletons", number, Marker.LINE_LIST, LINE_M)
            lines.points = [places[end] for limb in limbs for end in SKELETON[limb]]
            lines.colors = [_LIMBS[limb] for limb in limbs for _ in range(2)]
            markers.append(lines)
            for ns, (part, size_m, dot) in _DOTS.items():
                dots = _marker(header, ns, number, Marker.SPHERE_LIST, size_m)
                dots.points, dots.color = [place for place in places[part] if place], dot
                markers.append(dots)
        markers = [marker for marker in markers if marker.points]
        if guidance.text:
            markers.append(_text(pose, points, guidance))
        now = {(marker.ns, marker.id) for marker in markers}
        gone = [
            Marker(header=header, ns=ns, id=number, action=Marker.DELETE)
            for ns, number in sorted(self._shown - now)
        ]
        self._shown = now
        return MarkerArray(markers=gone + markers)


def _marker(header, ns: str, number: int, kind: int, size_m: float) -> Marker:
    marker = Marker(
        header=header,
        ns=ns,
        id=number,
        type=kind,
        action=Marker.ADD,
        scale=Vector3(x=size_m, y=size_m, z=size_m),
        lifetime=LIFETIME,
    )
    marker.pose.orientation.w = marker.color.a = 1.0
    return marker


def _text(pose: WholeBodyPose, points: np.ndarray, guidance: Guidance) -> Marker:
    """Return the instruction, above the person it is for."""
    marker = _marker(pose.header, "text", 0, Marker.TEXT_VIEW_FACING, TEXT_M)
    marker.color = _PALETTE[MIDDLE]
    # RViz leaves a hole for each letter that is not ASCII.
    marker.text = plain(guidance.text, guidance.code)
    x, y, z = NOBODY_AT
    for person, xyz in zip(pose.persons, points):
        seen = xyz[np.isfinite(xyz).all(-1)].astype(float)
        if person.id == guidance.person_id and len(seen):
            x, y, z = seen[seen[:, 1].argmin()]
            y -= ABOVE_M
    marker.pose.position = Point(x=float(x), y=float(y), z=float(z))
    return marker
