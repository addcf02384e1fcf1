# SPDX-License-Identifier: Apache-2.0
"""The two frames of a camera, as an SVG: its axes are turned by the numbers that tf2 is given."""

from __future__ import annotations

import math

import numpy as np

# From dwpose_camera_link to camera_optical_frame, x y z w, by REP 103.
OPTICAL = (-0.5, 0.5, -0.5, 0.5)
COLORS = {"x": "#d33c3c", "y": "#2f9e44", "z": "#2f6fd6"}
MEANING = {
    "dwpose_camera_link": {"x": "ahead", "y": "left", "z": "up"},
    "camera_optical_frame": {"x": "image's right", "y": "image's down", "z": "ahead"},
}
LENGTH = 110.0  # px of an axis


def rotation(x: float, y: float, z: float, w: float) -> np.ndarray:
    """Return the rotation matrix (3, 3) of a unit quaternion; its columns are the turned axes."""
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def seen(direction: np.ndarray) -> np.ndarray:
    """Project a direction (ahead, left, up) onto the picture: (2,), x right and y down.

    The camera is seen from behind, from the right and from above.
    """
    ahead, left, up = direction
    return np.array([0.7 * ahead - 0.95 * left, -up - 0.5 * ahead - 0.16 * left])


def triad(name: str, axes: np.ndarray, x: float, y: float) -> str:
    """Return SVG of a frame's axes, at a place of the picture."""
    parts = [f'<text x="{x}" y="{y + 165}" class="name">{name}</text>']
    for axis, direction in zip("xyz", axes.T):
        dx, dy = seen(direction) * LENGTH
        length = math.hypot(dx, dy)
        tx, ty = x + dx * (1 + 18 / length), y + dy * (1 + 18 / length) + 5
        anchor = "start" if dx > 15 else "end" if dx < -15 else "middle"
        parts.append(
            f'<line x1="{x}" y1="{y}" x2="{x + dx:.1f}" y2="{y + dy:.1f}" '
            f'stroke="{COLORS[axis]}" stroke-width="5" marker-end="url(#{axis})"/>'
            f'<text x="{tx:.1f}" y="{ty:.1f}" fill="{COLORS[axis]}" text-anchor="{anchor}">'
            f"{axis}: {MEANING[name][axis]}</text>"
        )
    return "\n".join(parts)


def svg() -> str:
    """Return the whole picture."""
    heads = "".join(
        f'<marker id="{axis}" viewBox="0 0 10 10" refX="6" refY="5" markerWidth="3.5" '
        f'markerHeight="3.5" orient="auto"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
        for axis, color in COLORS.items()
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 350"
     width="860" height="350">
<style>text {{ font: 16px "DejaVu Sans", sans-serif; }}
.name {{ font-weight: bold; text-anchor: middle; }}</style>
<rect width="860" height="350" fill="#ffffff"/>
<defs>{heads}</defs>
{triad("dwpose_camera_link", np.eye(3), 210, 160)}
{triad("camera_optical_frame", rotation(*OPTICAL), 580, 160)}
</svg>
"""
