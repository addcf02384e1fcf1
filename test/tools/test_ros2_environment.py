# SPDX-License-Identifier: Apache-2.0
"""The environment of `make test-ros2`: what it asks of the machine, and what it makes anew."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tool():
    """The script, as a module of its own in each test."""
    spec = importlib.util.spec_from_file_location("environment", TOOLS / "ros2_environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def steps(tool, tmp_path, monkeypatch):
    """steps() -> what `make` did for a package of one message, all of it pretended."""
    package = tmp_path / "package"
    (package / "msg").mkdir(parents=True)
    (package / "msg/Seen.msg").write_text("bool seen\n")
    (package / "CMakeLists.txt").write_text("project(x)\n")
    monkeypatch.setattr(tool, "_PACKAGES", {"x": package})
    done: list[str] = []

    class Pretended(tool.Environment):
        def _install_wheels(self) -> None:
            done.append("wheels")
            self.prefix.mkdir(parents=True, exist_ok=True)

        def _build(self, name: str, source: Path) -> None:
            done.append(f"build {name}")
            if "broken" in (source / "msg/Seen.msg").read_text():
                raise tool.EnvironmentMissing("cmake failed")

        def _copy_package(self) -> None:
            done.append("copy")

        def _copy_rosless(self) -> None:
            done.append("rosless")

    def make(distribution: str = "jazzy") -> list[str]:
        done.clear()
        Pretended(distribution, tmp_path / "made").make()
        return list(done)

    make.done, make.package = done, package
    return make


def test_what_is_missing_is_named_as_debian_names_it(tool, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tool.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    monkeypatch.setattr(tool, "find_spec", lambda name: None)
    with pytest.raises(
        tool.EnvironmentMissing,
        match=r"apt-get install g\+\+ cmake ninja-build "
        "python3-dev python3-venv$",
    ):
        tool.check_machine((3, 11))
    for program in ("g++", "ninja"):
        (tmp_path / program).touch(mode=0o755)
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr(tool, "find_spec", lambda name: name)
    assert tool.missing_packages() == ["cmake"]


def test_a_python_without_wheels(tool):
    with pytest.raises(tool.EnvironmentMissing, match=r"3\.13 has no .* use 3\.11 or 3\.12"):
        tool.check_machine((3, 13))


def test_what_is_there_is_not_made_again(steps):
    assert steps() == ["wheels", "build x", "copy", "rosless"]
    assert steps() == ["copy", "rosless"]
    assert steps("kilted") == ["wheels", "build x", "copy", "rosless"]
    (steps.package / "scripts").mkdir()  # no interface is made from these
    assert steps() == ["copy", "rosless"]


@pytest.mark.parametrize(
    "change",
    [
        lambda package: (package / "msg/Seen.msg").write_text("bool unseen\n"),
        lambda package: (package / "msg/Met.msg").write_text("bool met\n"),
        lambda package: (package / "CMakeLists.txt").write_text("project(y)\n"),
        lambda package: (package / "package.xml").write_text("<package/>\n"),
        lambda package: ((package / "srv").mkdir(), (package / "srv/See.srv").write_text("---\n")),
    ],
)
def test_interfaces_are_built_again_when_what_they_are_made_from_changes(steps, change):
    steps()
    change(steps.package)
    assert steps() == ["build x", "copy", "rosless"]


def test_other_requirements_make_another_environment(tool, steps, tmp_path, monkeypatch):
    steps()
    other = tmp_path / "requirements"
    other.mkdir()
    for file in tool.REQUIREMENTS.glob("*.txt"):
        (other / file.name).write_text(file.read_text() + "x==1\n")
    monkeypatch.setattr(tool, "REQUIREMENTS", other)
    assert steps() == ["wheels", "build x", "copy", "rosless"]


def test_what_failed_is_tried_again(tool, steps):
    message = steps.package / "msg/Seen.msg"
    steps()
    message.write_text("broken\n")
    for _ in range(2):
        with pytest.raises(tool.EnvironmentMissing):
            steps()
        assert steps.done == ["build x"]
    message.write_text("bool seen\n")
    assert steps() == ["build x", "copy", "rosless"]


def test_a_command_that_fails_is_shown_with_what_it_wrote(tool):
    with pytest.raises(tool.EnvironmentMissing, match=r"(?s)failed with exit code 3:.*no space"):
        tool._run(sys.executable, "-c", "print('no space'); raise SystemExit(3)")


def test_what_is_sourced_is_that_environment_alone(tool, steps, tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/elsewhere")
    monkeypatch.setenv("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "1")
    monkeypatch.setenv("AMENT_PREFIX_PATH", "/opt/ros/other")
    monkeypatch.setenv("PYTHONPATH", "/opt/ros/other/lib")
    steps("kilted")
    prefix = tmp_path / "made/kilted"
    sourced = dict(
        line.split("=", 1)
        for line in subprocess.run(
            # Not Python: that of ROS 2's wheels sets some of these again when it starts.
            ["bash", "-c", f". {prefix}/setup.bash; env -0"],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout.split("\0")
        if line
    )
    for found in (sourced, tool.Environment("kilted", tmp_path / "made").environment()):
        assert found["AMENT_PREFIX_PATH"] == str(prefix) and found["ROS_DISTRO"] == "kilted"
        assert found["PATH"].startswith(f"{prefix}/bin:")
        assert not {"LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE", "PYTHONPATH"} & {*found}


@pytest.mark.parametrize("distribution, name", [("jazzy", "FASTRTPS"), ("kilted", "FASTDDS")])
def test_the_profile_of_fast_dds_is_used_where_there_is_one(tool, tmp_path, distribution, name):
    made = tool.Environment(distribution, tmp_path)
    assert not [v for v in made.variables() if v.endswith("_DEFAULT_PROFILES_FILE")]
    profile = tmp_path / distribution / "share/dwpose_ros/config/fastdds.xml"
    profile.parent.mkdir(parents=True)
    profile.touch()
    found = {v for v in made.variables().items() if v[0].endswith("_DEFAULT_PROFILES_FILE")}
    assert found == {(f"{name}_DEFAULT_PROFILES_FILE", str(profile))}


def test_paths_of_the_machine_that_built_the_wheels(tool, tmp_path, monkeypatch):
    made = tool.Environment("jazzy", tmp_path)
    file = made.prefix / "share/a/cmake/aExport.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(
        'INCLUDE "/opt/python/cp311-cp311/include/python3.11;'
        '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include;x"'
    )
    monkeypatch.setattr(made, "_ask", lambda code: ["/py/include", "/np/include"])
    made._mend_paths()
    assert file.read_text() == 'INCLUDE "/py/include;/np/include;x"'


@pytest.mark.parametrize("file", sorted((TOOLS / "ros2").glob("*.txt")), ids=lambda f: f.stem)
def test_every_requirement_has_its_version(file):
    lines = [
        line
        for line in file.read_text().splitlines()
        if line and not line.startswith(("#", "-r python.txt"))
    ]
    assert len(lines) > 40 and all("==" in line for line in lines)
