# SPDX-License-Identifier: Apache-2.0
"""Tones through a stand-in for aplay, the sound card's side of it."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from unittest.mock import Mock

import numpy as np
import pytest
from harness import wait_until
from std_msgs.msg import String

from dwpose_ros.guidance.tone_sound import samples
from dwpose_ros.guidance.tones import Tone, ToneKind
from dwpose_ros.msg import Tone as ToneMsg
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.tone_player import TonePlayer

NOTE = Tone(ToneKind.GUIDE, 0.5, 1.0)


@pytest.fixture
def card(tmp_path, monkeypatch):
    """card(script) puts an aplay that does this first on the path; the file that it writes."""
    folder, heard = tmp_path / "bin", tmp_path / "heard"
    folder.mkdir()
    for name in ("sh", "cat", "sleep", "dd"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))

    def make(script: str = "exec cat > {heard}"):
        file = folder / "aplay"
        file.write_text("#!/bin/sh\n" + script.format(heard=heard) + "\n")
        file.chmod(0o755)
        return heard

    return make


@pytest.fixture
def player():
    warnings: list[str] = []
    made = TonePlayer(warnings.append)
    made.warnings = warnings
    yield made
    made.stop()


def played(heard) -> np.ndarray:
    data = heard.read_bytes() if heard.exists() else b""
    return np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)


def test_notes_are_played_at_their_pace(card, player):
    heard = card()
    one = samples(NOTE)
    began = time.monotonic()
    while len(played(heard)) < 3 * len(one):
        player.play(NOTE)
        time.sleep(0.02)
        assert time.monotonic() - began < 30
    took_s = time.monotonic() - began
    sound = played(heard)
    assert (sound[: len(one)] == one).all() and not player.warnings and not player.trouble
    # No more of it waits than was said, whatever time it took.
    assert len(sound) / 22050 < took_s + 1.0


def test_the_newest_tone_sounds_and_silence_ends_the_player(card, player):
    heard = card()
    high = Tone(ToneKind.GUIDE, 1.0, -1.0)
    player.play(NOTE)
    wait_until(lambda: len(played(heard)) >= len(samples(NOTE)))
    player.play(high)
    wait_until(lambda: len(played(heard)) >= 2 * len(samples(NOTE)))
    assert (played(heard)[-len(samples(high)) :] == samples(high)).all()
    process = player._process
    player.play(Tone())
    wait_until(lambda: process.poll() is not None)


def test_while_somebody_speaks_there_is_silence(card, player):
    heard = card()
    player.pause(True)
    player.play(NOTE)
    wait_until(lambda: len(played(heard)) >= len(samples(NOTE)))
    assert not played(heard).any()


def test_the_end_is_heard_once(card, player):
    heard = card()
    taken = Tone(ToneKind.TAKEN, 1.0)
    for _ in range(100):
        player.play(taken)
        time.sleep(0.02)
    assert len(played(heard)) == len(samples(taken))


def test_a_missing_sound_card_gives_one_clear_warning(card, player, monkeypatch):
    monkeypatch.setattr("dwpose_ros.ros.tone_player.AGAIN_S", 0.1)
    card("dd bs=1 count=1 of=/dev/null 2>/dev/null\necho 'ALSA: no such card' >&2\nexit 1")
    tries = []
    begin = player._begin
    monkeypatch.setattr(player, "_begin", lambda: tries.append(1) or begin())

    def often() -> bool:
        player.play(NOTE)
        return len(tries) >= 4

    wait_until(often)
    assert len(player.warnings) == 1
    assert player.warnings[0].startswith("aplay cannot play: ALSA: no such card; is there a sound")
    assert player.trouble == player.warnings[0]


def test_a_full_disk_is_warned_of_and_passes(card, player, monkeypatch):
    monkeypatch.setattr("dwpose_ros.ros.tone_player.AGAIN_S", 0.1)
    heard = card()
    real = tempfile.TemporaryFile
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(tempfile, "TemporaryFile", Mock(side_effect=full))
    wait_until(lambda: player.play(NOTE) or player.warnings)
    assert "No space left on device" in player.warnings[0]
    monkeypatch.setattr(tempfile, "TemporaryFile", real)
    wait_until(lambda: player.play(NOTE) or len(played(heard)))
    assert player.trouble == ""


def test_without_a_player_the_warning_says_what_to_install(card, player):
    player.play(NOTE)
    wait_until(lambda: player.warnings)
    assert player.warnings == [
        "neither aplay nor paplay is installed, so there are no tones (apt install alsa-utils)"
    ]


@pytest.mark.parametrize(
    "script, hangs_s, told",
    [("exec sleep 600", 0.3, "it takes no sound"), ("exec <&-\nsleep 600", 3.0, "it ended")],
    ids=["hangs", "closes its input"],
)
def test_a_player_that_plays_nothing_is_warned_of_and_tried_again(
    card, player, monkeypatch, script, hangs_s, told
):
    monkeypatch.setattr("dwpose_ros.ros.tone_player.AGAIN_S", 0.1)
    monkeypatch.setattr("dwpose_ros.ros.tone_player.HANGS_S", hangs_s)
    card(script)
    wait_until(lambda: player.play(NOTE) or player.warnings)
    assert told in player.warnings[0] and player.trouble == player.warnings[0]
    heard = card()
    wait_until(lambda: player.play(NOTE) or len(played(heard)) and not player.trouble)


def test_a_player_that_hangs_ends_with_the_node(card, player):
    card("exec sleep 600")
    player.play(NOTE)
    wait_until(lambda: player._process is not None)
    process = player._process
    for _ in range(50):
        player.play(NOTE)
        time.sleep(0.01)
    player.stop()
    assert process.poll() is not None and not player._thread.is_alive()


def test_the_speech_node_plays_what_the_topic_says(peer, run, tmp_path):
    heard, folder = tmp_path / "heard", tmp_path / "bin"
    folder.mkdir()
    file = folder / "aplay"
    file.write_text(f"#!/bin/sh\nexec cat > {heard}\n")
    file.chmod(0o755)
    run("speech", env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
    tones = peer.publisher(ToneMsg, "tone")
    broken = ToneMsg(kind=200, framing=float("nan"))

    def publish() -> bool:
        tones.publish(broken)
        tones.publish(ToneMsg(kind=ToneMsg.GUIDE, framing=0.5, aside=1.0))
        return len(played(heard)) >= len(samples(NOTE))

    wait_until(publish)
    assert (played(heard)[: len(samples(NOTE))] == samples(NOTE)).all()


def test_the_guidance_node_tells_tones_where_they_are_wanted(peer, run):
    run("guidance", profile="upper_body", cues="tones", notice=False)
    heard, said = peer.listen(ToneMsg, "tone"), peer.listen(String, "speech")
    poses = peer.publisher(WholeBodyPose, "wholebody_pose")

    def nobody() -> bool:
        msg = WholeBodyPose(width=640, height=480)
        msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(time.time_ns(), 10**9)
        poses.publish(msg)
        return any(tone.kind == ToneMsg.SEARCH for tone in heard)

    wait_until(nobody)
    assert not [msg.data for msg in said if "camera" in msg.data]  # the tick says it
