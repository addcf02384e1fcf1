# SPDX-License-Identifier: Apache-2.0
"""Profiles: what a picture must show."""

from __future__ import annotations

from dataclasses import dataclass, field

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.guidance.body_parts import (
    SIDE_CODES,
    PostureLimit,
    in_image,
    points_of,
    points_without,
)
from dwpose_ros.quality.measure import NAMES as MEASURES


class ProfileError(DwposeError):
    """A profile or phrase file that cannot be used; the text names file, key and remedy."""


# What matters of a picture, to its parts: how a face is lit only where the picture shows it, how
# large it is and where it looks only where the picture is about it. How far a person may be
# turned, and how large they are, are limits of the profile: among what keeps them, no matter.
_PERSON_WEIGHTS = {
    "sharpness": 2.0,
    "motion_blur": 1.0,
    "motion": 1.0,
    "under_exposure": 1.0,
    "over_exposure": 1.0,
    "crop_margins": 0.5,
    "single_person": 1.0,
}
_HEAD_WEIGHTS = {
    "face_sharpness": 1.0,
    "face_under_exposure": 0.5,
    "face_over_exposure": 0.5,
    "eyes_open": 0.5,
}
_FACE_WEIGHTS = {
    "sharpness": 1.0,
    "face_sharpness": 2.0,
    "face_under_exposure": 1.0,
    "face_over_exposure": 1.0,
    "illumination_uniformity": 0.5,
    "inter_eye_distance": 0.5,
    "head_size": 0.1,
    "head_yaw": 1.0,
    "head_pitch": 1.0,
    "head_roll": 1.0,
    "eyes_open": 1.0,
    "mouth_closed": 0.5,
}
_HANDS_WEIGHTS = {"hands_sharpness": 2.0}
# Of hands that a picture shows besides, which one of a head does not: enough to choose between two
# frames, too little to refuse one by itself, as of gloves, which have no detail: among measures of
# 80, the worst score there is leaves 27.
_ABOVE_HANDS = {"head", "face", "shoulders"}
_OTHER_HANDS_WEIGHTS = {"hands_sharpness": 0.25}


@dataclass(frozen=True, eq=False)  # each is its own, and quick to look things up by
class Profile:
    """Limits for a picture. Lengths are shares of the image or of the person; times are
    seconds.
    """

    name: str
    parts: tuple[str, ...]
    """Parts of the body that must be seen, of PARTS."""
    size_minimum: float
    """Least height of those parts, as a share of the image's height; of hands alone, the larger
    one's longest side."""
    size_maximum: float
    margin: float = 0.01
    """Room between those parts and the image's border, as a share of its width and height."""
    centre: float = 0.15
    """Largest horizontal offset of the person from the middle, as a share of the image's width."""
    side: str = "front"
    """What the camera sees of the person, of SIDES; left and right are the person's own."""
    facing: float = 25.0
    """Largest angle between how the body is turned and that side, degrees; 180: any."""
    looking: float | None = None
    """The same for the head; None: as `facing`."""
    posture: tuple[PostureLimit, ...] = ()
    """How the person stands, and the limits of that."""
    people: int = 1
    """How many are to be in the picture."""
    brightness_minimum: float = 0.12
    """Least mean luminance of the person in the image, 0..1."""
    brightness_maximum: float = 0.9
    sharpness_minimum: float = 20.0
    """Least variance of the Laplacian, as quality/sharpness.py measures it."""
    quality: tuple[tuple[str, float], ...] = ()
    """Measures of dwpose_ros/quality and their weights, where they differ from the usual ones."""
    quality_minimum: float = 20.0
    """Least unified quality of a capture, 0..100."""
    still: float = 0.25
    """Largest mean keypoint speed, in heights of the seen parts a second."""
    still_hands: float = 0.6
    """The same of a hand in the image, where `parts` has no hands: networks err more there."""
    score: float = THRESHOLD
    """Keypoints up to this score count as not seen."""
    hold_s: float = 1.5
    """How long all must hold before the capture."""
    debounce_s: float = 0.3
    """How long an instruction must be due before it is given."""
    gap_s: float = 1.2
    """Least time between two different spoken instructions."""
    repeat_s: float = 5.0
    """After how long the same instruction is spoken again."""
    seated: str = ""
    """"allowed": a person may sit; "no": they are asked to stand up, once. Empty: allowed, unless
    knees or feet are wanted."""
    mobility: str = "auto"
    """"walking", "wheelchair", or "auto": whoever sits is told to roll instead of to walk."""
    without: tuple[str, ...] = ()
    """Limbs, such as left_hand, that are left out of `parts`, as the person lacks them."""
    say_seconds: bool = False
    """Say for how many seconds to hold still. No key of a file: the pace sets it."""
    description: str = ""
    step: str = ""
    """The name of this step in a session of several pictures; empty where there is but one."""
    sequence: tuple[Profile, ...] = field(default=(), repr=False)

    @property
    def steps(self) -> tuple[Profile, ...]:
        """One profile for each picture, in order; a profile without steps is its only one."""
        return self.sequence or (self,)

    @property
    def points(self) -> tuple[int, ...]:
        """Indices of all keypoints that must be visible, in an image that is not mirrored."""
        return self.points_in(False)

    def points_in(self, mirrored: bool) -> tuple[int, ...]:
        """Return the same as an estimator names them in an image that may be mirrored."""
        points = points_of(self.parts, in_image(self.side, mirrored))
        left_out = points_without(self.without, mirrored)
        return tuple(i for i in points if i not in left_out) if left_out else points

    @property
    def may_sit(self) -> bool:
        """Whether a person may sit in this picture."""
        return self.seated == "allowed" or (
            not self.seated and not {"knees", "feet"} & set(self.parts)
        )

    @property
    def side_code(self) -> str:
        """The instruction that asks for this profile's side."""
        return SIDE_CODES[self.side]

    @property
    def weights(self) -> dict[str, float]:
        """Weights of all quality measures: the usual ones for body parts and side,
        overridden by the profile's own.
        """
        weights = dict.fromkeys(MEASURES, 0.0) | _PERSON_WEIGHTS
        if self.side == "front":
            weights |= _HEAD_WEIGHTS if {"head", "face"} & set(self.parts) else {}
            weights |= _FACE_WEIGHTS if "face" in self.parts else {}
        if "hands" in self.parts:
            weights |= _HANDS_WEIGHTS
        elif not {*self.parts} <= _ABOVE_HANDS:
            weights |= _OTHER_HANDS_WEIGHTS
        return weights | dict(self.quality)

    def posture_limit(self, posture: str) -> PostureLimit | None:
        """Return the limits of a posture; None if it is not required."""
        return next((w for w in self.posture if w.name == posture), None)
