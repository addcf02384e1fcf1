# SPDX-License-Identifier: Apache-2.0
"""What would be said to recordings: by the command, and to films of real people."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import chain

import clips
import cv2
import numpy as np
import pytest
from holistic_models import READY

from dwpose_ros.cli import main as dwpose
from dwpose_ros.cli import replay as subject
from dwpose_ros.cli.rehearsal import Event, Rehearsal, summary
from dwpose_ros.guidance import load_phrases, load_profile
from dwpose_ros.guidance.session_types import Plan
from dwpose_ros.ros import shipped_files

HANDS = ["walk", "night", "sorry", "book", "milk", "yes"]
# Codes with which nobody can be asked to turn around and face the camera.
AGAINST_TURNING = {
    "turn_left", "turn_right", "face_left_side", "face_right_side", "face_back",
    "face_three_quarter_left", "face_three_quarter_right", "step_into_view", "hold_still",
    "countdown",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_files(monkeypatch):
    """The files of this source tree, not those that happen to be installed."""
    monkeypatch.setattr(
        shipped_files, "share", lambda *parts: clips.CONFIG.parent.joinpath(*parts)
    )


@lru_cache(maxsize=None)
def rehearsed(name: str, profile: str, turns: int = 1) -> list[Event]:
    """What would be said to a film that is shown so often, with the poses of `clips`."""
    plan = Plan(
        load_profile(clips.CONFIG / "profiles" / f"{profile}.yaml"),
        profile,
        load_phrases(clips.CONFIG / "phrases" / "en.yaml"),
    )
    rehearse, frames = Rehearsal(plan), clips.poses(name)
    events = []
    for turn in range(turns):
        begin = turn * (frames[-1].time_s + frames[1].time_s)
        for frame, (_, rgb) in zip(frames, clips.images(name)):
            events += rehearse(begin + frame.time_s, rgb, frame.people)
    return events


# --- Real people


@pytest.mark.parametrize("profile", ["full_body", "upper_body", "face", "hands"])
def test_in_empty_seconds_there_is_nothing_but_the_invitation(profile):
    empty = clips.truth("one_by_one.mp4")["nobody"]
    events = [e for e in rehearsed("one_by_one.mp4", profile) if clips.within(e.time_s, empty)]
    assert {e.code for e in events if e.kind == "says"} == {"step_into_view"}
    assert {e.kind for e in events} <= {"says", "stops"}


@pytest.mark.parametrize("profile", ["full_body", "upper_body", "face"])
def test_who_shows_their_back_is_told_to_turn_around_and_nothing_against_it(profile):
    events = rehearsed("one_by_one.mp4", profile)
    for start, end in clips.truth("one_by_one.mp4")["one_person_from_behind_standing"]:
        there = [e for e in events if start <= e.time_s <= end]
        turns = [e.time_s for e in there if e.code == "turn_around"]
        assert turns and turns[0] < start + 5
        for told in turns:
            later = [e for e in there if told < e.time_s <= told + 5]
            assert not AGAINST_TURNING & {e.code for e in later}
            assert "takes" not in {e.kind for e in later}


@pytest.mark.parametrize("profile", ["upper_body", "face", "hands"])
@pytest.mark.parametrize("name", HANDS)
def test_nobody_is_captured_while_their_hands_blur(name, profile):
    frames = clips.poses(f"{name}.mkv")
    length_s = frames[-1].time_s + frames[1].time_s
    for event in rehearsed(f"{name}.mkv", profile, turns=2):
        if event.kind == "takes":
            # The picture is one of the last 0.7 s; the text says which.
            age_s = float(event.text.split()[-3])
            assert clips.hand_speed(frames, (event.time_s - age_s) % length_s) < clips.BLUR_PX


def test_who_rests_their_hands_is_captured():
    """So that the test above is about pictures that are taken."""
    taken = [
        event
        for name in HANDS
        for event in rehearsed(f"{name}.mkv", "upper_body", turns=2)
        if event.kind == "takes"
    ]
    assert len(taken) >= 2


# --- The command


def run(capsys, *arguments: str) -> tuple[int, list[str], str]:
    code = dwpose.main(["replay", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out.splitlines(), printed.err


@pytest.fixture
def empty_room(tmp_path):
    """A film of three seconds of nobody, at 10 frames a second."""
    path = tmp_path / "room.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(30):
        writer.write(np.full((240, 320, 3), 120, np.uint8))
    writer.release()
    return path


needs_networks = pytest.mark.skipif(not READY, reason="holistic's networks are absent")


@needs_networks
def test_the_command_prints_times_codes_and_reasons(capsys, empty_room):
    code, lines, told = run(capsys, empty_room, "--backend", "holistic", "--language", "de")
    assert code == 0 and len(lines) == 1
    assert lines[0].split() == [
        "0.3", "s", "says", *"Bitte vor die Kamera.".split(), "[step_into_view]",
        "somebody", "0,", "at", "least", "1",
    ]  # fmt: skip
    assert "30 frames, 2.9 s: 1 sentence, 0 pictures" in told


@needs_networks
def test_json_is_the_same_for_programs(capsys, empty_room):
    code, lines, _ = run(capsys, empty_room, "--backend", "holistic", "--json", "--rate", "5")
    (event,) = map(json.loads, lines)
    assert code == 0 and event["code"] == "step_into_view" and event["kind"] == "says"
    assert event["time_s"] == pytest.approx(0.4, abs=0.21) and event["person_id"] == 0


def test_the_command_over_a_real_film(capsys):
    code, lines, told = run(capsys, clips.need("book.mkv"), "--backend", "holistic")
    assert code == 0 and lines
    film = [subject.line(event) for event in rehearsed("book.mkv", "upper_body")]
    assert lines == film


@pytest.mark.parametrize("compressed", [False, True])
@needs_networks
def test_a_bag(capsys, tmp_path, compressed):
    """Its own stamps count, which come half as fast as it was recorded."""
    writing = pytest.importorskip("rosbags.rosbag2")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    types = store.types
    kind = f"sensor_msgs/msg/{'CompressedImage' if compressed else 'Image'}"
    grey = np.full((240, 320, 3), 120, np.uint8)
    with writing.Writer(tmp_path / "bag", version=8) as writer:
        connection = writer.add_connection("/image_raw", kind, typestore=store)
        for i in range(10):
            stamp = types["builtin_interfaces/msg/Time"](100, i * 10**8)
            header = types["std_msgs/msg/Header"](stamp, "camera")
            data = cv2.imencode(".png", grey)[1].ravel() if compressed else grey.ravel()
            if compressed and i == 2:
                data = data[:60]
            message = (
                types[kind](header, "png", data)
                if compressed
                else types[kind](header, 240, 320, "bgr8", 0, 960, data)
            )
            writer.write(connection, i * 5 * 10**7, store.serialize_cdr(message, kind))
    code, lines, told = run(capsys, tmp_path / "bag", "--backend", "holistic")
    assert code == 0 and "[step_into_view]" in lines[0]
    assert f"{10 - compressed} frames, 0.9 s" in told
    damaged = f"1 damaged left out; the first: {tmp_path / 'bag'}#/image_raw@100000000: "
    assert (damaged in told) == compressed


def test_a_damaged_bag(capsys, tmp_path):
    (tmp_path / "bag.db3").write_bytes(b"SQLite format 3\0" + bytes(4000))
    code, lines, told = run(capsys, tmp_path / "bag.db3")
    assert code == 1 and not lines and told.startswith(f"{tmp_path / 'bag.db3'}: ")
    assert "Traceback" not in told


def test_what_is_no_recording_is_said_at_once(capsys, tmp_path):
    picture = tmp_path / "one.png"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    for source in ("0", "", picture, "rtsp://nowhere.invalid/x"):
        code, lines, told = run(capsys, source)
        assert code == 1 and not lines and "is no recording; give a video" in told
    code, _, told = run(capsys, tmp_path, "--topic", "/x")
    assert code == 1 and "is no bag, so it has no topic '/x'" in told
    code, _, told = run(capsys, tmp_path / "absent.mp4")
    assert code == 1 and "absent.mp4' does not exist" in told
    code, _, told = run(capsys, picture, "--profile", "no_such")
    assert code == 1 and "no_such" in told


def test_a_rate_that_is_none_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        dwpose.main(["replay", "x.mp4", "--rate", "-1"])
    assert stop.value.code == 2 and "--rate is -1" in capsys.readouterr().err


@pytest.mark.parametrize("rate, count", [(0, 30), (30, 30), (10, 10), (15, 15), (12, 12)])
def test_a_slower_machine_leaves_out_frames_evenly(rate, count):
    frames = ((i / 30, np.zeros((1, 1, 3), np.uint8)) for i in range(30))
    times = [time_s for time_s, _ in subject.thinned(frames, rate)]
    assert len(times) == count
    gaps = np.diff(times)
    assert gaps.max() - gaps.min() <= 1 / 30 + 1e-9


def test_after_a_gap_frames_come_at_the_rate_again():
    times = chain(np.arange(0, 1, 0.1), np.arange(50, 51, 0.1))
    frames = ((float(t), np.zeros((1, 1, 3), np.uint8)) for t in times)
    assert len(list(subject.thinned(frames, 5))) == 10


def test_the_summary_counts():
    says = Event(1.0, "says", "Hello.", "notice", "", 1)
    taken = Event(2.0, "takes", "picture", "", "", 1)
    assert summary([says, taken], 20, 2.0) == "20 frames, 2.0 s: 1 sentence, 1 picture"
    assert summary([says, says], 1, 0.0) == "1 frames, 0.0 s: 2 sentences, 0 pictures"
