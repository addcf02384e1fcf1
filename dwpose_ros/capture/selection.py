# SPDX-License-Identifier: Apache-2.0
"""Select the frames to capture, and say why the others were not selected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.capture.storage import CaptureError
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.core.text import shown
from dwpose_ros.guidance.allowances import Allowed
from dwpose_ros.guidance.body_parts import LEFT_OUT
from dwpose_ros.guidance.checks import allowing, described, relaxed, run_checks
from dwpose_ros.guidance.observation import Observation, TargetSelector
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.guidance.scale import Scale
from dwpose_ros.quality import WEIGHTS, Quality, Subject, assess, motion
from dwpose_ros.quality.framing import company

WINDOW_S = 0.7  # the best of so long a time is taken, unless the user wants another
TOLERANCE = 0.1  # the profile's limits are widened by this share for a picture


class Candidate(NamedTuple):
    """A frame that may be captured."""

    stamp_ns: int
    quality: Quality | None  # None if the person is not in the frame
    fault: str  # the limit that the frame breaks; empty if it may be captured
    person_id: int = 0
    buffered: Any = None  # data that the caller needs for writing it


class Choice(NamedTuple):
    """The chosen frames, best first, and one line for each other frame, oldest first."""

    best: list[Candidate]
    rejected: list[str]


def choose(
    candidates: Sequence[Candidate], count: int, weights: Mapping[str, float], now_ns: int
) -> Choice:
    """Choose the best `count` candidates without a fault; of equals, the newer.

    The lines in `rejected` start with the time from `now_ns` to the frame: "-0.33 s: cut_off
    0.8, ...".
    """
    fit = [(c.quality.score, c) for c in candidates if not c.fault and c.quality is not None]
    fit.sort(key=lambda scored: (scored[0], scored[1].stamp_ns), reverse=True)
    best = [c for _, c in fit[: max(1, count)]]
    kept = {c.stamp_ns for c in best}
    return Choice(
        best,
        [
            f"{(c.stamp_ns - now_ns) / 1e9:+.2f} s: {c.fault or _worse(c, best[-1], weights)}"
            for c in sorted(candidates, key=lambda c: c.stamp_ns)
            if c.stamp_ns not in kept
        ],
    )


def _worse(loser: Candidate, chosen: Candidate, weights: Mapping[str, float]) -> str:
    """Say why a frame lost against the last chosen one: the measure that cost it most."""
    mine, theirs = loser.quality, chosen.quality
    assert mine is not None and theirs is not None  # both might have been captured
    if mine.score == theirs.score:
        return f"quality {mine.score:.1f}, as the chosen, which is newer"
    said = f"quality {mine.score:.1f} below the chosen {theirs.score:.1f}"
    # Both scores are harmonic means; compare them term by term.
    losses = [
        (weights.get(m.name, 0.0) * (1 / max(m.score, 1.0) - 1 / max(t.score, 1.0)), m, t)
        for m, t in zip(mine.measures, theirs.measures)
        if not (math.isnan(m.score) or math.isnan(t.score))
    ]
    if not losses:
        return said
    loss, m, t = max(losses, key=lambda found: found[0])
    if loss <= 0:
        return said
    return f"{said}: {m.name} {m.value:.3g} (score {m.score:.0f}, the chosen's {t.score:.0f})"


class FrameEvaluator:
    """Measures the quality of frames, and checks them against a profile.

    Args:
        profile: the limits; None: no limits.
        person_id: track id of the person; 0: the largest person.
        mirrored: the camera's image is mirrored.
        allowed: what is allowed to the person.

    Raises:
        CaptureError: that makes no sense.
    """

    def __init__(
        self,
        profile: Profile | None = None,
        person_id: int = 0,
        mirrored: bool = False,
        allowed: Allowed = Allowed(),
        ignored: Sequence[int] = (),
    ) -> None:
        if unknown := sorted(set(allowed.without) - LEFT_OUT):
            raise CaptureError(
                f"without has {shown(unknown[0])}: wanted some of {', '.join(sorted(LEFT_OUT))}"
            )
        if not 0 <= allowed.size_minimum <= 1:
            raise CaptureError(f"size_minimum is {allowed.size_minimum:g}: wanted 0 to 1")
        profile = None if profile is None else allowing(profile, allowed)
        self.weights = WEIGHTS if profile is None else profile.weights
        self._profile, self._person_id, self._mirrored = profile, person_id, mirrored
        self._scale = Scale(sits=allowed.seated)
        self._selector = None if profile is None else TargetSelector(profile, mirrored)
        self._ignored = [one for one in ignored if one and one != person_id]
        self._last: tuple[int, int, np.ndarray] | None = None  # who, when, where

    def __call__(
        self,
        stamp_ns: int,
        people: PersonPoses,
        width: int,
        height: int,
        bgr: np.ndarray | None,
    ) -> Candidate | None:
        """Evaluate the next frame; call it with the oldest first.

        Args:
            stamp_ns: stamp of the frame.
            people: the people in the frame.
            width, height: size of the frame, px.
            bgr: (h, w, 3) uint8. None: the frame is only used to compute the person's speed in
                the next one.

        Returns:
            The candidate; None without pixels.
        """
        if self._ignored:
            people = people[~np.isin(people.ids, self._ignored)]
        chosen = self._choose(people)
        observation = self._observe(people, chosen, width, height, stamp_ns / 1e9)
        if chosen is None:
            self._last = None
            who = f"person {self._person_id} is not" if self._person_id else "nobody is"
            return None if bgr is None else Candidate(stamp_ns, None, f"{who} in view")
        xy, scores, box = people.xy[chosen], people.scores[chosen], people.boxes[chosen]
        person_id = int(people.ids[chosen])
        speed = self._speed(person_id, stamp_ns, xy, scores, float(box[3] - box[1]))
        if bgr is None:
            return None
        there, profile = company(people.boxes, chosen), self._profile
        subject = Subject(xy, scores, box, speed, there)
        if profile is not None:
            subject = subject._replace(
                wanted=profile.people, points=profile.points_in(self._mirrored)
            )
        quality = assess(bgr, subject, self.weights)
        fault = (
            ""
            if profile is None or observation is None
            else broken_limit(
                observation._replace(others=there - 1), quality, profile, self._mirrored
            )
        )
        return Candidate(stamp_ns, quality, fault, person_id)

    def _choose(self, people: PersonPoses) -> int | None:
        """Return the row of the requested or the largest person; None if not found."""
        if self._person_id:
            ids = people.ids.tolist()
            return ids.index(self._person_id) if self._person_id in ids else None
        if not len(people):
            return None
        sides = np.clip(people.boxes[:, 2:] - people.boxes[:, :2], 0, None)
        return int(sides.prod(axis=1).argmax())

    def _observe(
        self, people: PersonPoses, chosen: int | None, width: int, height: int, time_s: float
    ) -> Observation | None:
        """Return what the profile's checks need of the chosen person; None without a profile."""
        if self._selector is None:
            return None
        alone = people[:0] if chosen is None else people[chosen]
        seen = self._selector.look(alone, width, height, time_s)
        return None if seen is None else seen._replace(scale=self._scale)

    def _speed(
        self, who: int, stamp_ns: int, xy: np.ndarray, scores: np.ndarray, height: float
    ) -> float:
        """Return the speed since the previous frame, heights per second; NaN if unknown."""
        last, self._last = self._last, (who, stamp_ns, xy)
        if last is None or last[0] != who:
            return math.nan
        return motion(xy, scores, last[2], (stamp_ns - last[1]) / 1e9, height)


def broken_limit(
    observation: Observation | None, quality: Quality, profile: Profile, mirrored: bool = False
) -> str:
    """Return the limit that a picture breaks, on one line that starts with the check's name.

    The limits are a little wider than those of guidance: a person who was told to hold still may
    be right at a limit, and a single frame has a larger error. The speed is unknown in the first
    frame, which is no fault. All other required checks must have a result.

    Returns:
        The line; empty if no limit is broken.
    """
    if observation is not None:
        observation = observation._replace(
            brightness=quality.brightness, sharpness=quality.value("sharpness")
        )
    for result in run_checks(observation, relaxed(profile, TOLERANCE), mirrored):
        if result.ok is False:
            return described(result)
        if result.ok is None and result.required and result.name != "still":
            return f"{result.name} cannot be measured"
    if quality.score < profile.quality_minimum:
        worst = quality.worst(profile.weights)
        why = f": {worst.name} {worst.value:.3g} (score {worst.score:.0f})" if worst else ""
        return f"quality {quality.score:.0f}, at least {profile.quality_minimum:.0f}{why}"
    return ""
