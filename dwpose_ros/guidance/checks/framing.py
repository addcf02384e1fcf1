"""Checks of where the person is in the image: how many, how large, cut off, in the middle."""

from __future__ import annotations

import math

import numpy as np

from dwpose_ros.guidance.body import in_image, part_points
from dwpose_ros.guidance.checks.verdict import Verdict, graded, sideways, within
from dwpose_ros.guidance.profile import PARTS, Profile
from dwpose_ros.guidance.view import View
from dwpose_ros.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND

# Where parts are on somebody who stands, in body heights above the ground: lowest and highest
# point. After Drillis and Contini, "Body segment parameters" (1966).
_ABOVE_GROUND = {
    "head": (0.915, 0.936), "face": (0.87, 0.95), "shoulders": (0.818, 0.818),
    "elbows": (0.63, 0.63), "hips": (0.53, 0.53), "wrists": (0.485, 0.485), "hands": (0.38, 0.48),
    "knees": (0.285, 0.285), "feet": (0.015, 0.039),
}
_RULERS = ("head", "shoulders", "elbows", "hips", "knees", "feet")  # from the top; hands move
_ROAMING = {"wrists", "hands"}  # may be anywhere: no border is to blame when they are not seen
_CHIN = FACE.start + 8
_EYES = (INDEX["left_eye"], INDEX["right_eye"])
_EARS = (INDEX["left_ear"], INDEX["right_ear"])
_SHOULDERS = (INDEX["left_shoulder"], INDEX["right_shoulder"])
# The crown lies beyond the first as far as the second is on the other side, times the third: the
# eyes are in the middle of a head. Then by the shoulders; from the same proportions as above.
_CROWN = ((_EYES, (_CHIN,), 0.97), (_EYES, _SHOULDERS, 0.54), (_EARS, _SHOULDERS, 0.70))
# Advice about a way to go is graded in metres, to the middle of what is allowed: who stops at its
# edge is soon told again. How far away somebody is comes from an adult's height and a camera of 60
# degrees across: another camera, or a child, changes the words, not the direction.
_STATURE_M, _FOCAL = 1.7, 0.87  # of the image's width
_LITTLE_M, _BIG_M = 0.28, 0.65
_WALKS_OUT = 0.4  # so far from the middle, in widths, somebody is at the image's border
_FEW, _MANY = 0.15, 0.6  # where that cannot be told: shares of the points that are cut off


def somebody(view: View | None) -> Verdict:
    """Anybody at all."""
    there = view is not None
    return Verdict("somebody", there, float(there), 1.0, unit="people",
                   code="" if there else "step_into_view")


def one_person(view: View, profile: Profile, mirrored: bool = False,
               before: Verdict | None = None) -> Verdict:
    """As many people as are wanted, each of at least half the person's height."""
    few = math.nan if profile.people == 1 else float(profile.people)  # one of them is followed
    return within("one_person", float(view.others + 1), few, float(profile.people), "people",
                  "more_people", "one_person")


def _points(part: str, profile: Profile, mirrored: bool) -> list[int]:
    return list(part_points(part, in_image(profile.side, mirrored)))


def size(view: View, profile: Profile, mirrored: bool = False) -> float:
    """Height of the profile's parts as a share of the image's height; NaN if none is seen.

    Where some are not seen, what is seen of the body tells how large all would be: otherwise
    somebody whose elbows are hidden, or whose face fills the image, looked small. Of hands alone
    it is the larger one's longest side: they may be anywhere.
    """
    seen = view.scores > profile.score
    points = list(profile.points_in(mirrored))
    if not seen[points].any():
        return math.nan
    if profile.parts == ("hands",):
        hands = [view.seen(range(hand.start, hand.stop), profile.score)
                 for hand in (LEFT_HAND, RIGHT_HAND)]
        return max(float(np.ptp(hand, axis=0).max()) for hand in hands
                   if len(hand)) / view.height
    span = float(np.ptp(view.xy[points, 1][seen[points]]))
    if not seen[points].all():
        span = float(np.fmax(span, _share(profile) * _stature(view, seen, profile, mirrored)))
    return span / view.height


