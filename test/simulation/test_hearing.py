# SPDX-License-Identifier: Apache-2.0
"""The virtual person understands every language that the guidance speaks."""

from pathlib import Path

import pytest

from dwpose_ros.guidance.phrases import CODES, STEPPED, load_phrases
from dwpose_ros.simulation.hearing import sentences

FILES = sorted((Path(__file__).resolve().parents[2] / "config" / "phrases").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_sentence_means_what_the_coach_meant(path):
    phrases = load_phrases(path)
    meanings = sentences(phrases)
    for code in CODES:
        assert meanings[phrases.text(code, "knees")].code == code
    assert meanings[phrases.text("show", "feet")] == ("show", "feet", "", 0)
    assert meanings[phrases.text("countdown", count=3)].code == "countdown"
    assert meanings[phrases.text("one_person", count=2)].code == "one_person"
    for code in STEPPED:
        assert meanings[phrases.text(code, magnitude="little")] == (code, "", "little", 1)
        for count in range(1, 7):
            assert meanings[phrases.text(code, count=count)] == (code, "", "", count)
    for magnitude in ("little", "", "big"):
        assert meanings[phrases.text("feet_apart", magnitude=magnitude)] == (
            "feet_apart",
            "",
            magnitude,
            0,
        )
    assert meanings[phrases.text("turn_left", magnitude="little")].magnitude == "little"
