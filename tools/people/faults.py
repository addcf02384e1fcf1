# SPDX-License-Identifier: Apache-2.0
"""What cameras do to pictures: exposure, colour casts, blur, noise, JPEG. No point is moved."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np


class Faults(NamedTuple):
    """A camera's faults; the defaults are none."""

    exposure: float = 1.0
    """Factor of the light."""
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors of blue, green and red."""
    motion: tuple[float, float] = (0.0, 0.0)
    """Motion blur: px to each side, and degrees of its direction."""
    defocus: float = 0.0
    """Standard deviation, px."""
    noise: float = 0.0
    """Standard deviation at full brightness, of 255."""
    grain: float = 1.0
    """Size of the noise's grains, px."""
    jpeg: int = 0
    """Quality, 0 for none."""
    seed: int = 0
    """Of the noise."""

    def as_dict(self) -> dict[str, Any]:
        """What an annotation says of it."""
        return {
            k: v if isinstance(v, int) else np.round(v, 3).tolist()
            for k, v in self._asdict().items()
        }


def draw_faults(random: np.random.Generator, size: tuple[int, int]) -> Faults:
    """Draw a camera's faults; a picture of a size (width, height) has two or three of them."""

    def maybe(probability: float) -> bool:
        return bool(random.random() < probability)

    dark = maybe(0.12)
    exposure = random.uniform(0.12, 0.4) if dark else random.uniform(0.7, 1.35)
    across = max(size) / 416
    return Faults(
        exposure=float(exposure if dark or maybe(0.5) else 1),
        gamma=float(random.uniform(0.75, 1.3)) if maybe(0.3) else 1.0,
        cast=tuple(float(x) for x in 1 + random.normal(0, 0.09, 3)) if maybe(0.4) else (1.0,) * 3,
        motion=(float(random.uniform(1, 7) * across), float(random.uniform(0, 180)))
        if maybe(0.13) else (0.0, 0.0),
        defocus=float(random.uniform(0.4, 2.2) * across) if maybe(0.18) else 0.0,
        noise=float(random.uniform(6, 22) if dark else random.uniform(1, 10))
        if dark or maybe(0.45) else 0.0,
        grain=float(random.choice([1.0, 1.5, 2.0])),
        jpeg=int(random.integers(25, 95)) if maybe(0.7) else 0,
        seed=int(random.integers(2**31)),
    )  # fmt: skip


def apply(faults: Faults, bgr: np.ndarray) -> np.ndarray:
    """Return a picture (h, w, 3) uint8 BGR as a camera with these faults gives it."""
    found = bgr
    if faults.motion[0] > 0:
        found = cv2.filter2D(found, -1, _streak(*faults.motion), borderType=cv2.BORDER_REPLICATE)
    if faults.defocus > 0:
        found = cv2.GaussianBlur(found, (0, 0), faults.defocus)
    gains = np.array(faults.cast) * faults.exposure**0.5  # colours are about roots of light
    if faults.gamma != 1 or (gains != 1).any():
        levels = np.arange(256)[:, None] / 255
        table = np.clip(np.clip(levels * gains, 0, 1) ** faults.gamma * 255 + 0.5, 0, 255)
        found = cv2.LUT(found, table.astype(np.uint8)[:, None])
    if faults.noise > 0:
        found = _noisy(found, faults)
    if faults.jpeg > 0:
        coded = cv2.imencode(".jpg", found, [cv2.IMWRITE_JPEG_QUALITY, faults.jpeg])[1]
        found = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return found


def _streak(reach: float, degrees: float) -> np.ndarray:
    """A motion's kernel: a line through the middle, whose sum is 1."""
    radius = int(np.ceil(reach))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    way = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * reach
    a, b = np.round((radius - way) * 16).astype(int), np.round((radius + way) * 16).astype(int)
    cv2.line(kernel, tuple(map(int, a)), tuple(map(int, b)), 1.0, 1, cv2.LINE_AA, 4)
    return kernel / kernel.sum()


def _noisy(bgr: np.ndarray, faults: Faults) -> np.ndarray:
    """Shot noise, which grows with the root of the light, over a floor of a third of it."""
    high, wide = bgr.shape[:2]
    shape = (max(1, round(high / faults.grain)), max(1, round(wide / faults.grain)), 3)
    noise = np.random.default_rng(faults.seed).standard_normal(shape, np.float32)
    noise = cv2.resize(noise, (wide, high), interpolation=cv2.INTER_LINEAR)
    amount = faults.noise * (0.33 + 0.67 * np.sqrt(bgr.astype(np.float32) / 255))
    return np.clip(bgr + noise * amount + 0.5, 0, 255).astype(np.uint8)