def _stature(view: View, seen: np.ndarray, profile: Profile, mirrored: bool) -> float:
    """Height of the person by the parts (133,) that are seen, px; NaN if they do not tell."""
    face = _points("face", profile, mirrored)
    rulers = [(np.mean(_ABOVE_GROUND[p]), view.xy[points, 1].mean()) for p in _RULERS
              if seen[points := _points(p, profile, mirrored)].all()]
    if len(rulers) > 1:
        (high, top), (low, bottom) = rulers[0], rulers[-1]
        return (bottom - top) / (high - low)
    if face and seen[face].all():
        low, high = _ABOVE_GROUND["face"]
        return float(np.ptp(view.xy[face, 1])) / (high - low)
    return math.nan


def too_close(view: View, profile: Profile, mirrored: bool = False,
              before: Verdict | None = None) -> Verdict:
    """The parts are not larger than the profile wants."""
    value = size(view, profile, mirrored)
    verdict = within("too_close", value, maximum=profile.size_maximum, high_code="move_back")
    return _by_distance(verdict, view, profile, before)


def too_far(view: View, profile: Profile, mirrored: bool = False,
            before: Verdict | None = None) -> Verdict:
    """The parts are not smaller than the profile wants."""
    value = size(view, profile, mirrored)
    verdict = within("too_far", value, profile.size_minimum, low_code="move_closer")
    aside = centred(view, profile, mirrored, before)
    if verdict.ok is False and aside.ok is False and (
            abs(aside.value) * _middle(profile) > _WALKS_OUT * value):
        # Coming closer they would leave the image at its side.
        return verdict._replace(code=aside.code, grade=aside.grade)
    return _by_distance(verdict, view, profile, before)


def _by_distance(verdict: Verdict, view: View, profile: Profile,
                 before: Verdict | None) -> Verdict:
    """With its grade: how far it is from here to where the size is in the middle."""
    if verdict.ok is not False:
        return verdict
    here = _distance_m(verdict.value * view.height / _share(profile), view)
    way = abs(here * verdict.value / _middle(profile) - here)
    return verdict._replace(grade=graded(way, _LITTLE_M, _BIG_M, verdict.code, before))


def _middle(profile: Profile) -> float:
    """The size between the least and the largest; as many steps from one as from the other."""
    return math.sqrt(max(profile.size_minimum, 1e-3) * profile.size_maximum)


def _share(profile: Profile) -> float:
    """How much of a body's height the profile's parts span."""
    parts = [_ABOVE_GROUND[p] for p in profile.parts]
    return max(high for _, high in parts) - min(low for low, _ in parts)


def _distance_m(stature_px: float, view: View) -> float:
    """How far away somebody is who would be so high in the image; NaN if that is not known."""
    return _STATURE_M * _FOCAL * view.width / max(stature_px, 1.0)


def crown(view: View, threshold: float) -> float:
    """Where the top of the head is, y in px: no keypoint says so; NaN if it cannot be told."""
    for upper, lower, share in _CROWN:
        if (view.scores[[*upper, *lower]] > threshold).all():
            top = float(view.xy[list(upper), 1].mean())
            return top - share * (float(view.xy[list(lower), 1].mean()) - top)
    return math.nan


def _inside(view: View, profile: Profile) -> np.ndarray:
    """(133,) bool: seen, and inside the image with the profile's margin."""
    size = np.array([view.width, view.height])
    room = size * profile.margin
    inside = ((view.xy >= room) & (view.xy <= size - room)).all(1) & (view.scores > profile.score)
    if view.box[3] >= (size - room)[1]:
        inside[list(PARTS["feet"])] = False  # the body goes on below: the network invents legs
    return inside


def cut_off(view: View, profile: Profile, mirrored: bool = False,
            before: Verdict | None = None) -> Verdict:
    """No border cuts the parts off. The value is the share of points seen inside the image.

    A head is whole with its crown, which counts as one more point.
    """
    inside = _inside(view, profile)
    cropped = bool({"head", "face"} & set(profile.parts)) and crown(view, profile.score) < 0
    points = list(profile.points_in(mirrored))
    share = float(inside[points].sum()) / (len(points) + cropped)
    missing = [_ABOVE_GROUND[p] for p in profile.parts
               if p not in _ROAMING and not inside[_points(p, profile, mirrored)].all()]
    whole = inside[points].all() and not cropped
    code = "" if whole else _cut_by(view, profile, inside, missing, cropped, mirrored)
    if not code:
        return Verdict("cut_off", True, share, 1.0)  # no border's fault: see `visible`
    way = _way_back_m(view, profile, mirrored, missing) if code == "move_back" else math.nan
    grade = graded(1 - share, _FEW, _MANY, code, before) if math.isnan(way) else graded(
        way, _LITTLE_M, _BIG_M, code, before)
    return Verdict("cut_off", False, share, 1.0, code=code, grade=grade)


