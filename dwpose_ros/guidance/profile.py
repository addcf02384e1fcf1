# SPDX-License-Identifier: Apache-2.0
"""Profiles: what the picture must show, in YAML; a session of one or of several pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.files import FileError, read_yaml
from dwpose_ros.core.text import shown
from dwpose_ros.guidance.body_parts import (
    FRONTAL,
    OF_ARMS,
    ONE_OF_ARMS,
    PARTS,
    POSTURE_PARTS,
    POSTURE_RANGE,
    POSTURES,
    SIDE_CODES,
    SIDES,
    PostureLimit,
    height_of,
    in_image,
    points_of,
)
from dwpose_ros.quality.measure import NAMES as MEASURES

__all__ = ["PARTS", "Profile", "ProfileError", "load_profile", "read_mapping"]


class ProfileError(DwposeError):
    """A profile or phrase file that cannot be used; the message names file, key and remedy."""


@dataclass(frozen=True, eq=False)  # each is its own, and quick to look things up by
class Profile:
    """Limits of a picture. Lengths are shares of the image or of the person, times seconds."""

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
    """Least variance of the Laplacian, as capture/quality measures it."""
    quality: tuple[tuple[str, float], ...] = ()
    """Measures of capture/quality and their weights, where they differ from the usual ones."""
    quality_minimum: float = 20.0
    """Least unified quality of a capture, 0..100."""
    still: float = 0.25
    """Largest mean keypoint speed, in heights of the seen parts a second."""
    still_hands: float = 0.6
    """The same of a hand in the image, where `parts` has no hands: networks err more there."""
    score: float = 0.3
    """Keypoints up to this score count as not seen."""
    hold_s: float = 1.5
    """How long all must hold before the capture."""
    debounce_s: float = 0.3
    """How long an instruction must be due before it is given."""
    gap_s: float = 1.2
    """Least time between two different spoken instructions."""
    repeat_s: float = 5.0
    """After how long the same instruction is spoken again."""
    description: str = ""
    step: str = ""
    """The name of this step in a session of several pictures; empty where there is but one."""
    sequence: tuple[Profile, ...] = field(default=(), repr=False)

    @property
    def steps(self) -> tuple[Profile, ...]:
        """One profile for each picture, in order; without any, this is the only one."""
        return self.sequence or (self,)

    @property
    def points(self) -> tuple[int, ...]:
        """Indices of all keypoints that must be seen, in an image that is not mirrored."""
        return points_of(self.parts, self.side)

    def points_in(self, mirrored: bool) -> tuple[int, ...]:
        """The same as an estimator names them in an image that may be mirrored."""
        return points_of(self.parts, in_image(self.side, mirrored))

    @property
    def side_code(self) -> str:
        """The instruction that asks for this profile's side."""
        return SIDE_CODES[self.side]

    @property
    def weights(self) -> dict[str, float]:
        """Weights of all measures of capture/quality: the usual ones for the parts and the side,
        and what the profile says instead."""
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
        """The limits of a posture; None where it is not asked for."""
        return next((w for w in self.posture if w.name == posture), None)


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
_MOST_WEIGHT = 100.0
_RANGES = {
    "size_minimum": (0.0, 1.0),
    "size_maximum": (0.0, 1.0),
    "margin": (0.0, 0.4),
    "centre": (0.0, 0.5),
    "facing": (0.0, 180.0),
    "looking": (0.0, 180.0),
    "brightness_minimum": (0.0, 1.0),
    "brightness_maximum": (0.0, 1.0),
    "sharpness_minimum": (0.0, 1e6),
    "quality_minimum": (0.0, 100.0),
    "still": (0.0, 100.0),
    "still_hands": (0.0, 100.0),
    "score": (0.0, 1.0),
    "hold_s": (0.0, 60.0),
    "debounce_s": (0.0, 60.0),
    "gap_s": (0.0, 60.0),
    "repeat_s": (0.0, 3600.0),
}
# The ends of those that nobody reaches.
_NEVER = {
    "centre": 0.0,
    "facing": 0.0,
    "looking": 0.0,
    "quality_minimum": 100.0,
    "still": 0.0,
    "still_hands": 0.0,
    "score": 1.0,
}
_MOST_PEOPLE = 10
_FIELDS = {f.name: f for f in fields(Profile) if f.name not in ("name", "step", "sequence")}


