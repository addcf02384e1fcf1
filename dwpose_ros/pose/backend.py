"""Which estimator to use, and why."""

from __future__ import annotations

from dwpose_ros.pose.people import Estimator

BACKENDS = ("auto", "dwpose", "mediapipe")


def load(
    backend: str = "auto", model: str = "", detector: str = "", device: str = "auto"
) -> tuple[Estimator, str]:
    """Make an estimator; also returns one line that says which one it is and why."""
    raise NotImplementedError