def _way_back_m(view: View, profile: Profile, mirrored: bool, missing: list) -> float:
    """How far back until all is in the image, where the body that is seen tells; else NaN.

    Moving away draws everything towards the image's middle, as far as the camera is level.
    """
    seen = view.scores > profile.score
    stature = _stature(view, seen, profile, mirrored)
    ruler = next((p for p in _RULERS if seen[_points(p, profile, mirrored)].all()), None)
    if ruler is None or math.isnan(stature) or stature < 1:
        return math.nan
    at = float(view.xy[_points(ruler, profile, mirrored), 1].mean())
    above = float(np.mean(_ABOVE_GROUND[ruler]))
    middle = view.height / 2
    lowest = min((low for low, _ in missing), default=above)
    ends = (at - (1 - above) * stature, at + (above - lowest) * stature)  # crown, and lowest part
    furthest = max(abs(end - middle) for end in ends) / (middle * (1 - 2 * profile.margin))
    return _distance_m(stature, view) * max(furthest * 1.08 - 1, 0.0)


def _cut_by(view: View, profile: Profile, inside: np.ndarray, missing: list, cropped: bool,
            mirrored: bool) -> str:
    """What to do about the border that cuts; empty where none does."""
    if cropped:
        return "move_back"
    # Which border? Points that are seen tell best, but the box may reach further than they do.
    seen = view.seen(range(len(view.xy)), profile.score)
    extent = np.vstack([seen, view.box.reshape(2, 2)])
    (left, top), (right, bottom) = extent.min(0), extent.max(0)
    room_x, room_y = view.width * profile.margin, view.height * profile.margin
    cut_left, cut_right = left <= room_x, right >= view.width - room_x
    # Above and below the image is only what lies higher or lower than all that is inside: the
    # elbows of somebody whose hips are in view are behind their back, not below the border.
    there = [_ABOVE_GROUND[p] for p in PARTS if p not in _ROAMING
             and inside[list(PARTS[p])].any()]
    cut_top = bool(missing) and top <= room_y and max(missing) >= max(there, default=(0, 0))
    cut_bottom = bool(missing) and bottom >= view.height - room_y and (
        min(missing) <= min(there, default=(1, 1)))
    if cut_top or cut_bottom or (cut_left and cut_right):
        return "move_back"
    if cut_left or cut_right:
        return f"move_{sideways(bool(cut_left), mirrored)}"
    return ""


def visible(view: View, profile: Profile, mirrored: bool = False,
            before: Verdict | None = None) -> Verdict:
    """Every part is seen; the instruction names the first that is not. The value: their share."""
    inside = _inside(view, profile)
    missing = [p for p in profile.parts if not inside[_points(p, profile, mirrored)].all()]
    share = 1 - len(missing) / len(profile.parts)
    return Verdict("visible", not missing, share, 1.0, code="show" if missing else "",
                   part=missing[0] if missing else "")


def centred(view: View, profile: Profile, mirrored: bool = False,
            before: Verdict | None = None) -> Verdict:
    """The middle of the parts is near the image's middle; > 0 is towards the image's right."""
    points = view.seen(profile.points_in(mirrored), profile.score)
    offset = math.nan
    if len(points):
        offset = float(points[:, 0].min() + points[:, 0].max()) / 2 / view.width - 0.5
    verdict = within("centred", offset, -profile.centre, profile.centre, "1",
                     f"move_{sideways(True, mirrored)}", f"move_{sideways(False, mirrored)}")
    if verdict.ok is not False:
        return verdict
    value = size(view, profile, mirrored)
    here = _distance_m(value * view.height / _share(profile), view)
    return verdict._replace(grade=graded(abs(offset) / _FOCAL * here, _LITTLE_M, _BIG_M,
                                         verdict.code, before))
