# SPDX-License-Identifier: Apache-2.0
"""Phrases: the text of each instruction in a language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple, Union

from dwpose_ros.core.text import printable, shown
from dwpose_ros.guidance.body_parts import NAMED_PARTS
from dwpose_ros.guidance.plurals import CATEGORIES, categories_of, checked_locale, plural_category
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
# Steps or, in a wheelchair, metres; or "little", or "half" a metre.
STEPPED = tuple(code for code in CODES if code.startswith(("move_", "roll_")))
COUNTED = ("one_person", "more_people", "countdown", *STEPPED)  # may contain {count}
TIMED = ("hold_still",)  # the same, where the person is told for how many seconds
NAMING = ("show", "leave_out")  # contain {part}

RATE = 175  # words per minute, espeak-ng's default
VOICES = {"pt": "pt-br", "zh": "cmn"}  # espeak-ng's that are not named after their language
# Factors on the rate for languages that espeak-ng speaks more slowly than people do, who say five
# to eight syllables a second (Pellegrino, Coupé and Marsico, Language 87, 2011).
SPEEDS = {"ar": 1.2, "ko": 1.15, "zh": 2.0}
# Scripts of which one sign takes another time than a Latin letter: first, last, signs a second.
_SIGNS = (
    ("\u0600", "\u06ff", 15.0),
    ("\u3040", "\u30ff", 7.0),
    ("\u4e00", "\u9fff", 4.5),
    ("\uac00", "\ud7a3", 10.0),
)

_Phrase = Union[str, dict[str, str]]


class Phrases(NamedTuple):
    """The phrases of one language: each is a text, or texts by magnitude or number."""

    language: str
    """As its file is called."""
    phrases: dict[str, _Phrase]
    parts: dict[str, str]
    screen: dict[str, str] = {}
    """Texts of the screen's pages, as far as the file has them."""
    locale: str = "en"
    """Whose plural categories and direction of writing it has."""
    style: str = ""
    """How people are addressed in it, for whoever translates."""

    def text(self, code: str, body_part: str = "", magnitude: str = "", count: int = 0) -> str:
        """Return the sentence for an instruction; empty for the empty code.

        Args:
            code: one of CODES.
            body_part: the one that is named.
            magnitude: "", "little", "half" or "big"; the normal text is used if there is none
                for it, and the little one for half a metre.
            count: seconds, wanted people, steps or metres, from 1 on; 0 counts as 1.
        """
        if not code:
            return ""
        phrase = self.phrases[code]
        if isinstance(phrase, dict):
            phrase = self._form(phrase, magnitude, count)
        count = max(count, 1)
        return phrase.format(part=self.parts.get(body_part, body_part), count=count)

    def _form(self, forms: dict[str, str], magnitude: str, count: int) -> str:
        """Return one of a phrase's texts."""
        if "other" not in forms or "normal" in forms and not count:
            return forms.get(magnitude or "normal") or forms["normal"]
        if magnitude == "half" and magnitude not in forms:
            magnitude = "little"
        if magnitude in ("little", "half") and magnitude in forms:
            return forms[magnitude]
        count = max(count, 1)
        exact = forms.get(f"={count}")
        return exact or forms.get(plural_category(self.locale, count)) or forms["other"]


def speaking_s(text: str, rate: int = RATE) -> float:
    """Return how long the voice speaks a text, s, at `rate` words per minute.

    Measured with espeak-ng at 160, at the language's own speed of SPEEDS.
    """
    seconds, letters = 0.0, len(text)
    for first, last, per_s in _SIGNS:
        found = sum(first <= c <= last for c in text)
        letters -= found
        seconds += found / per_s
    return 0.3 + (seconds + letters / 20) * 160 / rate


