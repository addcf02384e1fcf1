# SPDX-License-Identifier: Apache-2.0
"""Where COCO-WholeBody's 133 points are on MakeHuman's body: vertices of its skin and bones' ends.

The vertices were found on renders of the neutral face, against the definition of the 68 points of
iBUG 300-W. Left and right are the person's own.
"""

from __future__ import annotations

import numpy as np

from tools.people.rig import Posed, Rig

FACE = (
    5739, 5763, 5092, 5238, 912, 893, 3697, 914, 732, 7616, 10365, 7595, 7614, 11847, 11707,
    12360, 12336, 254, 207, 206, 177, 181, 6957, 6953, 6981, 6982, 7023, 132, 131, 201, 294,
    5136, 285, 317, 7054, 11750, 18, 6, 54, 4871, 47, 41, 11489, 6838, 6790, 6802, 6825, 6831,
    3736, 5354, 456, 455, 7215, 11956, 10404, 7235, 7241, 492, 486, 480, 433, 472, 474, 7228,
    7193, 7264, 523, 517,
)  # fmt: skip
NOSE = 294
LIDS = (FACE[42:48], FACE[36:42])  # left, right, as of all pairs here
EARS = (12121, 5522)
HEELS = (12442, 5845)
_JOINTS = ("upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")
# How far the person's skin may lie before a point, metres, and the point still counts as seen:
# joints lie inside the limb, and ears stick out. In the order of the body's and the feet's points.
_DEPTHS = (
    0.02, 0.025, 0.025, 0.05, 0.05, 0.11, 0.11, 0.075, 0.075, 0.05, 0.05, 0.19, 0.19, 0.1, 0.1,
    0.08, 0.08, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05,
)  # fmt: skip
THICKNESS = np.array([*_DEPTHS, *[0.02] * 68, *[0.045, *[0.022] * 20] * 2])
# The same of hair and of what is worn or held: lashes and brows do not hide an eye.
COVER = np.full(133, 0.025)
COVER[[3, 4]] = 0.006  # but hair hides ears


class Landmarks:
    """The 133 points of a posed body."""

    def __init__(self, rig: Rig) -> None:
        self._at = rig.at

    def points(self, skinned: np.ndarray, posed: Posed) -> np.ndarray:
        """Return the points (133, 3) m from the skin's vertices (n, 3) and the skeleton."""
        heads, tails = ({n: ends[i] for n, i in self._at.items()} for ends in posed[1:])
        # An eye is between its lids; the eyeball's centre is 14 mm behind.
        found = [skinned[NOSE], *(skinned[list(lids)].mean(0) for lids in LIDS)]
        found += [skinned[vertex] for vertex in EARS]
        found += [heads[f"{joint}.{side}"] for joint in _JOINTS for side in "LR"]
        for side, heel in zip("LR", HEELS):
            found += [tails[f"toe1-2.{side}"], tails[f"toe5-3.{side}"], skinned[heel]]
        found += [skinned[vertex] for vertex in FACE]
        for side in "LR":
            found.append(heads[f"wrist.{side}"])
            for finger in range(1, 6):
                bones = [f"finger{finger}-{joint}.{side}" for joint in (1, 2, 3)]
                found += [*(heads[bone] for bone in bones), tails[bones[-1]]]
        return np.array(found)
