# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from dwpose_ros.capture import CaptureError, check_label, save
from dwpose_ros.capture.storage import pose_document, write_atomically
from dwpose_ros.core.keypoints import NAMES
from dwpose_ros.core.text import shown

STAMP = 1_700_000_000_123_456_789
PIXELS = np.ascontiguousarray(astronaut()[::4, ::4, ::-1])
PNG = cv2.imencode(".png", PIXELS)[1].tobytes()
POSE = {"persons": [{"id": 1, "keypoints": [[1.5, 2.25, 0.75]] * 133}]}


def take(
    folder: Path, label: str = "front", stamp_ns: int = STAMP, pose=POSE, image=PNG, overlay=PIXELS
):
    return save(folder, label, stamp_ns, image, "png", pose, overlay)


def names(folder: Path) -> list[str]:
    """All that is in a folder, hidden files as well."""
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("label", ["", "a", "front", "Front-2_b", "0", "-", "_", "x" * 64])
def test_labels_that_can_be_in_a_name(label):
    assert check_label(label) == label


@pytest.mark.parametrize(
    "label",
    [
        "/",
        "a/b",
        "../up",
        "/etc/passwd",
        "a\\b",
        ".",
        "..",
        ".hidden",
        "a.b",
        "x" * 65,
        "x" * 1_000_000,
        "a b",
        " ",
        "a\n",
        "\n",
        "a\0",
        "é",
        "日本",
        "²",
        "a:b",
        "a~1",
        "*",
        "$(x)",
        "'",
    ],
)
def test_labels_that_cannot(label):
    with pytest.raises(CaptureError) as caught:
        check_label(label)
    message = str(caught.value)
    assert message.startswith(
        f"label {shown(label)} cannot be part of a file name: use at most 64 "
    )
    assert "\n" not in message and len(message) < 160


def test_three_files_with_the_label_and_the_stamp(tmp_path):
    files = take(tmp_path)
    assert names(tmp_path) == sorted(p.name for p in files)
    stem = files.image.stem
    assert stem.startswith("front_20") and stem.endswith("-123")
    assert [p.name for p in files] == [f"{stem}.png", f"{stem}.json", f"{stem}_overlay.jpg"]


def test_no_label_is_called_capture(tmp_path):
    assert take(tmp_path, label="").image.name.startswith("capture_")


def test_the_image_is_written_as_it_came(tmp_path):
    files = take(tmp_path)
    assert files.image.read_bytes() == PNG
    assert np.array_equal(cv2.imread(str(files.image)), PIXELS)


def test_the_overlay_is_what_was_drawn(tmp_path):
    overlay = cv2.imread(str(take(tmp_path).overlay))
    assert overlay.shape == PIXELS.shape
    assert np.abs(overlay.astype(int) - PIXELS).mean() < 5


def test_the_pose_comes_back_as_it_was(tmp_path):
    rows = np.random.default_rng(0).uniform(0, 1280, (133, 3)).round(3).tolist()
    document = pose_document(
        {"stamp": {"sec": 5, "nanosec": 6}, "frame_id": "caméra"},
        1280,
        720,
        "dwpose",
        NAMES,
        [{"id": 3, "score": 0.5, "box": [1.0, 2.0, 3.0, 4.0], "keypoints": rows}],
    )
    read = json.loads(
        take(tmp_path, pose=document).pose.read_text(encoding="utf-8"), parse_constant=pytest.fail
    )
    assert read == document
    assert read["keypoint_names"] == list(NAMES) and read["width"] == 1280


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_refused(tmp_path, number):
    with pytest.raises(CaptureError, match="pose"):
        take(tmp_path, pose={"quality": number})
    assert names(tmp_path) == []


def test_everybody_may_read_the_files(tmp_path):
    before = os.umask(0o077)
    try:
        files = take(tmp_path)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o644}


def test_a_folder_is_made(tmp_path):
    assert take(tmp_path / "a" / "b").image.parent == tmp_path / "a" / "b"


