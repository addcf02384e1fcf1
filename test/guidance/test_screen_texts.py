# SPDX-License-Identifier: Apache-2.0
"""The texts of the screen's pages in the phrase files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dwpose_ros.guidance import ProfileError, load_phrases
from dwpose_ros.guidance.screen_texts import SCREEN

FOLDER = Path(__file__).resolve().parents[2] / "config" / "phrases"
ENGLISH = load_phrases(FOLDER / "en.yaml").screen


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*")), ids=lambda p: p.stem)
def test_every_shipped_language_has_all_texts(path):
    texts = load_phrases(path).screen
    assert set(texts) == set(SCREEN)
    if path.stem != "en":  # a few words are the same in several languages
        assert sum(texts[name] == ENGLISH[name] for name in SCREEN) < 12


@pytest.mark.parametrize(
    "texts, why",
    [
        (["a"], "screen must be a mapping"),
        ({"nonsense": "a"}, "unknown 'nonsense'"),
        ({"start": ""}, "no text for start"),
        ({"start": 5}, "no text for start"),
        ({"start": "Go {x}"}, "it must have nothing in braces"),
        ({"kept": "Kept."}, "it must have {folder} in braces"),
        ({"kept": "{folder"}, "expected '}'"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, texts, why):
    data = yaml.safe_load((FOLDER / "en.yaml").read_text(encoding="utf-8"))
    data["screen"] = texts
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(ProfileError, match=why):
        load_phrases(tmp_path / "mine.yaml")


def test_a_file_may_lack_them(tmp_path):
    data = yaml.safe_load((FOLDER / "en.yaml").read_text(encoding="utf-8"))
    del data["screen"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    assert load_phrases(tmp_path / "mine.yaml").screen == {}
