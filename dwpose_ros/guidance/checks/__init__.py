# SPDX-License-Identifier: Apache-2.0
"""The checks of a picture, each a small pure function of an observation and a profile.

`CHECKS` lists them by priority: the first that fails gives the instruction. `too_close` comes
before `too_far`, since a face that fills the image is cropped and looks small.
"""

from dwpose_ros.guidance.checks.apparent_size import crown, size
from dwpose_ros.guidance.checks.cut_off import cut_off, visible
from dwpose_ros.guidance.checks.facing import facing, head_yaw_deg, looking
from dwpose_ros.guidance.checks.framing import (
    centred,
    one_person,
    somebody,
    too_close,
    too_far,
)
from dwpose_ros.guidance.checks.leaning import leaning
from dwpose_ros.guidance.checks.picture import light, sharp, still
from dwpose_ros.guidance.checks.posture import POSTURE_CHECKS, held_up
from dwpose_ros.guidance.checks.result import CheckResult, described, sideways
from dwpose_ros.guidance.checks.runner import (
    CHECKS,
    CheckRunner,
    allowing,
    left_out,
    relaxed,
    run_checks,
)

__all__ = [
    "CHECKS",
    "CheckRunner",
    "POSTURE_CHECKS",
    "CheckResult",
    "allowing",
    "centred",
    "crown",
    "cut_off",
    "described",
    "facing",
    "head_yaw_deg",
    "held_up",
    "run_checks",
    "left_out",
    "light",
    "leaning",
    "looking",
    "one_person",
    "relaxed",
    "sharp",
    "sideways",
    "size",
    "somebody",
    "still",
    "too_close",
    "too_far",
    "visible",
]
