# SPDX-License-Identifier: Apache-2.0
"""The README's table of differences from ROS 2 contains what the tests prove."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools/rosless_differences.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date(tool):
    text = (ROOT / "rosless/README.md").read_text(encoding="utf-8")
    assert text == tool.with_table(text), "run tools/rosless_differences.py"


def test_a_row_comes_from_a_marker(tool):
    code = """
@pytest.mark.parametrize("x", [1])
@pytest.mark.differs("`x`", "is " "red", "`red`")
@pytest.mark.differs("`y`", "is not there")
def test_x(x): ...
"""
    assert tool.rows_of(code) == [("`x`", "is red", "`red`"), ("`y`", "is not there", "")]


@pytest.mark.parametrize(
    "cells", ["", '("x")', '("x", "y", "z", "more")', '("x", 1)', '("|", "y")']
)
def test_a_wrong_marker_is_named(tool, cells):
    with pytest.raises(ValueError, match="test_x: @pytest.mark.differs must have two or three"):
        tool.rows_of(f"@pytest.mark.differs{cells}\ndef test_x(): ...")


def test_no_file_with_markers_is_forgotten(tool, tmp_path):
    for name in (*tool.FILES, "test_new.py"):
        (tmp_path / name).write_text("")
    assert tool.table(tmp_path) == tool.HEAD
    (tmp_path / "test_new.py").write_text("@pytest.mark.differs('x', 'y')\ndef test_x(): ...")
    with pytest.raises(ValueError, match="add test_new.py to FILES"):
        tool.table(tmp_path)
