# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from babel import Locale

from dwpose_ros.guidance import ProfileError, load_phrases
from dwpose_ros.guidance.body_parts import NAMED_PARTS, POSTURES, SIDE_CODES, SIDES
from dwpose_ros.guidance.checks import run_checks
from dwpose_ros.guidance.phrases import (
    CODES,
    COUNTED,
    MAGNITUDES,
    NAMING,
    STEPPED,
    TIMED,
    speaking_s,
)
from dwpose_ros.guidance.plurals import CATEGORIES, categories_of, is_right_to_left

FOLDER = Path(__file__).resolve().parents[2] / "config" / "phrases"
LANGUAGES = sorted(FOLDER.glob("*"))
EVERY = pytest.mark.parametrize("path", LANGUAGES, ids=lambda p: p.stem)
NO_CASE = ("ar", "hi", "ja", "ko", "zh")
NO_PLURAL = ("ja", "ko", "zh")
FULL_WIDTH = ("ja", "zh")
STOPS = {"ar": ".؟", "hi": "।", "ja": "。", "zh": "。"}
# Said by the person's own left and right; how each language says so where it has to.
LEFT_RIGHT = {
    "en": ("left", "right"),
    "fr": ("gauche", "droit"),
    "de": ("link", "recht"),
    "es": ("izquierd", "derech"),
    "it": ("sinistr", "destr"),
    "pt": ("esquerd", "direit"),
    "ja": ("ひだり", "みぎ"),
    "zh": ("左", "右"),
    "ar": ("يسار", "يمين"),
    "hi": ("बाईं", "दाईं"),
    "ko": ("왼", "오른"),
    "nl": ("link", "recht"),
    "pl": ("lew", "praw"),
    "tr": ("sol", "sağ"),
}
SIDED = (
    "move_left",
    "move_right",
    "roll_left",
    "roll_right",
    "turn_left",
    "turn_right",
    "face_left_side",
    "face_right_side",
    "face_three_quarter_left",
    "face_three_quarter_right",
)


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


def forms(phrases, code: str) -> list[str]:
    """Every text that a code can be, with every part, magnitude and number that it can have."""
    return [
        phrases.text(code, body_part, magnitude, count)
        for body_part in (NAMED_PARTS if code in NAMING else [""])
        for magnitude in ("", "little", "half", "big")
        for count in (range(6) if code in (*COUNTED, *TIMED) else [0])
    ]


def test_the_languages_are_those_promised():
    assert {p.name for p in LANGUAGES} == {f"{x}.yaml" for x in LEFT_RIGHT}


@EVERY
def test_every_language_says_everything(path):
    phrases = load_phrases(path)
    assert phrases.language == path.stem
    assert set(phrases.phrases) == set(CODES) and set(phrases.parts) == set(NAMED_PARTS)
    for code in CODES:
        for text in forms(phrases, code):
            assert not set(text) & set("{}") and text == text.strip() and "  " not in text
            if code == "countdown":
                continue
            assert text[-1] in STOPS.get(path.stem, ".!?")
            assert text[0].isupper() or text[0].isdigit() or path.stem in NO_CASE
    said = {phrases.text(code) for code in CODES}
    assert len(said) == len(CODES)  # no two say the same
    assert len({phrases.text("show", body_part) for body_part in NAMED_PARTS}) == len(NAMED_PARTS)


@EVERY
def test_grades_are_those_of_english(path):
    """A magnitude that one language lacks would be said as if it were normal."""
    english, phrases = load_phrases(FOLDER / "en.yaml"), load_phrases(path)
    for code in CODES:
        if isinstance(english.phrases[code], dict) and code not in (*COUNTED, *TIMED):
            assert phrases.phrases[code].keys() == english.phrases[code].keys(), code
            assert len(set(phrases.phrases[code].values())) == len(phrases.phrases[code]), code
    with_magnitude = [c for c in CODES if {"little", "big"} <= set(english.phrases[c])]
    assert set(with_magnitude) >= {"arms_away", "arms_side", "feet_apart"}
    for code in STEPPED:
        assert "little" in phrases.phrases[code], code


@EVERY
def test_left_is_left_and_right_is_right(path):
    phrases, words = load_phrases(path), LEFT_RIGHT[path.stem]
    for code in SIDED:
        here, other = words if "left" in code else words[::-1]
        for text in forms(phrases, code):
            found = text.lower().replace("vers la caméra", "")
            assert here in found and other not in found, text
    for left in (c for c in SIDED if "left" in c):  # and that is all in which they differ
        pair = [
            re.sub("|".join(words), "*", text.lower())
            for code in (left, left.replace("left", "right"))
            for text in [phrases.text(code)]
        ]
        assert pair[0].split("*")[0] == pair[1].split("*")[0]


