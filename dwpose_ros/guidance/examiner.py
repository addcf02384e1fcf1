"""Looks at recent frames one after the other: how good each is, and whether it may be captured."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.capture.choice import Candidate
from dwpose_ros.capture.quality import WEIGHTS, Subject, assess, motion
from dwpose_ros.capture.quality.framing import company
from dwpose_ros.guidance.limits import broken_limit
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.view import Follower
from dwpose_ros.pose.people import People


class Examiner:
    """Of one person, the largest for id 0; without a profile a frame has no limits to break."""

    def __init__(self, profile: Profile | None = None, person_id: int = 0,
                 mirrored: bool = False) -> None:
        self.weights = WEIGHTS if profile is None else profile.weights
        self._profile, self._person_id, self._mirrored = profile, person_id, mirrored
        self._follower = None if profile is None else Follower(profile, mirrored)
        self._last: tuple[int, int, np.ndarray] | None = None  # who, when, where

    def __call__(self, stamp_ns: int, ids: list[int], people: People, width: int, height: int,
                 bgr: np.ndarray | None) -> Candidate | None:
        """A frame of `width` x `height` px, to be given oldest first.

        Without its pixels (h, w, 3) it only tells how fast the person moves: None.
        """
        chosen = self._choose(ids, people)
        if chosen is None:
            self._last = None
            if self._follower is not None:
                self._follower.look([], people.xy[:0], people.scores[:0], people.boxes[:0], width,
                                    height, stamp_ns / 1e9)
            who = f"person {self._person_id} is not" if self._person_id else "nobody is"
            return None if bgr is None else Candidate(stamp_ns, None, f"{who} in view")
        xy, scores, box = people.xy[chosen], people.scores[chosen], people.boxes[chosen]
        speed = self._speed(ids[chosen], stamp_ns, xy, scores, float(box[3] - box[1]))
        view = None if self._follower is None else self._follower.look(
            [ids[chosen]], xy[None], scores[None], box[None], width, height, stamp_ns / 1e9)
        if bgr is None:
            return None
        there, profile = company(people.boxes, chosen), self._profile
        subject = Subject(xy, scores, box, speed, there)
        if profile is not None:
            subject = subject._replace(wanted=profile.people,
                                       points=profile.points_in(self._mirrored))
        quality = assess(bgr, subject, self.weights)
        fault = "" if profile is None else broken_limit(
            view._replace(others=there - 1), quality, profile, self._mirrored)
        return Candidate(stamp_ns, quality, fault, ids[chosen])

    def _choose(self, ids: list[int], people: People) -> int | None:
        """Index of the wanted person, or of the largest; None if not there."""
        if self._person_id:
            return ids.index(self._person_id) if self._person_id in ids else None
        if not ids:
            return None
        sides = np.clip(people.boxes[:, 2:] - people.boxes[:, :2], 0, None)
        return int(np.nan_to_num(sides.prod(axis=1)).argmax())

    def _speed(self, who: int, stamp_ns: int, xy: np.ndarray, scores: np.ndarray,
               height: float) -> float:
        """Heights a second since the frame before; NaN where that showed somebody else."""
        last, self._last = self._last, (who, stamp_ns, xy)
        if last is None or last[0] != who:
            return math.nan
        return motion(xy, scores, last[2], (stamp_ns - last[1]) / 1e9, height)
