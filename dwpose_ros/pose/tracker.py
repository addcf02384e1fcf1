"""Track ids: who in this image is who in the last."""

from __future__ import annotations

import numpy as np

MIN_IOU = 0.2  # less overlap is another person
KEEP_S = 1.0  # how long somebody who is not seen is remembered


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) intersection over union of boxes (n, 4) and (m, 4), x1 y1 x2 y2."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(np.clip(x[:, 2:] - x[:, :2], 0, None), axis=1) for x in (a, b)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)


class Tracker:
    """Gives each person an id from 1 upwards, which is never used again."""

    def __init__(self) -> None:
        self._next = 1
        self._tracks: dict[int, tuple[np.ndarray, float]] = {}  # id -> last box, when

    def __call__(self, boxes: np.ndarray, time_s: float) -> list[int]:
        """Ids of the people in boxes (n, 4), best overlaps first. Time may jump back."""
        self._tracks = {i: (box, seen) for i, (box, seen) in self._tracks.items()
                        if abs(time_s - seen) <= KEEP_S}
        # In float64 no finite float32 overflows; what is not finite is a box without an area.
        boxes = np.nan_to_num(np.asarray(boxes, float), posinf=0.0, neginf=0.0)
        ids = [0] * len(boxes)
        known = list(self._tracks)
        if known and len(boxes):
            overlap = iou(boxes, np.array([self._tracks[i][0] for i in known]))
            while overlap.max() >= MIN_IOU:
                row, column = np.unravel_index(overlap.argmax(), overlap.shape)
                ids[row] = known[column]
                overlap[row, :] = overlap[:, column] = -1
        for row, box in enumerate(boxes):
            if not ids[row]:
                ids[row], self._next = self._next, self._next + 1
            self._tracks[ids[row]] = box, time_s
        return ids
