# SPDX-License-Identifier: Apache-2.0
"""What the coach looks at: one person in one image, and how they move."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.body_parts import in_image, indices
from dwpose_ros.guidance.profile import Profile

_SPEED_TIME_S = 0.35  # over which keypoint speed is measured
_LATEST_S = 0.15  # the same of hands which have just come to rest
_LONGEST_S = 2.0  # between two frames from which speed can be told
_GONE_S = 1.0  # after so long, whoever comes is somebody else
_BRIDGED_S = 0.25  # a point that was seen so shortly before is still there
_ABSURD_PX = 1e5
_LEAST_SIZE = 0.05  # of the parts whose speed is measured, in heights of the person's box
_TELLING = 5  # points from which on it can be told how somebody moves
# A wrist and its hand: where the hand is a blur, networks lose it and keep the wrist.
_HANDS = {
    side: np.array([INDEX[f"{side}_wrist"], *range(hand.start, hand.stop)])
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND))
}
# Somebody is company from this share of the followed person's height on; once they are, until
# they are smaller than the second.
_COMPANY, _COMPANY_LEFT = 0.5, 0.4
SWITCH = 1.5  # a person must be this many times larger to be followed instead of another


class Observation(NamedTuple):
    """One person in an image of `width` x `height` pixels, and the company they are in."""

    xy: np.ndarray  # (133, 2) px
    scores: np.ndarray  # (133,), 0 where a coordinate is not finite
    box: np.ndarray  # (4,) px
    width: int
    height: int
    others: int  # people beside the person who are large enough to be in the picture
    speed: float  # of the profile's points, heights of the seen parts a second; NaN if unknown
    brightness: float = math.nan  # mean luminance of the person, 0..1; NaN if unknown
    sharpness: float = math.nan  # variance of the Laplacian, as in capture/quality; or NaN
    nearer: float = math.nan  # logarithm of how much larger they have become since some moment
    aside: float = math.nan  # how far they have gone to the image's right since, in their heights
    hands: float = math.nan  # speed of the faster hand in the image, as `speed`; NaN if unknown

    # Arrays do not compare as a whole: a view is its own, and what it measures is kept for it.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def seen(self, points: ArrayLike, threshold: float) -> np.ndarray:
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


def _deviation(values: np.ndarray) -> float:
    """Standard deviation of (n,); numpy's own takes several times as long."""
    off = values - values.mean()
    return math.sqrt(float(off @ off) / len(off))


