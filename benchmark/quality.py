# SPDX-License-Identifier: Apache-2.0
"""Measures how long the quality of one picture takes: `python benchmark/quality.py`.

The virtual person at several distances, 1280 x 720, with all measures of person and face; time
of one core, so that what else runs on the machine matters little.
"""

from __future__ import annotations

import time

import cv2
import numpy as np

from dwpose_ros.capture import Subject, assess
from dwpose_ros.quality import light_and_sharpness
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene

ROUNDS = 200


def milliseconds(work) -> str:
    """Return the median and 95th percentile of the time of `work`, as text."""
    taken = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        work()
        taken.append((time.thread_time() - start) * 1e3)
    return "{:.2f} (p95 {:.2f})".format(*np.percentile(taken, [50, 95]))


def main() -> None:
    cv2.setNumThreads(1)  # otherwise other threads do some of the work
    print("| picture | quality, ms | brightness and sharpness alone, ms |\n| --- | --- | --- |")
    for name, distance_m, camera_m in (
        ("face", 0.8, 1.5),
        ("upper body", 1.4, 1.5),
        ("full body", 3.4, 1.0),
    ):
        scene, figure = Scene(SimulatedCamera(height_m=camera_m)), SimulatedPerson(0, distance_m)
        true = scene.truth([figure])
        bgr = np.ascontiguousarray(scene.render([figure])[..., ::-1])
        who = Subject(true.xy[0], true.scores[0], true.boxes[0], 0.05)
        print(
            f"| {name} | {milliseconds(lambda: assess(bgr, who))} | "
            f"{milliseconds(lambda: light_and_sharpness(bgr, who.xy, who.scores, who.box))} |"
        )


if __name__ == "__main__":
    main()
