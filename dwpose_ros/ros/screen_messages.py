# SPDX-License-Identifier: Apache-2.0
"""Our messages as the screen's pages get them: JSON without NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dwpose_ros.guidance.tone_sound import pitch_hz
from dwpose_ros.msg import CapturedImage, Guidance, Tone, WholeBodyPose
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.guidance_messages import tone_in
from dwpose_ros.web.site import message

STATES = ("searching", "adjusting", "holding", "captured", "done", "idle")


def guidance_message(msg: Guidance) -> str:
    """Return the instruction and the checks."""
    return message(
        "guidance",
        state=STATES[msg.state] if msg.state < len(STATES) else "idle",
        profile=msg.profile,
        step=msg.step,
        code=msg.code,
        part=msg.part,
        grade=msg.grade,
        count=msg.count,
        text=msg.text,
        progress=_finite(msg.progress) or 0.0,
        hold=_finite(msg.hold_remaining) or 0.0,
        checks=[[check.name, bool(check.ok), bool(check.judged)] for check in msg.checks],
    )


def tone_message(msg: Tone) -> str:
    """Return a tone with its pitch, so that pages sound as the speech node does."""
    tone = tone_in(msg)
    return message(
        "tone",
        tone=tone.kind.name.lower(),
        hz=pitch_hz(tone.framing),
        aside=tone.aside,
        depth=tone.depth,
        turn=tone.turn,
    )


def pose_message(msg: WholeBodyPose, threshold: float) -> str:
    """Return the people of an image: for each its id and 133 pairs of x and y in whole pixels,
    null for a point that is not seen.
    """
    people = []
    for person in msg.persons:
        xy = np.column_stack([person.x, person.y]).round().astype(int).tolist()
        seen = np.asarray(person.scores) > threshold
        people.append([int(person.id), [p if s else None for p, s in zip(xy, seen)]])
    return message(
        "pose",
        stamp=stamp_ns(msg.header) / 1e9,
        width=msg.width,
        height=msg.height,
        people=people,
    )


def capture_message(msg: CapturedImage, name: str, age_s: float) -> str:
    """Return what a page needs to show a picture that was taken: the gallery has the rest.

    Args:
        name: of the capture in the gallery.
        age_s: how long ago it was taken.
    """
    return message(
        "capture", name=name, label=msg.label, quality=_finite(msg.quality), age=_finite(age_s)
    )


def status_message(statuses: dict[str, Any], now_s: float) -> str:
    """Return what the nodes last said in /diagnostics: by node, the DiagnosticStatus and when it
    came, s on the clock of `now_s`.
    """
    return message(
        "status",
        nodes=[
            {
                "name": name,
                "level": status.level[0] if isinstance(status.level, bytes) else status.level,
                "message": status.message,
                "age": round(now_s - when, 1),
                "values": [[pair.key, pair.value] for pair in status.values],
            }
            for name, (status, when) in sorted(statuses.items())
        ],
    )


def _finite(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