class TargetSelector:
    """Keeps to one person, and measures their speed."""

    _seen: tuple[np.ndarray, np.ndarray, np.ndarray] | None  # when each point was, and what

    def __init__(self, profile: Profile, mirrored: bool = False) -> None:
        self.mirrored = mirrored
        self._there_s = -math.inf  # when the person was last there
        self._way = 0.0, 0.0
        self.use(profile)
        self.reset()

    def use(self, profile: Profile) -> None:
        """Look at what another profile, or the next step of it, asks for; of the same person."""
        self._profile = profile
        self._threshold = profile.score
        self._forget_movement()

    def reset(self) -> None:
        """Forget whom it followed."""
        self.person_id = 0
        self.newcomer = False  # the person was not followed before
        self._crowded = False
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._forget_movement()

    def _bridge(
        self, xy: np.ndarray, scores: np.ndarray, time_s: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (133, 2) and scores (133,), with those that are missing for a moment only."""
        seen = scores > self._threshold
        if self._seen is None or time_s < self._seen[0].max(initial=-math.inf):
            self._seen = np.full(len(xy), -math.inf), xy, scores
        at, last_xy, last_scores = self._seen
        missing = ~seen & (time_s - at <= _BRIDGED_S)
        xy = np.where(missing[:, None], last_xy, xy)
        scores = np.where(missing, last_scores, scores)
        self._seen = np.where(seen, time_s, at), xy, scores
        return xy, scores

    def _forget_movement(self) -> None:
        self._recent: list[tuple[float, np.ndarray, np.ndarray]] = []  # when, and where they were
        self._trail: list[tuple[float, np.ndarray, np.ndarray]] = []  # the same with all points
        self._speed = self._hands = math.nan
        self._seen = None

    def choose(self, ids: list[int], boxes: np.ndarray) -> int | None:
        """Index of the person to follow: the same one, unless another is much larger."""
        if not len(ids):
            return None
        wide, high = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).T
        areas = np.where(wide * high > 0, wide * high, 0.0)  # of boxes without numbers, too
        best = int(np.argmax(areas))
        if self.person_id in ids:
            current = ids.index(self.person_id)
            if areas[best] < SWITCH * areas[current]:
                best = current
        if ids[best] != self.person_id:
            self.reset()
            self.person_id = ids[best]
        return best

    def look(
        self, people: PersonPoses, width: int, height: int, time_s: float
    ) -> Observation | None:
        """The followed person in an image of `width` x `height` px; None if nobody is."""
        ids, xy, boxes = people.ids.tolist(), people.xy, people.boxes
        scores = usable(xy, people.scores)
        boxes = usable_boxes(boxes, xy, scores > self._threshold)
        last, there, self.newcomer = self.person_id, self.person_id in ids, False
        chosen = self.choose(ids, boxes)
        if chosen is None:
            self._recent, self._trail = [], []
            return None
        # Who is lost and found again at once is the same, whatever a tracker calls them.
        self.newcomer = self.person_id != last and (
            there or not 0 <= time_s - self._there_s < _GONE_S
        )
        self._there_s = time_s
        if self.newcomer:
            self._way = 0.0, 0.0
        heights = boxes[:, 3] - boxes[:, 1]
        company = _COMPANY_LEFT if self._crowded else _COMPANY
        others = max(int((heights > company * heights[chosen]).sum()) - 1, 0)
        self._crowded = others > 0
        points, seen = self._bridge(xy[chosen], scores[chosen], time_s)
        size = self._measure_speed(points, seen, boxes[chosen], time_s)
        # Not where they were a moment ago: what is lost of a hand is what moves.
        self._measure_hands(xy[chosen], scores[chosen] > self._threshold, size, time_s)
        self._measure_way(xy[chosen], scores[chosen] > self._threshold, width)
        return Observation(
            points,
            seen,
            boxes[chosen],
            width,
            height,
            others,
            self._speed,
            nearer=self._way[0],
            aside=self._way[1],
            hands=self._hands,
        )

    def _measure_way(self, xy: np.ndarray, seen: np.ndarray, width: int) -> None:
        """Add up what the points seen in this frame and in the last one tell."""
        before, self._before = self._before, (xy, seen)
        if before is None:
            return
        both = seen & before[1]
        if both.sum() < _TELLING:
            return
        now, then = xy[both].astype(float), before[0][both].astype(float)
        tall = max(float(now[:, 1].max() - now[:, 1].min()), 1.0)
        larger = max(_deviation(now[:, 1]), 1.0) / max(_deviation(then[:, 1]), 1.0)
        # Coming closer moves them away from the middle; the rest they did themselves.
        middle = width / 2
        went = (now[:, 0].mean() - middle) - (then[:, 0].mean() - middle) * larger
        self._way = self._way[0] + math.log(larger), self._way[1] + float(went) / tall

    def _measure_speed(
        self, xy: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float
    ) -> float:
        """How far they are from where they were shortly before: not from frame to frame, where
        the more frames come in a second, the more of it were noise.

        Gives the height of the seen parts, px; NaN where too few are seen to tell it.
        """
        wanted = indices(self._profile.points_in(self.mirrored))
        points, there = xy[wanted], scores[wanted] > self._threshold
        before = _lately(self._recent, time_s)
        self._recent = [*before, (time_s, points, there)]
        self._speed = math.nan
        if there.sum() < len(points) / 2:  # too few to tell how large they all would be
            return math.nan
        # Ears, all that there is of a head from behind, have no height of their own.
        tall = float(box[3] - box[1])
        size = max(float(np.ptp(points[there][:, 1])), _LEAST_SIZE * tall if tall > 0 else 0, 1.0)
        if not before:
            return size
        then, old, was_there = before[0]
        both = there & was_there
        if both.sum() >= len(points) / 2:
            moved = float(np.linalg.norm(points[both] - old[both], axis=1).mean()) / size
            # Between frames of less than one a second, all of the movement may have been in one
            # second: to be still means not to have moved further than that.
            self._speed = moved / min(time_s - then, 1.0)
        return size

    def _measure_hands(self, xy: np.ndarray, seen: np.ndarray, size: float, time_s: float) -> None:
        """How far the faster hand is from where it was furthest away shortly before: who waves
        is back after a moment. Where hands are what the profile is about, their speed is known."""
        before = _lately(self._trail, time_s)
        self._trail = [*before, (time_s, xy, seen)]
        self._hands = math.nan
        if not before or "hands" in self._profile.parts or math.isnan(size):
            return
        side = in_image(self._profile.side, self.mirrored)
        found = [
            _swiftness(before, xy, seen, hand, time_s)
            for hand in ((_HANDS[side],) if side in _HANDS else _HANDS.values())
        ]
        found = [speed for speed in found if not math.isnan(speed)]
        if found:
            self._hands = max(found) / size


def _swiftness(
    trail: list[tuple[float, np.ndarray, np.ndarray]],
    xy: np.ndarray,
    seen: np.ndarray,
    hand: np.ndarray,
    time_s: float,
) -> float:
    """Px a second of a hand's points; NaN where none is seen twice.

    The lesser of how far it went in a longer and in a shorter time: noise is as large in both, and
    who has just come to rest is known to. By all of each time, or noise between two frames would
    be a movement.
    """
    steps = []
    for then, old, was_seen in trail:
        both = hand[seen[hand] & was_seen[hand]]
        if len(both):  # the median: fingertips are found elsewhere at times
            off = np.linalg.norm(xy[both] - old[both], axis=1)
            steps.append((time_s - then, float(np.median(off))))
    ago = min((ago for ago, _ in steps), default=math.nan)
    if not steps:
        return math.nan
    spans = [max(lasted, ago) for lasted in (_SPEED_TIME_S, _LATEST_S)]
    return min(max(moved for t, moved in steps if t <= span) / min(span, 1.0) for span in spans)


def _lately(
    trail: list[tuple[float, np.ndarray, np.ndarray]], time_s: float
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """What of a trail of times and what was seen then tells how fast somebody is, oldest first;
    the last alone where frames come slowly, and none where time jumps."""
    if trail and not 0 < time_s - trail[-1][0] <= _LONGEST_S:
        return []
    return [seen for seen in trail if time_s - seen[0] <= _SPEED_TIME_S] or trail[-1:]
