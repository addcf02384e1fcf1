# SPDX-License-Identifier: Apache-2.0
"""A simulated person who follows spoken instructions, with human delays and errors.

No ROS and no clock: time is an argument. With the same seed, the same sentences at the same times
lead to the same position, however often the state is read in between. Positions are relative to
the camera: ``x_m`` to the image's right, ``distance_m`` along the viewing direction, and
``yaw_deg`` 0 when facing against that and positive when turned to the person's own left.
"""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.guidance.checks.facing import wrapped
from dwpose_ros.guidance.compliance import axis
from dwpose_ros.simulation.behavior import BEHAVIORS, Behavior
from dwpose_ros.simulation.bodies import Body
from dwpose_ros.simulation.habits import drawn_habits
from dwpose_ros.simulation.movements import (
    BACKWARD,
    HEADINGS,
    LITTLE_TURN,
    PARTS_BELOW,
    POSTURES,
    WALKS,
    Stance,
    bearing_deg,
    posture_for,
    rolled,
    walked,
)
from dwpose_ros.simulation.sway import Sway

TURN_ERROR_DEG, LOOK_ERROR_DEG = 8.0, 4.0  # standard deviations; looking is more exact
NEAREST_M, FARTHEST_M, WIDEST_M = 0.5, 7.0, 2.5  # limits of the room
LONGEST_S = 60.0  # simulated between two calls; a longer time is a jump of the clock


