# SPDX-License-Identifier: Apache-2.0
"""A person who sees little and follows tones alone, with the ears of a person.

They know what docs/how-to/tones.md tells users, and nothing of how the guidance computes a tone.
They hear a note, wait for their own reaction, act with steps of their own length, listen again,
and halve what they do once it was too much. Sources:

- Pitch: people without training tell apart steps of about a semitone in a melody, and a third of
  them no less than one (Moore, "An Introduction to the Psychology of Hearing", 6th ed., 2013,
  chapter 6).
- Sides by level alone: a just noticeable difference of 1 to 2 dB between the ears (the same,
  chapter 7). The direction of a glide is heard by nearly all from two semitones on (Semal and
  Demany, J. Acoust. Soc. Am. 120, 2006). To both, a share of lapses is added.
- Where a sound comes from: people turn to a loudspeaker with errors of 5 to 10 degrees
  (Makous and Middlebrooks, J. Acoust. Soc. Am. 87, 1990), which is what the actor's turning errors
  are; so the loudspeaker has to be near the camera.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.guidance.tones import Tone, ToneKind
from dwpose_ros.simulation.actor import Actor

LISTENS_S = 0.5  # to be sure of a note, they hear it to its end
PITCH_SPREAD = 1.0  # semitones
SIDE_DB = 1.5  # least difference between the ears that is heard as a side
LAPSES = 0.01  # share of notes that are heard on the wrong side, or to glide the wrong way
FAR, FARTHER = 7.0, 14.0  # semitones below the highest: half an octave, and an octave
SEARCHES_S = 4.0  # from one attempt to come into view to the next


class ToneFollower:
    """Moves an actor as a person does who hears tones and nothing else.

    Args:
        actor: their body and habits.
        seed: of all random numbers.
        octaves: of the pitch, from the worst framing to the best.
    """

    def __init__(self, actor: Actor, seed: int, octaves: float) -> None:
        self._actor, self._octaves = actor, octaves
        self._random = np.random.default_rng(seed)
        self._since: float | None = None  # when the note that sounds now began to be heard
        self._heard: tuple = ()
        self._acted: dict[str, float] = {}  # the last movement on each axis, and its direction
        self._small: dict[str, bool] = {}  # whether they have gone too far on an axis before
        self._turns = 0
        self._searched = -math.inf

    def hear(self, tone: Tone, now: float) -> None:
        """Hear what sounds at a time, and act on it after a while."""
        note = tone.kind, np.sign(tone.aside), tone.depth, tone.turn
        if note != self._heard:
            self._heard, self._since = note, now
        if self._since is None or now - self._since < LISTENS_S or self._actor.moving:
            return
        if tone.kind == ToneKind.SEARCH:
            if now - self._searched > SEARCHES_S:
                self._searched = now
                self._do("step_into_view", now)
            self._since = now
            return
        if tone.kind != ToneKind.GUIDE:
            self._turns = 0
            return
        self._since = now + self._actor.behavior.delay_s[1]  # they listen when they have acted
        if tone.turn:
            self._turn(self._side(tone.aside), now)
            return
        self._turns = 0
        if side := self._side(tone.aside):
            self._go("side", side, "move_right" if side > 0 else "move_left", tone, now)
        if depth := self._glide(tone.depth):
            self._go("depth", depth, "move_closer" if depth > 0 else "move_back", tone, now)

    def _side(self, aside: float) -> float:
        """Return the side that they hear a note on: -1, 1, or 0 for the middle."""
        angle = (min(max(aside, -1.0), 1.0) + 1) * math.pi / 4
        left, right = max(math.cos(angle), 1e-3), max(math.sin(angle), 1e-3)
        difference = 20 * math.log10(right / left)
        if abs(difference) < SIDE_DB:
            return 0.0
        wrong = self._random.random() < LAPSES
        return math.copysign(1.0, -difference if wrong else difference)

    def _glide(self, depth: float) -> float:
        wrong = self._random.random() < LAPSES
        return float(-np.sign(depth) if wrong else np.sign(depth))

    def _turn(self, side: float, now: float) -> None:
        """Turn to the sound; and if the note still trembles, on to its side, a little."""
        self._turns += 1
        if self._turns % 3:
            self._do("look_at_camera", now)
        else:
            self._do("turn_right" if side > 0 else "turn_left", now, "little")

    def _go(self, axis: str, way: float, code: str, tone: Tone, now: float) -> None:
        """Go so many steps as the pitch is low; less once they have been beyond."""
        before = self._acted.get(axis, 0.0)
        self._small[axis] = before * way < 0 or self._small.get(axis, False) and before != 0
        self._acted[axis] = way
        below = 12 * self._octaves * (1 - tone.framing) + self._random.normal(0, PITCH_SPREAD)
        if self._small[axis]:
            self._do(code, now, "little")
        else:
            self._do(code, now, count=3 if below > FARTHER else 2 if below > FAR else 1)

    def _do(self, code: str, now: float, magnitude: str = "", count: int = 0) -> None:
        self._actor.hear(code, "", magnitude, now, count)
