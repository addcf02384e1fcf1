# SPDX-License-Identifier: Apache-2.0
"""Video mode: people carry ids, and the detector need not run on every frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.estimator import Estimator, TopDown, check_image
from dwpose_ros.tracking.one_euro import OneEuro
from dwpose_ros.tracking.presence import Presence
from dwpose_ros.tracking.track_state import (
    MIN_QUALITY,
    NOBODY,
    Tracks,
    carry,
    detected,
    gone,
    sound,
    sure,
    twice,
    unique,
    unmatched,
)
from dwpose_ros.tracking.tracker import KEEP_S, Tracker

if TYPE_CHECKING:
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

LOST = 0.6  # of the quality when last detected; below it the person is not there any more
HOLD = 0.8  # the same for somebody whom the detector does not see: they must be beyond doubt
MIN_FIT = 0.6  # how well points must fill the box they were found in, next to when detected
EXTRA = 2  # detections out of turn, between two that are in turn


class PoseTracker:
    """Makes of an estimator of images one of video: frame and time in, people with track ids out.

    With ``detect_every`` 1, or an estimator that is not ``TopDown`` (there is nothing to leave
    out), each frame is what the estimator makes of it; only ids are added.
    With n > 1 the detector runs on every n-th frame, and out of turn, at most twice
    between two turns, where somebody is lost or their points no longer fit their box. Between
    detections:

    - a person's box is that of the detector, carried along by shift and growth of their head,
      torso and legs, widened to points that reach beyond it and cut at the image's border; so it
      means what a detector's box means, and starts from it afresh at each detection. A side that
      lay at the border stays there: what is behind it is not known before the next detection.
    - a person's box score is the detector's last, lowered as their points' scores fall.
    - somebody whose points' scores fall is looked for in the same frame, and otherwise gone.
    - two poses that are one person's become one, with the id that it fits best.
    - a newcomer is found by the n-th frame at the latest.

    Nobody is published who may be a ghost, by ``Presence``: whom the detector is not sure of, at
    first, and whoever has a shape that no body has, or changes it as none can. They are followed
    all the same. With n > 1, nor is anybody whose best points are below the threshold of drawing,
    detected or not. Somebody whom the detector does not see, but whose pose is as sure as before,
    is kept for one frame more, and the detector asked again: detectors blink. The second time they
    are gone, as pose networks were only ever shown people, and may see one in a coat on a hook.

    ``smooth`` is True for a One-Euro filter as it is, or one of your own. It works on what is
    given out and never on what boxes are made of: they would lag behind whoever moves, cut them
    off, and the lag would feed itself.

    ValueError where ``detect_every`` is not a whole number from 1 upwards.
    """

    def __init__(
        self, estimator: Estimator, detect_every: int = 1, smooth: bool | OneEuro = False
    ) -> None:
        whole = isinstance(detect_every, (int, np.integer)) and not isinstance(detect_every, bool)
        if not whole or detect_every < 1:
            raise ValueError(
                f"detect_every is {detect_every!r}, wanted a whole number of frames, "
                "1 or more: 1 detects people on each, 10 on every tenth"
            )
        self._estimator = estimator
        self.detect_every = int(detect_every) if isinstance(estimator, TopDown) else 1
        """Frames from one detection to the next, 1 where the estimator has no two steps."""
        self.detections = 0
        """How often the detector ran; equal to the frames where it runs on each."""
        self._smooth = OneEuro() if smooth is True else smooth or None
        self._tracker = Tracker()
        self._presence = Presence()
        self._forget()

    @property
    def name(self) -> str:
        """The estimator's."""
        return self._estimator.name

    @property
    def runs_on(self) -> ExecutionTarget:
        """The estimator's."""
        return self._estimator.runs_on

    def close(self) -> None:
        """Close the estimator."""
        self._estimator.close()

    def __call__(self, rgb: np.ndarray, time_s: float) -> PersonPoses:
        """The people in an RGB image (h, w, 3) uint8 of this time, with their track ids.

        Time may repeat, jump back or leap ahead; after more than ``KEEP_S`` either way nobody is
        known any more, and the detector runs. Whatever the estimator raises comes through, and
        the next frame is detected as if this one had not been.
        """
        if self.detect_every == 1:
            people = self._estimator(rgb)
            self.detections += 1
            people = people.with_ids(self._tracker(people, time_s))
        else:
            people = self._follow(rgb, time_s)
        there = self._presence(people, time_s)
        if not there.all():
            people = people[there]
        if self._smooth is not None:
            people = self._smooth(people, time_s)
        return people

    def _forget(self) -> None:
        self._tracks = NOBODY
        self._size = (0, 0)
        self._time_s = math.nan
        self._since = 0  # frames since the last detection
        self._extras = 0  # detections out of turn that are left
        self._doubt = False

    def _follow(self, rgb: np.ndarray, time_s: float) -> PersonPoses:
        check_image(rgb)
        size = rgb.shape[1], rgb.shape[0]
        dt = time_s - self._time_s
        known = size == self._size and abs(dt) <= KEEP_S  # also False for NaN, at the first
        if not known:
            self._forget()
        tracks, self._tracks = self._tracks, NOBODY
        since, self._since = self._since + 1, self.detect_every  # should the estimator raise
        crops = self._expected(tracks, max(dt, 0.0) if known else 0.0, size)
        before, expected = tracks.ids.tolist(), crops
        left = gone(tracks, crops, size)
        tracks, crops = tracks.take(~left), crops[~left]

        in_turn = not known or since >= self.detect_every
        look = in_turn or (self._doubt and self._extras > 0)
        self._doubt = False
        if not look:
            found, there = self._keep(rgb, tracks, crops, size)
            if not there.all() and self._extras > 0:
                look, tracks, crops = True, tracks.take(there), crops[there]
        if look:
            self._extras = EXTRA if in_turn else self._extras - 1
            found = self._look(rgb, tracks, crops, size)
            since = 0
        ids = np.array(self._tracker(found.people, time_s), int)
        # A detector's order means nothing; by id, a person's row changes only as people come.
        found = found._replace(ids=ids)
        self._tracks = found.take(np.argsort(ids)) if (ids[1:] < ids[:-1]).any() else found
        for i, box in zip(before, expected):
            if i not in ids and self._went_out(i, box, size):
                self._tracker.forget(i)  # whoever comes in there now is another person
        self._since, self._size, self._time_s = since, size, time_s
        return self._tracks.people

    def _expected(self, tracks: Tracks, dt: float, size: tuple[int, int]) -> np.ndarray:
        """(n, 4) where the tracks' boxes should be by now, inside the image."""
        if not len(tracks.ids):
            return np.empty((0, 4))
        shift = np.array([self._tracker.velocity(i) for i in tracks.ids.tolist()]) * dt
        return np.clip(tracks.boxes + twice(shift), 0, [*size, *size])

    def _went_out(self, i: int, box: np.ndarray, size: tuple[int, int]) -> bool:
        """Whether somebody no longer seen was at the border, and fast enough on the way out to be
        gone before they would be forgotten; others may be hidden there."""
        way, sides = self._tracker.velocity(i) * KEEP_S, box[2:] - box[:2]
        return bool(((box[:2] <= 0) & (way < -sides) | (box[2:] >= size) & (way > sides)).any())

    @property
    def _top_down(self) -> TopDown:
        """The estimator, which has two steps wherever ``detect_every`` is not 1."""
        return cast(TopDown, self._estimator)

    def _keep(
        self, rgb: np.ndarray, tracks: Tracks, crops: np.ndarray, size: tuple[int, int]
    ) -> tuple[Tracks, np.ndarray]:
        """Those of the n tracks who are still there, in crops (n, 4), and (n,) who that is."""
        if not len(crops):
            return tracks, np.empty(0, bool)
        xy, scores = sound(*self._top_down.estimate(rgb, crops.astype(np.float32)))
        moved = carry(tracks, xy, scores, crops, size)
        there = sure(moved, LOST)
        there[there] = unique(moved.take(there))
        self._doubt = bool((moved.fits < MIN_FIT * moved.then_fits)[there].any())
        return moved.take(there), there

    def _look(
        self, rgb: np.ndarray, tracks: Tracks, crops: np.ndarray, size: tuple[int, int]
    ) -> Tracks:
        """Whom the detector sees, and who of the tracks is there all the same."""
        boxes, box_scores = self._top_down.detect(rgb)
        self.detections += 1
        boxes, box_scores = np.asarray(boxes, float), np.asarray(box_scores, float)
        fine = np.isfinite(boxes).all(1) & np.isfinite(box_scores)
        boxes, box_scores = boxes[fine], box_scores[fine]
        fine = (boxes[:, 2:] - boxes[:, :2] >= 1).all(1)
        boxes, box_scores, n = boxes[fine], box_scores[fine], int(fine.sum())
        # Who has a detection is estimated in it; everybody else in their own box. Which pose is
        # whose says the tracker; a pose that comes of two boxes, unique.
        missed = unmatched(crops, boxes)
        tracks, crops = tracks.take(missed), crops[missed]
        looked_at = np.concatenate([boxes, crops])
        if not len(looked_at):
            return tracks
        xy, scores = sound(*self._top_down.estimate(rgb, looked_at.astype(np.float32)))
        seen = detected(xy[:n], scores[:n], boxes, box_scores, size)
        seen = seen.take(seen.then_quality >= MIN_QUALITY)
        blinked = carry(tracks, xy[n:], scores[n:], crops, size)
        blinked = blinked._replace(misses=blinked.misses + 1)
        # The first time only, and only if there will be a second look at the next frame.
        blinked = blinked.take(sure(blinked, HOLD) & (blinked.misses < 2) & (self._extras > 0))
        found = seen.join(blinked)
        found = found.take(unique(found))
        self._doubt = bool((found.misses > 0).any())
        return found
