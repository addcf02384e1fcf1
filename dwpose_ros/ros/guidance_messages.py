# SPDX-License-Identifier: Apache-2.0
"""What a guidance session tells, as messages."""

from __future__ import annotations

import math

from dwpose_ros.guidance.session_types import Told
from dwpose_ros.guidance.tones import Tone, ToneKind, tone_of
from dwpose_ros.msg import Check
from dwpose_ros.msg import Guidance as GuidanceMsg
from dwpose_ros.msg import Tone as ToneMsg


def guidance_of(told: Told) -> GuidanceMsg:
    """Return what is shown."""
    decision = told.decision
    return GuidanceMsg(
        header=told.source,
        state=int(decision.state),
        profile=told.profile.name,
        step=told.profile.step,
        code=decision.code,
        part=decision.body_part,
        grade=decision.magnitude,
        count=decision.count,
        text=told.text,
        person_id=told.person_id,
        progress=float(decision.progress),
        hold_remaining=float(decision.hold_remaining),
        checks=[
            Check(
                name=result.name,
                ok=result.ok is True,
                judged=result.ok is not None,
                value=float(result.value),
                minimum=float(result.minimum),
                maximum=float(result.maximum),
                unit=result.unit,
            )
            for result in told.results
        ],
    )


def tone_message(told: Told) -> ToneMsg:
    """Return what is to be heard beside or instead of speech."""
    tone = tone_of(told.decision, told.results)
    return ToneMsg(
        header=told.source,
        kind=int(tone.kind),
        framing=tone.framing,
        aside=tone.aside,
        depth=tone.depth,
        turn=tone.turn,
    )


def tone_in(msg: ToneMsg) -> Tone:
    """Return the tone of a message, which may come from anybody; silence if it is none."""
    numbers = (msg.framing, msg.aside, msg.depth)
    if msg.kind not in ToneKind.__members__.values() or not all(map(math.isfinite, numbers)):
        return Tone()
    return Tone(ToneKind(msg.kind), *numbers, bool(msg.turn))
