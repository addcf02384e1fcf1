# SPDX-License-Identifier: Apache-2.0
"""Map sentences back to instructions: the inverse of a language's phrases."""

from __future__ import annotations

from typing import NamedTuple

from dwpose_ros.guidance.phrases import CODES, COUNTED, TIMED, Phrases

MOST = 9  # largest count in a sentence


class Heard(NamedTuple):
    """An instruction as the coach gave it, before it became a sentence."""

    code: str
    body_part: str
    magnitude: str
    count: int = 0


def sentences(phrases: Phrases) -> dict[str, Heard]:
    """Return the instruction of each sentence; of two with the same text, the simpler one."""
    meanings: dict[str, Heard] = {}
    for magnitude in ("", "little", "half", "big"):
        for code in CODES:
            for body_part in ("", *phrases.parts):
                for count in _counts(code):
                    heard = Heard(code, body_part, magnitude, count)
                    meanings.setdefault(phrases.text(*heard), heard)
    return meanings


def _counts(code: str) -> range:
    if code in TIMED:
        return range(MOST + 1)
    return range(1, MOST + 1) if code in COUNTED else range(1)
