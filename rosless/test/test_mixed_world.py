# SPDX-License-Identifier: Apache-2.0
"""Beside a real rclpy that lacks launch, cv_bridge or ros2, rosless supplies only those.

Without a ROS 2, stubs stand for its packages. How rosless's packages work on a real rclpy is
tested by test_mixed_world_commands.py, with `make test-ros2`.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import supervised

import rosless

REAL = rosless.ros2_is_sourced()
real = pytest.mark.skipif(not REAL, reason="there is no real rclpy: make test-ros2 has one")
stubs = pytest.mark.skipif(REAL, reason="a real rclpy is there, and so no stub is needed")
SPEAKING = "import sys; from rosless.ros2 import main; sys.exit(main())"


@pytest.fixture
def install(tmp_path):
    """install("rclpy", ...) -> the environment of a program that finds other ones of these."""

    def make(*packages: str) -> dict[str, str]:
        folder = tmp_path / "real"
        for package in packages:
            (folder / package).mkdir(parents=True, exist_ok=True)
            (folder / package / "__init__.py").touch()
        kept = {n: v for n, v in os.environ.items() if n != "AMENT_PREFIX_PATH"}
        return {**kept, "PYTHONPATH": str(folder)}

    return make


def python(
    code: str, *words: str, env: dict[str, str] | None = None, **options
) -> subprocess.CompletedProcess:
    return supervised.run([sys.executable, "-c", code, *words], env=env, **options)


def ours(env: dict[str, str]) -> list[str]:
    """Return the packages that rosless supplies to a program in an environment."""
    done = python(
        "import importlib.util, json, rosless\n"
        "specs = {name: importlib.util.find_spec(name) for name in rosless.PROVIDED}\n"
        "print(json.dumps([name for name, spec in specs.items() if spec and\n"
        "                  (spec.origin or '').startswith(rosless.PACKAGES)]))",
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@stubs
@pytest.mark.parametrize(
    "installed, supplied",
    [
        ((), "rclpy launch launch_ros ament_index_python cv_bridge"),
        (("launch", "cv_bridge"), "rclpy launch launch_ros ament_index_python cv_bridge"),
        (("rclpy",), "launch launch_ros ament_index_python cv_bridge"),
        (("rclpy", "ament_index_python"), "launch launch_ros cv_bridge"),
        (("rclpy", "cv_bridge"), "launch launch_ros ament_index_python"),
        (
            ("rclpy", "launch"),
            "ament_index_python cv_bridge",
        ),  # rosless's does not know a real launch
        (("rclpy", "launch_ros", "cv_bridge"), "ament_index_python"),
        (rosless.PROVIDED, ""),
    ],
)
def test_rosless_supplies_what_is_missing(install, installed, supplied):
    assert ours(install(*installed)) == supplied.split()


@stubs
def test_a_folder_of_that_name_is_no_package(install, tmp_path):
    env = install()
    (tmp_path / "real/rclpy").mkdir(parents=True)
    assert ours(env) == list(rosless.PROVIDED)
    (tmp_path / "real/launch").mkdir()
    assert "launch" in ours(install("rclpy"))


@stubs
def test_nothing_is_added_to_python_where_nothing_is_missing(install):
    code = (
        "import sys; print([type(f).__module__ for f in sys.meta_path if "
        "type(f).__module__.startswith('rosless')])"
    )
    assert python(code, env=install(*rosless.PROVIDED)).stdout == "[]\n"


@stubs
def test_messages_are_never_ours_beside_a_real_rclpy(install):
    done = python("import std_msgs.msg", env=install("rclpy"))
    assert "ModuleNotFoundError: No module named 'std_msgs'" in done.stderr


@stubs
def test_ros2_is_ours_unless_there_is_another(install, tmp_path):
    done = python(SPEAKING, "pkg", "prefix", "no_such", env=install("rclpy"))
    assert done.returncode == 1 and "Package 'no_such' not found" in done.stderr
    env = install("rclpy", "ros2cli")
    assert (
        "its ros2 command is not on PATH"
        in python(SPEAKING, "pkg", env={**env, "PATH": str(tmp_path)}).stderr
    )
    (tmp_path / "ros2").write_text("#!/bin/sh\necho real $*\n")
    (tmp_path / "ros2").chmod(0o755)
    path = os.pathsep.join([str(tmp_path), env["PATH"]])
    assert python(SPEAKING, "pkg", "list", env={**env, "PATH": path}).stdout == "real pkg list\n"


@stubs
def test_ros2_launch_with_somebody_elses_launch(install):
    done = python(SPEAKING, "launch", "x.launch.py", env=install("rclpy", "launch"))
    assert done.returncode == 1 and done.stderr.endswith(
        "ros2cli and ros2launch too: install them\n"
    )


ABOVE_RCLPY = [
    file
    for part in ("ros2", "packages/launch", "packages/launch_ros", "packages/cv_bridge")
    for file in sorted(Path(rosless.__file__).parent.joinpath(part).rglob("*.py"))
]


@pytest.mark.parametrize("file", ABOVE_RCLPY, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_what_stands_on_rclpy_uses_its_public_names(file):
    """Otherwise it would run only on rosless's own rclpy."""
    hidden = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rclpy"):
            hidden |= {
                part
                for part in [*node.module.split("."), *(a.name for a in node.names)]
                if part.startswith("_")
            }
        elif (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not (
                isinstance(node.value, ast.Name)
                and node.value.id in ("self", "cls")
                or isinstance(node.value, ast.Call)
                or node.attr.startswith("__")
            )
        ):
            hidden.add(node.attr)
    assert not hidden


@real
def test_what_is_real_here():
    import cv_bridge
    import launch_ros
    import rclpy
    import std_msgs.msg

    folder = str(Path(rosless.__file__).parent)
    assert not rclpy.__file__.startswith(folder)
    assert not std_msgs.msg.__file__.startswith(folder)
    for package in (cv_bridge, launch_ros):
        assert package.__name__ not in rosless.supplied() or package.__file__.startswith(folder)
