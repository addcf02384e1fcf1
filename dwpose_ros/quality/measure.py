# SPDX-License-Identifier: Apache-2.0
"""Quality measures, and the mapping from raw values to scores.

As in ISO/IEC 29794-5 and its open reference software OFIQ (BSI,
github.com/BSI-OFIQ/OFIQ-Project), each measure has a raw value and a score from 0 to 100. Formulas
and numbers that come from OFIQ are marked as such.
"""

from __future__ import annotations

import math
from typing import NamedTuple

BEST = 100.0


class Measure(NamedTuple):
    """One quality measure of a picture."""

    name: str
    value: float  # raw, in `unit`; NaN if unknown
    score: float  # 0 (useless) .. 100 (best possible); NaN if unknown
    unit: str = "1"


# The names of all measures, of the person and of the face, and what each measures.
PERSON_MEASURES: dict[str, str] = {
    "sharpness": "variance of the Laplacian of the person's luminance",
    "hands_sharpness": "the same of the less sharp hand",
    "motion_blur": "detail in the direction that has least, share of that across it",
    "motion": "keypoint speed, person's heights a second",
    "under_exposure": "share of the person that is black",
    "over_exposure": "share of the person that is white",
    "crop_margins": "least room to the image's border, share of its side",
    "single_person": "people in the picture",
}
FACE_MEASURES: dict[str, str] = {
    "face_sharpness": "variance of the Laplacian of the face",
    "face_under_exposure": "share of the face that is dark",
    "face_over_exposure": "share of the face that is white",
    "illumination_uniformity": "what the luminances of both cheeks have in common",
    "inter_eye_distance": "pixels between the eyes",
    "head_size": "eyes to chin, share of the image's height",
    "head_yaw": "degrees to the person's left",
    "head_pitch": "degrees upwards",
    "head_roll": "degrees of tilt to the person's right",
    "eyes_open": "height of the narrower eye, in its widths",
    "mouth_closed": "gap between the lips, in distances from eyes to chin",
}
NAMES = (*PERSON_MEASURES, *FACE_MEASURES)


def sigmoid(x: float, x0: float, w: float) -> float:
    """Return OFIQ's logistic mapping, 0..1: one half at `x0`; falling if the width `w` is < 0."""
    return 1.0 / (1.0 + math.exp(max(-700.0, min(700.0, (x0 - x) / w))))


def measure(name: str, value: float, score: float, unit: str = "1") -> Measure:
    """Make a measure with its score clamped to 0..100; both are NaN if either is."""
    if math.isnan(value) or math.isnan(score):
        return Measure(name, math.nan, math.nan, unit)
    return Measure(name, float(value), max(0.0, min(BEST, float(score))), unit)