def test_the_same_stamp_twice_gives_other_names(tmp_path):
    taken = [take(tmp_path, image=b"%d" % i) for i in range(4)]
    assert len({p for files in taken for p in files}) == 12 == len(names(tmp_path))
    assert [files.image.read_bytes() for files in taken] == [b"0", b"1", b"2", b"3"]
    assert taken[2].image.stem == taken[0].image.stem + "~2"
    assert {p.name.split(".")[0].removesuffix("_overlay") for p in taken[3]} == {
        taken[3].image.stem
    }


def test_one_old_file_is_enough_for_another_name(tmp_path):
    first = take(tmp_path)
    first.image.unlink()
    first.overlay.unlink()
    kept = first.pose.read_bytes()
    second = take(tmp_path, pose={})
    assert second.pose != first.pose and first.pose.read_bytes() == kept
    assert second.image.stem == second.pose.stem != first.image.stem


@pytest.mark.parametrize("stamp_ns", [0, 1, -1, -(10**9), (2**31 - 1) * 10**9 + 999_999_999])
def test_any_stamp_of_a_message_has_a_name(tmp_path, stamp_ns):
    take(tmp_path, stamp_ns=stamp_ns)
    assert len(names(tmp_path)) == 3


@pytest.mark.parametrize(
    "overlay",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((1, 66000, 3), np.uint8),
        np.zeros((4, 4, 7), np.uint8),
    ],
)
def test_an_overlay_that_cannot_be_encoded(tmp_path, overlay):
    with pytest.raises(CaptureError, match="overlay.* shape"):
        take(tmp_path, overlay=overlay)
    assert names(tmp_path) == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_is_a_file(tmp_path, below):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(CaptureError, match="cannot write to .*file.*; .*parameter folder"):
        take(path / below)
    assert names(tmp_path) == ["file"] and path.read_text() == "mine"


@contextlib.contextmanager
def without_privileges():
    """As somebody whom permissions bind, since root may write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder():
    with tempfile.TemporaryDirectory() as name:  # in /tmp, which everybody may enter
        folder = Path(name)
        os.chmod(folder, 0o555)
        with without_privileges(), pytest.raises(CaptureError) as caught:
            take(folder)
        assert names(folder) == []
        os.chmod(folder, 0o755)
    assert str(caught.value) == (
        f"cannot write to {folder}: Permission denied; free some space, or set the parameter "
        "folder to one that can be written"
    )


def fill_the_disk(monkeypatch, stage: str, file: int) -> None:
    """The disk is full at this stage of the file with this number."""
    owner, name = (tempfile, "mkstemp") if stage in ("mkstemp", "write") else (os, stage)
    real = getattr(owner, name)
    calls = []

    def full(*args, **kwargs):
        calls.append(args)
        if len(calls) == file + 1 and stage == "write":
            handle, path = real(*args, **kwargs)  # what is written to it, the kernel refuses
            with open("/dev/full", "wb") as device:
                os.dup2(device.fileno(), handle)
            return handle, path
        if len(calls) == file + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, full)


@pytest.mark.parametrize("stage", ["mkstemp", "write", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("file", [0, 1, 2])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, stage, file):
    before = take(tmp_path)
    listed = names(tmp_path)
    contents = [p.read_bytes() for p in before]
    with monkeypatch.context() as patch, pytest.raises(CaptureError) as caught:
        fill_the_disk(patch, stage, file)
        take(tmp_path)
    assert "No space left on device; free some space" in str(caught.value)
    assert names(tmp_path) == listed
    assert [p.read_bytes() for p in before] == contents
    take(tmp_path)  # when there is space again
    assert len(names(tmp_path)) == 6


def test_no_final_name_stands_while_anything_is_unwritten(tmp_path, monkeypatch):
    """The first final name appears when all three files are on disk as a whole."""
    seen = []
    real = os.replace

    def spy(source, target):
        seen.append((Path(source).stat().st_size, Path(target).exists(), len(names(tmp_path))))
        real(source, target)

    monkeypatch.setattr(os, "replace", spy)
    paths = {tmp_path / f"file{i}": b"x" * 1000 * (i + 1) for i in range(3)}
    assert write_atomically(paths) == list(paths)
    assert seen == [(1000, False, 3), (2000, False, 3), (3000, False, 3)]
    assert names(tmp_path) == sorted(p.name for p in paths)


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        take(tmp_path)
    assert names(tmp_path) == []
