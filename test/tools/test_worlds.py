# SPDX-License-Identifier: Apache-2.0
"""The benchmark's environments, in turns."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmark"))

import worlds  # noqa: E402

FIGURES = {
    "middleware": "rmw_x",
    "engine p50": 10.2,
    "engine p95": 12.0,
    "latency p50": 15.0,
    "latency p95": 19.6,
    "added": 7.6,
    "oldest": 21.3,
    "arrived": 1799,
    "sent": 1800,
    "share": 1799 / 1800,
    "dropped": 3,
}


@pytest.fixture
def world(tmp_path) -> Path:
    """A world with this Python."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


@pytest.fixture
def script(tmp_path) -> Path:
    file = tmp_path / "tell.py"
    file.write_text(
        "import json, os, sys\nprint('more')\n"
        "print(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    )
    return file


def test_a_world_knows_nothing_of_another(world, script, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    arguments, environment = worlds.figures(str(world), script, "--size", "2x3")
    assert arguments == ["--size", "2x3"]
    assert not {"PYTHONPATH", "RMW_IMPLEMENTATION"} & environment.keys()
    assert environment["PATH"].split(os.pathsep)[0] == str(world / "bin")


def test_a_real_ros2_is_sourced(world, script):
    (world / "setup.bash").write_text("export ROS_DISTRO=of_the_test\n")
    arguments, environment = worlds.figures(str(world), script, "a b")
    assert arguments == ["a b"] and environment["ROS_DISTRO"] == "of_the_test"


def test_what_is_sourced_is_taken_as_it_is(script, monkeypatch):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    _, environment = worlds.figures(worlds.SOURCED, script)
    assert environment["RMW_IMPLEMENTATION"] == "rmw_cyclonedds_cpp"


def test_no_world_and_a_failure_are_told(world, tmp_path):
    with pytest.raises(SystemExit, match="no Python in its bin"):
        worlds.figures(str(tmp_path / "nowhere"), tmp_path / "x.py")
    (tmp_path / "fails.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="ended with 3"):
        worlds.figures(str(world), tmp_path / "fails.py")


def test_rounds_stand_side_by_side():
    rounds = [json.loads(json.dumps(FIGURES)), FIGURES | {"dropped": 0}]
    head, rule, row = worlds.table({".venv": rounds})
    assert head.count("|") == rule.count("|") == row.count("|")
    assert row == (
        "| .venv (rmw_x) | 10/12, 10/12 ms | 15/20, 15/20 ms | 7.6, 7.6 ms | 21, 21 ms "
        "| 1799 of 1800, 1799 of 1800 (99.9%) | 3, 0 |"
    )