def load_profile(path: str | Path) -> Profile:
    """Read a profile; its name is the file's. Raises ProfileError naming what is wrong.

    A list of mappings under `steps` makes a session of several pictures: each overrides the keys
    beside it, and may have a `name`; without one it is called after its side, or by its number.
    """
    path = Path(path)
    values = read_mapping(path)
    steps = values.pop("steps", None)
    if steps is None:
        return _profile(f"{path}", path.stem, values, _FIELDS)
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        raise ProfileError(
            f"{path}: steps is {shown(steps)}; it must be a list of mappings of keys to values"
        )
    _refuse_unknown(f"{path}", values, [*_FIELDS, "steps"])
    sequence: list[Profile] = []
    for number, step in enumerate(steps, 1):
        where = f"{path}: step {number}"
        if "steps" in step:
            raise ProfileError(f"{where}: a step cannot have steps")
        step = dict(step)
        name = step.pop("name", step.get("side", str(number)))
        if not isinstance(name, str) or not name.strip() or any(s.step == name for s in sequence):
            raise ProfileError(
                f"{where}: name is {shown(name)}; it must be a text that no other "
                "step is called by"
            )
        _refuse_unknown(where, step, ["name", *_FIELDS])
        sequence.append(
            replace(_profile(where, path.stem, {**values, **step}, _FIELDS), step=name)
        )
    # What the session is called by and what all steps share; the first step says the rest.
    return replace(
        sequence[0], step="", sequence=tuple(sequence), description=values.get("description", "")
    )


def _refuse_unknown(where: str, values: dict[str, Any], known: Iterable[str]) -> None:
    for key in values:
        if key not in known:
            raise ProfileError(
                f"{where}: unknown key {shown(key)}; the keys are {', '.join(known)}"
            )


def _profile(where: str, name: str, values: dict[str, Any], known: dict) -> Profile:
    values = dict(values)
    _refuse_unknown(where, values, [*known, "steps"])
    for key, about in known.items():
        if key not in values and about.default is MISSING:
            raise ProfileError(f"{where}: key {shown(key)} is missing")
    parts = values["parts"]
    if not isinstance(parts, list) or not parts or not set(map(str, parts)) <= PARTS.keys():
        raise ProfileError(
            f"{where}: parts is {shown(parts)}; it must be a list of {', '.join(PARTS)}"
        )
    values["parts"] = tuple(dict.fromkeys(parts))
    if not isinstance(values.get("description", ""), str):
        raise ProfileError(
            f"{where}: description is {shown(values['description'])}; it must be a text"
        )
    if not isinstance(values.get("side", "front"), str) or (
        values.get("side", "front") not in SIDES
    ):
        raise ProfileError(
            f"{where}: side is {shown(values['side'])}; it must be one of {', '.join(SIDES)}"
        )
    people = values.get("people", 1)
    if isinstance(people, bool) or people not in range(1, _MOST_PEOPLE + 1):
        raise ProfileError(
            f"{where}: people is {shown(people)}; it must be a whole number from 1 "
            f"to {_MOST_PEOPLE}"
        )
    values["people"] = int(people)
    values["posture"] = _posture(where, values.get("posture", []))
    values["quality"] = _quality(where, values.get("quality", {}))
    if values.get("looking", 0) is None:
        del values["looking"]
    for key, (low, high) in _RANGES.items():
        if key in values:
            values[key] = _number(where, key, values[key], low, high, _NEVER.get(key))
    profile = Profile(name=name, **values)
    _refuse_contradictions(where, profile)
    return profile


def _quality(where: str, weights: Any) -> tuple[tuple[str, float], ...]:
    """From a mapping of measures to weights."""
    if not isinstance(weights, dict):
        raise ProfileError(
            f"{where}: quality is {shown(weights)}; it must be a mapping of measures to weights"
        )
    for name in weights:
        if name not in MEASURES:
            raise ProfileError(
                f"{where}: quality has the unknown measure {shown(name)}; the "
                f"measures are {', '.join(MEASURES)}"
            )
    return tuple(
        (name, _number(where, f"quality {name}", weight, 0.0, _MOST_WEIGHT))
        for name, weight in weights.items()
    )


def _posture(where: str, wanted: Any) -> tuple[PostureLimit, ...]:
    """From names, or from a mapping of names to limits."""
    if isinstance(wanted, list):
        wanted = {name if isinstance(name, str) else repr(name): True for name in wanted}
    if not isinstance(wanted, dict) or not set(map(str, wanted)) <= POSTURES.keys():
        given = list(wanted) if isinstance(wanted, dict) else wanted
        raise ProfileError(
            f"{where}: posture is {shown(given)}; it must be a list, or a mapping "
            f"to limits, of {', '.join(POSTURES)}"
        )
    return tuple(_wish(where, POSTURES[name], limits) for name, limits in wanted.items())


