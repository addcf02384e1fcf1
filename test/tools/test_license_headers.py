# SPDX-License-Identifier: Apache-2.0
"""The licence line in all Python files."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "license_headers", ROOT / "tools" / "license_headers.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_python_file_has_it(tool):
    try:
        files = tool.python_files(ROOT)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout, or there is no git that would read it")
    assert ROOT / "dwpose_ros" / "__init__.py" in files and ROOT / "scripts" / "pose" in files
    lacking = [f for f in files if tool.with_line(f.read_text()) != f.read_text()]
    assert not lacking, "tools/license_headers.py --write adds it"


@pytest.mark.parametrize(
    "text, wanted",
    [
        ('"""What."""\n', '{}"""What."""\n'),
        ("#!/usr/bin/env python3\nimport os\n", "#!/usr/bin/env python3\n{}import os\n"),
        ("", "{}"),
        ("#!/usr/bin/env python3\n", "#!/usr/bin/env python3\n{}"),
    ],
)
def test_where_it_goes(tool, text, wanted):
    once = tool.with_line(text)
    assert once == wanted.format(tool.LINE)
    assert tool.with_line(once) == once


def test_scripts_are_known_by_their_first_line(tool, tmp_path):
    for name, text, python in (
        ("a.py", "", True),
        ("script", "#!/usr/bin/env python3\n", True),
        ("shell", "#!/usr/bin/env bash\n", False),
        ("data.yaml", "#!/usr/bin/env python3\n", False),
    ):
        (tmp_path / name).write_text(text)
        assert tool.is_python(tmp_path / name) == python, name
