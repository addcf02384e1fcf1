"""What the coach looks at: one person in one image, and how they move."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.guidance.profile import Profile
from dwpose_ros.keypoints import FACE, INDEX

# Degrees of yaw by how far the nose stands beside the middle of the head: at a half width of the
# head between the ears of about 7.5 cm and a nose tip about 11.5 cm before that axis,
# tan(yaw) = offset / half width * 7.5 / 11.5.
_HALF_WIDTH_PER_DEPTH = 7.5 / 11.5
_SPEED_TIME_S = 0.3  # over which keypoint speed is smoothed
_ABSURD_PX = 1e5
SWITCH = 1.5  # a person must be this many times larger to be followed instead of another


class View(NamedTuple):
    """One person in an image of `width` x `height` pixels, and the company they are in."""

    xy: np.ndarray  # (133, 2) px
    scores: np.ndarray  # (133,), 0 where a coordinate is not finite
    box: np.ndarray  # (4,) px
    width: int
    height: int
    others: int  # people beside the person who are large enough to be in the picture
    speed: float  # of the profile's points, heights of the seen parts a second; NaN if unknown

    def seen(self, points, threshold: float) -> np.ndarray:
        """(n, 2) coordinates of those points that score above the threshold."""
        index = np.asarray(points)
        return self.xy[index[self.scores[index] > threshold]]


def usable(xy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Scores (n, 133), 0 where the score or a coordinate is not finite or absurdly large."""
    with np.errstate(invalid="ignore"):
        fine = (np.abs(xy) < _ABSURD_PX).all(-1) & (scores >= 0)
    return np.where(fine, scores, 0.0)


def usable_boxes(boxes: np.ndarray, xy: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Boxes (n, 4), one that is not finite or absurdly large replaced by that round the points
    (n, 133) that are seen; NaN if none is."""
    with np.errstate(invalid="ignore"):
        fine = (np.abs(boxes) < _ABSURD_PX).all(-1)
    boxes = np.where(fine[:, None], boxes, np.nan)
    for i in np.flatnonzero(~fine & seen.any(-1)):
        boxes[i] = [*xy[i, seen[i]].min(0), *xy[i, seen[i]].max(0)]
    return boxes


def yaw_deg(view: View, threshold: float) -> float:
    """Where the head looks: 0 at the camera, > 0 towards the image's right; NaN if unknown.

    180 is a person seen from behind: the left shoulder stands on the image's left.
    """
    left, right = INDEX["left_shoulder"], INDEX["right_shoulder"]
    if min(view.scores[left], view.scores[right]) > threshold:
        if view.xy[left, 0] < view.xy[right, 0]:
            return 180.0
    for sides, nose in (((FACE.start, FACE.start + 16), FACE.start + 30),
                        ((INDEX["left_ear"], INDEX["right_ear"]), INDEX["nose"])):
        points = [*sides, nose]
        if (view.scores[points] > threshold).all():
            (a, _), (b, _), (tip, _) = view.xy[points]
            half = abs(b - a) / 2
            return math.degrees(math.atan2((tip - (a + b) / 2) * _HALF_WIDTH_PER_DEPTH,
                                           max(half, 1e-6)))
    return math.nan


class Follower:
    """Keeps to one person, and measures their speed."""

    def __init__(self, profile: Profile) -> None:
        self._points = np.array(profile.points)
        self._threshold = profile.score
        self.reset()

    def reset(self) -> None:
        """Forget whom it followed."""
        self.person_id = 0
        self._last: tuple[float, np.ndarray, np.ndarray] | None = None
        self._speed = math.nan

    def choose(self, ids: list[int], boxes: np.ndarray) -> int | None:
        """Index of the person to follow: the same one, unless another is much larger."""
        if not len(ids):
            return None
        areas = np.nan_to_num(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))
        best = int(np.argmax(areas))
        if self.person_id in ids:
            current = ids.index(self.person_id)
            if areas[best] < SWITCH * areas[current]:
                best = current
        if ids[best] != self.person_id:
            self.reset()
            self.person_id = ids[best]
        return best

    def look(self, ids: list[int], xy: np.ndarray, scores: np.ndarray, boxes: np.ndarray,
             width: int, height: int, time_s: float) -> View | None:
        """The followed person among n people (n, 133, 2), (n, 133), (n, 4); None if nobody."""
        scores = usable(xy, scores)
        boxes = usable_boxes(boxes, xy, scores > self._threshold)
        chosen = self.choose(ids, boxes)
        if chosen is None:
            self._last = None
            return None
        heights = boxes[:, 3] - boxes[:, 1]
        others = int((heights > 0.5 * heights[chosen]).sum()) - 1
        self._measure_speed(xy[chosen], scores[chosen], time_s)
        return View(xy[chosen], scores[chosen], boxes[chosen], width, height, max(others, 0),
                    self._speed)

    def _measure_speed(self, xy: np.ndarray, scores: np.ndarray, time_s: float) -> None:
        points, there = xy[self._points], scores[self._points] > self._threshold
        last, self._last = self._last, (time_s, points, there)
        if last is None or not 0 < time_s - last[0] < 1.0:
            self._speed = math.nan
            return
        dt, both = time_s - last[0], there & last[2]
        if not both.any():
            return
        size = max(float(np.ptp(points[there][:, 1])), 1.0)
        now = float(np.linalg.norm(points[both] - last[1][both], axis=1).mean()) / size / dt
        weight = 1 - math.exp(-dt / _SPEED_TIME_S)
        self._speed = now if math.isnan(self._speed) else (
            self._speed + weight * (now - self._speed))
