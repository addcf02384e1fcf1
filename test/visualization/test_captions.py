# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from dwpose_ros.visualization import captions as caption
from dwpose_ros.visualization.captions import draw_caption, plain


@pytest.fixture
def fonts(monkeypatch):
    """A function that makes the programs of a folder all there are, fontconfig's too."""

    def forget() -> None:
        caption._font_for.cache_clear()
        caption._letters.cache_clear()

    def only(folder: str) -> None:
        monkeypatch.setenv("PATH", folder)
        forget()

    yield only
    forget()


def image(height: int = 720, width: int = 1280) -> np.ndarray:
    return np.full((height, width, 3), (40, 100, 200), np.uint8)


def strip_of(bgr: np.ndarray) -> int:
    """Height of the strip at the bottom, by the rows that differ from what was there."""
    changed = (bgr != image(*bgr.shape[:2])).any((1, 2))
    return int(changed.sum())


def letters(text: str, height: int = 720, width: int = 1280) -> np.ndarray:
    """(h, w) bool: where the text's light pixels are."""
    return draw_caption(image(height, width), text).min(-1) > 150


@pytest.mark.parametrize("height, width", [(720, 1280), (480, 640), (1280, 720), (100, 100)])
def test_the_text_is_in_the_strip_at_the_bottom_only(height, width):
    drawn = draw_caption(image(height, width), "Move a little to your left.")
    strip = max(16, height // 14)
    assert np.array_equal(drawn[:-strip], image(height, width)[:-strip])
    assert strip_of(drawn) == strip
    assert (drawn[-strip:, 0] < image(height, width)[-strip:, 0]).all()  # darkened behind it
    assert letters("Move a little to your left.", height, width)[-strip:].any()


def test_it_is_drawn_in_place():
    bgr = image()
    assert draw_caption(bgr, "Here") is bgr and strip_of(bgr)


def test_the_text_is_centred():
    columns = np.flatnonzero(letters("Hold still").any(0))
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(1280 / 2, abs=4)


@pytest.mark.parametrize(
    "accents, plain",
    [
        ("é", "e"),
        ("à", "a"),
        ("Déplacez-vous", "Deplacez-vous"),
        ("ê", "é"),
        ("ç", "c"),
        ("ü", "u"),
        ("ï", "i"),
        ("œ", "oe"),
    ],
)
def test_accents_are_not_plain_letters(accents, plain):
    """OpenCV's own fonts write question marks; an unknown glyph would be one box for all."""
    if caption._font_file() is None:
        pytest.skip("this machine has no font with accents")
    assert not np.array_equal(letters(accents), letters(plain))
    assert not np.array_equal(letters(accents), letters("\uffff"))


def test_without_a_font_that_has_accents_the_plain_letters_are_written(monkeypatch, fonts):
    """Rather than a box for each."""
    monkeypatch.setattr(caption, "_font_file", lambda: None)
    fonts("")
    accents, plain = letters("Déplacez-vous"), letters("Deplacez-vous")
    assert plain.any() and np.array_equal(accents, plain)


@pytest.mark.parametrize("length", [1, 100, 1000, 20_000])
@pytest.mark.parametrize("width", [1, 64, 1280])
def test_text_of_any_length_fits(length, width):
    drawn = draw_caption(image(720, width), "word " * length)
    assert strip_of(drawn) == 720 // 14
    if length == 100 and width == 1280:
        columns = np.flatnonzero(letters("word " * length).any(0))
        assert 0 < columns[0] and columns[-1] < width - 1


def test_long_text_is_written_smaller():
    short, long = letters("Hold still"), letters("Hold still " * 30)
    assert np.flatnonzero(long.any(1)).size < np.flatnonzero(short.any(1)).size


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_no_text_draws_nothing(text):
    assert np.array_equal(draw_caption(image(), text), image())


def test_lines_become_one():
    assert np.array_equal(letters("Hold\n  still"), letters("Hold still"))


@pytest.mark.parametrize("height, width", [(1, 1), (16, 300), (15, 300)])
def test_an_image_no_higher_than_the_strip_is_left_alone(height, width):
    assert np.array_equal(draw_caption(image(height, width), "Hold still"), image(height, width))


def test_the_same_text_again_is_the_same():
    first = draw_caption(image(), "Hold still")
    draw_caption(np.zeros_like(first), "Hold still")
    assert np.array_equal(draw_caption(image(), "Hold still"), first)


@pytest.mark.parametrize(
    "text, code, shown",
    [
        (
            "Placez-vous devant la caméra, s'il vous plaît.",
            "step_into_view",
            "Placez-vous devant la camera, s'il vous plait.",
        ),
        ("Größe: ¿está?", "", "Grosse: esta?"),
        ("2歩 うしろへ", "move_back", "move back"),
    ],
)
def test_an_instruction_in_plain_letters(text, code, shown):
    assert plain(text, code) == shown


def test_a_script_that_no_font_has_is_no_row_of_boxes(fonts):
    fonts("")
    code = draw_caption(image(), "うしろへ", "move_back")
    assert np.array_equal(code, draw_caption(image(), "move back"))


def test_fontconfig_is_asked_for_a_font_of_the_script(fonts, tmp_path):
    if caption._font_file() is None:
        pytest.skip("DejaVu Sans is not here")
    asked = tmp_path / "asked"
    match = tmp_path / "fc-match"
    match.write_text(f'#!/bin/sh\necho "$@" > {asked}\nprintf {caption._font_file()}\n')
    match.chmod(0o755)
    fonts(str(tmp_path))
    assert caption._font_for("Éß") == caption._font_file() and not asked.exists()
    assert caption._font_for("うし") is None  # what was proposed has not got them
    assert asked.read_text() == "-f %{file} sans:charset=3046 3057\n"


# --- Scripts whose letters join, or go from right to left


def runs(text: str) -> list[tuple[int, int]]:
    """First and last column of each piece of ink, from left to right."""
    columns = np.flatnonzero(letters(text).any(0))
    pieces = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return [(int(piece[0]), int(piece[-1])) for piece in pieces]


@pytest.fixture
def arabic():
    if not caption._can_lay_out() or caption._font_for("\u0628\u0627") is None:
        pytest.skip("no Raqm, or no font with Arabic letters")


def test_arabic_goes_from_right_to_left(arabic):
    """An alef is a stroke; it comes first, so it stands at the right. A digit before it, too."""
    (wide, narrow) = runs("\u0627 \u0633\u0633")
    assert narrow[1] - narrow[0] < 0.5 * (wide[1] - wide[0])
    assert len(runs("5 \u0633\u0633")) == 2
    left, right = runs("1 \u0633\u0633\u0633")
    assert right[1] - right[0] < 0.5 * (left[1] - left[0])


def test_arabic_letters_join(arabic):
    assert len(runs("\u0633\u0633\u0633")) == 1  # three of them, one piece
    assert len(runs("\u0633 \u0633 \u0633")) == 3


@pytest.mark.parametrize(
    "text", ["\u0627\u0644\u064a\u0633\u0627\u0631", "\u092c\u093e\u0908\u0902"]
)
def test_without_layout_the_code_is_drawn_instead(monkeypatch, fonts, text):
    monkeypatch.setattr(caption, "_can_lay_out", lambda: False)
    caption._letters.cache_clear()
    drawn = draw_caption(image(), text, "move_left")
    assert np.array_equal(drawn, draw_caption(image(), "move left"))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Nie widz\u0119 lewej d\u0142oni.", "Nie widze lewej dloni."),
        ("5 ad\u0131m sola.", "5 adim sola."),
        ("\u062e\u0637\u0648\u0629 \u0623\u0642\u0631\u0628.", "move closer"),
        ("\ud55c \uac78\uc74c", "move closer"),
        ("\u090f\u0915 \u0915\u0926\u092e \u092a\u093e\u0938\u0964", "move closer"),
    ],
)
def test_what_rviz_shows_of_other_languages(text, expected):
    assert plain(text, "move_closer") == expected
