# SPDX-License-Identifier: Apache-2.0
"""Somebody who follows tones alone, in the benchmark of guidance."""

from __future__ import annotations

from dwpose_ros.guidance.tone_sound import OCTAVES
from dwpose_ros.guidance.tones import Tone, tone_of
from dwpose_ros.simulation.actor import Actor
from dwpose_ros.simulation.tone_follower import ToneFollower

DELAY = 2  # frames from an image to its note: camera, network and the player


class Listener:
    """Plays to a follower what the guidance node would, as late as it does."""

    def __init__(self, actor: Actor, seed: int) -> None:
        self._follower = ToneFollower(actor, seed, OCTAVES)
        self._coming: list[Tone] = []

    def hear(self, decision, results, now: float) -> None:
        self._coming.append(tone_of(decision, results))
        if len(self._coming) > DELAY:
            self._follower.hear(self._coming.pop(0), now)
