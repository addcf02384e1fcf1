# SPDX-License-Identifier: Apache-2.0
"""Reads profiles from YAML: one picture, or a session of several."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from dwpose_ros.core.files import FileError, read_yaml
from dwpose_ros.core.text import shown
from dwpose_ros.guidance.body_parts import (
    NAMED_PARTS,
    PARTS,
    POSTURE_RANGE,
    POSTURES,
    SIDES,
    PostureLimit,
)
from dwpose_ros.guidance.profile.consistency import refuse_contradictions
from dwpose_ros.guidance.profile.model import Profile, ProfileError
from dwpose_ros.quality.measure import NAMES as MEASURES

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
_NO_KEYS = ("name", "step", "sequence", "say_seconds")
MOBILITIES = ("auto", "walking", "wheelchair")
_FIELDS = {f.name: f for f in fields(Profile) if f.name not in _NO_KEYS}


def load_profile(path: str | Path) -> Profile:
    """Read a profile, which is named after its file.

    A list of mappings under `steps` makes a session of several pictures. Each overrides the keys
    beside it, and may have a `name`; without one it is named after its side, or by its number.

    Raises:
        ProfileError: the text says what is wrong.
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


def load_step(path: str | Path, step: str) -> Profile:
    """Read one step of a profile; empty: the first.

    Raises:
        ProfileError: the profile cannot be used, or has no such step.
    """
    steps = load_profile(path).steps
    for profile in steps:
        if step in ("", profile.step):
            return profile
    names = ", ".join(p.step for p in steps if p.step)
    raise ProfileError(
        f"{path} has no step {step!r}; "
        + (f"it has {names}" if names else "it has but one picture: leave step empty")
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
    for key, choices in (("seated", ("", "allowed", "no")), ("mobility", MOBILITIES)):
        if values.get(key, choices[0]) not in choices:
            words = ", ".join(filter(None, choices))
            raise ProfileError(
                f"{where}: {key} is {shown(values[key])}; it must be one of {words}"
            )
    without = values.get("without", [])
    if not isinstance(without, list) or not set(map(str, without)) <= set(NAMED_PARTS):
        raise ProfileError(
            f"{where}: without is {shown(without)}; it must be a list of {', '.join(NAMED_PARTS)}"
        )
    values["without"] = tuple(dict.fromkeys(without))
    values["posture"] = _posture(where, values.get("posture", []))
    values["quality"] = _quality(where, values.get("quality", {}))
    if values.get("looking", 0) is None:
        del values["looking"]
    for key, (low, high) in _RANGES.items():
        if key in values:
            values[key] = _number(where, key, values[key], low, high, _NEVER.get(key))
    profile = Profile(name=name, **values)
    if without and not profile.points:
        raise ProfileError(f"{where}: without is {list(without)!r}, which leaves no parts")
    refuse_contradictions(where, profile)
    return profile


def _quality(where: str, weights: Any) -> tuple[tuple[str, float], ...]:
    """Read a mapping of measures to weights."""
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
    """Read names, or a mapping of names to limits."""
    if isinstance(wanted, list):
        wanted = {name if isinstance(name, str) else repr(name): True for name in wanted}
    if not isinstance(wanted, dict) or not set(map(str, wanted)) <= POSTURES.keys():
        given = list(wanted) if isinstance(wanted, dict) else wanted
        raise ProfileError(
            f"{where}: posture is {shown(given)}; it must be a list, or a mapping "
            f"to limits, of {', '.join(POSTURES)}"
        )
    return tuple(_posture_limit(where, POSTURES[name], limits) for name, limits in wanted.items())


def _posture_limit(where: str, default: PostureLimit, limits: Any) -> PostureLimit:
    """Read the limits of a posture: `true` for the usual ones, a number, or [minimum,
    maximum].
    """
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


def _number(
    where: str, key: str, value: Any, low: float, high: float, never: float | None = None
) -> float:
    """Return the value if it is a number from `low` to `high`, except the excluded end
    `never`.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or value == never:  # NaN is not between any two
        but = "" if never is None else f", but not {never}"
        raise ProfileError(
            f"{where}: {key} is {shown(value)}; it must be a number from {low} to {high}{but}"
        )
    return float(value)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping. Raises ProfileError."""
    try:
        data = read_yaml(path)
    except FileNotFoundError as err:
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "no .yaml file"
        raise ProfileError(f"{path}: no such file; {path.parent} has {there}") from err
    except FileError as err:
        raise ProfileError(str(err)) from err
    if not isinstance(data, dict):
        raise ProfileError(f"{path}: must hold a mapping of keys to values, not {shown(data)}")
    return data
