# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several folders share."""

import os
import sys
from pathlib import Path

import pytest

# Not `pythonpath` in pytest.ini: Ubuntu 22.04 has pytest 6.2, which does not know it.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "ros")]

import holistic_models  # noqa: E402  found by the line above

pytest_plugins = ["networks"]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Networks made by the tests, and by nodes that they start, stay out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("DWPOSE_ROS_CACHE")
    os.environ["DWPOSE_ROS_CACHE"] = str(folder)
    holistic_models.link_into(folder)
    yield folder
    if before is None:
        del os.environ["DWPOSE_ROS_CACHE"]
    else:
        os.environ["DWPOSE_ROS_CACHE"] = before
