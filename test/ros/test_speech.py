"""The speech node with a stand-in for espeak-ng, the hardware's side of it."""

from __future__ import annotations

import os
import time

import pytest
from harness import wait_until
from std_msgs.msg import String


@pytest.fixture
def engine(tmp_path):
    """A folder with an espeak-ng that takes half a second and notes what it said, and when."""
    folder, log = tmp_path / "bin", tmp_path / "said"
    folder.mkdir()
    log.touch()
    script = folder / "espeak-ng"
    script.write_text(f'#!/bin/sh\ntext=$(cat)\necho "start $text" >> {log}\nsleep 0.5\n'
                      f'echo "end $text [$*]" >> {log}\n')
    script.chmod(0o755)
    return folder, log


def test_it_never_talks_over_itself_and_skips_what_is_no_longer_new(peer, run, engine):
    folder, log = engine
    run("speech", voice="fr", env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
    speech = peer.publisher(String, "speech")
    for text in ("one", "two", "three"):
        speech.publish(String(data=text))
        time.sleep(0.1)
    wait_until(lambda: log.read_text().count("end") == 2)
    lines = log.read_text().splitlines()
    assert [line.split(" [")[0] for line in lines] == ["start one", "end one", "start three",
                                                       "end three"]
    assert "-v fr" in lines[1]


def test_without_an_engine_it_prints(peer, run, tmp_path):
    python = os.environ["PATH"].split(os.pathsep)[0]
    node = run("speech", env={"PATH": f"{python}{os.pathsep}{tmp_path}"})
    node.says("espeak-ng is not installed")
    peer.publisher(String, "speech").publish(String(data="Hold still."))
    node.says("says: Hold still.")


def test_an_engine_that_fails_is_told(peer, run, tmp_path):
    (tmp_path / "espeak-ng").write_text("#!/bin/sh\necho 'no sound card' >&2\nexit 3\n")
    (tmp_path / "espeak-ng").chmod(0o755)
    node = run("speech", env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    peer.publisher(String, "speech").publish(String(data="Hold still."))
    node.says("no sound card")
