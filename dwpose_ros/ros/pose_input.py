# SPDX-License-Identifier: Apache-2.0
"""Poses from other nodes: validated once, where they arrive."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dwpose_ros.msg import PersonPose, WholeBodyPose

MOST_PERSONS = 100
LARGEST_PX = 65536  # of an image's side
BEYOND = 2.0  # image sizes that a point of somebody who is cut off may be outside of the image


def pose_input(
    node, callback: Callable[[WholeBodyPose], None], depth: int, *, direct: bool = False
):
    """Subscribe a node to `wholebody_pose`. Messages from outside this process are `cleaned`; the
    log says what was wrong. `direct`: as `EndpointNode.input` has it.
    """

    def repair(msg: WholeBodyPose) -> None:
        if fault := cleaned(msg):
            node.get_logger().warning(f"{stats.topic}: {fault}", throttle_duration_sec=30.0)

    stats = node.input(
        WholeBodyPose,
        "wholebody_pose",
        callback,
        depth,
        local=True,
        direct=direct,
        from_outside=repair,
    )
    return stats


def cleaned(msg: WholeBodyPose) -> str:
    """Repair a message in place, and return what was wrong with it; empty if nothing.

    Afterwards all numbers are finite, scores lie between 0 and 1, and ids are unique. A point that
    was not finite, or too far outside of the image, has score 0.
    """
    if not msg.persons:
        return ""
    if not (0 < msg.width <= LARGEST_PX and 0 < msg.height <= LARGEST_PX):
        size, msg.persons = f"{msg.width}x{msg.height}", []
        return (
            f"people of an image of {size} pixels are ignored: a pose must tell its image's "
            f"size, at most {LARGEST_PX} a side"
        )
    faults = {}
    persons = {person.id: person for person in reversed(msg.persons[:MOST_PERSONS])}
    if len(persons) < len(msg.persons):
        faults[
            f"{len(msg.persons) - len(persons)} persons are left out: each must have an id of "
            f"its own, and there can be {MOST_PERSONS}"
        ] = None
        msg.persons = list(reversed(persons.values()))
    kept = [person for person in msg.persons if _clean(person, msg.width, msg.height, faults)]
    if len(kept) < len(msg.persons):
        msg.persons = kept
    return "; ".join(faults)


def near_image(xy: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return which points (..., 2) px are finite, and in the image or not far outside of it."""
    size = np.array([width, height], np.float32)
    with np.errstate(invalid="ignore"):
        return ((xy >= -BEYOND * size) & (xy <= (1 + BEYOND) * size)).all(-1)  # never NaN


def _clean(person: PersonPose, width: int, height: int, faults: dict) -> bool:
    """Repair one person and add to `faults`. Return whether anything of the person is left."""
    xy = np.array([person.x, person.y], np.float32).T
    scores, box = np.asarray(person.scores, np.float32), np.asarray(person.box, np.float32)
    placed = near_image(xy, width, height)
    with np.errstate(invalid="ignore"):
        scored = (scores >= 0) & (scores <= 1)
    corners = box.reshape(2, 2)
    boxed = near_image(corners, width, height).all() and (corners[0] <= corners[1]).all()
    if not (placed.all() and scored.all()):
        faults[
            "points that are no numbers, or far outside of the image, or whose scores are not "
            "from 0 to 1, count as not seen"
        ] = None
        usable = placed & scored
        xy[~usable], scores = 0.0, np.where(usable, scores, np.float32(0))
        person.x, person.y, person.scores = xy[:, 0].copy(), xy[:, 1].copy(), scores
    if not boxed:
        seen = xy[scores > 0]
        faults[
            "boxes that are no rectangles near the image are replaced by those round the points"
        ] = None
        if not len(seen):
            return False
        person.box = np.concatenate([seen.min(0), seen.max(0)]).astype(np.float32)
    if not 0 <= person.score <= 1:
        faults["persons' scores must be from 0 to 1"] = None
        person.score = float(np.clip(np.nan_to_num(person.score), 0, 1))
    for name in ("brightness", "sharpness"):
        if math.isinf(getattr(person, name)):
            setattr(person, name, math.nan)
    return True
