# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for the screen's pages, and the film that its fake camera shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
NEEDED = "the pages are tested in a real browser: apt-get install chromium"
AWAY, THERE = 60, 300  # frames of the film: the person too far away, then where they are wanted


def film(path: Path) -> Path:
    """Write what the fake camera shows, at 30 frames a second and again and again: a simulated
    person far away, then as the profile upper_body wants them. A red square marks the image's
    left.
    """
    from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson, height_for
    from dwpose_ros.simulation.scene import Scene

    scene = Scene(SimulatedCamera(640, 480, height_m=height_for(("head",))))

    def picture(distance_m: float) -> bytes:
        rgb = scene.render([SimulatedPerson(0.0, distance_m, 0.0, "relaxed")])
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        bgr[:60, :60] = (0, 0, 255)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()

    path.write_bytes(picture(4.5) * AWAY + picture(1.45) * THERE)
    return path


def launch_browser(playwright, camera: Path | None = None, args: tuple[str, ...] = ()):
    """Start Chromium, with a film as its camera."""
    fake = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*(fake if camera else []), *args]
    )


def need_browser():
    """Skip where there is no browser; in our CI there must be one."""
    missing = NEEDED if CHROMIUM is None else ""
    try:
        import playwright  # noqa: F401
    except ImportError:
        missing = "the pages are tested with playwright: pip install playwright"
    if missing and os.environ.get("SCREEN_TESTS_REQUIRED"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
