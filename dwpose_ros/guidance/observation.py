# SPDX-License-Identifier: Apache-2.0
"""The coach's input: one person in one image, and how they move."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dwpose_ros.core.anthropometry import ABOVE_GROUND
from dwpose_ros.core.keypoints import INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance.body_parts import PARTS, in_image, indices
from dwpose_ros.guidance.liveness import Liveness
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.scale import Scale
from dwpose_ros.guidance.trail import Trail, lately, swiftness

_GONE_S = 1.0  # after an absence of so long, a new id is taken for another person
_BRIDGED_S = 0.25  # an invisible point keeps its last position for so long
_LEAST_SIZE = 0.05  # least size of the measured parts, in heights of the person's box
_TELLING = 5  # least number of points for measuring the movement
# A wrist and its hand: networks lose a blurred hand first.
_HANDS = np.array(
    [
        [INDEX[f"{side}_wrist"], *range(hand.start, hand.stop)]
        for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND))
    ]
)
_SIDES = {"left": slice(0, 1), "right": slice(1, 2)}  # rows of it
# Heights above the ground of points that have one in every posture, in statures.
_LEVELS = np.full(len(INDEX), math.nan)
for _part in ("head", "shoulders", "hips"):
    _LEVELS[list(PARTS[_part])] = sum(ABOVE_GROUND[_part]) / 2
# Other people count from this share of the person's height on, and then down to the second share.
_COMPANY, _COMPANY_LEFT = 0.5, 0.4
# Several checks need the same measures of one observation, with the limits to enter and to leave.
per_observation = lru_cache(maxsize=4)
SWITCH = 1.5  # a person must be this many times larger to be followed instead of another


class Observation(NamedTuple):
    """One person in an image of `width` x `height` pixels, and the number of other people."""

    xy: np.ndarray  # (133, 2) px
    scores: np.ndarray  # (133,)
    box: np.ndarray  # (4,) px; without area if unknown
    width: int
    height: int
    others: int  # other people who are large enough to count
    speed: float  # of the profile's points, heights of the visible parts per s; NaN if unknown
    brightness: float = math.nan  # mean luminance of the person, 0..1; NaN if unknown
    sharpness: float = math.nan  # as quality/sharpness.py measures it; NaN if unknown
    nearer: float = math.nan  # logarithm of the growth of their size since an arbitrary time
    aside: float = math.nan  # movement to the image's right since then, in statures
    time_s: float = math.nan
    scale: Scale = Scale()
    hands: float = math.nan  # speed of the faster hand in the image, as `speed`; NaN if unknown

    # Arrays do not compare as a whole. By identity, what is measured can be cached.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    @property
    def at_one_side(self) -> bool:
        """Whether the box ends at one side of the image, as that of somebody who walks out."""
        x1, _, x2, _ = self.box
        return bool(x2 > x1 and (x1 <= 0) != (x2 >= self.width))

    def seen(self, points: ArrayLike, threshold: float) -> np.ndarray:
        """Return the coordinates (n, 2) of the given points that score above the threshold."""
        index = np.asarray(points)
        return self.xy[index[self.scores[index] > threshold]]


def _stature(rows: np.ndarray, points: np.ndarray) -> float:
    """Return the height, px, of somebody of whom these points (133,) bool are in these rows."""
    levels = _LEVELS[points]
    known = ~np.isnan(levels)
    if known.sum() < 2:
        return float(rows.max() - rows.min())
    level, row = levels[known], rows[known]
    off = level - level.mean()
    slope = -float(off @ row) / max(float(off @ off), 1e-9)
    return max(slope, float(rows.max() - rows.min()))


def _deviation(values: np.ndarray) -> float:
    """Return the standard deviation of (n,); several times faster than numpy's."""
    off = values - values.mean()
    return math.sqrt(float(off @ off) / len(off))


