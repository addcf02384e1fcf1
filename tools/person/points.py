# SPDX-License-Identifier: Apache-2.0
"""Where the 133 COCO-WholeBody points are on the rig and the skin of human_rig.blend.

All places are for the rest pose, in metres, x to where the person looks, y to the person's left,
z up, and given for the left side: the right side is its mirror image in y. They were read from
orthographic renders of the head (front, side, one eye) under a grid of one centimetre.

A joint is the head of a bone. A place on the surface is where a ray meets the first of some
meshes; it is kept as a triangle and barycentric coordinates, and so moves with the skin.
"""

HEAD = ("male1591", "eyes")
SHOE = ("classic_shoes_lres",)

# Body joints: the bone whose head is the joint, and how much flesh lies around it (metres): a
# camera sees the joint where it sees what lies within that depth before it.
JOINTS = {
    "shoulder": ("shoulder02", 0.16),
    "elbow": ("lowerarm01", 0.07),
    "wrist": ("wrist", 0.05),
    "hip": ("upperleg01", 0.22),
    "knee": ("lowerleg01", 0.10),
    "ankle": ("foot", 0.09),
}
ELBOW_RADIUS, ELBOW_RING = 0.08, 0.015  # of the ring of skin that is an elbow, metres
FINGER_DEPTH = 0.03
SURFACE_DEPTH = 0.012
EAR_DEPTH = 0.07  # ears stick out: what is seen of them, from any side, is the ear
TURNED_AWAY = 0.1  # cosine to the ray of sight above which a surface is seen from behind


def _front(y, z):
    return (0.4, y, z), (-1.0, 0.0, 0.0)


def _side(x, z):
    return (x, 0.4, z), (0.0, -1.0, 0.0)


def _above(x, y):
    return (x, y, 0.5), (0.0, 0.0, -1.0)


# Rays (origin, direction) of the left or middle points of head and feet.
BODY_RAYS = {
    "nose": (HEAD, _front(0, 1.622)),
    "left_eye": (HEAD, _front(0.0305, 1.6592)),
    "left_ear": (HEAD, _side(0.053, 1.636)),
    # Toes end a finger's breadth before the tip of the shoe.
    "left_big_toe": (SHOE, _above(0.198, 0.172)),
    "left_small_toe": (SHOE, _above(0.160, 0.226)),
    "left_heel": (SHOE, ((-0.4, 0.203, 0.082), (1.0, 0.0, 0.0))),
}
# iBUG numbers (0-67) of the left half and the middle of the face.
FACE_RAYS = {
    8: _front(0, 1.5525), 9: _front(0.016, 1.5535),  # chin, then along the jaw up to the ear
    10: _front(0.0295, 1.5575), 11: _side(0.107, 1.5625), 12: _side(0.090, 1.5725),
    13: _side(0.075, 1.5900), 14: _side(0.067, 1.6120), 15: _side(0.066, 1.6340),
    16: _side(0.067, 1.6560),
    22: _front(0.013, 1.6700), 23: _front(0.0215, 1.6745), 24: _front(0.031, 1.6765),
    25: _front(0.041, 1.6750), 26: _front(0.050, 1.6690),
    27: _front(0, 1.6590), 28: _front(0, 1.6470), 29: _front(0, 1.6345), 30: _front(0, 1.6225),
    33: _front(0, 1.6115), 34: _front(0.0080, 1.6125), 35: _front(0.0150, 1.6155),
    42: _front(0.0195, 1.6565), 43: _front(0.0260, 1.6620), 44: _front(0.0360, 1.6625),
    45: _front(0.0445, 1.6575), 46: _front(0.0365, 1.6543), 47: _front(0.0265, 1.6545),
    51: _front(0, 1.5990), 52: _front(0.0060, 1.6003), 53: _front(0.0145, 1.5960),
    54: _front(0.0225, 1.5893), 55: _front(0.0150, 1.5788), 56: _front(0.0080, 1.5752),
    57: _front(0, 1.5738), 62: _front(0, 1.5918), 63: _front(0.0090, 1.5917),
    64: _front(0.0185, 1.5912), 65: _front(0.0090, 1.5882), 66: _front(0, 1.5880),
}  # fmt: skip
# Bones of a hand: the heads of the first three of each finger's joints; the tip is on the skin.
FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
TIP_VERTICES = 6


def mirrored_face():
    """iBUG number -> number of its mirror image, for the points of FACE_RAYS that have one."""
    pairs = {}
    runs = (
        (range(9, 17), range(7, -1, -1)),
        (range(22, 27), range(21, 16, -1)),
        (range(34, 36), range(32, 30, -1)),
        (range(42, 46), range(39, 35, -1)),
        ((46, 47), (41, 40)),
        (range(52, 55), range(50, 47, -1)),
        ((55, 56), (59, 58)),
        ((63, 64), (61, 60)),
        ((65,), (67,)),
    )
    for left, right in runs:
        pairs.update(zip(left, right))
    return pairs


def names():
    """The 133 names, in order; the package's keypoints.py has the same."""
    sides = ("left", "right")
    parts = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    return (
        ["nose"]
        + [f"{s}_{p}" for p in parts for s in sides]
        + [f"{s}_{p}" for s in sides for p in ("big_toe", "small_toe", "heel")]
        + [f"face-{i}" for i in range(68)]
        + [
            name
            for s in sides
            for name in (f"{s}_hand_root", *(f"{s}_{f}{j}" for f in FINGERS for j in (1, 2, 3, 4)))
        ]
    )
