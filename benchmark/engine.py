#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the engine with the runtimes that a user would choose instead, on the same networks.

The networks have DWPose's exact architectures with random weights (training/export.py), since the
time does not depend on the weights. Each baseline runs in a process of its own, so that the
threads of one do not slow another. They take turns. Printed are medians of the turns' ratios, of
wall time and of CPU time. Needs rtmlib, and openvino for its rows: see benchmark/README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from baselines import (
    DATA,
    DETECT_EVERY,
    PHOTOGRAPH,
    ROOT,
    Baseline,
    Work,
    bare,
    official,
    ours,
    rtmlib,
    standing,
)
from engine_details import agreement, memory, stages


class Bar(NamedTuple):
    """What a row must reach: the smallest ratio, the largest share of CPU time, and the most that
    is ours beyond the bare network, ms and as a share of the peer's."""

    ratio: float
    cpu: float = np.inf
    beyond_ms: float = np.inf
    beyond: float = np.inf


# Where the network takes nearly all of the time, a ratio of the whole says nothing: 3 % are noise.
LEAST, HALF = 0.97, 0.5


def _pose(people: int) -> Bar:
    return Bar(LEAST, beyond_ms=1.0 if people == 1 else 3.0, beyond=HALF)


def bars(device: str) -> dict[Work, Bar]:
    """Return the rows of a device: each work, and its bar."""
    rows: dict[Work, Bar] = {}
    if device != "cpu":
        for name in ("t", "m", "l-384"):
            rows[Work("pose", name, 1)] = Bar(1.3)
            rows[Work("pose", name, 5)] = Bar(3.0)
        return rows
    for name in ("t", "m", "l-384"):
        for people in (1, 5):
            rows[Work("pose", name, people)] = _pose(people)
    for name in ("t", "m"):
        for paced in (False, True):
            rows[Work("image", name, 1, paced=paced)] = Bar(1.6, 0.6)
    for name in ("t", "m", "l-384"):
        for people in (1, 5):
            rows[Work("pose", name, people, "openvino")] = _pose(people)
    for name in ("t", "m"):
        rows[Work("video", name, 1)] = Bar(1.3)
        rows[Work("video without ids", name, 1)] = Bar(1.0)
    return rows


class Row(NamedTuple):
    """The result of one row, against the fastest peer."""

    peer: str
    ours_ms: float
    peer_ms: float
    ratio: float
    """The peer's wall time divided by ours."""
    cpu: float
    """Our CPU time divided by the peer's."""
    beyond_ms: float = np.nan
    """What is ours beyond the bare network."""
    peer_beyond_ms: float = np.nan

    def holds(self, bar: Bar) -> bool:
        """Whether the row reaches its bar."""
        most = min(bar.beyond_ms, bar.beyond * max(self.peer_beyond_ms, 0.0))
        beyond = np.isnan(self.beyond_ms) or self.beyond_ms <= most
        return bool(self.ratio >= bar.ratio and self.cpu <= bar.cpu and beyond)


def compare(baselines: list[Baseline], work: Work, turns: int, count: int) -> Row:
    """Time the baselines in alternating turns; the first baseline is ours."""
    found: dict[str, list[tuple[float, float]]] = {c.name: [] for c in baselines}
    for i in range(turns + 1):
        for baseline in baselines if i % 2 else baselines[::-1]:
            spent = baseline.turn(count, work.paced)
            if i:  # the first is for warming up
                found[baseline.name].append(spent)
    times = {name: np.array(spent) for name, spent in found.items()}
    our = times.pop(baselines[0].name)
    alone = times.pop(bare.__name__, np.full_like(our, np.nan))
    peer = min(times, key=lambda name: np.median(times[name][:, 0]))
    ratios = times[peer] / our
    return Row(
        peer,
        np.median(our[:, 0]) * 1e3,
        np.median(times[peer][:, 0]) * 1e3,
        float(np.median(ratios[:, 0])),
        float(np.median(1 / ratios[:, 1])),
        float(np.median((our - alone)[:, 0])) * 1e3,
        float(np.median((times[peer] - alone)[:, 0])) * 1e3,
    )


