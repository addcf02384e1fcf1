# SPDX-License-Identifier: Apache-2.0
"""The postures, and how the rig's bones are turned into them. Runs inside Blender.

Directions are (x, y, z): to where the person looks, to the person's left, up; given for the left
side, mirrored for the right. A limb is turned as a whole until it points along its direction.
"""

import math

import bpy
from mathutils import Matrix, Vector

DOWN = (0.0, 0.0, -1.0)
STANDING = ((0.03, 0.035, -1.0), (-0.03, 0.01, -1.0))  # thigh, shank
HANGING = ((0.0, 0.16, -1.0), (0.12, 0.03, -1.0), (0.0, -1.0, 0.0))  # upper arm, forearm, palm


def posture(
    arms=HANGING,
    legs=STANDING,
    spine=(),
    open_hands=False,
    right_arms=None,
    right_legs=None,
    heel_deg=(0.0, 0.0),
):
    """``spine``: bone, axis, degrees. ``right_*``: where the right side is no mirror image."""
    return {
        "arms": (arms, right_arms or arms),
        "legs": (legs, right_legs or legs),
        "spine": spine,
        "open_hands": open_hands,
        "heel_deg": heel_deg,
    }


# A round back; the head is lifted again, since they look at the camera.
_BENT = tuple(
    (bone, "y", deg)
    for bone, deg in (
        ("spine05", 6),
        ("spine04", 8),
        ("spine03", 8),
        ("spine01", 10),
        ("neck01", 4),
        ("neck02", -6),
        ("neck03", -10),
    )
)
_ASIDE = tuple(
    (bone, "x", deg)
    for bone, deg in (("spine05", 6), ("spine04", 6), ("spine03", 5), ("neck01", 4), ("neck03", 4))
)
_AHEAD = ((0.36, 0.02, -1.0), (0.10, 0.0, -1.0))
_BEHIND = ((-0.12, 0.02, -1.0), (-0.55, 0.0, -1.0))
_SWUNG_AHEAD = ((0.38, 0.12, -1.0), (0.75, 0.0, -1.0), (0.0, -1.0, 0.0))
_SWUNG_BACK = ((-0.38, 0.14, -1.0), (-0.15, 0.0, -1.0), (0.0, -1.0, 0.0))

POSTURES = {
    "relaxed": posture(),
    "feet_apart": posture(legs=((0.03, 0.17, -1.0), (-0.03, 0.14, -1.0))),
    "a_pose": posture(((0.0, 1.0, -1.0), (0.08, 1.0, -1.0), (0.3, -0.7, -0.7))),
    "t_pose": posture(((0.0, 1.0, 0.0), (0.05, 1.0, 0.0), (0.35, 0.0, -1.0))),
    "arms_up": posture(((0.0, 0.45, 1.0), (0.08, 0.08, 1.0), (1.0, -0.3, 0.0)), open_hands=True),
    "hands_half": posture(((0.1, 0.22, -1.0), (1.0, 0.25, 0.1), (0.0, -0.7, 0.7))),
    "hands_shown": posture(
        ((0.25, 0.35, -1.0), (0.45, 0.35, 1.0), (1.0, 0.0, 0.0)), open_hands=True
    ),
    "slouched": posture(((0.25, 0.12, -1.0), (0.3, -0.05, -1.0), (0.0, -1.0, 0.0)), spine=_BENT),
    "leaning": posture(
        ((0.0, 0.45, -1.0), (0.12, 0.28, -1.0), (0.0, -1.0, 0.0)), spine=_ASIDE, right_arms=HANGING
    ),
    "step_left": posture(
        legs=_AHEAD,
        right_legs=_BEHIND,
        arms=_SWUNG_BACK,
        right_arms=_SWUNG_AHEAD,
        heel_deg=(-8.0, 35.0),
    ),
    "step_right": posture(
        legs=_BEHIND,
        right_legs=_AHEAD,
        arms=_SWUNG_AHEAD,
        right_arms=_SWUNG_BACK,
        heel_deg=(35.0, -8.0),
    ),
}