class TargetSelector:
    """Selects the person to guide, keeps to them, and measures their movement."""

    _seen: tuple[np.ndarray, np.ndarray, np.ndarray] | None  # when each point was, and what

    def __init__(self, profile: Profile, mirrored: bool = False) -> None:
        self.mirrored = mirrored
        self._there_s = -math.inf  # when the person was last there
        self._way = 0.0, 0.0
        self._liveness = Liveness()
        self.left_out: tuple[int, ...] = ()  # track ids of things and reflections, last seen
        self.use(profile)
        self.reset()

    def use(self, profile: Profile) -> None:
        """Use another profile, or the next step of one, for the same person."""
        self._profile = profile
        self._threshold = profile.score
        self._forget_movement()

    def reset(self) -> None:
        """Forget them."""
        self.person_id = 0
        self.newcomer = False  # the person was not followed before
        self._crowded = False
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._forget_movement()

    def _bridge(
        self, xy: np.ndarray, scores: np.ndarray, time_s: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (133, 2) and (133,), with points added that are missing briefly (_BRIDGED_S)."""
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
        self._recent: Trail = []  # of the profile's points
        self._trail: Trail = []  # of the hands
        self._speed = self._hands = math.nan
        self._seen = None

    def choose(self, ids: list[int], boxes: np.ndarray) -> int | None:
        """Return the row of the person to follow: the same one, unless another is much larger."""
        if not len(ids):
            return None
        wide, high = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).T
        areas = wide * high
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
        """Observe the followed person in an image of that size, px; None if nobody is there."""
        people = self._living(people, time_s)
        ids, xy, scores, boxes = people.ids.tolist(), people.xy, people.scores, people.boxes
        last, there, self.newcomer = self.person_id, self.person_id in ids, False
        chosen = self.choose(ids, boxes)
        if chosen is None:
            self._recent, self._trail = [], []
            return None
        # A person who is lost and found again soon is the same one, even with a new track id.
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
        # Use the points without bridging: the missing points of a hand are those that move.
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
            time_s=time_s,
            hands=self._hands,
        )

    def _living(self, people: PersonPoses, time_s: float) -> PersonPoses:
        """Return the people without things, and without reflections of who is guided."""
        self._liveness.watch(people, time_s)
        keep = [
            not self._liveness.lifeless(track_id)
            and not (
                track_id != self.person_id
                and self.person_id
                and self._liveness.reflects(track_id, self.person_id)
            )
            for track_id in people.ids.tolist()
        ]
        self.left_out = tuple(one for one, kept in zip(people.ids.tolist(), keep) if not kept)
        return people if all(keep) else people[np.array(keep, bool)]

    def _measure_way(self, xy: np.ndarray, seen: np.ndarray, width: int) -> None:
        """Add up the growth and the sideways movement between the last frame and this one."""
        before, self._before = self._before, (xy, seen)
        if before is None:
            return
        both = seen & before[1]
        if both.sum() < _TELLING:
            return
        now, then = xy[both].astype(float), before[0][both].astype(float)
        tall = max(_stature(now[:, 1], both), 1.0)
        larger = max(_deviation(now[:, 1]), 1.0) / max(_deviation(then[:, 1]), 1.0)
        # Coming closer also moves a person's image away from the middle; subtract that.
        middle = width / 2
        went = (now[:, 0].mean() - middle) - (then[:, 0].mean() - middle) * larger
        self._way = self._way[0] + math.log(larger), self._way[1] + float(went) / tall

    def _measure_speed(
        self, xy: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float
    ) -> float:
        """Measure the speed from the positions a short time ago.

        Between consecutive frames, the share of noise would grow with the frame rate.

        Returns:
            The height of the visible parts, px; NaN if too few are visible.
        """
        wanted = indices(self._profile.points_in(self.mirrored))
        points, there = xy[wanted], scores[wanted] > self._threshold
        before = lately(self._recent, time_s)
        self._recent = [*before, (time_s, points, there)]
        self._speed = math.nan
        if there.sum() < len(points) / 2:  # too few for a size
            return math.nan
        # Ears, the only points of a head from behind, have no height of their own.
        tall = float(box[3] - box[1])
        size = max(float(np.ptp(points[there][:, 1])), _LEAST_SIZE * tall if tall > 0 else 0, 1.0)
        if not before:
            return size
        then, old, was_there = before[0]
        both = there & was_there
        if both.sum() >= len(points) / 2:
            moved = float(np.linalg.norm(points[both] - old[both], axis=1).mean()) / size
            # If frames are more than a second apart, all movement may have been in one second, so
            # the speed is not averaged over a longer time.
            self._speed = moved / min(time_s - then, 1.0)
        return size

    def _measure_hands(self, xy: np.ndarray, seen: np.ndarray, size: float, time_s: float) -> None:
        """Measure the faster hand's speed by its largest distance to recent positions.

        A waving hand returns to the same position. Not measured for profiles that include hands,
        whose `speed` covers them."""
        before, now = lately(self._trail, time_s), (time_s, xy[_HANDS], seen[_HANDS])
        self._trail = [*before, now]
        self._hands = math.nan
        if not before or "hands" in self._profile.parts or math.isnan(size):
            return
        wanted = _SIDES.get(in_image(self._profile.side, self.mirrored), slice(2))
        found = [speed for speed in swiftness(before, *now)[wanted] if not math.isnan(speed)]
        if found:
            self._hands = max(found) / size
