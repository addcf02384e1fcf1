# SPDX-License-Identifier: Apache-2.0
"""The least time that any coach would need: what the measured times are to be compared with.

The ideal coach knows everything at once: the person's pace, the lens, and where the nearest right
place is. It says each thing once, the longest way first, is always heard, and the person goes all
ways and turns at the same time. So no coach can be faster on average; what is asked of a posture
would come on top.
"""

from __future__ import annotations

import math

import numpy as np
from guidance_groups import World, faults, without_lost
from sensor_model import SensorModel

from dwpose_ros.guidance.body_parts import SIDES
from dwpose_ros.guidance.checks.facing import wrapped
from dwpose_ros.guidance.phrases import Phrases, speaking_s
from dwpose_ros.guidance.profile import Profile
from dwpose_ros.simulation.actor import Actor
from dwpose_ros.simulation.movements import bearing_deg

DISTANCES_M = 0.5 * 1.04 ** np.arange(67)
HALVINGS = 5  # of the way from the image's middle to the start
LOOKED_AT = {"facing", "looking"}  # told from the true angle instead


def ideal(
    world: World, actor: Actor, profile: Profile, phrases: Phrases, reaction_s: float
) -> tuple[float, int]:
    """Return the time to the first picture in s, and the number of sentences.

    Args:
        actor: whose pace and reactions are known.
        reaction_s: from an image to the beginning of a sentence about it.
    """
    body, pace, begin = world.body, actor.behavior, world.start
    limits = without_lost(profile, body)
    sensor = SensorModel(np.random.default_rng(0), world.camera, 10.0, body)
    reacts_s = sum(pace.delay_s) / 2
    side = float(SIDES[profile.side])

    def right(x: float, distance: float) -> bool:
        """Whether somebody who is turned as wanted is right there."""
        there = begin._replace(x_m=x, distance_m=distance, yaw_deg=side - bearing_deg(x, distance))
        return not faults(sensor, there, limits) - LOOKED_AT

    def nearest_x(distance: float) -> float:
        """Return how far aside of the middle they may stand there, towards where they are."""
        if right(begin.x_m, distance):
            return begin.x_m
        here, beyond = 0.0, begin.x_m
        for _ in range(HALVINGS):
            middle = (here + beyond) / 2
            here, beyond = (middle, beyond) if right(middle, distance) else (here, middle)
        return here

    def until_there(x: float, distance: float, turn_deg: float) -> tuple[float, int]:
        """Return when they stand there, and how many sentences that takes."""
        nearer = distance < begin.distance_m
        ways = [
            (abs(distance - begin.distance_m) / pace.walk_m_s, "closer" if nearer else "back"),
            (abs(x - begin.x_m) / (pace.walk_m_s * pace.aside), "left"),
        ]
        kind = "roll_" if body.seat == "wheelchair" else "move_"
        asked = [(way_s, kind + where) for way_s, where in ways if way_s > 0]
        if turn_deg:
            asked.append((turn_deg / pace.turn_deg_s, "turn_left"))
        spoken_s = ends_s = 0.0
        for way_s, code in sorted(asked, reverse=True):
            spoken_s += speaking_s(phrases.text(code, count=1))
            ends_s = max(ends_s, reaction_s + spoken_s + reacts_s + way_s)
        return ends_s, len(asked)

    most_deg = min(limits.facing, limits.looking or math.inf)
    turn_deg = max(0.0, abs(wrapped(begin.seen_yaw_deg - side)) - most_deg)
    found = []
    for distance in [begin.distance_m, *DISTANCES_M]:
        if right(0.0, distance):
            found.append(until_there(nearest_x(distance), distance, turn_deg))
    time_s, sentences = min(found, default=(math.inf, 0))
    return time_s + profile.hold_s, sentences
