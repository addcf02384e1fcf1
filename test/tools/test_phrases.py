# SPDX-License-Identifier: Apache-2.0
"""The sheet for native readers, and how long the phrases are when they are spoken."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from dwpose_ros.guidance import load_phrases
from dwpose_ros.guidance.phrases import speaking_s

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = sorted((ROOT / "config" / "phrases").glob("*.yaml"))


def load_tool():
    spec = importlib.util.spec_from_file_location("phrases_tool", ROOT / "tools" / "phrases.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


tool = load_tool()


def test_the_sheet_is_what_the_files_say():
    page = (ROOT / "docs" / "phrases.md").read_text(encoding="utf-8")
    assert page == tool.page(), "renew it: python tools/phrases.py > docs/phrases.md"


def test_the_sheet_says_that_nobody_has_read_it():
    page = tool.page()
    assert "**No native reader has read these phrases yet.**" in page
    assert page.count("nobody yet") == len(LANGUAGES)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is absent")
@pytest.mark.parametrize("path", LANGUAGES, ids=lambda p: p.stem)
def test_every_phrase_is_spoken_in_a_second_and_a_half(path):
    found = tool.lengths(load_phrases(path))
    # Versions of espeak-ng differ by a few hundredths.
    assert [one for one in found if one[0] > tool.LONGEST_S + 0.05] == []
    # And the coach, who cannot hear it, thinks so, too.
    for seconds, _, text in found:
        assert abs(speaking_s(text) - seconds) < 0.75, text
    mean = sum(speaking_s(text) - seconds for seconds, _, text in found) / len(found)
    assert -0.2 < mean < 0.5
