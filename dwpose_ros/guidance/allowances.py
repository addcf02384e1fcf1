# SPDX-License-Identifier: Apache-2.0
"""What one person is not asked for any more: to stand up, or to show a limb that they lack.

Either is asked for once, and not again if nothing comes of it: not everybody can. A limb that was
seen before is asked for more often, as it is only hidden.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dwpose_ros.guidance.body_parts import (
    LIMBS,
    PARTS,
    in_image,
    points_of_limb,
    points_without,
)

if TYPE_CHECKING:
    from dwpose_ros.guidance.profile import Profile

STAND_S = 5.0  # from the end of the request on, to get up
SHOW_S = 3.0  # the same to show a limb
SENTENCE_S = 2.0  # of a request
ASKED = 3  # times, for a limb that was seen
_FRAMES = 3  # in which a limb is seen; a network may invent one in a single frame
_ASKS = {"show": "", "show_hands": "hands", "open_hands": "hands", "spread_fingers": "hands"}


class Allowed(NamedTuple):
    """What is allowed to one person in their picture, besides what the profile wants."""

    without: tuple[str, ...] = ()
    """What they cannot show, of LEFT_OUT."""
    seated: bool = False
    """They sit, so that their height is another share of their body's."""
    size_minimum: float = 0.0
    """Size that suffices, as a share of the image's height; 0: the profile's."""


class Allowances:
    """Keeps what one person was asked for, and what is left out. Times are in seconds."""

    def __init__(self) -> None:
        self.without: tuple[str, ...] = ()
        """Limbs and parts that are left out."""
        self._stood_asked_s = math.inf
        self._asked: dict[str, tuple[float, int]] = {}  # part: when first, and how often
        self._missing_s: dict[str, float] = {}  # part: since when
        self._seen = np.zeros(133, int)  # in how many frames each keypoint was seen

    def told(self, code: str, body_part: str, now: float) -> None:
        """Note what begins to be said."""
        if code == "stand_up":
            self._stood_asked_s = min(self._stood_asked_s, now)
        elif code == "leave_out" and body_part not in self.without:
            self.without = (*self.without, body_part)
        elif code in _ASKS:
            part = _ASKS[code] or body_part
            first_s, times = self._asked.get(part, (now, 0))
            self._asked[part] = first_s, times + 1

    def may_sit(self, now: float) -> bool:
        """Whether they need not stand up: they were asked, and had the time to."""
        return now - self._stood_asked_s > STAND_S + SENTENCE_S

    def watch(self, seen: np.ndarray) -> None:
        """Take in which keypoints (133,) are seen of them."""
        self._seen += seen

    def due(self, missing: Sequence[int], profile: Profile, mirrored: bool, now: float) -> str:
        """Return the limb, or the part, to leave out next; empty for none.

        Args:
            missing: required keypoints that are not visible, though no border cuts them off.
        """
        for part, (asked_s, times) in self._asked.items():
            wanted = set(PARTS[part]) & set(missing)
            if not wanted:
                self._missing_s.pop(part, None)
                continue
            since_s = max(asked_s + SENTENCE_S, self._missing_s.setdefault(part, now))
            if now - since_s < SHOW_S:
                continue
            never = (self._seen[list(wanted)] < _FRAMES).all()
            if not never and times < ASKED:
                continue
            limbs = [
                f"{side}_{limb}"
                for side in ("left", "right")
                for limb in LIMBS.get(part, ())
                if wanted <= set(points_of_limb(f"{in_image(side, mirrored)}_{limb}"))
            ]
            if limbs and set(profile.points_in(mirrored)) - points_without((limbs[0],), mirrored):
                return limbs[0]
            if part in LIMBS and self._leaves_enough(part, profile):
                return part
        return ""

    def _leaves_enough(self, part: str, profile: Profile) -> bool:
        return bool(set(profile.parts) - {part} - set(self.without))
