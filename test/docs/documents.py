# SPDX-License-Identifier: Apache-2.0
"""The documents as text, and what they name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts),
    ]
)
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
TO_RUN = "<!-- example: run -->\n"
# A launch argument or a parameter; not `__ns:=`, nor the end of `qos_overrides./x.reliability:=`.
ARGUMENT = re.compile(r"(?<![\w./])([a-z][a-z_]*):=([^\s`'\"]*)")


def blocks(language: str, marked: bool = False) -> list[tuple[str, str]]:
    """(page, text) of each code block in a language; of those marked to be run, or of all."""
    start = re.escape(TO_RUN) if marked else ""
    pattern = re.compile(rf"^{start}```{language}\n(.*?)^```$", re.M | re.S)
    return [(page, found) for page, text in TEXTS.items() for found in pattern.findall(text)]


def commands(first_words: str) -> list[tuple[str, str]]:
    """(page, command) of each line of code that begins so, with the lines it goes on to."""
    pattern = re.compile(rf"^(?:\$ )?({re.escape(first_words)}(?:.*\\\n)*.*)$", re.M)
    return [
        (page, re.sub(r"\\\n\s*", "", found))
        for page, text in TEXTS.items()
        for found in pattern.findall(text)
    ]


def named(pattern: str) -> list[str]:
    """What the first group of a pattern finds in any page, each once."""
    return sorted({found for text in TEXTS.values() for found in re.findall(pattern, text)})


def choices() -> dict[str, set[str]]:
    """The values that docs/parameters.md allows for a parameter, where it lists them; all of its
    parameters are keys."""
    found: dict[str, set[str]] = {}
    for row in re.findall(r"^\| `(\w+)` \|(.*)$", TEXTS["docs/parameters.md"], re.M):
        cells = [cell.strip() for cell in row[1].split(" | ")]
        listed = set(cells[2].split(", ")) if "," in cells[2] else set()
        found[row[0]] = found.get(row[0], set()) | listed
    return found
