from __future__ import annotations

import math
from pathlib import Path

import pytest

from dwpose_ros.guidance import ProfileError, load_profile
from dwpose_ros.guidance.profile import PARTS, read_mapping
from dwpose_ros.keypoints import COUNT, NAMES

PROFILES = Path(__file__).resolve().parents[2] / "config" / "profiles"
GOOD = "parts: [head, shoulders]\nsize_minimum: 0.2\nsize_maximum: 0.5\n"


@pytest.fixture
def write(tmp_path):
    """write(text) -> path of a profile with that text."""

    def _write(text: str | bytes, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def refused(path: Path) -> str:
    """Why a profile is refused: one line that begins with its path."""
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message[len(f"{path}: "):]


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*")), ids=lambda p: p.name)
def test_every_shipped_profile_loads(path):
    profile = load_profile(path)
    assert profile.name == path.stem
    assert profile.description.endswith(".")
    assert profile.size_minimum < profile.size_maximum


def test_the_shipped_profiles_are_those_promised():
    assert {p.stem for p in PROFILES.iterdir()} >= {"upper_body", "full_body", "face"}


def test_a_profile_is_named_after_its_file_and_has_defaults(write):
    profile = load_profile(str(write(GOOD, "passport photo.yaml")))
    assert (profile.name, profile.parts) == ("passport photo", ("head", "shoulders"))
    assert (profile.size_minimum, profile.size_maximum, profile.hold_s) == (0.2, 0.5, 1.5)


def test_whole_numbers_are_numbers(write):
    profile = load_profile(write(GOOD + "hold_s: 3\n"))
    assert profile.hold_s == 3.0 and isinstance(profile.hold_s, float)


def test_points_are_those_of_the_parts(write):
    profile = load_profile(write(GOOD))
    assert [NAMES[i] for i in profile.points] == [
        "nose", "left_eye", "right_eye", "left_shoulder", "right_shoulder"]


def test_parts_hold_both_sides_of_a_pair():
    for part, points in PARTS.items():
        names = [NAMES[i] for i in points]
        assert len(set(points)) == len(points) and max(points) < COUNT
        sides = [sum(n.startswith(side) for n in names) for side in ("left_", "right_")]
        assert sides[0] == sides[1], part


@pytest.mark.parametrize("key, value", [
    ("size_minimum", "'0.5'"), ("size_minimum", "large"), ("size_minimum", "[0.1]"),
    ("size_minimum", "true"), ("size_minimum", ""), ("size_minimum", "2026-01-01"),
    ("size_minimum", ".nan"), ("size_maximum", ".inf"), ("size_maximum", "-.inf"),
    ("size_minimum", "-0.1"), ("size_maximum", "1.01"),
    pytest.param("size_maximum", "1" + "0" * 400, id="1e400"),
    ("margin", "0.41"), ("margin", "-0.01"), ("centre", "0.6"), ("facing", "181"),
    ("still", "-1"), ("score", "1.5"), ("hold_s", "-1"), ("hold_s", "61"),
    ("debounce_s", ".nan"), ("gap_s", "soon"), ("repeat_s", "1e9"),
])
def test_a_value_that_is_no_fitting_number_is_named_with_its_limits(write, key, value):
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    message = refused(write("\n".join([*lines, f"{key}: {value}"])))
    assert message.startswith(f"{key} is ")
    assert "it must be a number from 0.0 to " in message


@pytest.mark.parametrize("parts, shown", [
    ("[head, tail]", "['head', 'tail']"), ("head", "'head'"), ("[]", "[]"), ("", "None"),
    ("[[head]]", "[['head']]"), ("{head: 1}", "{'head': 1}"), ("[head, 1]", "['head', 1]"),
    ("[null]", "[None]")])
def test_unknown_parts_are_named_with_those_there_are(write, parts, shown):
    message = refused(write(f"parts: {parts}\nsize_minimum: 0.2\nsize_maximum: 0.5\n"))
    assert message == f"parts is {shown}; it must be a list of {', '.join(PARTS)}"


@pytest.mark.parametrize("text", ["5", "[a]", "2026-01-01", "true"])
def test_a_description_that_is_no_text(write, text):
    message = refused(write(GOOD + f"description: {text}\n"))
    assert message.startswith("description is ") and "text" in message


@pytest.mark.parametrize("line, key", [
    ("size_minimun: 0.3", "'size_minimun'"), ("1: 2", "1"), ("name: x", "'name'"),
    ("null: 2", "None")])
def test_an_unknown_key_is_named_with_those_there_are(write, line, key):
    message = refused(write(GOOD + line))
    assert message.startswith(f"unknown key {key}; the keys are parts, size_minimum,")
    assert "hold_s" in message and " name" not in message


@pytest.mark.parametrize("key", ["parts", "size_minimum", "size_maximum"])
def test_a_missing_key_is_named(write, key):
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    assert refused(write("\n".join(lines))) == f"key '{key}' is missing"


@pytest.mark.parametrize("low, high", [(0.5, 0.5), (0.6, 0.5)])
def test_the_least_size_must_be_less_than_the_largest(write, low, high):
    message = refused(write(f"parts: [head]\nsize_minimum: {low}\nsize_maximum: {high}\n"))
    assert message == f"size_minimum {low} must be less than size_maximum {high}"


@pytest.mark.parametrize("text, shown", [
    ("", "None"), ("[1, 2]", "[1, 2]"), ("just words", "'just words'"), ("3", "3")])
def test_what_is_no_mapping(write, text, shown):
    assert refused(write(text)) == f"must hold a mapping of keys to values, not {shown}"


@pytest.mark.parametrize("text", [
    "parts: [head\nsize_minimum: 0.2", "a:\n\t- b", "a: b: c", "!!python/object:os.system {}",
    "{[1]: 2}", "- a\nb", b"\xff\xfe\x00", b"\x00", "day: 2026-13-45",
])
def test_broken_yaml_is_one_line(write, text):
    assert refused(write(text)).startswith("cannot be read: ")


def test_a_profile_that_is_not_there_lists_what_is():
    there = ", ".join(sorted(p.stem for p in PROFILES.iterdir()))
    assert "face, full_body" in there
    assert refused(PROFILES / "missing.yaml") == f"no such file; {PROFILES} has {there}"


@pytest.mark.parametrize("missing", ["x.yaml", "no/folder/x.yaml"])
def test_where_there_is_nothing(tmp_path, missing):
    assert refused(tmp_path / missing).endswith("has nothing")


def test_a_folder_is_no_profile(tmp_path):
    assert refused(tmp_path).startswith("cannot be read: ")


def test_a_profile_error_is_a_value_error(tmp_path):
    """Which is what a refused parameter is."""
    with pytest.raises(ValueError):
        read_mapping(tmp_path / "x.yaml")


def test_numbers_are_finite():
    for path in PROFILES.glob("*.yaml"):
        numbers = [v for v in vars(load_profile(path)).values() if isinstance(v, float)]
        assert numbers and all(map(math.isfinite, numbers))
