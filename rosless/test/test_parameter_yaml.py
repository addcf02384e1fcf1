# SPDX-License-Identifier: Apache-2.0
"""Text of parameters: whatever it is, it is written so that it is read as the same text."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from launch_ros.actions.node import write_parameters
from rclpy._arguments import Arguments, parse_value
from rosless.ros2.param import nested
from rosless_helpers import LOOKALIKES

from rosless import parameter_yaml

# Text of all kinds, also made of the characters that mean something in YAML.
ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
NUMBERISH = st.text("0123456789+-._eExXobnaifNIFypT~ :", max_size=9)
PUNCTUATED = st.text("-?:,[]{}#&*!|>'\"%@`=<~. \n\tab1\\", max_size=9)
TEXTS = st.one_of(st.sampled_from(LOOKALIKES), NUMBERISH, PUNCTUATED, ANY)
VALUES = st.one_of(
    TEXTS,
    st.lists(TEXTS, min_size=1, max_size=3),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_subnormal=False, allow_nan=False),
)
NAMES = st.from_regex(r"[A-Za-z0-9_.+~-]{1,9}", fullmatch=True)


@given(st.recursive(VALUES, lambda inner: st.dictionaries(TEXTS, inner, max_size=3)))
@settings(deadline=None, max_examples=300)
def test_what_is_written_is_read_as_it_was(value):
    text = parameter_yaml.dump(value)
    if not isinstance(value, dict):
        assert parameter_yaml.load(text) == value
        assert type(parameter_yaml.load(text)) is type(value)
    if not isinstance(value, float):
        assert yaml.safe_load(text) == value  # other parsers too


@given(TEXTS)
@settings(deadline=None)
def test_on_the_command_line(text):
    for value in (text, [text]):
        assert parse_value(parameter_yaml.dump(value)) == value


@given(st.dictionaries(NAMES, VALUES, max_size=4))
@settings(deadline=None)
def test_in_parameter_files(tmp_path_factory, values):
    path = write_parameters("/n", values)
    assert Arguments(["x", "--ros-args", "--params-file", path]).parameters("/n") == values
    file = tmp_path_factory.getbasetemp() / "dumped.yaml"
    file.write_text(
        parameter_yaml.dump({"/n": {"ros__parameters": nested(values)}}), encoding="utf-8"
    )
    assert Arguments(["x", "--ros-args", "--params-file", str(file)]).parameters("/n") == values