@EVERY
def test_plurals(path):
    phrases = load_phrases(path)
    for code in ("one_person", "more_people"):
        one, five, six = (phrases.text(code, count=n) for n in (1, 5, 6))
        assert "5" in five and not re.search("[0-9]", one)
        assert five.replace("5", "6") == six
        assert phrases.text(code) == one  # where nobody counts
    if path.stem not in NO_PLURAL:
        assert phrases.text("one_person", count=5).replace("5", "1") != phrases.text("one_person")
    assert [phrases.text("countdown", count=n) for n in (3, 2, 1)] == ["3", "2", "1"]


@EVERY
def test_every_number_has_the_category_that_the_language_wants(path):
    """By Unicode's CLDR, as babel reads it: not one that happens to be there."""
    phrases = load_phrases(path)
    rule = Locale.parse(phrases.locale).plural_form
    for code in (*STEPPED, "one_person", "more_people", "hold_still"):
        forms = phrases.phrases[code]
        named = set(forms) & set(CATEGORIES)
        assert named >= {rule(n) for n in range(2, 101)}, code
        assert named <= {*categories_of(phrases.locale)}, code  # what it has no use for
        for n in range(2, 101):
            assert phrases.text(code, count=n) == forms[rule(n)].format(count=n)
        assert phrases.text(code, count=1) == (forms.get("=1") or forms[rule(1)])


@pytest.mark.parametrize(
    "language, count, text",
    [
        ("pl", 1, "Krok bliżej."),
        ("pl", 2, "2 kroki bliżej."),
        ("pl", 5, "5 kroków bliżej."),
        ("pl", 12, "12 kroków bliżej."),
        ("pl", 22, "22 kroki bliżej."),
        ("ar", 2, "خطوتان أقرب."),
        ("ar", 3, "3 خطوات أقرب."),
        ("ar", 11, "11 خطوة أقرب."),
        ("ko", 1, "한 걸음 가까이."),
        ("ko", 3, "3걸음 가까이."),
        ("tr", 3, "3 adım yaklaşın."),
    ],
)
def test_what_is_said_for_a_number(language, count, text):
    assert load_phrases(FOLDER / f"{language}.yaml").text("move_closer", count=count) == text


@EVERY
def test_steps_are_counted(path):
    phrases = load_phrases(path)
    for code in STEPPED:
        little, one, five, six = (
            phrases.text(code, magnitude=magnitude, count=n)
            for magnitude, n in (("little", 0), ("", 1), ("", 5), ("", 6))
        )
        assert "5" in five and five.replace("5", "6") == six
        assert len({little, one, five}) == 3 and not re.search("[0-9]", little + one)
        assert phrases.text(code) == one  # where nobody counts
        assert phrases.text(code, magnitude="little", count=3) == little


@EVERY
def test_how_long_to_hold_still_is_told_where_it_is_known(path):
    phrases = load_phrases(path)
    plain, one, five = (phrases.text("hold_still", count=n) for n in (0, 1, 5))
    assert "5" in five and len({plain, one, five}) == 3 and not re.search("[0-9]", plain + one)


@EVERY
def test_a_style_stands_at_the_head_of_each_file(path):
    phrases = load_phrases(path)
    assert len(phrases.style) > 10
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ") and any(line.startswith("style: ") for line in lines[:6])


def test_japanese_is_written_as_it_is_read():
    """espeak-ng cannot read ideographs; a space is as wide as a sign."""
    phrases = load_phrases(FOLDER / "ja.yaml")
    for text in [*phrases.parts.values(), *(t for code in CODES for t in forms(phrases, code))]:
        assert not re.search("[\u4e00-\u9fff ]", text), text


@EVERY
def test_a_sentence_is_said_within_a_few_seconds(path):
    phrases = load_phrases(path)
    for code in CODES:
        for text in forms(phrases, code):
            assert 0.3 < speaking_s(text) < 7.0, text
            assert speaking_s(text, rate=320) < speaking_s(text)


@EVERY
def test_the_part_and_the_number_are_where_they_belong(path):
    phrases = load_phrases(path)
    for body_part in NAMED_PARTS:
        assert phrases.parts[body_part] in phrases.text("show", body_part)
    for code, phrase in phrases.phrases.items():
        for text in [phrase] if isinstance(phrase, str) else phrase.values():
            named = {field for _, field, _, _ in string.Formatter().parse(text) if field}
            assert named <= (
                {"part"} if code in NAMING else {"count"} if code in (*COUNTED, *TIMED) else set()
            )
            assert named or code not in NAMING


