# SPDX-License-Identifier: Apache-2.0
"""Runs a benchmark in several environments in turns: rosless, and real ROS 2 distributions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

SOURCED = "sourced"  # the environment of this process
# Variables that another environment's Python must not see.
_LEFT_OUT = (
    "PYTHONPATH",
    "PYTHONHOME",
    "AMENT_PREFIX_PATH",
    "LD_LIBRARY_PATH",
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "RMW_IMPLEMENTATION",
)


def command(world: str, script: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the variables to run a Python script in an environment.

    Args:
        world: the folder of a virtual environment, or SOURCED.
        script: its file.
        words: its arguments.

    Raises:
        SystemExit: there is no such environment.
    """
    if world == SOURCED:
        return [sys.executable, str(script), *words], dict(os.environ)
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    folder = Path(world).absolute()
    python, setup = folder / "bin" / "python", folder / "setup.bash"
    if not python.is_file():
        raise SystemExit(
            f"{world}: no Python in its bin; `make .venv/.test` makes .venv, and "
            "`tools/ros2_environment.py jazzy` makes .venv-ros2/jazzy"
        )
    if not setup.is_file():
        kept["PATH"] = os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])
        return [str(python), str(script), *words], kept
    return [
        "bash",
        "-c",
        '. "$0" && exec "$@"',
        str(setup),
        str(python),
        str(script),
        *words,
    ], kept


def figures(world: str, script: Path, *words: str) -> dict:
    """Run the script, and return its last line, which is JSON."""
    line, environment = command(world, script, *words)
    done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{world}: {' '.join(line)} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def table(columns: dict[str, list[dict]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: a row for each environment, all rounds in each cell."""

    def of(rounds: list[dict], form: str, *names: str) -> str:
        return ", ".join(form.format(*(one[name] for name in names)) for one in rounds)

    heads = [
        "",
        "engine p50, p95",
        "stamp to subscriber p50, p95",
        "added at p95",
        "oldest frame taken up",
        "arrived of sent",
        "dropped",
    ]
    yield f"| {' | '.join(heads)} |"
    yield "| " + " | ".join(["---"] * len(heads)) + " |"
    for world, rounds in columns.items():
        cells = [
            f"{world} ({rounds[0]['middleware']})",
            of(rounds, "{:.0f}/{:.0f}", "engine p50", "engine p95") + " ms",
            of(rounds, "{:.0f}/{:.0f}", "latency p50", "latency p95") + " ms",
            of(rounds, "{:.1f}", "added") + " ms",
            of(rounds, "{:.0f}", "oldest") + " ms",
            of(rounds, "{} of {}", "arrived", "sent")
            + f" ({median(one['share'] for one in rounds):.1%})",
            of(rounds, "{}", "dropped"),
        ]
        yield f"| {' | '.join(cells)} |"