class Poser:
    """Puts the rig into a posture of POSTURES."""

    def __init__(self, rig):
        self._rig, self._bones = rig, rig.pose.bones
        self._feet = {side: self._bones[f"foot_{side}"].matrix.to_3x3() for side in "LR"}

    def take(self, name):
        spec = POSTURES[name]
        for bone in self._bones:
            bone.matrix_basis.identity()
        bpy.context.view_layer.update()
        for bone, axis, degrees in spec["spine"]:
            self._turn(bone, Matrix.Rotation(math.radians(degrees), 3, axis.upper()))
        for i, side in enumerate("LR"):
            self._leg(side, *spec["legs"][i], spec["heel_deg"][i])
            self._arm(side, *spec["arms"][i])
            if spec["open_hands"]:
                self._open(side)

    def _turn(self, name, rotation):
        bone = self._bones[name]
        head = Matrix.Translation(bone.head)
        bone.matrix = head @ rotation.to_4x4() @ head.inverted() @ bone.matrix
        bpy.context.view_layer.update()

    def _aim(self, name, end, direction):
        now = self._bones[end].head - self._bones[name].head
        self._turn(name, now.rotation_difference(direction).to_matrix())

    def _leg(self, side, thigh, shank, heel_deg):
        self._aim(f"upperleg01_{side}", f"lowerleg01_{side}", _on(side, thigh))
        self._aim(f"lowerleg01_{side}", f"foot_{side}", _on(side, shank))
        # The sole as it was at rest, flat on the ground, but for a lifted heel.
        foot = self._bones[f"foot_{side}"]
        back = self._feet[side] @ foot.matrix.to_3x3().inverted()
        self._turn(f"foot_{side}", Matrix.Rotation(math.radians(heel_deg), 3, "Y") @ back)

    def _arm(self, side, upper, fore, palm):
        elbow, wrist = f"lowerarm01_{side}", f"wrist_{side}"
        self._aim(f"shoulder02_{side}", elbow, _on(side, upper))
        self._aim(elbow, wrist, _on(side, fore))
        # The palm is turned by the forearm, half in its middle and half at the wrist.
        for bone, share in ((f"lowerarm02_{side}", 0.5), (wrist, 1.0)):
            axis = (self._bones[wrist].head - self._bones[elbow].head).normalized()
            now, wanted = (v - axis * v.dot(axis) for v in (self._palm(side), _on(side, palm)))
            angle = math.atan2(axis.dot(now.cross(wanted)), now.dot(wanted))
            self._turn(bone, Matrix.Rotation(share * angle, 3, axis))
        self._aim(wrist, f"finger3-1_{side}", _on(side, fore))

    def _palm(self, side):
        wrist, index, little = (
            self._bones[f"{b}_{side}"].head for b in ("wrist", "finger2-1", "finger5-1")
        )
        normal = (index - wrist).cross(little - wrist)
        return -normal if side == "L" else normal

    def _open(self, side):
        wrist = self._bones[f"wrist_{side}"].head.copy()
        middle = self._bones[f"finger3-1_{side}"].head - wrist
        for finger in (2, 3, 4, 5):
            # Straight on from wrist and knuckle, which spreads the fingers like a fan.
            own = self._bones[f"finger{finger}-1_{side}"].head - wrist
            along = own.normalized() + 0.35 * (own.normalized() - middle.normalized())
            for joint in (1, 2):
                self._aim(
                    f"finger{finger}-{joint}_{side}", f"finger{finger}-{joint + 1}_{side}", along
                )
            self._last_joint(finger, side, along)

    def _last_joint(self, finger, side, along):
        # The last bone has no child: it goes on as the one before it did at rest.
        rest = self._rig.data.bones
        last, before = (f"finger{finger}-{joint}_{side}" for joint in (3, 2))
        bend = rest[before].matrix_local.to_3x3().inverted() @ rest[last].matrix_local.to_3x3()
        now = self._bones[last].matrix.to_3x3()
        straight = self._bones[before].matrix.to_3x3() @ bend
        self._turn(last, straight @ now.inverted())


def _on(side, direction):
    x, y, z = direction
    return Vector((x, y if side == "L" else -y, z))