@EVERY
def test_punctuation_is_the_languages_own(path):
    phrases = load_phrases(path)
    text = "".join(t for c in CODES if c != "countdown" for t in forms(phrases, c))
    if path.stem in FULL_WIDTH:
        assert not set(text) & set(".,!?;: ") and not re.search("[A-Za-z]", text)
    else:
        assert all(ord(c) < 0x2E80 or 0xAC00 <= ord(c) < 0xD7A4 for c in text)


def test_every_code_that_a_check_can_give_has_a_phrase(person, profile, custom):
    """Found by looking at many people: large, small, here, there, turned, posed and hidden."""
    codes = set()
    profiles = [profile(n) for n in ("full_body", "upper_body", "face", "hands", "a_pose")]
    profiles += [custom(side=side, people=2, posture=tuple(POSTURES.values())) for side in SIDES]
    for wanted in profiles:
        for kwargs in (
            dict(),
            dict(height=0.2),
            dict(height=9.0),
            dict(x=0.05),
            dict(x=0.95),
            dict(x=0.3),
            dict(x=0.7),
            dict(yaw=180),
            dict(yaw=50),
            dict(yaw=-50),
            dict(head=40),
            dict(yaw=80, head=0),
            dict(hidden=("feet",)),
            dict(x=0.2, yaw=-90),
            dict(x=0.8, yaw=-90),
            dict(yaw=80, head=0, hidden=("feet",)),
            dict(lean=30, feet=4, arms=120, bend=90, fist=1, spread=0),
        ):
            for speed, others in ((0, 0), (9, 0), (0, 2)):
                observation = person(**kwargs).view(speed=speed, others=others)
                for light in (0.01, 0.99):
                    observation = observation._replace(brightness=light, sharpness=1.0)
                    codes |= {result.code for result in run_checks(observation, wanted)}
    codes |= {result.code for result in run_checks(None, profile("face"))}
    session = {
        "one_moment",
        "notice",
        "close_enough",
        "far_enough",
        "hold_still",
        "countdown",
        "next_step",
        "pause",
        "retake",
        "capture_failed",
        "capture_unavailable",
        "done",
        "leave_out",
        "goodbye",
    }
    sitting = {code for code in CODES if code.startswith("roll_")} | {"stand_up", "sit_upright"}
    assert codes - {""} == set(CODES) - session - sitting
    assert set(SIDE_CODES.values()) <= codes


def test_the_sentences():
    english, french = (load_phrases(FOLDER / f"{x}.yaml") for x in ("en", "fr"))
    assert english.text("show", "feet") == "I cannot see your feet."
    assert english.text("move_left", magnitude="little") == "Move a little to your left."
    assert english.text("move_left") == "Take a step to your left."
    assert english.text("move_left", count=3) == "3 steps to your left."
    assert english.text("move_closer", count=1) == "Take a step closer."
    assert english.text("roll_closer", magnitude="little") == "Roll a little closer."
    assert english.text("roll_closer", magnitude="half") == "Roll half a metre closer."
    assert english.text("roll_back", count=2) == "Roll back 2 metres."
    assert english.text("leave_out", "left_hand") == "I leave out your left hand."
    assert english.text("retake") == "Once more, hold still."
    assert english.text("arms_up", magnitude="big") == english.text("arms_up")  # has no such
    assert english.text("done", magnitude="big") == english.text("done")
    assert english.text("one_person", count=3) == "Only 3 people."
    assert french.text("show", "feet") == "Je ne vois pas vos pieds."
    assert french.text("step_into_view").startswith("Placez-vous devant la caméra")
    assert english.text("") == french.text("") == ""


def drop(key, name):
    return lambda data: data[key].pop(name)


def put(key, name, value):
    return lambda data: data[key].__setitem__(name, value)


