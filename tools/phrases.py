#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the phrases of all languages side by side with English, in Markdown, for native readers.

    python tools/phrases.py > docs/phrases.md

With `--spoken` it prints instead how long espeak-ng speaks the longest phrases of each language.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dwpose_ros.guidance import Phrases, load_phrases  # noqa: E402
from dwpose_ros.guidance.body_parts import NAMED_PARTS  # noqa: E402
from dwpose_ros.guidance.phrases import CODES, NAMING, RATE, SPEEDS, VOICES  # noqa: E402
from dwpose_ros.guidance.plurals import categories_of, is_right_to_left  # noqa: E402
from dwpose_ros.guidance.screen_texts import SCREEN  # noqa: E402

FOLDER = ROOT / "config" / "phrases"
ENGLISH = "en"
LONGEST_S = 1.5
SILENT = 100  # of 32767; quieter samples are silence
HEAD = """# The phrases, for native readers

**No native reader has read these phrases yet.** They were written by the authors of this package,
who are at home in some of these languages at most. If you are a native speaker, please read yours
and tell what is wrong, sounds rude, odd or like a machine, or could be misunderstood by somebody
who stands in front of a camera: an issue or a change of `config/phrases/*.yaml` is welcome
([Language and voice](how-to/language.md) says what a file holds).

What to look for:

- Each phrase is spoken to somebody who may be a child or very old, whose sex is not known, in one
  style for the whole language, which stands above its table.
- Left and right are the person's own.
- Each has to be spoken by espeak-ng within 1.5 s, so that the next is not late: short beats
  polite.
- Which plural forms a language has is Unicode's CLDR's; `=1` is for exactly that number.

This file is written by `python tools/phrases.py > docs/phrases.md`.
"""


def forms(phrase: str | dict[str, str]) -> dict[str, str]:
    """Return the texts of a phrase by form; a single text has the empty form."""
    return {"": phrase} if isinstance(phrase, str) else dict(phrase)


def page() -> str:
    """Return docs/phrases.md."""
    languages = [load_phrases(path) for path in sorted(FOLDER.glob("*.yaml"))]
    english = next(p for p in languages if p.language == ENGLISH)
    parts = [HEAD, _contents(languages)]
    parts += [_section(p, english) for p in languages]
    return "\n".join(parts)


def _contents(languages: list[Phrases]) -> str:
    rows = [
        f"| {p.screen['language_name']} | `{p.language}` | {', '.join(categories_of(p.locale))} | "
        "nobody yet |"
        for p in languages
    ]
    return (
        "\n".join(
            [
                "| language | file | numbers from 1 on | read by a native speaker |",
                "| --- | --- | --- | --- |",
            ]
            + rows
        )
        + "\n"
    )


def _section(phrases: Phrases, english: Phrases) -> str:
    side = ", from right to left" if is_right_to_left(phrases.locale) else ""
    lines = [
        f"## {phrases.screen['language_name']} (`{phrases.language}`{side})\n",
        f"Style: {phrases.style}\n",
        "| code | form | English | text |",
        "| --- | --- | --- | --- |",
    ]
    for code in CODES:
        theirs = forms(english.phrases[code])
        for form, text in forms(phrases.phrases[code]).items():
            meant = theirs.get(form) or theirs.get("one" if form == "=1" else "other", "")
            meant = meant or theirs.get("normal") or theirs.get("", "")
            meant = meant.replace("{count}", "2") if form == "two" else meant
            lines.append(f"| `{code}` | {form} | {meant} | {text} |")
    for name in NAMED_PARTS:
        lines.append(f"| part `{name}` | | {english.parts[name]} | {phrases.parts[name]} |")
    for name in SCREEN:
        if name in phrases.screen:
            lines.append(
                f"| screen `{name}` | | {english.screen[name]} | {phrases.screen[name]} |"
            )
    return "\n".join(lines) + "\n"


def sentences(phrases: Phrases) -> Iterator[tuple[str, str]]:
    """Yield the code and the text of everything that can be said, with a number as an example."""
    for code in CODES:
        for text in forms(phrases.phrases[code]).values():
            names = phrases.parts.values() if code in NAMING else [""]
            for name in names:
                yield code, text.format(part=name, count=8)


def spoken_s(text: str, language: str) -> float:
    """Return how long espeak-ng speaks a text at the usual rate, without the silence after it, s.

    Raises:
        OSError, subprocess.CalledProcessError: espeak-ng is absent, or lacks the voice.
    """
    rate = str(round(RATE * SPEEDS.get(language, 1.0)))
    voice = VOICES.get(language, language)
    sound = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", rate, "--stdout", "--stdin"],
        input=text.encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    with wave.open(BytesIO(sound)) as file:
        hz = file.getframerate()
    heard = np.flatnonzero(abs(np.frombuffer(sound[44:], "<i2")) > SILENT)
    return float(heard[-1]) / hz if len(heard) else 0.0


def lengths(phrases: Phrases) -> list[tuple[float, str, str]]:
    """Return seconds, code and text of everything that can be said, the longest first."""
    said = list(dict.fromkeys(sentences(phrases)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seconds = list(pool.map(lambda one: spoken_s(one[1], phrases.language), said))
    return sorted(((s, *one) for s, one in zip(seconds, said)), reverse=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spoken", action="store_true", help="how long phrases are")
    if not parser.parse_args().spoken:
        print(page(), end="")
        return 0
    too_long = 0
    for path in sorted(FOLDER.glob("*.yaml")):
        found = lengths(load_phrases(path))
        too_long += round(found[0][0], 2) > LONGEST_S
        median = sorted(s for s, *_ in found)[len(found) // 2]
        print(f"{path.stem}: {len(found)} sentences, median {median:.2f} s, the longest:")
        for seconds, code, text in found[:3]:
            print(f"  {seconds:.2f} s  {code}: {text}")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
