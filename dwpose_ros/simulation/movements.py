# SPDX-License-Identifier: Apache-2.0
"""What each instruction means to a simulated person: where it leads, and to which posture."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

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
HEADINGS = {  # as the camera sees them
    "face_camera": 0.0,
    "look_at_camera": 0.0,
    "turn_around": 0.0,
    "face_left_side": -90.0,
    "face_right_side": 90.0,
    "face_back": 180.0,
    "face_three_quarter_left": -45.0,
    "face_three_quarter_right": 45.0,
}


WALKS = ("move_left", "move_right", "move_forward", "move_backward", "move_back", "move_closer")
LITTLE_TURN = 0.375  # of a turn
BACKWARD = ("move_back", "move_backward")


def bearing_deg(x_m: float, distance_m: float) -> float:
    """Return in which direction the camera sees a place; positive to the image's right."""
    return math.degrees(math.atan2(x_m, distance_m))


class Stance(NamedTuple):
    """The actor's true position and posture, without any camera error."""

    x_m: float
    """Distance from the camera's axis to the image's right."""
    distance_m: float
    """Distance ahead of the camera, along its axis."""
    yaw_deg: float
    """0 looks against the camera's axis, positive is turned to the person's own left."""
    posture: str
    present: bool = True
    seated: bool = False

    @property
    def seen_yaw_deg(self) -> float:
        """The turn that the camera sees: 0 looks at its lens, from wherever they stand."""
        return self.yaw_deg + bearing_deg(self.x_m, self.distance_m)


def rolled(code: str) -> str:
    """Return the walk that an instruction to roll is like; any other code as it is."""
    return "move_" + code[5:] if code.startswith("roll_") else code


def walked(goal: Stance, code: str, step_m: float) -> Stance:
    """Return where a step leads: for its direction, the turn that the actor is making counts."""
    if code in ("move_back", "move_closer"):
        return goal._replace(
            distance_m=goal.distance_m + (step_m if code == "move_back" else -step_m)
        )
    # The person's own left; the image's right while they face the camera.
    yaw = math.radians(goal.yaw_deg)
    left = np.array([math.cos(yaw), math.sin(yaw)])
    ahead = np.array([left[1], -left[0]])
    direction = left if code in ("move_left", "move_right") else ahead
    way = direction * (step_m if code in ("move_left", "move_forward") else -step_m)
    x, distance = goal[:2] + way
    return goal._replace(x_m=x, distance_m=distance)


def posture_for(code: str, posture: str) -> str:
    """Return the posture that an instruction leads to from another one."""
    wanted = POSTURES[code]
    if (
        posture == "a_pose"
        and code in ("feet_apart", "straighten_arms")
        or {posture, wanted} == {"feet_apart", "a_pose"}
    ):
        return "a_pose"  # its feet are apart and its arms straight
    return wanted
