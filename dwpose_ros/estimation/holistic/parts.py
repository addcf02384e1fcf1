# SPDX-License-Identifier: Apache-2.0
"""Follow a person's body, face and hands from image to image.

MediaPipe looks for face and hands anew in each image and takes what it finds unless it is near the
region from the last image. Here that region, moved with the body, is used as long as the body
agrees; this saves a network for each part.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from dwpose_ros.estimation.holistic.body import Body, BodyNetwork
from dwpose_ros.estimation.holistic.face import HEAD, Face, FaceNetwork, head_region
from dwpose_ros.estimation.holistic.hand import Hand, HandNetwork, hand_region
from dwpose_ros.estimation.holistic.keypoints import POSE_BODY, POSE_FEET
from dwpose_ros.estimation.holistic.regions import Region

MIN_PRESENCE = 0.5  # of a face or hand that is one
MIN_VISIBILITY = 0.1  # of a wrist or head, as in MediaPipe; below it the part is not looked for
MOST_SHIFT = 0.25  # of a followed region's centre from where the body has it, in sides of that
STILL, SLOW = 0.02, 0.06  # ways of a wrist to the next image, in sides of the hand's region
# Pace of a body, about 2 cm an image, below which the network looks at it in every second image
# only. Its points, kept, are no farther off than two looks at it differ.
CALM = 0.01
CLEAR = 0.8  # visibility from which a point counts there: others tremble where nothing moves
USED = [*POSE_BODY, *POSE_FEET]  # of its points: the keypoints
SIDES = (0.2, 0.9)  # a followed region's side, in sides of the generous one around it


class Turn(Enum):
    """Whether the networks run for a hand."""

    LOOK = "look"
    IF_MOVED = "if moved"
    """A hand that was not seen is looked for only if the wrist is seen and moves."""
    REST = "rest"
    """Only if the wrist moves; a hand that was not seen is not looked for."""


def next_body(rgb: np.ndarray, network: BodyNetwork, last: Body, may_rest: bool) -> Body:
    """Return somebody's body, given that in the last image.

    Args:
        may_rest: the network need not look at a body that hardly moves.
    """
    if may_rest and last.seen and last.pace < CALM:
        return last._replace(seen=False)
    body = network(rgb, last.region)
    both = (np.minimum(body.visibility, last.visibility) > CLEAR)[USED]
    if not both.any():
        return body
    way = float(np.hypot(*(body.xy - last.xy)[USED][both].T).max()) / body.region.side
    return body._replace(pace=way if last.seen else way / 2)


def next_face(
    rgb: np.ndarray, network: FaceNetwork, body: Body, last: Face | None, old: np.ndarray | None
) -> Face | None:
    """Return a body's face, None if it is not seen.

    Args:
        last: this person's face in the last image, if it was found.
        old: the body's points (33, 2) px in that image.
    """
    if body.visibility[HEAD].mean() < MIN_VISIBILITY:
        return None
    near = head_region(body.xy)
    if last is not None and old is not None:
        moved = last.region.moved((body.xy[HEAD] - old[HEAD]).mean(0))
        if _agrees(moved, near):
            face = network(rgb, moved)
            if face.presence >= MIN_PRESENCE:
                return face
    where = network.find(rgb, near)
    if where is None:
        return None
    face = network(rgb, where)
    return face if face.presence >= MIN_PRESENCE else None


def next_hand(
    rgb: np.ndarray,
    network: HandNetwork,
    body: Body,
    points: tuple[int, int, int],
    last: Hand | None,
    old: np.ndarray | None,
    turn: Turn = Turn.LOOK,
) -> Hand | None:
    """Return a body's left or right hand, None if it is not seen.

    Args:
        points: of the hand in the body, LEFT or RIGHT.
        last: this hand in the last image, if it was found.
        old: the body's points (33, 2) px in that image, if it was looked at.
        turn: saves the networks where little can have changed: a hand that was seen in the last
            image moves with the wrist.
    """
    if body.visibility[points[0]] < MIN_VISIBILITY:
        return None
    near = hand_region(body.xy, points)
    if old is not None:
        shift = body.xy[points[0]] - old[points[0]]
        way = float(np.hypot(*shift))
        if last is None:
            moved = body.visibility[points[0]] > CLEAR and way > SLOW * near.side
            if turn is Turn.REST or (turn is Turn.IF_MOVED and not moved):
                return None
        else:
            if way < STILL * last.region.side:
                shift = np.zeros(2)  # the wrist trembles more than the hand
            where = last.region.moved(shift)
            if turn is Turn.REST and last.seen and way < SLOW * last.region.side:
                return last._replace(xy=last.xy + shift, region=where, seen=False)
            if _agrees(where, near):
                hand = network(rgb, where)
                if hand.presence >= MIN_PRESENCE:
                    return hand
    hand = network(rgb, network.find(rgb, near))
    return hand if hand.presence >= MIN_PRESENCE else None


def _agrees(followed: Region, near: Region) -> bool:
    apart = np.hypot(followed.x - near.x, followed.y - near.y)
    low, high = SIDES
    return bool(apart <= MOST_SHIFT * near.side and low <= followed.side / near.side <= high)
