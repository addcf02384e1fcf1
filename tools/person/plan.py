# SPDX-License-Identifier: Apache-2.0
"""Which pictures of the person there are: postures, yaws, and how near the camera is."""

# Degrees, 0 = facing the camera, positive = turned to the person's own left.
EVERY_15 = tuple(range(-180, 180, 15))
EVERY_30 = tuple(range(-180, 180, 30))
FINE = (-20, -10, -5, 5, 10, 20)  # where it is decided whether somebody faces the camera
YAWS = {
    "relaxed": EVERY_15 + FINE,
    "feet_apart": EVERY_30,
    "slouched": EVERY_30,
    "leaning": EVERY_30,
    "a_pose": EVERY_30 + (-15, 15),
    "t_pose": EVERY_30,
    "arms_up": EVERY_30,
    "hands_half": EVERY_30,
    "hands_shown": EVERY_30 + (-15, 15),
    "step_left": EVERY_30,
    "step_right": EVERY_30,
}
BUST_YAWS = {
    "relaxed": tuple(y for y in EVERY_15 if abs(y) <= 90) + FINE + (-180, -135, 135),
    "hands_shown": (-30, -15, 0, 15, 30),
    "slouched": (-30, 0, 30),
}
# Half the width of what is taken, metres; cut to the person afterwards.
HALF_WIDTH = {
    "t_pose": 1.15,
    "a_pose": 0.95,
    "hands_half": 0.95,
    "hands_shown": 0.85,
    "step_left": 0.85,
    "step_right": 0.85,
    "slouched": 0.75,
}
FULL = {"kind": "full", "distance": 3.0, "height": 1.2, "ppm": 620, "bottom": -0.3, "top": 1.95}
BUST = {"kind": "bust", "distance": 1.0, "height": 1.5, "ppm": 1700, "bottom": 0.95, "top": 1.9}
BUST_WIDE = {**BUST, "ppm": 1200}  # with hands at its sides


def views():
    """The plan for in_blender.py: one dict a picture."""
    plan = []
    for posture, yaws in YAWS.items():
        half = HALF_WIDTH.get(posture, 0.6)
        full = {**FULL, "posture": posture, "left": -half, "right": half}
        if posture == "arms_up":
            full["top"] = 2.6
        plan += [{**full, "yaw": yaw, "name": _name(posture, yaw)} for yaw in sorted(yaws)]
        wide = posture == "hands_shown"
        bust = {
            **(BUST_WIDE if wide else BUST),
            "posture": posture,
            "left": -0.8 if wide else -0.42,
            "right": 0.8 if wide else 0.42,
        }
        plan += [
            {**bust, "yaw": yaw, "name": _name(posture + "_bust", yaw)}
            for yaw in sorted(BUST_YAWS.get(posture, ()))
        ]
    return plan


def _name(what, yaw):
    return f"{what}_{yaw % 360:03d}"
