# SPDX-License-Identifier: Apache-2.0
"""Converts WholeBodyPose messages to arrays and back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dwpose_ros.capture.storage import pose_document
from dwpose_ros.core.keypoints import COUNT, NAMES
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.msg import CapturedImage, PersonPose, PersonPose3D, WholeBodyPose, WholeBodyPose3D
from dwpose_ros.ros.pose_input import near_image


def time_ns(time) -> int:
    """Return a Time message in nanoseconds."""
    return time.sec * 10**9 + time.nanosec


def stamp_ns(header) -> int:
    """Return the stamp of a header in nanoseconds."""
    return time_ns(header.stamp)


def to_msg(
    people: PersonPoses,
    header,
    width: int,
    height: int,
    model: str,
    looks: Sequence[tuple[float, float]] = (),
) -> WholeBodyPose:
    """Return a message of people, with the brightness and sharpness of each if known.

    Points that `cleaned` takes for not seen are that already, so that who gets the message by
    reference, over the network or from a bag gets the same.
    """
    looks = looks or [(math.nan, math.nan)] * len(people)
    placed = near_image(people.xy, width, height)
    if placed.all():
        all_xy, all_scores = people.xy, people.scores
    else:
        all_xy = np.where(placed[..., None], people.xy, np.float32(0))
        all_scores = np.where(placed, people.scores, np.float32(0))
    return WholeBodyPose(
        header=header,
        width=width,
        height=height,
        model=model,
        persons=[
            PersonPose(
                id=int(i),
                score=float(score),
                box=np.ascontiguousarray(box),
                x=np.ascontiguousarray(xy[:, 0]),
                y=np.ascontiguousarray(xy[:, 1]),
                scores=np.ascontiguousarray(scores),
                brightness=bright,
                sharpness=sharp,
            )
            for i, score, box, xy, scores, (bright, sharp) in zip(
                people.ids, people.box_scores, people.boxes, all_xy, all_scores, looks
            )
        ],
    )


def to_msg_3d(pose: WholeBodyPose, points: np.ndarray) -> WholeBodyPose3D:
    """Return the same people at `points` (n, 133, 3) float32 m, NaN where unknown."""
    return WholeBodyPose3D(
        header=pose.header,
        persons=[
            PersonPose3D(
                id=person.id,
                scores=person.scores,
                **{axis: np.ascontiguousarray(xyz[:, i]) for i, axis in enumerate("xyz")},
            )
            for person, xyz in zip(pose.persons, points)
        ],
    )


def looks_of(msg: WholeBodyPose, person_id: int) -> tuple[float, float]:
    """Return the brightness and sharpness of a person, NaN if unknown. A sender that does
    not measure them leaves both 0.
    """
    looks = next(((p.brightness, p.sharpness) for p in msg.persons if p.id == person_id), (0, 0))
    return looks if any(looks) else (math.nan, math.nan)


def from_msg(msg: WholeBodyPose) -> PersonPoses:
    """Return the people of a message."""
    if not msg.persons:
        return PersonPoses.none()
    xy = np.empty((len(msg.persons), COUNT, 2), np.float32)
    for i, person in enumerate(msg.persons):
        xy[i, :, 0], xy[i, :, 1] = person.x, person.y
    return PersonPoses.of(
        xy,
        [p.scores for p in msg.persons],
        [p.box for p in msg.persons],
        [p.score for p in msg.persons],
        [p.id for p in msg.persons],
    )


def capture_document(capture: CapturedImage) -> dict:
    """Return the content of a capture's JSON file, except its quality."""
    pose, stamp = capture.pose, capture.header.stamp
    document = pose_document(
        {
            "stamp": {"sec": stamp.sec, "nanosec": stamp.nanosec},
            "frame_id": capture.header.frame_id,
        },
        pose.width,
        pose.height,
        pose.model,
        NAMES,
        [_person(p) for p in pose.persons],
    )
    document.update(label=capture.label, person_id=capture.person_id)
    return document


def _person(person) -> dict:
    """Return a person of a message that `pose_input` has cleaned, for JSON, which has no NaN."""
    rows = np.column_stack([person.x, person.y, person.scores]).astype(float)
    return {
        "id": int(person.id),
        "score": float(person.score),
        "box": np.asarray(person.box, float).round(2).tolist(),
        "keypoints": rows.round(3).tolist(),
    }
