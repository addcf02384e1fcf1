# SPDX-License-Identifier: Apache-2.0
"""A simulated person who follows spoken instructions, with human delays and errors.

No ROS and no clock: time is an argument. With the same seed, the same sentences at the same times
lead to the same position, however often the state is read in between. Positions are relative to
the camera: ``x_m`` to the image's right, ``distance_m`` along the viewing direction, and
``yaw_deg`` 0 when facing the camera and positive when turned to the person's own left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.guidance.checks.facing import wrapped
from dwpose_ros.guidance.compliance import axis

STEP_M = {"little": 0.15, "": 0.5}
SIDESTEP_M = {"little": 0.12, "": 0.35}
TURN_DEG = {"little": 15.0, "": 40.0}
TURN_ERROR_DEG, LOOK_ERROR_DEG = 8.0, 4.0  # standard deviations; looking is more exact
NEAREST_M, FARTHEST_M, WIDEST_M = 0.5, 7.0, 2.5  # limits of the room
SWAY_TIME_S = 0.7  # time constant of a standing person's sway
SWAY_TICK_S = 0.05  # sway is sampled with this period and interpolated linearly
LONGEST_S = 60.0  # simulated between two calls; a longer time is a jump of the clock
# The posture that the actor takes for each instruction.
POSTURES = {
    "arms_away": "a_pose",
    "arms_up": "arms_up",
    "arms_side": "t_pose",
    "straighten_arms": "t_pose",
    "show_hands": "hands_shown",
    "open_hands": "hands_shown",
    "spread_fingers": "hands_shown",
    "feet_apart": "feet_apart",
    "feet_together": "relaxed",
    "lower_arms": "relaxed",
    "stand_upright": "relaxed",
}
PARTS_BELOW = ("hips", "knees", "feet")
HEADINGS = {
    "face_camera": 0.0,
    "look_at_camera": 0.0,
    "turn_around": 0.0,
    "face_left_side": -90.0,
    "face_right_side": 90.0,
    "face_back": 180.0,
    "face_three_quarter_left": -45.0,
    "face_three_quarter_right": 45.0,
}


class Behavior(NamedTuple):
    """How somebody follows instructions."""

    delay_s: tuple[float, float] = (0.4, 0.9)
    """Shortest and longest time from the end of a sentence to the first movement."""
    walk_m_s: float = 0.9
    turn_deg_s: float = 90.0
    gain: float = 1.0
    """Movement done, as a share of the movement asked for."""
    spread: float = 0.12
    """Relative standard deviation of the gain."""
    sway_m: float = 0.006
    sway_deg: float = 0.8
    fidget_s: float = math.inf
    """Mean time between spontaneous steps."""
    swaps: float = 0.0
    """Share of sentences in which left and right are confused."""
    misses: float = 0.0
    """Share of sentences that are not heard."""
    leaves_s: float = math.inf
    """Mean time after which they leave the picture for some seconds."""


BEHAVIORS = {
    "obedient": Behavior(),
    "slow": Behavior(delay_s=(1.5, 3.0), walk_m_s=0.35, turn_deg_s=35.0),
    "overshooting": Behavior(gain=1.8, spread=0.3),
    "restless": Behavior(sway_m=0.015, sway_deg=2.5, fidget_s=4.0),
    "confused": Behavior(swaps=0.3),
    "hard_of_hearing": Behavior(misses=0.4),
    "leaving": Behavior(leaves_s=8.0),
}


class Stance(NamedTuple):
    """The actor's true position and posture, without any camera error."""

    x_m: float
    distance_m: float
    yaw_deg: float
    posture: str
    present: bool = True