def _wish(where: str, default: PostureLimit, limits: Any) -> PostureLimit:
    """A posture with its limits: `true` for the usual ones, a number, or [minimum, maximum]."""
    if limits is True:
        return default
    key, high = f"posture {default.name}", POSTURE_RANGE[default.name]
    if math.isnan(default.minimum):
        return default._replace(maximum=_number(where, key, limits, 0.0, high, never=0.0))
    if math.isnan(default.maximum):
        return default._replace(minimum=_number(where, key, limits, 0.0, high, never=high))
    if not isinstance(limits, list) or len(limits) != 2:
        raise ProfileError(
            f"{where}: {key} is {shown(limits)}; it must be true or [minimum, "
            f"maximum], numbers from 0.0 to {high}"
        )
    low, top = (_number(where, key, limit, 0.0, high) for limit in limits)
    if low >= top:
        raise ProfileError(
            f"{where}: {key} is {shown(limits)}; the minimum must be less than the maximum"
        )
    return PostureLimit(default.name, low, top)


def _refuse_contradictions(where: str, profile: Profile) -> None:
    """What no picture can fulfil is better refused than waited for."""
    for what in ("size", "brightness"):
        low, high = (getattr(profile, f"{what}_{end}") for end in ("minimum", "maximum"))
        if low >= high:
            raise ProfileError(
                f"{where}: {what}_minimum {low} must be less than {what}_maximum {high}"
            )
    room = 1 - 2 * profile.margin
    if profile.size_minimum > room:
        raise ProfileError(
            f"{where}: size_minimum {profile.size_minimum} must be at most "
            f"{room:g}, which a margin of {profile.margin} leaves"
        )
    if not height_of(profile.parts):
        raise ProfileError(
            f"{where}: parts is {list(profile.parts)!r}, which has no height to "
            "tell a size by; it must have another part, higher or lower"
        )
    if profile.side == "back" and "face" in profile.parts:
        raise ProfileError(f"{where}: parts has 'face', which cannot be seen with side 'back'")
    if not any(profile.weights.values()):
        raise ProfileError(
            f"{where}: quality leaves out every measure; at least one must have a weight above 0"
        )
    posture_limits = [w.name for w in profile.posture]
    if profile.side in ("left", "right"):
        for name in set(FRONTAL) & set(posture_limits):
            raise ProfileError(
                f"{where}: posture {name} cannot be seen with side "
                f"{profile.side!r}; ask for it with front or back"
            )
    arms = [name for name in ONE_OF_ARMS if name in posture_limits]
    if len(arms) > 1:
        raise ProfileError(
            f"{where}: posture has {' and '.join(arms)}; it can have only one of "
            f"{', '.join(ONE_OF_ARMS)}"
        )
    for name in posture_limits:
        _refuse_unseen(where, profile, name)
    if profile.repeat_s < profile.gap_s:
        raise ProfileError(
            f"{where}: repeat_s {profile.repeat_s} must be at least gap_s "
            f"{profile.gap_s}: nothing is said sooner"
        )
    if 0 < profile.hold_s < profile.debounce_s:  # 0: the capture is to come at once
        raise ProfileError(
            f"{where}: debounce_s {profile.debounce_s} must be at most hold_s "
            f"{profile.hold_s}: who is to hold still would not be told"
        )


def _refuse_unseen(where: str, profile: Profile, posture: str) -> None:
    """Of a posture that is measured by what cannot be in the image together with the parts.

    What `parts` does not ask for may be in it, too: of who is small enough it is. Arms may be held
    anywhere.
    """
    parts = (*profile.parts, *POSTURE_PARTS[posture])
    whole = height_of(part for part in parts if part not in OF_ARMS)
    if profile.size_minimum * whole > height_of(profile.parts):
        most = math.floor(1000 * height_of(profile.parts) / whole) / 1000
        raise ProfileError(
            f"{where}: posture {posture} cannot be seen with size_minimum {profile.size_minimum}: "
            f"{', '.join(POSTURE_PARTS[posture])} would be beyond the image; it must be at most "
            f"{most}, or parts must have them"
        )


def _number(
    where: str, key: str, value: Any, low: float, high: float, never: float | None = None
) -> float:
    """The value, if it is a number from `low` to `high`, but for the end that is `never`."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or value == never:  # NaN is not between any two
        but = "" if never is None else f", but not {never}"
        raise ProfileError(
            f"{where}: {key} is {shown(value)}; it must be a number from {low} to {high}{but}"
        )
    return float(value)


def read_mapping(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping. Raises ProfileError."""
    try:
        data = read_yaml(path)
    except FileNotFoundError as err:
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "nothing"
        raise ProfileError(f"{path}: no such file; {path.parent} has {there}") from err
    except FileError as err:
        raise ProfileError(str(err)) from err
    if not isinstance(data, dict):
        raise ProfileError(f"{path}: must hold a mapping of keys to values, not {shown(data)}")
    return data
