# SPDX-License-Identifier: Apache-2.0
"""Phrases: what an instruction reads and sounds like in a language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple, Union

from dwpose_ros.core.text import printable, shown
from dwpose_ros.guidance.body_parts import PARTS
from dwpose_ros.guidance.profile import ProfileError, read_mapping

CODES = (
    # who and where
    "step_into_view",
    "one_person",
    "more_people",
    "move_back",
    "move_closer",
    "move_left",
    "move_right",
    "move_forward",
    "move_backward",
    "show",
    # turned how
    "turn_left",
    "turn_right",
    "turn_around",
    "face_camera",
    "face_left_side",
    "face_right_side",
    "face_back",
    "face_three_quarter_left",
    "face_three_quarter_right",
    "look_at_camera",
    "look_ahead",
    # standing how
    "stand_upright",
    "arms_away",
    "arms_side",
    "arms_up",
    "lower_arms",
    "straighten_arms",
    "show_hands",
    "open_hands",
    "spread_fingers",
    "feet_apart",
    "feet_together",
    # the picture
    "more_light",
    "less_light",
    "clean_lens",
    "keep_still",
    # the session
    "notice",
    "hold_still",
    "countdown",
    "next_step",
    "pause",
    "retake",
    "capture_failed",
    "capture_unavailable",
    "done",
)
GRADES = ("little", "normal", "big")
# Plural categories as CLDR calls them. With whole numbers from 1 on, these two are all that the
# shipped languages have; Japanese and Chinese have `other` only.
PLURALS = ("one", "other")
STEPPED = tuple(code for code in CODES if code.startswith("move_"))  # steps, or "little"
COUNTED = ("one_person", "more_people", "countdown", *STEPPED)  # may say {count}
NAMING = ("show",)  # says {part}

RATE = 175  # words a minute, as espeak-ng speaks by itself

_Phrase = Union[str, dict[str, str]]


class Phrases(NamedTuple):
    """One language: a phrase is a text, or texts by magnitude or by plural category."""

    language: str
    phrases: dict[str, _Phrase]
    parts: dict[str, str]

    def text(self, code: str, part: str = "", magnitude: str = "", count: int = 0) -> str:
        """The sentence for an instruction code; empty for the empty code.

        `grade` is "", "little" or "big", and falls back to the normal text. `count` is what is
        counted, from 1 on: seconds of a countdown, people that are wanted, steps; 0 counts as 1.
        """
        if not code:
            return ""
        phrase, count = self.phrases[code], max(count, 1)
        if isinstance(phrase, dict):
            if "other" in phrase and not (magnitude == "little" and magnitude in phrase):
                phrase = phrase.get("one" if count == 1 else "other", phrase["other"])
            else:
                phrase = phrase.get(magnitude or "normal") or phrase["normal"]
        return phrase.format(part=self.parts.get(part, part), count=count)


def speaking_s(text: str, rate: int = RATE) -> float:
    """How long espeak-ng takes for a sentence, s, at so many words a minute; measured at 160."""
    ideographs = sum("\u4e00" <= c <= "\u9fff" for c in text)
    kana = sum("\u3040" <= c <= "\u30ff" for c in text)
    letters = len(text) - ideographs - kana
    return 0.3 + (letters / 20 + kana / 7 + ideographs / 2.5) * 160 / rate


def load_phrases(path: str | Path) -> Phrases:
    """Read a language's file; ProfileError unless it has every code and every part."""
    path = Path(path)
    data = read_mapping(path)
    known = {"phrases": CODES, "parts": tuple(PARTS)}
    for key in data:
        if key not in known:
            raise ProfileError(
                f"{path}: unknown key {shown(key)}; the keys are {', '.join(known)}"
            )
    for key, wanted in known.items():
        texts = data.get(key)
        if not isinstance(texts, dict):
            raise ProfileError(f"{path}: {key} must be a mapping, not {shown(texts)}")
        missing = [
            c
            for c in wanted
            if not _is_text(texts.get(c))
            and not (key == "phrases" and texts.get(c) and isinstance(texts[c], dict))
        ]
        unknown = [c for c in texts if c not in wanted]
        if missing or unknown:
            raise ProfileError(
                f"{path}: {key} lacks a text for {', '.join(missing) or 'nothing'}"
                f" and has unknown {_names(unknown)}"
            )
    for code, phrase in data["phrases"].items():
        for form, text in _forms(path, code, phrase).items():
            _refuse_braces(path, code, text)
            _refuse_silence(path, code, form, text)
    for part, text in data["parts"].items():
        if set(text) & set("{}"):
            raise ProfileError(
                f"{path}: the text of {part} is {shown(text)}; it can have nothing in braces"
            )
    return Phrases(path.stem, data["phrases"], data["parts"])


def _names(keys: Iterable) -> str:
    return printable(", ".join(map(str, keys)), 60) or "nothing"


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _forms(path: Path, code: str, phrase: Any) -> dict[str, str]:
    """All texts of a code; one that is for all is that of the empty form."""
    if isinstance(phrase, str):
        return {"": phrase}
    counted = code in COUNTED
    known, needed = (PLURALS, "other") if counted else (GRADES, "normal")
    if code in STEPPED:
        known = ("little", *PLURALS)
    if not set(phrase) <= set(known) or needed not in phrase:
        raise ProfileError(
            f"{path}: {code} has texts for {_names(phrase)}; it must "
            f"have {needed!r}, and can have {', '.join(known)}"
        )
    for form, text in phrase.items():
        if not _is_text(text):
            raise ProfileError(f"{path}: {code} lacks a text for {shown(form)}")
    return phrase


def _refuse_braces(path: Path, code: str, text: str) -> None:
    field = "count" if code in COUNTED else "part" if code in NAMING else ""
    try:
        text.format(**({field: 2 if field == "count" else ""} if field else {}))
    except (LookupError, ValueError, AttributeError) as err:
        allowed = f"{{{field}}} is all that it can have" if field else "it can have nothing"
        raise ProfileError(
            f"{path}: the text of {code} is {shown(text)}; {allowed} in braces"
        ) from err


def _refuse_silence(path: Path, code: str, form: str, text: str) -> None:
    """A text that does not say what it is for: which part, how many or how long. Of steps and
    people one text may do for any number, and that for one may spell it out."""
    needed = (
        "part"
        if code in NAMING
        else "count"
        if form == "other" or code == "countdown" and not form
        else ""
    )
    if needed and needed not in (name for _, name, _, _ in Formatter().parse(text)):
        which = f" for {shown(form)}" if form else ""
        raise ProfileError(
            f"{path}: the text of {code}{which} is {shown(text)}; it must have {{{needed}}}"
        )
