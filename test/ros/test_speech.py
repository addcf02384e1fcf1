# SPDX-License-Identifier: Apache-2.0
"""The speech node with a stand-in for espeak-ng, the sound card's side of it."""

from __future__ import annotations

import os
import signal
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import wait_until
from rcl_interfaces.srv import GetParameters
from std_msgs.msg import Bool, String

from dwpose_ros.ros.qos import LATCHED

SPEAKS = 'echo "start $text" >> {log}; sleep 0.8; echo "end $text [$*]" >> {log}'
HANGS = 'trap "" TERM INT; echo "start $text" >> {log}; while true; do sleep 0.2; done'


class Engine:
    """An espeak-ng in a folder of its own, which can be exchanged while the node runs."""

    def __init__(self, folder) -> None:
        self.folder, self._log, self._pid = folder / "bin", folder / "said", folder / "pid"
        self.folder.mkdir()
        self._log.touch()
        self.does(SPEAKS)

    def does(self, what: str) -> None:
        new = self.folder / "new"
        new.write_text(
            f"#!/bin/sh\necho $$ > {self._pid}\ntext=$(cat)\n{what.format(log=self._log)}\n"
        )
        new.chmod(0o755)
        new.rename(self.folder / "espeak-ng")

    @property
    def said(self) -> list[str]:
        """Lines 'start TEXT' and 'end TEXT [ARGUMENTS]'."""
        return self._log.read_text().splitlines()

    @property
    def pid(self) -> int:
        return int(self._pid.read_text())

    def runs(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


@pytest.fixture
def voice(peer, run, engine):
    """voice(**parameters) -> the node, a function that has it say something, what it is doing."""
    speaking = peer.listen(Bool, "speaking", LATCHED)

    def start(**parameters):
        node = run(
            "speech",
            env={"PATH": f"{engine.folder}{os.pathsep}{os.environ['PATH']}"},
            **parameters,
        )
        speech = peer.publisher(String, "speech")
        wait_until(lambda: speaking)
        return node, lambda text: speech.publish(String(data=text)), speaking

    return start


def values(speaking: list) -> list[bool]:
    return [msg.data for msg in speaking]


def test_a_sentence_is_said_and_its_begin_and_end_are_told(peer, voice, engine):
    _, say, speaking = voice()
    assert values(speaking) == [False]
    began = time.monotonic()
    say("-v is no option here")
    wait_until(lambda: values(speaking) == [False, True])
    assert not any(line.startswith("end") for line in engine.said)
    wait_until(lambda: values(speaking) == [False, True, False])
    assert time.monotonic() - began > 0.7
    assert engine.said[-1] == "end -v is no option here [-v en -s 175 -a 100 --stdin]"
    late = peer.listen(Bool, "speaking", LATCHED)  # who comes late is told too
    assert values(wait_until(lambda: late)) == [False]


def test_what_comes_replaces_what_is_being_said(voice, engine):
    _, say, speaking = voice()
    for text in ("one", "two", "three"):
        say(text)
        wait_until(lambda: f"start {text}" in engine.said)
    wait_until(lambda: values(speaking)[-1] is False)
    time.sleep(0.9)  # as long as another sentence would take
    assert [line.split(" [")[0] for line in engine.said] == [
        "start one",
        "start two",
        "start three",
        "end three",
    ]
    assert values(speaking) == [False, True, False]  # without a gap


def test_an_empty_sentence_ends_what_is_being_said(voice, engine):
    _, say, speaking = voice()
    say("Hold still.")
    wait_until(lambda: engine.said)
    say("")
    wait_until(lambda: values(speaking) == [False, True, False])
    time.sleep(0.9)
    assert engine.said == ["start Hold still."]
    assert not engine.runs()


@pytest.mark.parametrize(
    "parameters, wanted",
    [
        ({"language": "fr"}, "fr"),
        ({"language": "zh"}, "cmn"),
        ({"language": "pt"}, "pt-br"),
        ({"language": "/my/de.yaml"}, "de"),
        ({"language": "/my/pt_BR.yaml"}, "pt-br"),
        ({"language": "zh", "voice": "yue"}, "yue"),
    ],
)
def test_the_voice_is_that_of_the_language_or_the_one_given(voice, engine, parameters, wanted):
    engine.does('echo "end $text [$*]" >> {log}')
    _, say, _ = voice(**parameters)
    say("one")
    wait_until(lambda: engine.said)
    assert f"[-v {wanted} " in engine.said[0]


def test_the_voice_follows_the_guidance(peer, voice, engine):
    engine.does('echo "end $text [$*]" >> {log}')
    _, say, _ = voice(language="fr")
    peer.publisher(String, "speech_language", LATCHED).publish(String(data="de"))
    time.sleep(0.2)
    say("eins")
    wait_until(lambda: engine.said)
    assert "[-v de " in engine.said[0]


def test_it_is_silent_once_deactivated(voice, engine, life):
    """Else the guidance waits for the end of a sentence that nobody speaks."""
    engine.does(HANGS)
    _, say, speaking = voice()
    say("one")
    wait_until(lambda: speaking[-1].data)
    life("speech", "deactivate")
    assert life.succeeded
    wait_until(lambda: not speaking[-1].data)
    assert not engine.runs()


@pytest.fixture
def speaker(peer):
    """speaker() -> who speaks, as the speech node knows it."""

    def ask() -> str:
        found = peer.call(GetParameters, "/speech/get_parameters", names=["speaker"])
        return found.values[0].string_value

    return ask


def test_who_speaks_is_known_to_one_that_comes_later(peer, voice, speaker):
    """As after a respawn."""
    peer.publisher(String, "speaker", LATCHED, readers=0).publish(String(data="page"))
    voice()
    wait_until(lambda: speaker() == "page")


def test_an_activation_does_not_undo_what_the_user_has_set(peer, voice, speaker, life, command):
    peer.publisher(String, "speaker", LATCHED, readers=0).publish(String(data="page"))
    node, _, _ = voice()
    wait_until(lambda: speaker() == "page")
    assert command("ros2", "param", "set", "/speech", "speaker", "both").ended() == 0
    life("speech", "deactivate", "activate")
    assert life.succeeded
    # What is latched has come before this does.
    peer.publisher(String, "speaker", LATCHED).publish(String(data="me"))
    node.says("topic speaker")
    assert speaker() == "both"


def test_nobody_else_than_these_speaks(peer, voice):
    node, _, _ = voice()
    peer.publisher(String, "speaker", LATCHED).publish(String(data="me"))
    node.says("topic speaker: parameter speaker is 'me'; it must be one of")


def test_rate_volume_and_language_change_while_it_runs(voice, engine, command):
    engine.does('echo "end $text [$*]" >> {log}')
    _, say, _ = voice()
    for name, value in (("rate", 220), ("volume", 50), ("language", "ja")):
        assert command("ros2", "param", "set", "/speech", name, value).ended() == 0
    refused = command("ros2", "param", "set", "/speech", "rate", "9000")
    refused.ended()
    assert "9000" in refused.output and "uccessful" not in refused.output
    say("one")
    wait_until(lambda: engine.said)
    assert engine.said[0] == "end one [-v ja -s 220 -a 50 --stdin]"


def test_a_rate_that_no_engine_has_is_one_line(run):
    node = run("speech", rate=9000)
    assert node.ended() == 2
    assert "9000" in node.output and "Traceback" not in node.output


def dies(engine) -> None:
    os.kill(engine.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "what, act, told",
    [
        ("echo 'no sound card' >&2; exit 3", None, "exit code 3: no sound card"),
        # as espeak-ng does where there is no sound card
        ("echo 'error: No such file' >&2; exit 0", None, "error: No such file"),
        (HANGS, dies, "killed by SIGKILL"),
        (HANGS, None, "did not end in 6 s"),
    ],
)
def test_an_engine_that_fails_is_told_and_tried_again(voice, engine, what, act, told):
    engine.does(what)
    node, say, speaking = voice(rate=450)
    say("Hold still.")
    wait_until(lambda: True in values(speaking))
    if act:
        wait_until(lambda: engine.said)
        act(engine)
    wait_until(lambda: values(speaking) == [False, True, False])
    assert not engine.runs()
    node.says(told)
    assert node.output.count("WARN") == 1
    engine.does(SPEAKS)
    say("Thank you.")
    wait_until(lambda: any(line.startswith("end Thank you.") for line in engine.said))
    assert node.output.count("WARN") == 1


@pytest.mark.parametrize(
    "breaks",
    [
        # as without a sound card, and without one of its libraries
        "echo 'error: No such file' >&2; exit 0",
        "echo 'libpcaudio.so.0: not found' >&2; exit 127",
    ],
)
def test_that_it_cannot_speak_is_in_the_diagnostics_until_it_speaks(peer, voice, engine, breaks):
    told = peer.listen(DiagnosticArray, "/diagnostics")

    def level() -> bytes:
        return told[-1].status[0].level if told else b""

    engine.does(breaks)
    node, say, speaking = voice(rate=450)
    wait_until(lambda: level() == DiagnosticStatus.OK)
    say("Hold still.")
    wait_until(lambda: level() == DiagnosticStatus.ERROR)
    assert told[-1].status[0].message.startswith("espeak-ng cannot speak: ")
    assert breaks.split("'")[1] in told[-1].status[0].message
    engine.does(SPEAKS)
    say("Thank you.")
    wait_until(lambda: level() == DiagnosticStatus.OK)


def test_an_engine_that_cannot_run_is_told(voice, engine):
    (engine.folder / "espeak-ng").write_text("#!/no/such/interpreter\n")
    node, say, speaking = voice()
    say("Hold still.")
    node.says("espeak-ng failed")
    assert values(speaking) == [False]


def test_without_an_engine_it_prints_for_as_long_as_speaking_takes(peer, run, tmp_path):
    python = os.environ["PATH"].split(os.pathsep)[0]
    speaking = peer.listen(Bool, "speaking", LATCHED)
    node = run("speech", env={"PATH": f"{python}{os.pathsep}{tmp_path}"})
    node.says("espeak-ng is not installed")
    wait_until(lambda: speaking)
    peer.publisher(String, "speech").publish(String(data="Hold still."))
    node.says("says: Hold still.")
    wait_until(lambda: values(speaking) == [False, True])
    began = time.monotonic()
    wait_until(lambda: values(speaking) == [False, True, False])
    assert time.monotonic() - began > 0.5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_while_an_engine_hangs(voice, engine, number):
    engine.does(HANGS)
    node, say, _ = voice()
    say("Hold still.")
    wait_until(lambda: engine.said)
    # `ros2 run` of ROS 2 dies of SIGTERM itself; the node, in its group, ends by its own will.
    assert node.stop(number) in (0, -signal.SIGTERM)
    wait_until(lambda: not engine.runs())
    assert "Traceback" not in node.output
