# SPDX-License-Identifier: Apache-2.0
"""Whole-body poses by MediaPipe's networks, for everybody in view."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses, valid_boxes
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.estimator import check_image
from dwpose_ros.estimation.holistic.body import Body
from dwpose_ros.estimation.holistic.hand import LEFT, RIGHT
from dwpose_ros.estimation.holistic.keypoints import to_keypoints
from dwpose_ros.estimation.holistic.networks import Networks, open_networks
from dwpose_ros.estimation.holistic.parts import Turn, next_body, next_face, next_hand
from dwpose_ros.estimation.holistic.person import Person, box_of, different, silhouette_box
from dwpose_ros.estimation.holistic.regions import Region
from dwpose_ros.estimation.holistic.search import (
    MIN_ODDS,
    Candidate,
    Search,
    Things,
    around_box,
    at,
    odds,
    shift,
)
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

MIN_PRESENCE = 0.5  # of the body's network, below which a person is lost
SAME_BOX = 0.2  # least overlap (IoU) of a box with that of a person in the last image
MOST_CANDIDATES = 20  # looked at in one image, the surest, so that no picture takes for ever
# Likewise in a frame of a video, while there is nobody and while there is somebody: others follow.
MOST_AT_ONCE = 3, 1
TILES_ALONE = 2  # searched in a detection while there is nobody; else 1
FITS = 0.6  # least overlap of a detection with the box of the points of who is followed there
SURE_OVERLAP = 0.5  # of a box and the points in it, of somebody who was found before
# Overlap of a box and the points in it below which these may be somebody else's, and how much more
# of it the points of the box alone must have to be taken instead.
BESIDE, BETTER_FIT = 0.4, 0.2
SAME_LOOK = 0.02  # shift of a body's points between two looks at it, below which they agree
SOON, SELDOM = 8, 8  # a hand that has been missing for so many images is looked for in each n-th
STAY = 0.0  # odds below which somebody found before is nobody


class Holistic:
    """MediaPipe's networks for body, face and hands, run for each person in view.

    Implements `TopDown`: ``detect`` finds people and their bodies, ``estimate`` the keypoints. In
    a video, regions come from the same person's points in the last image, so that the detector
    has to run only now and then.

    Args:
        target: where the networks run: LiteRT, or OpenVINO, on a CPU.
        video: the images are the frames of one video. Then people are followed from image to
            image, and detections cover the whole image and some tiles of it in turn, since both
            would take longer than a frame. Otherwise each image is independent and searched
            completely.
        body: the network for bodies, one of the registry's ``BODIES``.

    Raises:
        ModelError: the networks are not in the cache, or a runtime is not available.
    """

    detect_every = 8
    """Frames from one detection to the next that suit this estimator."""

    def __init__(
        self,
        target: ExecutionTarget = ExecutionTarget(),
        video: bool = True,
        body: str = models.BODY,
    ) -> None:
        self._networks: Networks = open_networks(target, body)
        self.name = "holistic" if body == models.BODY else f"holistic with {body}"
        self.runs_on = self._networks.target
        self._search = Search(self._networks.detector)
        self._video = video
        self._people: list[Person] = []
        self._things = Things()
        self._image = 0  # checksum of the one in which `_people` were detected
        self._frames = 0
        self._whole = not video  # whether the last detection covered the whole image
        self._size: tuple[int, ...] = ()  # of that image

    def __call__(self, rgb: np.ndarray) -> PersonPoses:
        boxes, box_scores = self.detect(rgb)
        if not len(boxes):
            return PersonPoses.none()
        return PersonPoses.of(*self.estimate(rgb, boxes), boxes, box_scores)

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return people's boxes (n, 4), x1 y1 x2 y2 in pixels, and scores (n,).

        A box is that of the body within the image, from its visible points. Its score is the
        probability that there is a person, judged from detector and body.
        """
        check_image(rgb)
        if not self._video:
            self._people = []
        found = self._candidates(rgb)
        people = []
        for person in self._people:
            now, found = self._seen_again(rgb, person, found)
            if now.body.presence >= MIN_PRESENCE and now.chance >= STAY:
                people.append(now)
        if self._video:
            found = self._things.without(found, rgb)[: MOST_AT_ONCE[bool(self._people)]]
        looked_at = [(self._looked_at(rgb, one), one) for one in found[:MOST_CANDIDATES]]
        if self._video:
            self._things.add([c for person, c in looked_at if person.chance < MIN_ODDS], rgb)
        new = sorted((person for person, _ in looked_at), key=lambda person: -person.chance)
        people = different(people + [person for person in new if person.chance >= MIN_ODDS], rgb)
        self._people, self._image = people, _checksum(rgb)
        boxes = np.array([silhouette_box(p.box, p.body, rgb) for p in people], np.float32)
        return boxes.reshape(-1, 4), np.array(
            [1 / (1 + np.exp(-p.chance)) for p in people], np.float32
        )

    def estimate(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate the pose in each box (n, 4), x1 y1 x2 y2 in pixels.

        Returns:
            xy (n, 133, 2) in pixels of the image, and scores (n, 133), 0..1, which are all 0
            where there is nobody.
        """
        check_image(rgb)
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        size = rgb.shape[1], rgb.shape[0]
        xy = np.zeros((len(boxes), COUNT, 2), np.float32)
        scores = np.zeros((len(boxes), COUNT), np.float32)
        same_image = self._image == _checksum(rgb)
        known = self._matched(boxes)
        self._people = []
        self._frames += 1
        for i in np.flatnonzero(valid_boxes(boxes)):
            before = known.get(int(i))
            body = before.body if before and same_image else self._body(rgb, before, boxes[i])
            if body.presence < MIN_PRESENCE:
                continue
            person = self._with_parts(rgb, body, before)
            xy[i], scores[i] = to_keypoints(body, person.face, person.hands, size)
            self._people.append(person)
        self._image = 0
        return xy, scores

    def close(self) -> None:
        self._networks = self._search = None  # type: ignore[assignment]

    def _seen_again(
        self, rgb: np.ndarray, person: Person, found: list[Candidate]
    ) -> tuple[Person, list[Candidate]]:
        """Return somebody who is followed as seen now, and the candidates who are not they."""
        if self._whole:
            now, box = self._judged(rgb, person, found)
        else:  # a tile need not have them
            body = self._body(rgb, person, person.box)
            now, box = replace(person, body=body), box_of(body, rgb)
        return now, [one for one in found if iou(one.box[None], box[None])[0, 0] < SAME_BOX]

    def _judged(
        self, rgb: np.ndarray, person: Person, found: list[Candidate]
    ) -> tuple[Person, np.ndarray]:
        """Return somebody who is followed as seen now, with the odds of it, and their box (4,)."""
        body = next_body(rgb, self._networks.body, person.body, may_rest=False)
        box = box_of(body, rgb)
        seen = at(found, box) or self._search.near(rgb, box)
        score = seen.score if seen else 0.0
        chance = odds(score, SURE_OVERLAP, person.body, body, person.face, person.figure)
        if seen is not None and self._misfits(seen, found, person, box):
            # The body may be wrong and stay so, since it is looked for where it was.
            again = self._looked_at(rgb, seen)
            if again.body.presence >= MIN_PRESENCE and again.chance >= max(MIN_ODDS, chance):
                return again, box
        return replace(person, body=body, chance=chance), box

    def _misfits(
        self, seen: Candidate, found: list[Candidate], person: Person, box: np.ndarray
    ) -> bool:
        """Whether no detection fits the box (4,) of the person who is followed there, and the one
        that is there is not of somebody else."""
        others = np.array([p.box for p in self._people if p is not person], np.float32)
        theirs = iou(seen.box[None], others.reshape(-1, 4)).max(initial=0)
        best = iou(box[None], np.array([one.box for one in (seen, *found)])).max()
        return best < FITS and iou(seen.box[None], box[None])[0, 0] > theirs

    def _candidates(self, rgb: np.ndarray) -> list[Candidate]:
        if not self._video:
            return self._search.everywhere(rgb)
        if rgb.shape != self._size:  # another video
            self._size, self._whole, self._people = rgb.shape, False, []
        self._whole = not self._whole
        if self._whole:
            return self._search.whole(rgb)
        # While nobody is there, no other network takes time.
        return self._search.in_turn(rgb, 1 if self._people else TILES_ALONE)

    def _body(self, rgb: np.ndarray, before: Person | None, box: np.ndarray) -> Body:
        if before is not None:
            last = before.body
            body = next_body(rgb, self._networks.body, last, may_rest=self._video)
            return body._replace(region=body.region.calmed(last.region)) if self._video else body
        return _better(*self._two_looks(rgb, box))

    def _with_parts(self, rgb: np.ndarray, body: Body, before: Person | None) -> Person:
        """Find face and hands of a body."""
        networks = self._networks
        person = Person(
            body, before.chance if before else 0.0, box=box_of(body, rgb), then=body.xy
        )
        person.figure = before is not None and before.figure
        if before is None or not self._video:
            before = Person(body, 0.0)  # of whom nothing is known
        old, missing = before.then, before.missing
        person.face = next_face(rgb, networks.face, body, before.face, old)
        left, right = (
            next_hand(
                rgb, networks.hand, body, points, before.hands[i], old, self._turn(i, missing[i])
            )
            for i, points in enumerate((LEFT, RIGHT))
        )
        person.hands = left, right
        person.missing = 0 if left else missing[0] + 1, 0 if right else missing[1] + 1
        return person

    def _turn(self, hand: int, missing: int) -> Turn:
        """Return whether the networks run for a hand in this image: in a video hands take turns,
        and one that has been missing for a while is looked for only now and then."""
        if not self._video:
            return Turn.LOOK
        if self._frames % 2 == hand:
            return Turn.REST
        rare = missing >= SOON and self._frames // 2 % (SELDOM // 2)
        return Turn.IF_MOVED if rare else Turn.LOOK

    def _matched(self, boxes: np.ndarray) -> dict[int, Person]:
        """Return whom of the last image each box is, the most overlapping first."""
        last = np.array([p.box for p in self._people], np.float32).reshape(-1, 4)
        overlap = iou(boxes, last)
        matches = {}
        while overlap.size and overlap.max() >= SAME_BOX:
            row, column = np.unravel_index(overlap.argmax(), overlap.shape)
            matches[int(row)] = self._people[int(column)]
            overlap[row, :] = overlap[:, column] = -1
        return matches

    def _looked_at(self, rgb: np.ndarray, one: Candidate) -> Person:
        """Return who is where the detector sees somebody, and how likely it is a person."""
        first, second, figure = self._two_looks(rgb, one.box)
        face = next_face(rgb, self._networks.face, second, None, None)
        overlap = _overlap(second, one.box, rgb)
        chance = odds(one.score, overlap, first, second, face, figure)
        body = _better(first, second, figure)
        return Person(body, chance, face, then=body.xy, figure=figure)

    def _two_looks(self, rgb: np.ndarray, box: np.ndarray) -> tuple[Body, Body, bool]:
        """Return the body in a box (4,) as seen at first and again, in the region that its points
        give, and whether MediaPipe's detector is sure of the first region."""
        region, figure = self._networks.figure(rgb, box)
        first, second = self._twice(rgb, region)
        overlap = _overlap(second, box, rgb)
        if figure and overlap < BESIDE:  # it may be the figure of somebody who stands beside them
            others = self._twice(rgb, around_box(box))
            if _overlap(others[1], box, rgb) > overlap + BETTER_FIT:
                return *others, False
        return first, second, figure

    def _twice(self, rgb: np.ndarray, region: Region) -> tuple[Body, Body]:
        first = self._networks.body(rgb, region)
        return first, self._networks.body(rgb, first.region)


def _overlap(body: Body, box: np.ndarray, rgb: np.ndarray) -> float:
    """Return the overlap (IoU) of a box (4,) and that of a body's visible points."""
    return float(iou(box[None], box_of(body, rgb)[None])[0, 0])


def _better(first: Body, second: Body, figure: bool) -> Body:
    """Return the better one of two looks at a body.

    A figure's region is as good as one from points, and MediaPipe looks no further. Yet where the
    next look shows another body, the first one was wrong.
    """
    return first if figure and shift(first, second) < SAME_LOOK else second


def _checksum(rgb: np.ndarray) -> int:
    """Return a checksum of some pixels, not 0, by which an image is recognized."""
    return zlib.crc32(rgb[::16, ::16].tobytes()) or 1
