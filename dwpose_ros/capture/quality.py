"""How good a picture of a person is."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

_HEIGHT = 256  # px to which the person is scaled, so that sharpness does not depend on size
_SHARP = 100.0  # variance of the Laplacian at which the sharpness term is one half
_FAST = 0.5  # heights a second at which the motion term is one half


class Quality(NamedTuple):
    """Figures of one picture; `score` (0..1) is what it is chosen by."""

    score: float
    sharpness: float  # variance of the Laplacian of the person's luminance, 8-bit scale
    motion: float  # mean keypoint speed, shares of the person's height a second


def measure(bgr: np.ndarray, box: np.ndarray, motion: float) -> Quality:
    """Quality of a picture (h, w, 3) uint8 of the person in `box` (x1 y1 x2 y2, px).

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in
    brightfield microscopy", ICPR 2000). A box outside the image counts as the whole image.
    """
    height, width = bgr.shape[:2]
    limits = np.nan_to_num(np.asarray(box, float), nan=0.0, posinf=1e6, neginf=-1e6)
    x1, y1, x2, y2 = np.clip(limits, 0, [width, height, width, height]).astype(int)
    crop = bgr[y1:y2, x1:x2] if x2 - x1 > 1 and y2 - y1 > 1 else bgr
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    if grey.shape[0] > _HEIGHT:
        scale = _HEIGHT / grey.shape[0]
        size = max(1, round(grey.shape[1] * scale)), _HEIGHT
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    score = sharpness / (sharpness + _SHARP) * _FAST / (_FAST + motion)
    return Quality(score, sharpness, motion)


def motion(xy: np.ndarray, scores: np.ndarray, before: np.ndarray, dt_s: float,
           height: float) -> float:
    """Mean speed of the points scored above 0.3 against `before` (133, 2), heights a second."""
    there = (scores > 0.3) & np.isfinite(xy).all(1) & np.isfinite(before).all(1)
    if not there.any() or not dt_s > 0 or not height > 0:
        return 0.0
    moved = np.subtract(xy[there], before[there], dtype=float)  # absurd points overflow float32
    return float(np.linalg.norm(moved, axis=1).mean()) / height / dt_s