class Actor:
    """A simulated person in front of the camera.

    Args:
        start: position and posture at the beginning.
        behavior: a Behavior or the name of one of BEHAVIORS.
        seed: of all random numbers.

    Raises:
        ValueError: the name of the behavior is unknown.
    """

    def __init__(
        self, start: Stance, behavior: str | Behavior = "obedient", seed: int = 0
    ) -> None:
        if isinstance(behavior, str) and behavior not in BEHAVIORS:
            raise ValueError(f"behavior {behavior!r} is unknown; there are {', '.join(BEHAVIORS)}")
        self.behavior = BEHAVIORS[behavior] if isinstance(behavior, str) else behavior
        # One generator for each purpose, so that draws for one do not change those for another.
        self._hearing, self._acting, self._fidgeting, self._leaving, self._balancing = map(
            np.random.default_rng, np.random.SeedSequence(seed).spawn(5)
        )
        self._stance = start
        self._goal = start  # where they are going
        self._heard: list[tuple] = []  # (when to act, code, part, magnitude, count)
        self._time_s: float | None = None  # of the last call of `at`
        # All times below are since the first call of `at`.
        self._lived_s = 0.0
        self._calm_until = self._away_until = -math.inf
        self._fidgets_at = self._fidgeting.exponential(self.behavior.fidget_s)
        self._leaves_at = self._leaving.exponential(self.behavior.leaves_s)
        self._balance = np.zeros(3)
        self._sways = [np.zeros(3)] * 2  # sway of the body at the last two ticks
        self._ticks = 0  # number of the second of them

    def hear(self, code: str, part: str, magnitude: str, time_s: float, count: int = 0) -> None:
        """Hear an instruction that has been spoken to its end at `time_s`.

        It replaces an earlier instruction about the same axis of movement that the actor has not
        begun to follow. A turn does not replace a walk.

        Args:
            code, part, magnitude, count: the instruction, as given by the coach.
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
        self._heard.append((begin, code, part, magnitude, count))

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
        x, distance, yaw = self._sway() * (0.3 if self._lived_s < self._calm_until else 1.0)
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

    def _act(self, code: str, part: str, magnitude: str, count: int) -> None:
        gain = self.behavior.gain * max(0.2, self._acting.normal(1, self.behavior.spread))
        steps = SIDESTEP_M if code in ("move_left", "move_right") else STEP_M
        magnitude = "little" if magnitude == "little" else ""
        step, turn = gain * steps[magnitude] * max(count, 1), gain * TURN_DEG[magnitude]
        here = self._stance
        # A new movement replaces the one on the same axis, and leaves those on the others.
        x, distance, yaw = self._goal[:3]
        if axis(code) == "turn":
            yaw = here.yaw_deg
        elif axis(code) == "depth":
            distance = here.distance_m
        elif axis(code) == "side":
            x = here.x_m
        # The person's own left; the image's right while they face the camera.
        side = np.array([math.cos(math.radians(yaw)), math.sin(math.radians(yaw))])
        ahead = np.array([side[1], -side[0]])
        if code in ("move_left", "move_right"):
            x, distance = (x, distance) + side * (step if code == "move_left" else -step)
        elif code in ("move_forward", "move_backward"):
            x, distance = (x, distance) + ahead * (step if code == "move_forward" else -step)
        elif code in ("move_back", "move_closer"):
            distance += step if code == "move_back" else -step
        elif code in ("turn_left", "turn_right"):
            yaw += turn if code == "turn_left" else -turn
        elif code in HEADINGS:
            error = LOOK_ERROR_DEG if code == "look_at_camera" else TURN_ERROR_DEG
            yaw += wrapped(HEADINGS[code] + self._acting.normal(0, error) - yaw)
        elif code in POSTURES:
            wanted = POSTURES[code]
            if (
                here.posture == "a_pose"
                and code in ("feet_apart", "straighten_arms")
                or ({here.posture, wanted} == {"feet_apart", "a_pose"})
            ):
                wanted = "a_pose"  # its feet are apart and its arms straight
            here = here._replace(posture=wanted)
        elif code == "show":
            if part in PARTS_BELOW:
                distance += step
            elif part in ("hands", "elbows"):
                here = here._replace(posture="hands_shown" if part == "hands" else "a_pose")
            else:
                yaw = self._acting.normal(0, 8)
        elif code == "step_into_view":
            self._away_until = self._lived_s
            x, distance = self._acting.normal(0, 0.3), self._acting.uniform(1.5, 3.5)
            yaw = self._acting.normal(0, 15)
        elif code in ("keep_still", "hold_still", "countdown"):
            self._calm_until = self._lived_s + 4.0
            x, distance, yaw = here[:3]  # stop all movements
        else:
            return
        self._goal = here._replace(
            x_m=float(np.clip(x, -WIDEST_M, WIDEST_M)),
            yaw_deg=float(yaw),
            distance_m=float(np.clip(distance, NEAREST_M, FARTHEST_M)),
        )
        self._stance = self._stance._replace(posture=here.posture)

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

    def _sway(self) -> np.ndarray:
        """Return the current sway (3,): m to the image's right, m away, degrees of yaw."""
        keep = math.exp(-SWAY_TICK_S / SWAY_TIME_S)
        size = np.array([self.behavior.sway_m, self.behavior.sway_m, self.behavior.sway_deg])
        while self._ticks * SWAY_TICK_S <= self._lived_s:
            self._balance = keep * self._balance + (
                math.sqrt(2 * (1 - keep**2)) * size * self._balancing.normal(size=3)
            )
            last = self._sways[1]
            self._sways = [last, keep * last + (1 - keep) * self._balance]
            self._ticks += 1
        before, after = self._sways
        return before + (after - before) * (self._lived_s / SWAY_TICK_S - self._ticks + 1)

    def _move(self, dt: float) -> None:
        here, goal = self._stance, self._goal
        way = np.array([goal.x_m - here.x_m, goal.distance_m - here.distance_m])
        length, reach = float(np.hypot(*way)), self.behavior.walk_m_s * dt
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
