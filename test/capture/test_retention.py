# SPDX-License-Identifier: Apache-2.0
"""What stays in the captures' folder, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from dwpose_ros.capture import Retention, remove_old, remove_unfinished, save
from dwpose_ros.capture.retention import UNFINISHED_S

NOW = 1_800_000_000.0


@pytest.fixture
def aged(tmp_path):
    """aged('name', 60) -> an empty file that is so many seconds old."""

    def make(name: str, age_s: float):
        path = tmp_path / name
        path.touch()
        os.utime(path, (NOW - age_s, NOW - age_s))
        return path

    return make


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    """Killed after the first of three files was begun."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"""
import os, signal, pathlib
from dwpose_ros.capture import storage
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
storage.write_atomically({{pathlib.Path({str(tmp_path)!r}) / "a.png": b"half"}})
""",
        ],
        check=False,
    )
    assert done.returncode < 0
    (left,) = tmp_path.iterdir()
    written = left.stat().st_mtime
    assert remove_unfinished(tmp_path, written + UNFINISHED_S - 1) == 0  # it may still be at it
    assert remove_unfinished(tmp_path, written + UNFINISHED_S + 1) == 1
    assert list(tmp_path.iterdir()) == []


def test_other_people_s_files_are_left_alone(aged, tmp_path):
    kept = [
        aged(name, 1e6)
        for name in (
            ".part",
            "film.mp4.part",
            ".rsync.part",
            "holiday.jpg",
            "a_20260101-120000-1234.png",
            "me_20260101-120000-123.gif",
            "report.json",
        )
    ]
    assert remove_unfinished(tmp_path, NOW) == remove_old(tmp_path, 60.0, NOW) == 0
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_old_captures_and_what_was_made_of_them_are_removed(tmp_path):
    files = save(
        tmp_path,
        "me",
        1_700_000_000_000_000_000,
        b"image",
        "png",
        {},
        np.zeros((4, 4, 3), np.uint8),
    )
    stem = files.image.stem
    for ending in ("_posemap.png", "_openpose.json"):
        (tmp_path / f"{stem}{ending}").touch()
    (tmp_path / f"{stem}~1.jpg").touch()
    written = files.image.stat().st_mtime
    assert remove_old(tmp_path, 3600.0, written + 3000) == 0
    assert remove_old(tmp_path, 3600.0, written + 4000) == 6
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_has_nothing_to_remove(tmp_path):
    assert remove_old(tmp_path / "nowhere", 1.0, NOW) == 0


def test_unfinished_files_are_removed_also_where_captures_are_kept_for_ever(aged, tmp_path):
    aged(".dwpose_x.part", UNFINISHED_S + 1)
    kept = aged("me_20260101-120000-123.png", 1e9)
    assert Retention(NOW, 5.0).tidy([tmp_path], 0.0, NOW, 5.0) == 0
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("set_by_s", [30 * 86400, -30 * 86400])
def test_a_clock_that_is_set_changes_nobody_s_age(aged, tmp_path, set_by_s):
    """Computers of robots often have no clock of their own: it is set once there is a network."""
    wall, steady = NOW, 100.0
    retention = Retention(wall, steady)
    before = aged("before_20260101-120000-000.png", 1800)  # by whatever clock there was then
    changed = before.stat().st_mtime
    fresh = aged("fresh_20260101-120000-000.png", -5)
    wall, steady = wall + 10, steady + 10
    assert retention.tidy([tmp_path], 3600.0, wall, steady) == 0
    wall, steady = wall + 10 + set_by_s, steady + 10
    assert retention.tidy([tmp_path], 3600.0, wall, steady) == (set_by_s > 0)
    assert wall - fresh.stat().st_mtime == pytest.approx(15)
    assert set_by_s > 0 or before.stat().st_mtime == changed
    wall, steady = wall + 3600, steady + 3600
    retention.tidy([tmp_path], 3600.0, wall, steady)
    assert not fresh.exists()


def test_a_clock_that_is_set_counts_for_all_folders(aged, tmp_path):
    retention, names = Retention(NOW, 0.0), ("one", "two")
    files = [aged(f"{name}_20260101-120000-000.png", -5) for name in names]
    for name, file in zip(names, files):
        (tmp_path / name).mkdir()
        file.rename(tmp_path / name / file.name)
    folders, set_by_s = [tmp_path / name for name in names], 30 * 86400
    assert retention.tidy(folders, 3600.0, NOW + 10 + set_by_s, 10.0) == 0
    assert retention.tidy(folders, 3600.0, NOW + 3700 + set_by_s, 3700.0) == 2
