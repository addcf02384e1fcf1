# SPDX-License-Identifier: Apache-2.0
"""The captures that lie in a folder."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from dwpose_ros.capture.archive import LONGEST_SESSION, Archive, ArchiveError
from dwpose_ros.capture.storage import stem_of


@pytest.fixture
def write(tmp_path):
    """write('face', 100.0) -> the name of a capture of that time."""

    def make(label: str, time_s: float, document: str | None = None) -> str:
        stem = stem_of(label, int(time_s * 1e9))
        (tmp_path / f"{stem}.png").write_bytes(b"image")
        stamp = {"sec": int(time_s), "nanosec": 0}
        told = {
            "header": {"stamp": stamp},
            "quality": {"score": 71, "measures": {"motion": {"score": 5}}},
            "rejected": ["-0.1 s: why"],
        }
        (tmp_path / f"{stem}.json").write_text(document or json.dumps(told))
        return stem

    return make


def test_the_newest_come_first_by_session(tmp_path, write):
    first, second = write("a", 1e9), write("b", 1e9 + 200)
    third = write("c", 1e9 + 900)
    sessions = Archive(tmp_path).sessions()
    assert [[one.name for one in session] for session in sessions] == [[third], [second, first]]


def test_a_session_has_an_end_where_captures_have_none(tmp_path, write):
    names = [write("a", 1e9 + i) for i in range(LONGEST_SESSION + 2)]
    archive = Archive(tmp_path)
    new, old = ([one.name for one in session] for session in archive.sessions())
    assert (new, old) == (names[:-3:-1], names[-3::-1])


def test_what_somebody_has_seen_of_a_session_is_removed_whatever_changed_since(tmp_path, write):
    names = [write("a", 1e9 + i) for i in range(LONGEST_SESSION + 9)]
    archive = Archive(tmp_path)
    seen = [one.name for one in archive.sessions()[1]]
    archive.remove(archive.find(names[0]))  # as too old: so the sessions end elsewhere
    write("a", 1e9 + LONGEST_SESSION + 20)
    assert [one.name for one in archive.between(seen[0], seen[-1])] == seen[:-1]
    for ends in ((seen[-1], seen[0]), ("../a", seen[-1]), (seen[0], "b")):
        with pytest.raises(ArchiveError, match="no such session"):
            archive.between(*ends)


def test_of_many_captures_the_newest_sessions_are_read(tmp_path, write, monkeypatch):
    names = [write("a", 1e9 + 1000 * i) for i in range(9)]
    read, real = [], Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, **how: read.append(path) or real(path, **how)
    )
    archive = Archive(tmp_path)
    assert [session[0].name for session in archive.sessions(3)] == names[:-4:-1]
    assert len(read) == 3
    monkeypatch.setattr(os, "scandir", None)
    assert archive.find(names[0]).quality == 71


def test_an_impossible_date_is_as_old_as_can_be(tmp_path, write):
    name = write("a", 1e9)
    (tmp_path / "b_20269999-999999-999.png").write_text("")
    assert [session[0].name for session in Archive(tmp_path).sessions()] == [
        name,
        "b_20269999-999999-999",
    ]


def test_what_is_known_of_a_capture(tmp_path, write):
    write("my_label", 1e9)
    ((capture,),) = Archive(tmp_path).sessions()
    assert (capture.label, capture.time_s, capture.quality) == ("my_label", 1e9, 71.0)
    assert capture.measures == {"motion": {"score": 5}} and capture.rejected == ["-0.1 s: why"]
    assert set(capture.files) == {"image", "pose"}


@pytest.mark.parametrize(
    "document", ["", "{", "[]", "null", '{"header": 5}', '{"quality": [1]}', "[" * 100_000]
)
def test_a_damaged_pose_hides_no_picture(tmp_path, write, document):
    write("a", 1e9, document or " ")
    ((capture,),) = Archive(tmp_path).sessions()
    assert math.isnan(capture.quality) and not capture.measures and capture.time_s > 0


def test_what_is_no_capture_is_not_seen(tmp_path, write):
    name = write("a", 1e9)
    for other in ("notes.txt", "photo.png", ".dwpose_x.part", f"{name}.exe", "a_b.json"):
        (tmp_path / other).write_text("secret")
    (tmp_path / f"link_{name}.png").symlink_to("/etc/hostname")
    (tmp_path / f"folder_{name}.png").mkdir()
    assert [[one.name for one in session] for session in Archive(tmp_path).sessions()] == [[name]]


def test_removing_a_capture_leaves_the_others(tmp_path, write):
    name, other = write("a", 1e9), write("b", 1e9)
    archive = Archive(tmp_path)
    for ending in ("_overlay.jpg", "_posemap.png", "_openpose.json"):
        (tmp_path / f"{name}{ending}").write_text("x")
    archive.remove(archive.find(name))
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{other}.json", f"{other}.png"]


@pytest.mark.parametrize("name", ["../a", "", "/etc/passwd", "a\0b", "nothing"])
def test_a_name_that_is_not_there(tmp_path, write, name):
    write("a", 1e9)
    with pytest.raises(ArchiveError, match="no such"):
        Archive(tmp_path).find(name)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ArchiveError, match="nowhere is not there: no picture was taken yet"):
        Archive(tmp_path / "nowhere").sessions()


def test_a_change_on_disk_is_seen(tmp_path, write):
    name, archive = write("a", 1e9), Archive(tmp_path)
    assert archive.find(name).quality == 71
    (tmp_path / f"{name}.json").write_text('{"header": {"stamp": {"sec": 5, "nanosec": 0}}}')
    assert archive.find(name).time_s == 5.0
