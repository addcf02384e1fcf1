"""The checks of a picture, each a small pure function of a view and a profile.

`CHECKS` lists them by priority: the first that fails gives the instruction. Too close stands
before too far, since a face that fills the image is cropped and looks small.
"""

from __future__ import annotations

import math
from typing import Callable, NamedTuple

import numpy as np

from dwpose_ros.guidance.profile import PARTS, Profile
from dwpose_ros.guidance.view import View, yaw_deg

# Where parts are on somebody who stands, in body heights above the ground: lowest and highest
# point. After Drillis and Contini, "Body segment parameters" (1966).
_ABOVE_GROUND = {
    "head": (0.915, 0.936), "face": (0.87, 0.95), "shoulders": (0.818, 0.818),
    "elbows": (0.63, 0.63), "hips": (0.53, 0.53), "hands": (0.38, 0.48), "knees": (0.285, 0.285),
    "feet": (0.015, 0.039),
}
_RULERS = ("head", "shoulders", "elbows", "hips", "knees", "feet")  # from the top; hands move


class Verdict(NamedTuple):
    """What a check found. NaN limits do not exist; a NaN value could not be judged, and passes."""

    name: str
    ok: bool
    value: float
    minimum: float = math.nan
    maximum: float = math.nan
    unit: str = "1"
    code: str = ""  # the instruction, where it fails
    part: str = ""  # of the body, where the instruction names one


def _within(name: str, value: float, minimum: float, maximum: float, unit: str,
            code: str) -> Verdict:
    ok = not (value < minimum or value > maximum)
    return Verdict(name, ok, value, minimum, maximum, unit, "" if ok else code)


def sideways(view_right: bool, mirrored: bool) -> str:
    """'left' or 'right' as the person has it, for a direction in the image.

    A camera's image that is not mirrored shows the person's left on the image's right.
    """
    return "left" if view_right != mirrored else "right"


def one_person(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """Nobody else of at least half the person's height."""
    return _within("one_person", float(view.others + 1), math.nan, 1.0, "people", "one_person")


def size(view: View, profile: Profile) -> float:
    """Height of the profile's parts as a share of the image's height; NaN if none is seen.

    Where some are not seen, what is seen of the body tells how large all would be: otherwise
    somebody whose elbows are hidden, or whose face fills the image, looked small.
    """
    seen = view.scores > profile.score
    points = list(profile.points)
    if not seen[points].any():
        return math.nan
    span = float(np.ptp(view.xy[points, 1][seen[points]]))
    if not seen[points].all():
        parts = [_ABOVE_GROUND[p] for p in profile.parts]
        share = max(high for _, high in parts) - min(low for low, _ in parts)
        span = float(np.fmax(span, share * _stature(view, seen)))
    return span / view.height


def _stature(view: View, seen: np.ndarray) -> float:
    """Height of the person by the parts (133,) that are seen, px; NaN if they do not tell."""
    face = list(PARTS["face"])
    rulers = [(np.mean(_ABOVE_GROUND[p]), view.xy[list(PARTS[p]), 1].mean())
              for p in _RULERS if seen[list(PARTS[p])].all()]
    if len(rulers) > 1:
        (high, top), (low, bottom) = rulers[0], rulers[-1]
        return (bottom - top) / (high - low)
    if seen[face].all():
        low, high = _ABOVE_GROUND["face"]
        return float(np.ptp(view.xy[face, 1])) / (high - low)
    return math.nan


def too_close(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """The parts are not larger than the profile wants."""
    return _within("too_close", size(view, profile), math.nan, profile.size_maximum, "1",
                   "move_back")


def _inside(view: View, profile: Profile) -> np.ndarray:
    """(133,) bool: seen, and inside the image with the profile's margin."""
    size = np.array([view.width, view.height])
    room = size * profile.margin
    inside = ((view.xy >= room) & (view.xy <= size - room)).all(1) & (view.scores > profile.score)
    if view.box[3] >= (size - room)[1]:
        inside[list(PARTS["feet"])] = False  # the body goes on below: the network invents legs
    return inside


def cut_off(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """No border cuts the parts off. The value is the share of points seen inside the image."""
    inside = _inside(view, profile)
    share = float(inside[list(profile.points)].mean())
    missing = [_ABOVE_GROUND[p] for p in profile.parts if not inside[list(PARTS[p])].all()]
    if not missing:
        return Verdict("cut_off", True, share, 1.0)
    # Which border? Points that are seen tell best, but the box may reach further than they do.
    seen = view.seen(range(len(view.xy)), profile.score)
    extent = np.vstack([seen, view.box.reshape(2, 2)])
    (left, top), (right, bottom) = extent.min(0), extent.max(0)
    room_x, room_y = view.width * profile.margin, view.height * profile.margin
    cut_left, cut_right = left <= room_x, right >= view.width - room_x
    # Above and below the image is only what lies higher or lower than all that is inside: the
    # elbows of somebody whose hips are in view are behind their back, not below the border.
    there = [_ABOVE_GROUND[p] for p in PARTS if inside[list(PARTS[p])].any()]
    cut_top = top <= room_y and max(missing) >= max(there, default=(0, 0))
    cut_bottom = bottom >= view.height - room_y and min(missing) <= min(there, default=(1, 1))
    if cut_top or cut_bottom or (cut_left and cut_right):
        return Verdict("cut_off", False, share, 1.0, code="move_back")
    if cut_left or cut_right:
        code = f"move_{sideways(bool(cut_left), mirrored)}"
        return Verdict("cut_off", False, share, 1.0, code=code)
    return Verdict("cut_off", True, share, 1.0)  # no border's fault: see `visible`


def visible(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """Every part is seen; the instruction names the first that is not. The value: their share."""
    inside = _inside(view, profile)
    missing = [p for p in profile.parts if not inside[list(PARTS[p])].all()]
    share = 1 - len(missing) / len(profile.parts)
    return Verdict("visible", not missing, share, 1.0, code="show" if missing else "",
                   part=missing[0] if missing else "")


def too_far(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """The parts are not smaller than the profile wants."""
    return _within("too_far", size(view, profile), profile.size_minimum, math.nan, "1",
                   "move_closer")


def centred(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """The middle of the parts is near the image's middle; > 0 is towards the image's right."""
    points = view.seen(profile.points, profile.score)
    if not len(points):
        return Verdict("centred", True, math.nan, -profile.centre, profile.centre)
    offset = float(points[:, 0].min() + points[:, 0].max()) / 2 / view.width - 0.5
    return _within("centred", offset, -profile.centre, profile.centre, "1",
                   f"move_{sideways(offset < 0, mirrored)}")


def facing(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """The person looks at the camera."""
    yaw = yaw_deg(view, profile.score)
    code = "turn_around" if abs(yaw) > 90 else f"turn_{sideways(yaw < 0, mirrored)}"
    return _within("facing", yaw, -profile.facing, profile.facing, "deg", code)


def still(view: View, profile: Profile, mirrored: bool) -> Verdict:
    """The person does not move."""
    return _within("still", view.speed, math.nan, profile.still, "1/s", "keep_still")


CHECKS: tuple[Callable[[View, Profile, bool], Verdict], ...] = (
    one_person, too_close, cut_off, too_far, centred, facing, visible, still)


def judge(view: View | None, profile: Profile, mirrored: bool = False) -> list[Verdict]:
    """All checks by priority; with nobody in view, only that."""
    there = Verdict("somebody", view is not None, float(view is not None), 1.0, unit="people",
                    code="" if view else "step_into_view")
    return [there] + ([check(view, profile, mirrored) for check in CHECKS] if view else [])