class Actor:
    """A simulated person in front of the camera.

    Args:
        start: position and posture at the beginning.
        behavior: a Behavior, or the name of one of BEHAVIORS; then their own habits are drawn, as
            habits.py does. So is the gait of a Behavior without one.
        seed: of all random numbers.
        body: an adult by default.

    Raises:
        ValueError: the name of the behavior is unknown.
    """

    def __init__(
        self,
        start: Stance,
        behavior: str | Behavior = "obedient",
        seed: int = 0,
        body: Body = Body(),
    ) -> None:
        if isinstance(behavior, str) and behavior not in BEHAVIORS:
            raise ValueError(f"behavior {behavior!r} is unknown; there are {', '.join(BEHAVIORS)}")
        # One generator for each purpose, so that draws for one do not change those for another.
        self._hearing, self._acting, self._fidgeting, self._leaving, balancing, habits = map(
            np.random.default_rng, np.random.SeedSequence(seed).spawn(6)
        )
        self.body = body
        own = BEHAVIORS[behavior] if isinstance(behavior, str) else behavior
        if isinstance(behavior, str) or own.gait is None:
            own = drawn_habits(habits, body, own)
        self.behavior = own
        assert own.gait is not None
        self._gait = own.gait
        self._sway = Sway(balancing, self.behavior.sway_m, self.behavior.sway_deg)
        self._stance = start
        self._goal = start  # where they are going
        self._heard: list[tuple] = []  # (when to act, code, body part, magnitude, count)
        self._time_s: float | None = None  # of the last call of `at`
        # All times below are since the first call of `at`.
        self._lived_s = 0.0
        self._calm_until = self._away_until = -math.inf
        self._fidgets_at = self._fidgeting.exponential(self.behavior.fidget_s)
        self._leaves_at = self._leaving.exponential(self.behavior.leaves_s)

    def hear(
        self, code: str, body_part: str, magnitude: str, time_s: float, count: int = 0
    ) -> None:
        """Hear an instruction that has been spoken to its end at `time_s`.

        It replaces an earlier instruction about the same axis of movement that the actor has not
        begun to follow. A turn does not replace a walk.

        Args:
            code, body_part, magnitude, count: the instruction, as given by the coach.
            time_s: when the sentence ends, s.
        """
        missed, swapped, delay = self._hearing.random(3)
        if missed < self.behavior.misses:
            return
        if swapped < self.behavior.swaps:
            swap = {"left": "right", "right": "left"}
            code = "_".join(swap.get(word, word) for word in code.split("_"))
        least, most = self.behavior.delay_s
        begin = time_s + least + delay * (most - least)
        # Instructions due by then are followed anyway, even if `at` has not been called since.
        due = [h for h in self._heard if h[0] <= time_s]
        about_to = [h for h in self._heard if h[0] > time_s]
        # A repeated instruction does not delay the reaction to the first one.
        begin = min([begin, *(at for at, heard, *_ in about_to if heard == code)])
        self._heard = due + [h for h in about_to if axis(h[1]) != axis(code)]
        self._heard.append((begin, code, body_part, magnitude, count))

    def at(self, time_s: float) -> Stance:
        """Return the state at `time_s`, which must not decrease from call to call."""
        now = time_s if self._time_s is None else min(self._time_s, time_s)
        while self._heard and time_s >= min(self._heard)[0]:
            begin, *what = min(self._heard)
            self._heard.remove((begin, *what))
            self._live(max(0.0, begin - now))
            now = max(now, begin)
            self._act(*what)
        self._live(time_s - now)
        self._time_s = time_s
        x, distance, yaw = self._sway.at(self._lived_s) * (
            0.3 if self._lived_s < self._calm_until else 1.0
        )
        stance = self._stance
        return stance._replace(
            x_m=stance.x_m + x,
            distance_m=stance.distance_m + distance,
            yaw_deg=stance.yaw_deg + yaw,
            present=self._lived_s >= self._away_until,
        )

    @property
    def moving(self) -> bool:
        """Whether the actor is walking or turning."""
        return self._goal[:3] != self._stance[:3]

    def _act(self, code: str, body_part: str, magnitude: str, count: int) -> None:
        """Begin to follow an instruction. A new movement replaces the one on the same axis, and
        leaves those on the others.
        """
        gain = self.behavior.gain * max(0.2, self._acting.normal(1, self.behavior.spread))
        metres = code.startswith("roll_")
        code = rolled(code)
        step_m = gain * self._step_m(code, magnitude, metres) * max(count, 1)
        here, goal = self._stance, self._goal
        if axis(code) == "turn":
            goal = goal._replace(yaw_deg=here.yaw_deg)
        elif axis(code) == "depth":
            goal = goal._replace(distance_m=here.distance_m)
        elif axis(code) == "side":
            goal = goal._replace(x_m=here.x_m)
        if code in WALKS:
            goal = walked(goal, code, step_m)
        elif code in ("turn_left", "turn_right") or code in HEADINGS:
            goal = self._turned(
                goal,
                code,
                gain * self._gait.turn_deg * (LITTLE_TURN if magnitude == "little" else 1.0),
            )
        elif code == "show":
            goal = self._showing(goal, body_part, step_m)
        elif code in POSTURES:
            goal = goal._replace(posture=posture_for(code, here.posture))
        elif code == "stand_up" and self.body.rises:
            self._stance = self._stance._replace(seated=False)
            goal = goal._replace(seated=False)
        elif code == "step_into_view":
            self._away_until = self._lived_s
            x, distance = self._acting.normal(0, 0.3), self._acting.uniform(1.5, 3.5)
            yaw = self._acting.normal(0, 15) - bearing_deg(x, distance)
            goal = goal._replace(x_m=x, distance_m=distance, yaw_deg=yaw)
        elif code in ("close_enough", "far_enough"):
            goal = goal._replace(distance_m=here.distance_m)
        elif code in ("keep_still", "hold_still", "countdown"):
            self._calm_until = self._lived_s + 4.0
            goal = here  # stop all movements
        else:
            return
        self._goal = goal._replace(
            x_m=float(np.clip(goal.x_m, -WIDEST_M, WIDEST_M)),
            yaw_deg=float(goal.yaw_deg),
            distance_m=float(np.clip(goal.distance_m, NEAREST_M, FARTHEST_M)),
        )
        self._stance = self._stance._replace(posture=goal.posture)

    def _step_m(self, code: str, magnitude: str, metres: bool) -> float:
        """Return the length of one of their steps, or of as far as "a little" is to them."""
        if metres and magnitude != "little":
            return self._gait.metre_m * (0.5 if magnitude == "half" else 1.0)
        step = (
            self._gait.side_m
            if code in ("move_left", "move_right")
            else self._gait.backward_m
            if code in BACKWARD or code == "show"
            else self._gait.forward_m
        )
        return step * self._gait.little if magnitude == "little" else step

    def _turned(self, goal: Stance, code: str, turn_deg: float) -> Stance:
        if code in HEADINGS:
            error = LOOK_ERROR_DEG if code == "look_at_camera" else TURN_ERROR_DEG
            off = HEADINGS[code] + self._acting.normal(0, error) - goal.seen_yaw_deg
            return goal._replace(yaw_deg=goal.yaw_deg + wrapped(off))
        return goal._replace(
            yaw_deg=goal.yaw_deg + (turn_deg if code == "turn_left" else -turn_deg)
        )

    def _showing(self, goal: Stance, body_part: str, step_m: float) -> Stance:
        if body_part in PARTS_BELOW:
            return goal._replace(distance_m=goal.distance_m + step_m)
        if body_part in ("hands", "elbows"):
            return goal._replace(posture="hands_shown" if body_part == "hands" else "a_pose")
        ahead = -bearing_deg(goal.x_m, goal.distance_m)
        return goal._replace(yaw_deg=ahead + self._acting.normal(0, 8))

    def _live(self, seconds: float) -> None:
        """Continue the movement for some seconds, with the spontaneous steps and absences."""
        end = self._lived_s + min(seconds, LONGEST_S)
        while (whim := min(self._fidgets_at, self._leaves_at)) <= end:
            self._move(whim - self._lived_s)
            self._lived_s = whim
            if whim == self._fidgets_at:
                self._fidget()
            else:
                self._leave()
        self._move(end - self._lived_s)
        self._lived_s = end

    # Both always draw their random numbers, used or not, so that later draws stay the same.

    def _fidget(self) -> None:
        self._fidgets_at += self._fidgeting.exponential(self.behavior.fidget_s)
        step = self._fidgeting.normal(0, [0.08, 0.08, 10])
        if self._lived_s >= self._calm_until and not self.moving:
            goal = self._goal
            self._goal = goal._replace(
                x_m=goal.x_m + step[0],
                yaw_deg=goal.yaw_deg + step[2],
                distance_m=max(NEAREST_M, goal.distance_m + step[1]),
            )

    def _leave(self) -> None:
        self._leaves_at += self._leaving.exponential(self.behavior.leaves_s)
        away_s = self._leaving.uniform(2, 6)
        if self._lived_s >= max(self._calm_until, self._away_until):
            self._away_until = self._lived_s + away_s

    def _move(self, dt: float) -> None:
        here, goal = self._stance, self._goal
        way = np.array([goal.x_m - here.x_m, goal.distance_m - here.distance_m])
        length, reach = float(np.hypot(*way)), self.behavior.walk_m_s * dt
        if length > 0 and self.behavior.aside < 1.0:
            sideways = abs(way[0]) / length  # of somebody who faces the camera
            reach *= 1.0 - (1.0 - self.behavior.aside) * sideways
        share = 1.0 if length <= reach else reach / length
        turn = goal.yaw_deg - here.yaw_deg
        turned = math.copysign(min(abs(turn), self.behavior.turn_deg_s * dt), turn)
        self._stance = here._replace(
            x_m=goal.x_m if share == 1.0 else float(here.x_m + share * way[0]),
            distance_m=goal.distance_m
            if share == 1.0
            else float(here.distance_m + share * way[1]),
            yaw_deg=goal.yaw_deg if abs(turned) == abs(turn) else here.yaw_deg + turned,
        )
