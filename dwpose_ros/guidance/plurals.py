# SPDX-License-Identifier: Apache-2.0
"""Plural categories and direction of writing, by Unicode's CLDR.

Babel, which has its tables, is imported at the first question, since that takes a moment.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from dwpose_ros.core.text import shown
from dwpose_ros.guidance.profile import ProfileError

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
USUAL = "en"  # of a file whose name is no language's
_MOST = 200  # the largest number of anything that is counted, and then some


@lru_cache(maxsize=None)
def _locale(name: str) -> Any:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(name, sep="-" if "-" in name else "_")
    except (UnknownLocaleError, ValueError):
        return None


def checked_locale(path: Path, name: str) -> str:
    """Return a locale that a file says it is in. Raises ProfileError if there is none."""
    if _locale(name) is None:
        raise ProfileError(f"{path}: locale is {shown(name)}; it must be one of CLDR, as pt_BR")
    return name


@lru_cache(maxsize=256)
def plural_category(locale: str, count: int) -> str:
    """Return which of CATEGORIES a number has in a locale; if that is unknown, in English."""
    rule = (_locale(locale) or _locale(USUAL)).plural_form
    return str(rule(count))


@lru_cache(maxsize=None)
def categories_of(locale: str) -> tuple[str, ...]:
    """Return the categories that the whole numbers from 1 on have; "other" is always there."""
    there = {plural_category(locale, n) for n in range(1, _MOST)} | {"other"}
    return tuple(category for category in CATEGORIES if category in there)


@lru_cache(maxsize=None)
def is_right_to_left(locale: str) -> bool:
    """Whether a locale is written from right to left."""
    found = _locale(locale)
    return found is not None and found.text_direction == "rtl"
