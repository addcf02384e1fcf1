# SPDX-License-Identifier: Apache-2.0
"""Quality of a picture of a person: measures with raw values and scores, and a unified score."""

from dwpose_ros.quality.looks import Looks
from dwpose_ros.quality.measure import FACE_MEASURES, NAMES, PERSON_MEASURES, Measure
from dwpose_ros.quality.sharpness import motion
from dwpose_ros.quality.unified import (
    WEIGHTS,
    Quality,
    Subject,
    assess,
    light_and_sharpness,
    unified,
)

__all__ = [
    "FACE_MEASURES",
    "NAMES",
    "PERSON_MEASURES",
    "WEIGHTS",
    "Looks",
    "Measure",
    "Quality",
    "Subject",
    "assess",
    "light_and_sharpness",
    "motion",
    "unified",
]
