# SPDX-License-Identifier: Apache-2.0
"""The ablation's runs and its table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from learners import write_people  # noqa: E402

from training.ablation import ROWS, main, table  # noqa: E402
from training.checkpoints import load  # noqa: E402


def test_all_runs_are_done_once_and_their_table_is_written(tmp_path, capsys):
    write_people(tmp_path / "people", 4)
    arguments = [
        "--data", str(tmp_path / "people"), "--val", str(tmp_path / "people"),
        "--out", str(tmp_path / "out"), "--seeds", "0", "1", "--input", "64x64", "--deepen", "0.167",
        "--widen", "0.0625", "--teacher-deepen", "0.167", "--teacher-widen", "0.125",
        "--epochs", "5", "--batch", "4", "--warm-up", "1", "--device", "cpu",
    ]  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr()
    results = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    assert set(results) == {"teacher"} | {f"{row} {seed}" for row in ROWS for seed in (0, 1)}
    assert said.err.count("\n") == 11 and said.out.count("\n") == 2 + 6
    states = {n: load(tmp_path / "out" / f"{n}_0.pth") for n in ("plain", "stage_2", "both")}
    assert [states[n]["settings"]["epochs"] for n in states] == [5, 1, 1]
    assert load(tmp_path / "out" / "plain_longer_0.pth")["step"] == 6
    stem = "backbone.stem.0.conv.weight"
    kept = {n: state["state_dict"][stem] for n, state in states.items()}
    assert torch.equal(kept["plain"], kept["stage_2"])
    assert not torch.equal(kept["plain"], kept["both"])

    assert main(arguments) == 0
    again = capsys.readouterr()
    assert again.out == said.out and not again.err
    assert main([*arguments, "--rate", "1"]) == 1
    assert "is of other settings; wanted another --out" in capsys.readouterr().err


def test_the_table_gives_mean_spread_and_difference():
    def run(whole):
        parts = ("whole", "body", "feet", "face", "left_hand", "right_hand")
        return {**dict.fromkeys(parts, whole), "pixels": 2.0}

    results = {"teacher": run(0.9)}
    for seed, plain in enumerate((0.5, 0.6)):
        for add, row in enumerate(ROWS):
            results[f"{row} {seed}"] = run(plain + 0.1 * add)
    lines = table(results, range(2)).splitlines()
    assert lines[2].startswith("| teacher | 90.0 | ") and lines[2].endswith("| 2.0 |  |")
    assert lines[3].startswith("| plain | 55.0 ± 7.1 | ") and lines[3].endswith("|  |")
    assert lines[6].startswith("| both | 85.0 ± 7.1 | ") and lines[6].endswith("| +30.0 ± 0.0 |")
