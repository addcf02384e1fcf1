"""Phrases: what an instruction reads and sounds like in a language."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dwpose_ros.guidance.profile import PARTS, ProfileError, read_mapping

CODES = ("step_into_view", "one_person", "move_back", "move_closer", "move_left", "move_right",
         "show", "turn_left", "turn_right", "turn_around", "keep_still", "hold_still",
         "capture_failed", "done")


class Phrases(NamedTuple):
    """One language."""

    language: str
    phrases: dict[str, str]
    parts: dict[str, str]

    def text(self, code: str, part: str = "") -> str:
        """The sentence for an instruction code; empty for the empty code."""
        return self.phrases[code].format(part=self.parts.get(part, part)) if code else ""


def load_phrases(path: str | Path) -> Phrases:
    """Read a language's file; ProfileError unless it has every code and every part."""
    path = Path(path)
    data = read_mapping(path)
    for key, wanted in (("phrases", CODES), ("parts", tuple(PARTS))):
        texts = data.get(key)
        if not isinstance(texts, dict):
            raise ProfileError(f"{path}: {key} must be a mapping, not {texts!r}")
        missing = [c for c in wanted if not isinstance(texts.get(c), str) or not texts[c]]
        unknown = [str(c) for c in texts if c not in wanted]
        if missing or unknown:
            raise ProfileError(f"{path}: {key} lacks a text for {', '.join(missing) or 'nothing'}"
                               f" and has unknown {', '.join(unknown) or 'nothing'}")
    for code, text in data["phrases"].items():
        try:
            text.format(part="")
        except (LookupError, ValueError, AttributeError) as err:
            raise ProfileError(f"{path}: the text of {code} is {text!r}; {{part}} is all that it "
                               "can have in braces") from err
    return Phrases(path.stem, data["phrases"], data["parts"])
