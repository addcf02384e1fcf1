from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml

from dwpose_ros.guidance import ProfileError, load_phrases
from dwpose_ros.guidance.checks import judge
from dwpose_ros.guidance.phrases import CODES
from dwpose_ros.guidance.profile import PARTS

FOLDER = Path(__file__).resolve().parents[2] / "config" / "phrases"
LANGUAGES = sorted(FOLDER.glob("*"))


@pytest.fixture
def english(tmp_path):
    """english(change) -> path of the English file after change(data)."""

    def _write(change) -> Path:
        data = yaml.safe_load((FOLDER / "en.yaml").read_text(encoding="utf-8"))
        change(data)
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return path

    return _write


def test_english_and_french_are_there():
    assert {p.name for p in LANGUAGES} >= {"en.yaml", "fr.yaml"}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda p: p.name)
def test_every_language_says_everything(path):
    phrases = load_phrases(path)
    assert phrases.language == path.stem
    assert set(phrases.phrases) == set(CODES) and set(phrases.parts) == set(PARTS)
    for code in CODES:
        text = phrases.text(code, "feet")
        assert text[0].isupper() and text[-1] in ".!?" and not set(text) & set("{}")
    assert len({phrases.text(code) for code in CODES}) == len(CODES)
    shown = {phrases.text("show", part) for part in PARTS}
    assert len(shown) == len(PARTS)


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda p: p.name)
def test_the_part_is_in_the_sentence(path):
    phrases = load_phrases(path)
    for part in PARTS:
        assert phrases.parts[part] in phrases.text("show", part)
    named = [code for code in CODES if any(
        field for _, field, _, _ in string.Formatter().parse(phrases.phrases[code]))]
    assert named == ["show"]


def test_every_code_that_a_check_can_give_has_a_phrase(person, profile):
    """Found by looking at many people: large, small, here, there, turned and hidden."""
    codes = set()
    for name in ("full_body", "upper_body", "face"):
        for kwargs in (dict(), dict(height=0.2), dict(height=9.0), dict(x=0.05), dict(x=0.95),
                       dict(x=0.3), dict(x=0.7), dict(yaw=180), dict(yaw=50), dict(yaw=-50),
                       dict(hidden=("feet",))):
            for speed, others in ((0, 0), (9, 0), (0, 2)):
                view = person(**kwargs).view(speed=speed, others=others)
                codes |= {v.code for v in judge(view, profile(name))}
    codes |= {v.code for v in judge(None, profile("face"))}
    assert codes - {""} == set(CODES) - {"hold_still", "capture_failed", "done"}


def test_the_sentences():
    english, french = (load_phrases(FOLDER / f"{x}.yaml") for x in ("en", "fr"))
    assert english.text("show", "feet") == "I cannot see your feet."
    assert english.text("move_left") == "Move a little to your left."
    assert french.text("show", "feet") == "Je ne vois pas vos pieds."
    assert french.text("step_into_view").startswith("Placez-vous devant la caméra")
    assert english.text("") == french.text("") == ""


def drop(key, name):
    return lambda data: data[key].pop(name)


def put(key, name, value):
    return lambda data: data[key].__setitem__(name, value)


@pytest.mark.parametrize("change, said", [
    (drop("phrases", "move_left"), "phrases lacks a text for move_left"),
    (drop("parts", "feet"), "parts lacks a text for feet"),
    (put("phrases", "done", ""), "lacks a text for done"),
    (put("phrases", "done", None), "lacks a text for done"),
    (put("phrases", "done", 5), "lacks a text for done"),
    (put("phrases", "done", ["a"]), "lacks a text for done"),
    (put("phrases", "move_up", "Jump."), "unknown move_up"),
    (put("parts", "tail", "tail"), "unknown tail"),
    (put("parts", 5, "five"), "unknown 5"),
    (lambda data: data.pop("parts"), "parts must be a mapping, not None"),
    (lambda data: data.update(phrases=["Hello"]), "phrases must be a mapping, not ['Hello']"),
    (put("phrases", "show", "I cannot see your {prat}."), "{prat}"),
    (put("phrases", "show", "I cannot see your {part."), "{part."),
    (put("phrases", "show", "I cannot see your {}."), "{}"),
    (put("phrases", "show", "I cannot see your {part.name}."), "{part.name}"),
    (put("phrases", "show", "I cannot see your {part:d}."), "{part:d}"),
    (put("phrases", "done", "Thank you, {0}"), "{0}"),
])
def test_what_is_missing_or_unknown_is_named(english, change, said):
    path = english(change)
    with pytest.raises(ProfileError) as caught:
        load_phrases(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and said in message and "\n" not in message


def test_a_language_that_is_not_there_lists_those_that_are():
    with pytest.raises(ProfileError, match="no such file; .* has .*en, .*fr"):
        load_phrases(FOLDER / "xx.yaml")