def networks(folder: Path, names: list[str]) -> dict[str, Path]:
    """Return the pose networks' files, and export those that do not exist yet."""
    found = {n: folder / f"dwpose-{n}.onnx" for n in names}
    if not all(path.is_file() for path in found.values()):
        sys.path.insert(0, str(ROOT / "training"))
        from export import build, export

        folder.mkdir(parents=True, exist_ok=True)
        for name, path in found.items():
            if not path.is_file():
                export(build(name), path)
    return found


def line(row: Row, bar: Bar) -> str:
    """Format a row's numbers, its bar, and whether it holds."""
    limit = f">= {bar.ratio:g}x" + (f", CPU <= {bar.cpu:.0%}" if bar.cpu < 9 else "")
    if bar.beyond_ms < np.inf:
        limit += (
            f", {row.beyond_ms:.2f} ms beyond the network <= {bar.beyond_ms:g} and "
            f"{bar.beyond:g} x {row.peer_beyond_ms:.2f}"
        )
    return (
        f"{row.ours_ms:8.2f}{row.peer_ms:8.2f}{row.ratio:7.2f}{row.cpu:6.0%}  "
        f"{limit}: {'holds' if row.holds(bar) else 'BROKEN'} ({row.peer})"
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("networks", nargs="*", default=["t", "m", "l-384"])
    add("--folder", type=Path, default=Path("models"), help="of the networks")
    add("--detector", type=Path, default=DATA / "rtmdet_nano_person.onnx")
    add("--device", default="cpu", choices=("cpu", "cuda", "tensorrt"))
    add(
        "--official",
        type=Path,
        metavar="FOLDER",
        help="with onnxpose.py, of the official code's branch onnx",
    )
    add("--turns", type=int, default=20)
    add("--only", default="", help="rows that contain this text")
    add("--frames", type=int, default=0, help="of the memory's row, e.g. 10000")
    return parser.parse_args()


def measure(work: Work, pose: Path, args: argparse.Namespace) -> Row:
    """Compare our engine with the others on one row's work."""
    pose = standing(pose) if work.kind.startswith("video") else pose
    peers = [rtmlib]
    if args.official and work.kind == "pose" and work.runtime == "onnxruntime":
        peers.append(official)
    if work.kind == "pose" and args.device == "cpu":
        peers.append(bare)
    baselines = [Baseline(make, work, pose, args.detector, args.device) for make in (ours, *peers)]
    count = 2 * DETECT_EVERY if work.kind.startswith("video") else 30 if work.paced else 5
    row = compare(baselines, work, max(4, args.turns // (4 if work.paced else 1)), count)
    for baseline in baselines:
        baseline.close()
    return row


def main() -> int:
    args = arguments()
    files = networks(args.folder, args.networks)
    if args.official:
        # The baselines' processes read it, too.
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(args.official), os.environ.get("PYTHONPATH", "")]
        )
        sys.path.insert(0, str(args.official))
    print(f"{os.cpu_count()} cores, device {args.device}, {args.turns} turns; ms a frame\n")
    print(f"{'work':<66}{'ours':>8}{'peer':>8}{'ratio':>7}{'CPU':>6}  bar")
    broken = 0
    for work, bar in bars(args.device).items():
        if args.only not in str(work) or work.network not in files:
            continue
        absent = [f for f in (args.detector, PHOTOGRAPH) if not f.is_file()]
        if work.kind != "pose" and absent:
            print(f"{work!s:<66}  left out: {absent[0]} is absent")
            continue
        row = measure(work, files[work.network], args)
        broken += not row.holds(bar)
        print(f"{work!s:<66}{line(row, bar)}", flush=True)
    print()
    for name, path in files.items():
        if args.only in "agreement":
            print(f"agreement, {name}: {agreement(path, args.official)}", flush=True)
        if args.device != "cpu":
            print(f"stages, {name}: {stages(path, args.detector, args.device)}", flush=True)
    if args.frames:
        print(memory(standing(next(iter(files.values()))), args.detector, args.frames))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