def load_phrases(path: str | Path) -> Phrases:
    """Read a language's file.

    Raises:
        ProfileError: the file cannot be read, lacks a code or a part, or has an invalid text.
    """
    path = Path(path)
    data = read_mapping(path)
    locale, style = data.pop("locale", ""), data.pop("style", "")
    for key, text in (("locale", locale), ("style", style)):
        if not isinstance(text, str):
            raise ProfileError(f"{path}: {key} must be a text, not {shown(text)}")
    locale = checked_locale(path, locale) if locale else path.stem
    known = {"phrases": CODES, "parts": NAMED_PARTS}
    for key in data:
        if key not in (*known, "screen"):
            raise ProfileError(
                f"{path}: unknown key {shown(key)}; the keys are locale, style, "
                f"{', '.join(known)}, screen"
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
            wrong = (
                f"lacks a text for {', '.join(missing)}" if missing else "",
                f"has unknown {_names(unknown)}" if unknown else "",
            )
            raise ProfileError(f"{path}: {key} {' and '.join(filter(None, wrong))}")
    for code, phrase in data["phrases"].items():
        for form, text in _forms(path, locale, code, phrase).items():
            _refuse_braces(path, code, text)
            _refuse_silence(path, code, form, text)
    for body_part, text in data["parts"].items():
        if set(text) & set("{}"):
            raise ProfileError(
                f"{path}: the text of {body_part} is {shown(text)}; it can have nothing in braces"
            )
    screen = checked_texts(path, data.get("screen", {}))
    return Phrases(path.stem, data["phrases"], data["parts"], screen, locale, style)


def _names(keys: Iterable) -> str:
    return printable(", ".join(map(str, keys)), 60) or "nothing"


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _forms(path: Path, locale: str, code: str, phrase: Any) -> dict[str, str]:
    """Return all texts of a code by form; a single text has the empty form."""
    if isinstance(phrase, str):
        return {"": phrase}
    known, needed = _known_forms(path, locale, code, phrase)
    unknown = [form for form in phrase if form not in known and not _is_exact(code, form)]
    missing = [form for form in needed if form not in phrase]
    if unknown or missing:
        exact = ", or a number as '=1'" if _counted(code) else ""
        raise ProfileError(
            f"{path}: {code} has texts for {_names(phrase)}; it must "
            f"have {', '.join(map(repr, needed))}, and can have {', '.join(known)}{exact}"
        )
    for form, text in phrase.items():
        if not _is_text(text):
            raise ProfileError(f"{path}: {code} lacks a text for {shown(form)}")
    return phrase


def _known_forms(
    path: Path, locale: str, code: str, phrase: dict[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which texts a phrase can have, and which it must have."""
    if not _counted(code) or code in TIMED and set(phrase) <= {*MAGNITUDES}:
        return MAGNITUDES, ("normal",)
    # Most languages have these two; only for others the tables are loaded, which takes a moment.
    categories: tuple[str, ...] = ("one", "other")
    needed: tuple[str, ...] = ("other",)
    if not {form for form in phrase if form in CATEGORIES} <= {*categories}:
        categories = needed = categories_of(locale)
    if code in STEPPED:
        half = ("half",) if code.startswith("roll_") else ()
        return ("little", *half, *categories), needed
    return (
        (("normal", *categories), ("normal", *needed)) if code in TIMED else (categories, needed)
    )


def _counted(code: str) -> bool:
    return code in COUNTED or code in TIMED


def _is_exact(code: str, form: Any) -> bool:
    """Whether a form is for one number, as ICU writes it: "=1"."""
    return _counted(code) and isinstance(form, str) and form[:1] == "=" and form[1:].isdecimal()


def _refuse_braces(path: Path, code: str, text: str) -> None:
    field = "count" if _counted(code) else "part" if code in NAMING else ""
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
        if form in ("few", "many", "other") or code == "countdown" and not form
        else ""
    )
    if needed and needed not in (name for _, name, _, _ in Formatter().parse(text)):
        which = f" for {shown(form)}" if form else ""
        raise ProfileError(
            f"{path}: the text of {code}{which} is {shown(text)}; it must have {{{needed}}}"
        )
