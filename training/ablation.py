# SPDX-License-Identifier: Apache-2.0
"""What each stage of DWPose's distillation brings: a table over several seeds.

    python -m training.ablation --data people --val people_val --out runs/ablation

A teacher is trained once. Then, for each seed, the same small network four ways: plain; with the
first stage; with the second alone, whose teacher is the plain network; with both. The second stage
has a fifth of the epochs. As it is more training, a fifth row trains the plain network for as
long as both stages take. All are measured after their last epoch, on people that none has seen.

Results are kept in OUT/results.json after each run; the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from training.checkpoints import check_folder, network, save
from training.console import Stop
from training.data import Joined, read
from training.evaluation import evaluate
from training.settings import Settings, SettingsError
from training.train import Trainer

# Each row: its name, the run whose network teaches it, its mode.
ROWS = {
    "plain": ("", "plain"),
    "stage 1": ("teacher", "stage1"),
    "stage 2": ("plain", "stage2"),
    "both": ("stage 1", "stage2"),
    "plain, longer": ("", "plain"),
}
COLUMNS = {"whole": "all", "body": "body", "feet": "feet", "face": "face",
           "left_hand": "left hand", "right_hand": "right hand"}  # fmt: skip
SECOND = 5  # epochs of the first stage for one of the second


class Stopped(Exception):
    """SIGINT or SIGTERM has asked for the end."""


class Ablation:
    """All runs.

    Args:
        base: settings of the plain network.
        teacher: factors of the teacher's depth and width, and its epochs.
        people: to learn from.
        val: to measure on.
        out: folder of results and networks.
        stop: asked after each step.
    """

    def __init__(
        self,
        base: Settings,
        teacher: tuple[float, float, int],
        people: Joined,
        val: Joined,
        out: Path,
        stop: Stop | None = None,
    ) -> None:
        self._base, self._people, self._val, self._out = base, people, val, out
        deepen, widen, epochs = teacher
        self._teacher = replace(base, deepen=deepen, widen=widen, epochs=epochs)
        self._stop, self._path = stop, out / "results.json"
        told = {"base": vars(base), "teacher": list(teacher), "people": [len(people), len(val)]}
        self._told = json.loads(json.dumps(told))
        self.results: dict[str, dict[str, float]] = {}
        if self._path.is_file():
            kept = json.loads(self._path.read_text("utf-8"))
            if kept["settings"] != self._told:
                raise SettingsError(f"{self._path}: is of other settings; wanted another --out")
            self.results = kept["results"]

    def run(self, seeds: Sequence[int]) -> None:
        """Do all runs that are not yet done.

        Raises:
            Stopped: the end was asked for; what is done is kept.
        """
        self._once("teacher", self._teacher, "")
        for seed in seeds:
            for name, (taught_by, mode) in ROWS.items():
                settings = replace(self._base, mode=mode, seed=seed)
                if mode == "stage2":
                    settings = replace(settings, epochs=max(settings.epochs // SECOND, 1))
                if name == "plain, longer":
                    more = max(settings.epochs // SECOND, 1)
                    settings = replace(settings, epochs=settings.epochs + more)
                wise = taught_by if taught_by in ("", "teacher") else f"{taught_by} {seed}"
                self._once(f"{name} {seed}", settings, wise)

    def _once(self, name: str, settings: Settings, taught_by: str) -> None:
        if name in self.results:
            return
        teacher = network(self._file(taught_by)) if taught_by else None
        trainer = Trainer(settings, self._people, (), teacher)
        if not trainer.run(self._stop, say=None):
            raise Stopped
        save(self._file(name), trainer.state())
        found = evaluate(trainer.average.model, self._val, settings.batch)
        self.results[name] = {**found, "loss": trainer.loss}
        text = json.dumps({"settings": self._told, "results": self.results}, indent=1)
        write_atomically({self._path: text.encode()})
        print(f"{name}: {found['whole']:.3f} of the points", file=sys.stderr, flush=True)

    def _file(self, name: str) -> Path:
        return self._out / f"{name.replace(' ', '_').replace(',', '')}.pth"


def table(results: dict[str, dict[str, float]], seeds: Sequence[int]) -> str:
    """Return the table in Markdown: percent of points found, mean and standard deviation.

    The last column is the difference from the plain network of the same seed.
    """
    heads = ["", *COLUMNS.values(), "median px", "all, beside plain"]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name in ["teacher", *ROWS]:
        runs = [results[name]] if name == "teacher" else [results[f"{name} {s}"] for s in seeds]
        cells = [_cell([100 * run[column] for run in runs]) for column in COLUMNS]
        cells.append(_cell([run["pixels"] for run in runs]))
        beside = [100 * (r["whole"] - results[f"plain {s}"]["whole"]) for r, s in zip(runs, seeds)]
        cells.append("" if name in ("teacher", "plain") else _cell(beside, "+.1f"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float], form: str = ".1f") -> str:
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):{form}}{spread}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.ablation", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="sources, as of training.train")
    add("--val", nargs="+", required=True, help="people to measure on")
    add("--out", type=Path, default=Path("runs/ablation"))
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
    add("--size", default="t", help="of the small network (default: t)")
    add("--input", default="", help="WIDTHxHEIGHT px, if not the size's")
    add("--deepen", type=float, default=0.0, help="if not the size's")
    add("--widen", type=float, default=0.0, help="if not the size's")
    add("--teacher-deepen", type=float, default=0.67, help="default: that of m")
    add("--teacher-widen", type=float, default=0.75, help="default: that of m")
    add("--teacher-epochs", type=int, help="default: as the small network's")
    add("--epochs", type=int, default=100, help="of plain and stage 1 (default: 100)")
    add("--batch", type=int, default=64)
    add("--rate", type=float, default=4e-3, help="for a batch of 512 (default: 0.004)")
    add("--warm-up", type=int, default=100, help="steps (default: 100)")
    add("--augment", action=argparse.BooleanOptionalAction, default=True)
    add("--device", default="auto")
    add("--workers", type=int, default=0)
    return parser


def main(arguments: list[str] | None = None) -> int:
    given: dict[str, Any] = vars(_parser().parse_args(arguments))
    out, seeds = given.pop("out"), given.pop("seeds")
    teacher = (given.pop("teacher_deepen"), given.pop("teacher_widen"),
               given.pop("teacher_epochs") or given["epochs"])  # fmt: skip
    try:
        base = Settings(**given)
        base.check()
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise SettingsError(f"--seeds {seeds}: wanted different numbers from 0 up")
        check_folder(out)
        people, val = read(base.data), read(base.val)
        ablation = Ablation(base, teacher, people, val, out, Stop())
        ablation.run(seeds)
    except DwposeError as err:
        print(f"ablation: {err}", file=sys.stderr)
        return 1
    except Stopped:
        print("ablation: stopped; the same command goes on", file=sys.stderr)
        return 128 + signal.SIGINT
    print(table(ablation.results, seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
