# SPDX-License-Identifier: Apache-2.0
"""How far, how soon and how surely a person acts: drawn for each from published distributions.

Nothing here is read from the guidance, which does not know these lengths. Sources:

- Steps forward: Oberg, Karsznia and Oberg, "Basic gait parameters", J. Rehabil. Res. Dev. 30,
  1993: 0.37 of the stature at a slow pace, with 6 to 10 % between people. Of older people 0.30 to
  0.37 (Espy, Yang, Bhatt and Pai, Gait & Posture 32, 2010, table 2, from five studies).
- Steps backward are shorter, and more so of old people: Laufer, J. Gerontol. A 60, 2005.
- Steps from a stand are shorter than in walking, and to the side shorter still; there are no
  reference data for steps on request that we know of. So each person also has a factor of their
  own, of which a third of all people are beyond 0.8 to 1.25.
- Ways without a number ("a little"): blind walking to a known distance has relative errors of 8 %
  (Rieser, Ashmead, Talor and Youngquist, Perception 19, 1990). What "a little" is, is each one's
  own: a third to a half of a step here.
- Reactions: choice stepping takes 0.7 s when young, 1.2 s of old people who do not fall, and 1.3
  of those who do (Lord and Fitzpatrick, J. Gerontol. A 56, 2001; St George et al., J. Gerontol. A
  62, 2007). Children are slower by Kail's exponential (Psychol. Bull. 109, 1991).
- Walking speed falls from 1.4 m/s to 0.95 m/s beyond 80 years: Bohannon and Williams Andrews,
  Physiotherapy 97, 2011; short ways are walked more slowly.
- Hearing: the share with a loss in both ears doubles with each decade, to 55 % at 75 years: Lin,
  Niparko and Ferrucci, Arch. Intern. Med. 171, 2011.
- Left and right: 13 % often confuse them: Wolf, Arch. Neurol. 29, 1973.
- Wheelchairs: half of a walker's speed or less for short ways among furniture; a push is 0.4 to
  0.8 m.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.simulation.behavior import Behavior, Gait
from dwpose_ros.simulation.bodies import GROWN_YEARS, Body

_OLD_YEARS = 65.0
_FORWARD, _OLD_FORWARD = 0.37, 0.32  # of the stature
_BACKWARD, _OLD_BACKWARD = 0.80, 0.68  # of a step forward
_SIDE = 0.62  # the same; feet that do not cross go hip width and a little
_LITTLE = 0.40
_FROM_A_STAND = 0.85
_OWN_SPREAD = 0.22  # of the logarithm: what each one makes of "a step"
_PUSH_M, _PUSH_SPREAD = 0.6, 0.2
_HARD_OF_HEARING_AT_75 = 0.55
_MISSES_WITH_LOSS, _MISSES = 0.08, 0.01
_CONFUSED_SHARE, _CONFUSES, _CONFUSES_SELDOM = 0.13, 0.06, 0.005
_WHEEL_SPEED, _WHEEL_ASIDE = 0.6, 0.35  # of a walker's; to the side they turn, roll and turn back


def drawn_gait(random: np.random.Generator, body: Body) -> Gait:
    """Draw how far a person with this body goes."""
    own = math.exp(random.normal(0.0, _OWN_SPREAD))
    tall, old = random.normal(1.0, 0.08) * body.stature_m, body.age_years >= _OLD_YEARS
    forward = _FROM_A_STAND * own * tall * (_OLD_FORWARD if old else _FORWARD)
    backward = forward * (_OLD_BACKWARD if old else _BACKWARD) * random.normal(1.0, 0.08)
    side = forward * _SIDE * random.normal(1.0, 0.15)
    if body.seat == "wheelchair":
        forward = _PUSH_M * math.exp(random.normal(0.0, _PUSH_SPREAD))
        backward, side = 0.7 * forward, 0.7 * forward
    elif body.seat:  # a chair is moved by as much as legs push it
        forward, backward, side = 0.5 * forward, 0.5 * backward, 0.6 * side
    elif body.stick:
        forward, backward, side = 0.75 * forward, 0.7 * backward, 0.75 * side
    return Gait(
        forward,
        max(backward, 0.05),
        max(side, 0.05),
        float(np.clip(_LITTLE * math.exp(random.normal(0.0, 0.25)), 0.15, 0.8)),
        math.exp(random.normal(0.0, 0.2)),
        40.0 * math.exp(random.normal(0.0, 0.2)),
    )


def drawn_habits(random: np.random.Generator, body: Body, behavior: Behavior) -> Behavior:
    """Draw one person's own reaction, speed, precision, hearing and sense of left and right.

    They are factors on, or added to, what a behavior is about.
    """
    age = body.age_years
    slowness = 1.0 + 1.5 * math.exp(-0.16 * age) + max(age - 40.0, 0.0) / 55.0
    slowness *= math.exp(random.normal(0.0, 0.2))
    speed = 1.0 if age < _OLD_YEARS else 0.95 / 1.35
    speed *= max(0.4, random.normal(1.0, 0.12)) * (0.7 if body.stick else 1.0)
    if body.seat == "wheelchair":
        speed *= _WHEEL_SPEED
    elif body.seat:
        speed *= 0.5
    loss = min(_HARD_OF_HEARING_AT_75 * 2 ** ((age - 75.0) / 10.0), 0.9)
    misses = _MISSES + (_MISSES_WITH_LOSS if random.random() < loss else 0.0)
    if age < GROWN_YEARS:
        misses += 0.03 * (GROWN_YEARS - age) / GROWN_YEARS  # attention
    swaps = _CONFUSES if random.random() < _CONFUSED_SHARE else _CONFUSES_SELDOM
    least, most = behavior.delay_s
    return behavior._replace(
        delay_s=(least * slowness, most * slowness),
        walk_m_s=behavior.walk_m_s * speed,
        aside=_WHEEL_ASIDE if body.seat == "wheelchair" else 1.0,
        turn_deg_s=behavior.turn_deg_s * min(1.2, 1.2 / slowness) * speed**0.5,
        misses=1 - (1 - behavior.misses) * (1 - misses),
        swaps=max(behavior.swaps, swaps),
        sway_m=behavior.sway_m * (0.5 if body.seat else 1.4 if age < 9 else 1.0),
        gait=drawn_gait(random, body),
    )