@pytest.mark.parametrize(
    "change, said",
    [
        (drop("phrases", "move_left"), "phrases lacks a text for move_left"),
        (drop("parts", "feet"), "parts lacks a text for feet"),
        (put("phrases", "done", ""), "lacks a text for done"),
        (put("phrases", "done", None), "lacks a text for done"),
        (put("phrases", "done", {}), "lacks a text for done"),
        (put("phrases", "done", 5), "lacks a text for done"),
        (put("phrases", "done", ["a"]), "lacks a text for done"),
        (put("parts", "feet", {"one": "foot"}), "parts lacks a text for feet"),
        (put("phrases", "move_up", "Jump."), "phrases has unknown move_up"),
        (put("parts", "tail", "tail"), "unknown tail"),
        (put("parts", 5, "five"), "unknown 5"),
        (lambda data: data.pop("parts"), "parts must be a mapping, not None"),
        (lambda data: data.update(phrases=["Hello"]), "phrases must be a mapping, not ['Hello']"),
        (put("phrases", "show", "I cannot see your {prat}."), "{prat}"),
        (put("phrases", "show", "I cannot see your {part."), "{part."),
        (put("phrases", "show", "I cannot see your {}."), "{}"),
        (put("phrases", "show", "I cannot see your {part.name}."), "{part.name}"),
        (put("phrases", "show", "I cannot see your {part:d}."), "{part:d}"),
        (
            put("phrases", "show", "I cannot see {count}."),
            "{part} is all that it can have in braces",
        ),
        (put("phrases", "done", "Thank you, {0}"), "{0}"),
        (put("phrases", "done", "Thank you, {part}"), "it can have nothing in braces"),
        (put("phrases", "countdown", "{part}"), "{count} is all that it can have in braces"),
        (
            put("phrases", "move_left", {"little": "A bit."}),
            "move_left has texts for little; it must have 'other', and can have little, one, other",
        ),
        (put("phrases", "move_left", {"other": "Go.", "big": "Run."}), "big, other; it must have"),
        (
            put("phrases", "move_left", {"other": "Go.", "one": ""}),
            "move_left lacks a text for 'one'",
        ),
        (put("phrases", "move_left", {"other": ["Go."]}), "move_left lacks a text for 'other'"),
        (put("phrases", "move_left", {"other": "Go {x}."}), "{x}"),
        (
            put("phrases", "arms_up", {"little": "A bit."}),
            "arms_up has texts for little; it must have 'normal', and can have little, normal, big",
        ),
        (
            put("phrases", "arms_up", {"normal": "Up.", "huge": "Up!"}),
            "huge, normal; it must have",
        ),
        (
            put("phrases", "arms_up", {"normal": "Up.", "big": ""}),
            "arms_up lacks a text for 'big'",
        ),
        (put("phrases", "arms_up", {"normal": "{count} up."}), "{count}"),
        (
            put("phrases", "one_person", {"one": "One."}),
            "one_person has texts for one; it must have 'other', and can have one, other",
        ),
        (put("phrases", "one_person", {"other": "Two.", "few": "Few."}), "few, other; it must"),
        (put("phrases", "one_person", {"normal": "One."}), "it must have 'other'"),
        (put("phrases", "one_person", {True: "One.", "other": "2."}), "True"),
        (put("phrases", "done", "   "), "phrases lacks a text for done"),
        (put("parts", "feet", " \t"), "parts lacks a text for feet"),
        (
            put("phrases", "move_left", {"other": "{count} steps.", "one": " "}),
            "move_left lacks a text for 'one'",
        ),
        (
            put("phrases", "show", "I cannot see you."),
            "the text of show is 'I cannot see you.'; it must have {part}",
        ),
        (put("phrases", "show", "I cannot see {{part}}."), "it must have {part}"),
        (
            put("phrases", "show", {"normal": "Your {part}?", "big": "Where?"}),
            "the text of show for 'big' is 'Where?'; it must have {part}",
        ),
        (
            put("phrases", "countdown", "Soon."),
            "the text of countdown is 'Soon.'; it must have {cou",
        ),
        (
            put("phrases", "countdown", {"one": "Now.", "other": "Soon."}),
            "the text of countdown for 'other' is 'Soon.'; it must have {count}",
        ),
        (
            put("phrases", "one_person", {"one": "One.", "other": "Fewer."}),
            "the text of one_person for 'other' is 'Fewer.'; it must have {count}",
        ),
        (
            put("phrases", "move_left", {"little": "A bit.", "other": "Go."}),
            "the text of move_left for 'other' is 'Go.'; it must have {count}",
        ),
        (
            put("parts", "feet", "feet {part}"),
            "the text of feet is 'feet {part}'; it can have nothing in braces",
        ),
        (put("parts", "feet", "}"), "the text of feet is '}'; it can have nothing in braces"),
        (
            lambda data: data.update(part={"feet": "toes"}),
            "unknown key 'part'; the keys are locale, style, ",
        ),
    ],
)
def test_what_is_missing_or_unknown_is_named(english, change, said):
    path = english(change)
    with pytest.raises(ProfileError) as caught:
        load_phrases(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and said in message and "\n" not in message


def test_a_plain_text_will_do_for_any_code(english):
    phrases = load_phrases(
        english(lambda data: data["phrases"].update(move_left="Left.", one_person="Just {count}."))
    )
    assert {
        phrases.text("move_left", "", magnitude, n)
        for magnitude in ("", "little")
        for n in (0, 1, 2)
    } == {"Left."}
    assert phrases.text("one_person", count=2) == "Just 2."


def test_half_a_metre_is_a_little_where_a_file_has_no_text_for_it(english):
    forms = {"little": "A bit.", "other": "{count}"}
    phrases = load_phrases(english(put("phrases", "roll_back", forms)))
    assert phrases.text("roll_back", magnitude="half") == "A bit."
    forms = {"half": "Half a one.", "other": "{count}"}
    phrases = load_phrases(english(put("phrases", "roll_back", forms)))
    assert phrases.text("roll_back", magnitude="half") == "Half a one."
    with pytest.raises(ProfileError, match="move_back has texts for half, other; .* can have lit"):
        load_phrases(english(put("phrases", "move_back", {"half": "Half.", "other": "{count}"})))


def test_one_can_be_spelt_out(english):
    spelt = {"one": "Now!", "other": "{count}"}
    phrases = load_phrases(english(put("phrases", "countdown", spelt)))
    assert [phrases.text("countdown", count=n) for n in (2, 1)] == ["2", "Now!"]


def test_a_code_that_is_there_twice_is_named_with_its_lines(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (FOLDER / "en.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("  pause:", "  done: Bye.\n  pause:"), encoding="utf-8")
    with pytest.raises(
        ProfileError,
        match="line [0-9]+ has key 'done', which line [0-9]+ has; it must be there only once",
    ):
        load_phrases(path)


def test_the_forms_there_are():
    assert MAGNITUDES == ("little", "normal", "big") and set(TIMED) <= set(CODES)
    assert set(COUNTED) | set(NAMING) <= set(CODES) and len(set(CODES)) == len(CODES)


def test_a_language_that_is_not_there_lists_those_that_are():
    with pytest.raises(ProfileError, match="no such file; .* has ar, de, en, es, fr, hi, it, "):
        load_phrases(FOLDER / "xx.yaml")


@pytest.mark.parametrize(
    "locale, said",
    [
        ("pl", "it must have 'one', 'few', 'many', 'other', and can have little, one, few, "),
        ("en", "it must have 'one', 'other', and can have little, one, other, or a number"),
        ("ja", "it must have 'other', and can have little, other, or a number as '=1'"),
    ],
)
def test_categories_that_a_language_lacks_or_needs_are_named(english, locale, said):
    def change(data):
        data.update(locale=locale)
        data["phrases"]["move_left"] = {"few": "{count}.", "other": "{count}."}

    with pytest.raises(ProfileError) as caught:
        load_phrases(english(change))
    assert said in str(caught.value)


def test_a_locale_is_one_of_cldr(english):
    path = english(lambda data: data.update(locale="tlh_Qo"))
    with pytest.raises(ProfileError, match="locale is 'tlh_Qo'; it must be one of CLDR"):
        load_phrases(path)
    with pytest.raises(ProfileError, match="style must be a text, not 5"):
        load_phrases(english(lambda data: data.update(style=5)))
    brazil = load_phrases(english(lambda data: data.update(locale="pt-BR")))
    assert brazil.text("move_left", count=2) == "2 steps to your left."


def test_a_file_that_is_named_after_no_language_counts_as_in_english(english):
    mine = load_phrases(english(lambda data: None))
    assert mine.locale == "mine" and not is_right_to_left("mine")
    assert mine.text("move_left", count=1) == "Take a step to your left."
    assert mine.text("move_left", count=2) == "2 steps to your left."


def test_an_exact_number_comes_before_its_category(english):
    steps = {"=2": "Both.", "one": "One.", "other": "{count}."}
    phrases = load_phrases(english(put("phrases", "move_left", steps)))
    assert [phrases.text("move_left", count=n) for n in (1, 2, 3)] == ["One.", "Both.", "3."]


def test_babel_is_loaded_when_it_is_first_needed():
    """It takes a while, which the start of a node does not have."""
    code = (
        "import sys; from dwpose_ros.guidance import load_phrases\n"
        f"p = load_phrases({str(FOLDER / 'de.yaml')!r}); print('babel' in sys.modules)\n"
        "p.text('move_left', count=2); print('babel' in sys.modules)"
    )
    root = str(FOLDER.parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert answer.stdout.split() == ["False", "True"]


def test_which_languages_are_written_from_right_to_left():
    assert [p.stem for p in LANGUAGES if is_right_to_left(p.stem)] == ["ar"]
