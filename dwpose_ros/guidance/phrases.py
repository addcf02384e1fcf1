# SPDX-License-Identifier: Apache-2.0
"""Phrases: the text of each instruction in a language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple, Union

from dwpose_ros.core.text import printable, shown
from dwpose_ros.guidance.body_parts import NAMED_PARTS
from dwpose_ros.guidance.profile import ProfileError, read_mapping
from dwpose_ros.guidance.screen_texts import checked_texts

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
    "roll_back",
    "roll_closer",
    "roll_left",
    "roll_right",
    "roll_forward",
    "roll_backward",
    "close_enough",
    "far_enough",
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
    "sit_upright",
    "stand_up",
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
    "one_moment",
    "notice",
    "hold_still",
    "countdown",
    "next_step",
    "pause",
    "leave_out",
    "retake",
    "capture_failed",
    "capture_unavailable",
    "done",
    "goodbye",
)
MAGNITUDES = ("little", "normal", "big")
# CLDR's plural categories. For whole numbers from 1 on, the shipped languages need only these two;
# Japanese and Chinese have `other` only.
PLURALS = ("one", "other")
# Steps or, in a wheelchair, metres; or "little".
STEPPED = tuple(code for code in CODES if code.startswith(("move_", "roll_")))
COUNTED = ("one_person", "more_people", "countdown", *STEPPED)  # may contain {count}
NAMING = ("show", "leave_out")  # contain {part}

RATE = 175  # words per minute, espeak-ng's default

_Phrase = Union[str, dict[str, str]]


class Phrases(NamedTuple):
    """The phrases of one language: each is a text, or texts by magnitude or plural category."""

    language: str
    phrases: dict[str, _Phrase]
    parts: dict[str, str]
    screen: dict[str, str] = {}
    """Texts of the screen's pages, as far as the file has them."""

    def text(self, code: str, body_part: str = "", magnitude: str = "", count: int = 0) -> str:
        """Return the sentence for an instruction; empty for the empty code.

        Args:
            code: one of CODES.
            body_part: the one that is named.
            magnitude: "", "little" or "big"; the normal text is used if there is none for it.
            count: seconds of a countdown, people, steps or metres, from 1 on; 0 counts as 1.
        """
        if not code:
            return ""
        phrase, count = self.phrases[code], max(count, 1)
        if isinstance(phrase, dict):
            if "other" in phrase and not (magnitude == "little" and magnitude in phrase):
                phrase = phrase.get("one" if count == 1 else "other", phrase["other"])
            else:
                phrase = phrase.get(magnitude or "normal") or phrase["normal"]
        return phrase.format(part=self.parts.get(body_part, body_part), count=count)


def speaking_s(text: str, rate: int = RATE) -> float:
    """Return how long espeak-ng speaks a text, s, at `rate` words per minute; measured at 160."""
    ideographs = sum("\u4e00" <= c <= "\u9fff" for c in text)
    kana = sum("\u3040" <= c <= "\u30ff" for c in text)
    letters = len(text) - ideographs - kana
    return 0.3 + (letters / 20 + kana / 7 + ideographs / 2.5) * 160 / rate


def load_phrases(path: str | Path) -> Phrases:
    """Read a language's file.

    Raises:
        ProfileError: the file cannot be read, lacks a code or a part, or has an invalid text.
    """
    path = Path(path)
    data = read_mapping(path)
    known = {"phrases": CODES, "parts": NAMED_PARTS}
    for key in data:
        if key not in (*known, "screen"):
            raise ProfileError(
                f"{path}: unknown key {shown(key)}; the keys are {', '.join(known)}, screen"
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
    for body_part, text in data["parts"].items():
        if set(text) & set("{}"):
            raise ProfileError(
                f"{path}: the text of {body_part} is {shown(text)}; it can have nothing in braces"
            )
    screen = checked_texts(path, data.get("screen", {}))
    return Phrases(path.stem, data["phrases"], data["parts"], screen)


def _names(keys: Iterable) -> str:
    return printable(", ".join(map(str, keys)), 60) or "nothing"


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _forms(path: Path, code: str, phrase: Any) -> dict[str, str]:
    """Return all texts of a code by form; a single text has the empty form."""
    if isinstance(phrase, str):
        return {"": phrase}
    counted = code in COUNTED
    known, needed = (PLURALS, "other") if counted else (MAGNITUDES, "normal")
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
    """Raise ProfileError for a text that lacks a needed {part} or {count}.

    For steps and people, a single text may be for any number, and the text for one may spell it
    out."""
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
