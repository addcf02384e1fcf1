# SPDX-License-Identifier: Apache-2.0
"""Video mode: people get track ids, and the detector need not run on every frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np

from dwpose_ros.core.person_poses import PersonPoses, clean_points, valid_boxes
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
    sure,
    twice,
    unique,
    unmatched,
)
from dwpose_ros.tracking.tracker import KEEP_S, Tracker

if TYPE_CHECKING:
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

LOST = 0.6  # share of the quality when last detected, below which a person counts as lost
HOLD = 0.8  # the same for a person whom the detector misses: the pose must be more certain
MIN_FIT = 0.6  # least fit of the points to their box, as a share of the fit when last detected
EXTRA = 2  # unscheduled detections between two scheduled ones


class PoseTracker:
    """Tracks people through a video: frame and time in, poses with track ids out.

    With ``detect_every`` 1, or an estimator that is not ``TopDown``, the estimator runs on each
    frame and only ids are added. With ``detect_every`` n > 1, the detector runs on every n-th
    frame. It also runs in between, at most twice, if somebody is lost or their points no longer
    fit their box. Between detections:

    - A person's box is the detector's last, moved and scaled with the head, torso and legs,
      extended to points outside it and cut at the image's border. So it is as large as the
      detector's would be, and is replaced at each detection. A side that was at the border stays
      there: nothing is known about what lies beyond until the next detection.
    - A person's box score is the detector's last, lowered as the keypoint scores fall.
    - If a person's keypoint scores fall, the detector looks for them in the same frame; if it
      does not find them, they are dropped.
    - Two poses of the same person are merged and keep the id that fits best.
    - A new person is found by the n-th frame at the latest.

    ``Presence`` decides which people are returned, to suppress false detections: people with a low
    detector score at first, and those whose body shape is impossible or changes impossibly fast.
    They are tracked anyway. With n > 1, people whose best keypoints are below the visibility
    threshold are not returned either, detected or not. If the detector misses somebody whose pose
    is as certain as before, they are kept for one more frame and the detector runs again, since
    detectors miss people now and then. After the second miss they are dropped: pose networks were
    trained only on crops with people, and may see a person in a coat on a hook.

    Args:
        estimator: finds the people in each frame.
        detect_every: frames from one scheduled detection to the next, 1 or more; None: as the
            estimator says, else 1.
        smooth: True for a One-Euro filter with its defaults, or a filter of your own. It is
            applied to the result only, not to the points that boxes are computed from: such boxes
            would lag behind a moving person and cut them off, which would increase the lag
            further.

    Raises:
        ValueError: ``detect_every`` is not a whole number from 1 upwards.
    """

    def __init__(
        self,
        estimator: Estimator,
        detect_every: int | None = None,
        smooth: bool | OneEuro = False,
    ) -> None:
        if detect_every is None:
            detect_every = getattr(estimator, "detect_every", 1)
        whole = isinstance(detect_every, (int, np.integer)) and not isinstance(detect_every, bool)
        if not whole or detect_every < 1:
            raise ValueError(
                f"detect_every is {detect_every!r}, wanted a whole number of frames, "
                "1 or more: 1 detects people on each, 10 on every tenth"
            )
        self._estimator = estimator
        self.follows = isinstance(estimator, TopDown)
        """Whether people can be followed without the detector."""
        self.detect_every = int(detect_every) if self.follows else 1
        """Frames from one scheduled detection to the next. It may be changed, but stays 1 if
        people cannot be followed."""
        self.detections = 0
        """How often the detector has run."""
        self._smooth = OneEuro() if smooth is True else smooth or None
        self._tracker = Tracker()
        self._presence = Presence()
        self._forget()

    @property
    def name(self) -> str:
        """The estimator's name."""
        return self._estimator.name

    @property
    def runs_on(self) -> ExecutionTarget:
        """Where the estimator runs."""
        return self._estimator.runs_on

    def close(self) -> None:
        """Close the estimator."""
        self._estimator.close()

    def __call__(self, rgb: np.ndarray, time_s: float) -> PersonPoses:
        """Return the people in the next frame, with their track ids.

        If the estimator raises, the exception is passed on, and the detector runs on the next
        frame.

        Args:
            rgb: (h, w, 3) uint8, RGB.
            time_s: time of the frame in seconds. It may repeat or jump; if it jumps by more than
                ``KEEP_S`` in either direction, all tracks are dropped and the detector runs.
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
        self._extras = 0  # unscheduled detections that are left
        self._doubt = False

    def _follow(self, rgb: np.ndarray, time_s: float) -> PersonPoses:
        check_image(rgb)
        size = rgb.shape[1], rgb.shape[0]
        dt = time_s - self._time_s
        known = size == self._size and abs(dt) <= KEEP_S  # also False for NaN, on the first frame
        if not known:
            self._forget()
        tracks, self._tracks = self._tracks, NOBODY
        since, self._since = self._since + 1, self.detect_every  # in case the estimator raises
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
        # Sorted by id, a person's row changes only when people come or go; the order of detections
        # is arbitrary.
        found = found._replace(ids=ids)
        self._tracks = found.take(np.argsort(ids)) if (ids[1:] < ids[:-1]).any() else found
        for i, box in zip(before, expected):
            if i not in ids and self._went_out(i, box, size):
                self._tracker.forget(i)  # anybody who comes in there now is another person
        self._since, self._size, self._time_s = since, size, time_s
        return self._tracks.people

    def _expected(self, tracks: Tracks, dt: float, size: tuple[int, int]) -> np.ndarray:
        """Predict the tracks' boxes (n, 4) after `dt` seconds, cut at the image's border."""
        if not len(tracks.ids):
            return np.empty((0, 4))
        shift = np.array([self._tracker.velocity(i) for i in tracks.ids.tolist()]) * dt
        return np.clip(tracks.boxes + twice(shift), 0, [*size, *size])

    def _went_out(self, i: int, box: np.ndarray, size: tuple[int, int]) -> bool:
        """Whether a lost person has left the image: their box was at the border, and they moved
        out fast enough to be outside within KEEP_S. Others at the border may be occluded."""
        way, sides = self._tracker.velocity(i) * KEEP_S, box[2:] - box[:2]
        return bool(((box[:2] <= 0) & (way < -sides) | (box[2:] >= size) & (way > sides)).any())

    @property
    def _top_down(self) -> TopDown:
        """The estimator, which has two steps wherever ``detect_every`` is not 1."""
        return cast(TopDown, self._estimator)

    def _estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate the poses in boxes (n, 4): xy (n, 133, 2) px and scores (n, 133), float64.

        An estimator's two steps return plain arrays, so they are cleaned here.
        """
        xy, scores = self._top_down.estimate(rgb, boxes.astype(np.float32))
        return clean_points(np.asarray(xy, float), np.asarray(scores, float))

    def _keep(
        self, rgb: np.ndarray, tracks: Tracks, crops: np.ndarray, size: tuple[int, int]
    ) -> tuple[Tracks, np.ndarray]:
        """Estimate the tracks in crops (n, 4); return those found again, and their mask (n,)."""
        if not len(crops):
            return tracks, np.empty(0, bool)
        xy, scores = self._estimate(rgb, crops)
        moved = carry(tracks, xy, scores, crops, size)
        there = sure(moved, LOST)
        there[there] = unique(moved.take(there))
        self._doubt = bool((moved.fits < MIN_FIT * moved.then_fits)[there].any())
        return moved.take(there), there

    def _look(
        self, rgb: np.ndarray, tracks: Tracks, crops: np.ndarray, size: tuple[int, int]
    ) -> Tracks:
        """Run the detector; return the detected people and the tracks it missed, if still sure."""
        boxes, box_scores = self._top_down.detect(rgb)
        self.detections += 1
        boxes, box_scores = np.asarray(boxes, float), np.asarray(box_scores, float)
        valid = valid_boxes(boxes) & np.isfinite(box_scores)
        boxes, box_scores = boxes[valid], box_scores[valid]
        large = (boxes[:, 2:] - boxes[:, :2] >= 1).all(1)
        boxes, box_scores, n = boxes[large], box_scores[large], int(large.sum())
        # Poses are estimated in the detected boxes, and in those of tracks without a detection.
        # The tracker assigns the ids; `unique` removes a pose that two boxes gave.
        missed = unmatched(crops, boxes)
        tracks, crops = tracks.take(missed), crops[missed]
        looked_at = np.concatenate([boxes, crops])
        if not len(looked_at):
            return tracks
        xy, scores = self._estimate(rgb, looked_at)
        seen = detected(xy[:n], scores[:n], boxes, box_scores, size)
        seen = seen.take(seen.then_quality >= MIN_QUALITY)
        blinked = carry(tracks, xy[n:], scores[n:], crops, size)
        blinked = blinked._replace(misses=blinked.misses + 1)
        # After the first miss only, and only if the detector can run again on the next frame.
        blinked = blinked.take(sure(blinked, HOLD) & (blinked.misses < 2) & (self._extras > 0))
        found = seen.join(blinked)
        found = found.take(unique(found))
        self._doubt = bool((found.misses > 0).any())
        return found
