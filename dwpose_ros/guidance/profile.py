"""Profiles: what the picture must show, in YAML."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from dwpose_ros.keypoints import FACE, INDEX, LEFT_HAND, RIGHT_HAND

# What a profile may ask to be seen. One side of a pair must not stand for the other, so every
# point of a part counts. Small toes are not among the feet: not every estimator has them.
PARTS: dict[str, tuple[int, ...]] = {
    "head": tuple(INDEX[n] for n in ("nose", "left_eye", "right_eye")),
    "face": tuple(range(FACE.start, FACE.stop)),
    "shoulders": (INDEX["left_shoulder"], INDEX["right_shoulder"]),
    "elbows": (INDEX["left_elbow"], INDEX["right_elbow"]),
    "hips": (INDEX["left_hip"], INDEX["right_hip"]),
    "knees": (INDEX["left_knee"], INDEX["right_knee"]),
    "feet": tuple(INDEX[n] for n in ("left_ankle", "right_ankle", "left_big_toe",
                                     "right_big_toe")),
    "hands": (*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)),
}


class ProfileError(ValueError):
    """A profile or phrase file that cannot be used; the message names file, key and remedy."""


@dataclass(frozen=True)
class Profile:
    """Limits of a picture. Lengths are shares of the image or of the person, times seconds."""

    name: str
    parts: tuple[str, ...]
    """Parts of the body that must be seen, of PARTS."""
    size_minimum: float
    """Least height of those parts, as a share of the image's height."""
    size_maximum: float
    margin: float = 0.01
    """Room between those parts and the image's border, as a share of its width and height."""
    centre: float = 0.15
    """Largest horizontal offset of the person from the middle, as a share of the image's width."""
    facing: float = 25.0
    """Largest angle between where the person and the camera look, degrees."""
    still: float = 0.25
    """Largest mean keypoint speed, in heights of the seen parts a second."""
    score: float = 0.3
    """Keypoints up to this score count as not seen."""
    hold_s: float = 1.5
    """How long all must hold before the capture."""
    debounce_s: float = 0.5
    """How long an instruction must be due before it is given."""
    gap_s: float = 2.0
    """Least time between two different spoken instructions."""
    repeat_s: float = 5.0
    """After how long the same instruction is spoken again."""
    description: str = ""

    @property
    def points(self) -> tuple[int, ...]:
        """Indices of all keypoints that must be seen."""
        return tuple(i for part in self.parts for i in PARTS[part])


_RANGES = {"size_minimum": (0.0, 1.0), "size_maximum": (0.0, 1.0), "margin": (0.0, 0.4),
           "centre": (0.0, 0.5), "facing": (0.0, 180.0), "still": (0.0, 100.0),
           "score": (0.0, 1.0), "hold_s": (0.0, 60.0), "debounce_s": (0.0, 60.0),
           "gap_s": (0.0, 60.0), "repeat_s": (0.0, 3600.0)}


def load_profile(path: str | Path) -> Profile:
    """Read a profile; its name is the file's. Raises ProfileError naming what is wrong."""
    path = Path(path)
    values = read_mapping(path)
    known = {f.name: f for f in fields(Profile) if f.name != "name"}
    for key in values:
        if key not in known:
            raise ProfileError(f"{path}: unknown key {key!r}; the keys are {', '.join(known)}")
    for key, field in known.items():
        if key not in values and field.default is MISSING:
            raise ProfileError(f"{path}: key {key!r} is missing")
    parts = values["parts"]
    if not isinstance(parts, list) or not parts or not set(map(str, parts)) <= PARTS.keys():
        raise ProfileError(f"{path}: parts is {parts!r}; it must be a list of {', '.join(PARTS)}")
    if not isinstance(values.get("description", ""), str):
        raise ProfileError(f"{path}: description is {values['description']!r}; it must be a text")
    for key, (low, high) in _RANGES.items():
        if key in values:
            values[key] = _number(path, key, values[key], low, high)
    profile = Profile(**{**values, "name": path.stem, "parts": tuple(parts)})
    if profile.size_minimum >= profile.size_maximum:
        raise ProfileError(f"{path}: size_minimum {profile.size_minimum} must be less than "
                           f"size_maximum {profile.size_maximum}")
    return profile


def _number(path: Path, key: str, value: Any, low: float, high: float) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # NaN is not between any two
        raise ProfileError(f"{path}: {key} is {value!r}; it must be a number from {low} to {high}")
    return float(value)


def read_mapping(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping. Raises ProfileError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "nothing"
        raise ProfileError(f"{path}: no such file; {path.parent} has {there}") from err
    except (OSError, ValueError, yaml.YAMLError) as err:  # ValueError: no UTF-8, no such date
        raise ProfileError(f"{path}: cannot be read: {' '.join(str(err).split())}") from err
    if not isinstance(data, dict):
        raise ProfileError(f"{path}: must hold a mapping of keys to values, not {data!r}")
    return data
