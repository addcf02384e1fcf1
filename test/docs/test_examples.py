# SPDX-License-Identifier: Apache-2.0
"""The examples in the documents run, and what they name exists."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from documents import ARGUMENT, ROOT, TEXTS, blocks, choices, commands, named
from guided import Guided
from holistic_models import needs_holistic

import dwpose_ros
from dwpose_ros.guidance import load_phrases, load_profile
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene

LAUNCH_FILES = ("guide", "pose", "two_cameras")
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
}
TOO_LONG_S = 120  # for a command that hangs
has_library = hasattr(dwpose_ros, "WholeBody")
needs_library = pytest.mark.skipif(not has_library, reason="there is no dwpose_ros.WholeBody yet")


def run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=ENVIRONMENT,
        text=True,
        timeout=TOO_LONG_S,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def launch_arguments() -> dict[str, set[str]]:
    """The names that each launch file says it takes."""
    return {
        name: set(
            re.findall(
                r"^\s+'(\w+)':",
                run("ros2", "launch", "dwpose_ros", f"{name}.launch.py", "--show-args"),
                re.M,
            )
        )
        for name in LAUNCH_FILES
    }


@needs_library
@needs_holistic
@pytest.mark.parametrize("page, code", blocks("python", marked=True))
def test_an_example_runs(page, code, tmp_path):
    rgb = Scene(SimulatedCamera(), noise=0.0).render([SimulatedPerson(distance_m=2.5)])
    assert cv2.imwrite(str(tmp_path / "person.jpg"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    run(sys.executable, "-c", code, cwd=tmp_path)
    written = re.findall(r'imwrite\("(.+?)"', code)
    assert all((tmp_path / name).stat().st_size > 0 for name in written)


def test_there_are_examples_to_run():
    pages = [page for page, _ in blocks("python", marked=True)]
    assert {"README.md", "docs/reference/python.md"} <= set(pages)


@pytest.mark.parametrize("page, code", blocks("python"))
def test_what_an_example_imports_exists(page, code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names), ast.unparse(node)
        elif isinstance(node, ast.Import):
            for name in node.names:
                importlib.import_module(name.name)


@pytest.mark.parametrize("page, command", commands("ros2 launch dwpose_ros"))
def test_a_launch_command_has_only_arguments_that_the_file_takes(page, command, launch_arguments):
    file, *words = command.split()[3:]
    known = launch_arguments[file.removesuffix(".launch.py")]
    given = [ARGUMENT.match(word)[1] for word in words if ":=" in word]
    assert not set(given) - known


@pytest.mark.parametrize("page", TEXTS)
def test_arguments_and_their_values_exist(page, launch_arguments):
    allowed = choices()
    known = {*allowed, *set().union(*launch_arguments.values()), "use_sim_time"}
    for name, value in ARGUMENT.findall(TEXTS[page]):
        assert name in known, f"{name}:= is neither a launch argument nor a parameter"
        if re.fullmatch(r"[a-z_]+", value) and allowed.get(name):
            also = {"sim"} if name == "source" else set()
            assert value in allowed[name] | also, f"{name}:={value}"


def test_the_commands_were_found():
    assert len(commands("ros2 launch dwpose_ros")) > 20


@pytest.mark.parametrize("name", named(r"profile:=(\w+)"))
def test_a_profile_that_is_named_is_shipped(name):
    assert load_profile(ROOT / f"config/profiles/{name}.yaml")


@pytest.mark.parametrize("name", named(r"language:=(\w+)"))
def test_a_language_that_is_named_is_shipped(name):
    assert load_phrases(ROOT / f"config/phrases/{name}.yaml")


def test_all_that_is_shipped_is_documented():
    """And nothing else: the tables of profiles and languages are complete."""
    page = TEXTS["docs/reference/profile-file.md"].split("## Shipped profiles")[1]
    assert set(re.findall(r"^\| `(\w+)`", page, re.M)) == {
        p.stem for p in (ROOT / "config/profiles").glob("*.yaml")
    }
    line = re.search(r"Shipped: (.+)\.", TEXTS["docs/how-to/language.md"])[1]
    assert set(re.findall(r"`(\w+)`", line)) == {
        p.stem for p in (ROOT / "config/phrases").glob("*.yaml")
    }


@pytest.mark.parametrize("path", named(r"\b(config/[\w/]+\.\w+)"))
def test_a_file_of_config_that_is_named_is_there(path):
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(
    "kind, name",
    sorted({tuple(found.split("/")) for found in named(r"dwpose_ros/((?:msg|srv|action)/\w+)")}),
)
def test_an_interface_that_is_named_is_there(kind, name):
    assert (ROOT / kind / f"{name}.{kind}").is_file()


@pytest.mark.parametrize("name", named(r"ros2 run dwpose_ros (\w+)"))
def test_an_executable_that_is_named_is_there(name):
    if name == "predict" and not has_library:
        pytest.skip("there is no dwpose_ros.WholeBody yet")
    assert (ROOT / "scripts" / name).is_file()


@needs_library
@pytest.mark.parametrize("name", named(r"(?m)^dwpose (\w+)"))
def test_a_command_of_dwpose_has_the_options_that_are_named(name):
    told = run("dwpose", name, "--help")
    page = TEXTS["docs/reference/command-line.md"].split(f"## dwpose {name}")[1].split("\n## ")[0]
    missing = [option for option in re.findall(r"--[a-z][a-z-]+", page) if option not in told]
    if name == "models":  # whose subcommands have their own
        missing = [
            option
            for option in missing
            if option not in run("dwpose", "models", "fetch", "--help")
        ]
    assert not missing


@pytest.mark.parametrize(
    "page, text", [(page, text) for page, text in blocks("yaml") if "parts:" in text]
)
def test_a_profile_in_the_documents_loads(page, text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert load_profile(path).parts
    assert Guided(str(path.with_suffix(""))).run(90, until_captured=True).captures
    if "# steps" in text:
        path.write_text(text.replace("# steps", "steps"))
        assert len(load_profile(path).steps) == 2
