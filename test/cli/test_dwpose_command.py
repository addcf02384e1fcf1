# SPDX-License-Identifier: Apache-2.0
"""The command `dwpose` and its siblings as users start them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dwpose_ros.cli import main as subject

ROOT = Path(__file__).resolve().parents[2]


def dwpose(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dwpose_ros.cli.main", *arguments],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_help_names_every_command():
    answer = dwpose("--help")
    assert answer.returncode == 0 and not answer.stderr
    for name, text in subject.COMMANDS.items():
        assert f"{name} " in answer.stdout and text in answer.stdout
        assert (ROOT / "dwpose_ros" / "cli" / f"{name}.py").is_file()
        assert os.access(ROOT / "scripts" / name, os.X_OK)


@pytest.mark.parametrize("command", subject.COMMANDS)
def test_each_command_has_help_under_both_its_names(command):
    as_sibling = dwpose(command, "--help")
    assert as_sibling.returncode == 0
    assert as_sibling.stdout.startswith(f"usage: dwpose {command} ")
    script = subprocess.run(
        [sys.executable, ROOT / "scripts" / command, "--help"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert script.returncode == 0 and script.stdout.startswith(f"usage: {command} ")


def test_a_commands_exit_code_is_its_own():
    answer = dwpose("models", "verify", "no-such-model")
    assert answer.returncode == 1
    assert answer.stderr.startswith("model 'no-such-model' is unknown; there are ")


def test_who_has_read_enough_ends_it():
    """As `dwpose models list | head -1`."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "dwpose_ros.cli.main", "models", "list"],
        stdout=write, stderr=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [(), ("predictt",), ("--nonsense",)])
def test_wrong_usage(arguments):
    answer = dwpose(*arguments)
    assert answer.returncode == 2 and "usage: dwpose" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_options_reach_the_command(capsys):
    with pytest.raises(SystemExit) as stop:
        subject.main(["predict", "--frames"])
    assert stop.value.code == 2
    assert "dwpose predict: error: argument --frames" in capsys.readouterr().err


def test_help_is_quick_because_no_command_is_imported():
    code = (
        "import sys; from dwpose_ros.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(sorted({'cv2', 'numpy', 'onnxruntime'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "[]", answer.stderr
