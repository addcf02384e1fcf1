# SPDX-License-Identifier: Apache-2.0
"""Speech node: speaks a sentence at once, in place of the one before, and plays tones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from rclpy.parameter import Parameter
from rclpy.timer import Timer
from std_msgs.msg import String

from dwpose_ros.core.text import printable
from dwpose_ros.guidance.phrases import RATE, SPEEDS, VOICES, speaking_s
from dwpose_ros.msg import Tone
from dwpose_ros.ros.guidance_messages import tone_in
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.ros.speaking import SpeakingReport
from dwpose_ros.ros.steady import STEADY
from dwpose_ros.ros.tone_player import TonePlayer
from dwpose_ros.web.site import SPEAKERS

ENGINE = "espeak-ng"
WATCH_S = 0.05  # period of checking the engine


class Printed:
    """A sentence that is printed, since there is no speech engine. It lasts as long as speech."""

    def __init__(self, expected_s: float) -> None:
        self._end = time.monotonic() + expected_s

    def trouble(self) -> str | None:
        """Return None until the sentence is over, then an empty string."""
        return None if time.monotonic() < self._end else ""

    def stop(self) -> None:
        """Do nothing: there is no sound to stop."""

    def sounded(self) -> bool:
        """Return False."""
        return False


class Spoken:
    """A sentence spoken by an engine in its own process.

    Raises:
        OSError: the engine does not start.
    """

    def __init__(self, command: list[str], text: str, expected_s: float) -> None:
        self._expected_s = expected_s
        # Files, since a hanging engine would block a pipe. The sentence is no argument, since one
        # that begins with '-' would be taken for an option.
        self._errors = tempfile.TemporaryFile()
        with tempfile.TemporaryFile() as words:
            words.write(text.encode())
            words.seek(0)
            self._process = subprocess.Popen(
                command,
                stdin=words,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )
        self._began = time.monotonic()

    def trouble(self) -> str | None:
        """Return None while it speaks, then what went wrong; empty if nothing.

        An engine that hangs is killed.
        """
        took, limit = time.monotonic() - self._began, 3 * self._expected_s + 5
        code = self._process.poll()
        if code is None:
            if took < limit:
                return None
            self.stop()
            return f"it did not end in {limit:.0f} s"
        told = printable(self._told(), 200)  # cut, since the sound system repeats itself
        if code < 0:
            return f"it was killed by {signal.Signals(-code).name}"
        if code > 0:
            return f"exit code {code}: {told}"
        return "" if self.sounded() else told

    def sounded(self) -> bool:
        """Return whether it took as long as speech does.

        Without a sound card espeak-ng complains and ends at once with exit code 0.
        """
        return time.monotonic() - self._began >= self._expected_s / 4

    def stop(self) -> None:
        """Kill the engine, which may ignore softer signals."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # stuck in the sound driver
            self._process.wait(0.2)

    def _told(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")


class SpeechNode(ManagedNode):
    """Speaks through espeak-ng, or prints, and plays tones through aplay or paplay.

    Nothing is queued: a new sentence replaces the one being spoken, and an empty one stops it.
    """

    def __init__(self) -> None:
        super().__init__("speech")
        self.parameter(
            "language",
            "en",
            "language of the voice, until the guidance announces its own",
            change=self._speak_in,
        )
        self.parameter(
            "voice", "", "espeak-ng voice; empty: the default one of the language", change=True
        )
        self.parameter(
            "rate",
            RATE,
            "speed of speech, for languages that are spoken as fast as English",
            unit="words/min",
            minimum=80,
            maximum=450,
            change=True,
        )
        self.parameter(
            "volume", 100, "volume of voice and tones", minimum=0, maximum=200, change=True
        )
        self.parameter(
            "speaker",
            "speech",
            "who speaks: a page of the screen, this node, both or none",
            choices=SPEAKERS,
            change=self._use_speaker,
        )
        self._chosen = ""  # what the screen told last of who speaks
        self._saying: Spoken | Printed | None = None
        self._timer: Timer | None = None  # only while something is spoken

    def configure(self) -> None:
        self._speaking = SpeakingReport(self)
        self._speak_in(self.value("language"))
        self._find_engine()

    def activate(self) -> None:
        self._tones = TonePlayer(self.get_logger().warning)
        self.input(Tone, "tone", self._on_tone, 1, steady=False)
        self._speaking.listen()
        self.input(
            String, "speech_language", lambda msg: self._speak_in(msg.data), LATCHED, steady=False
        )
        self.input(String, "speaker", self._on_speaker, LATCHED, steady=False)
        self.input(String, "speech", lambda msg: self._say(msg.data), 1, steady=False)

    def _speak_in(self, language: str) -> None:
        self._language = Path(printable(language, 64)).stem  # it can be a user's file

    def deactivate(self) -> None:
        self._tones.stop()
        self._silence()
        self._speaking.end()
        self._watch(False)

    def _on_speaker(self, msg: String) -> None:
        """Take what the screen tells of who speaks, also after a respawn, but not once more after
        an activation: the user may have chosen otherwise since.
        """
        if msg.data == self._chosen:
            return
        self._chosen = msg.data
        chosen = Parameter("speaker", Parameter.Type.STRING, msg.data)
        if not (answer := self.set_parameters([chosen])[0]).successful:
            self.get_logger().warning(
                f"topic speaker: {printable(answer.reason)}", throttle_duration_sec=30.0
            )

    def _on_tone(self, msg: Tone) -> None:
        if self.value("speaker") in ("speech", "both"):
            self._tones.volume = self.value("volume") / 100
            self._tones.play(tone_in(msg))

    def _find_engine(self) -> str | None:
        engine = shutil.which(ENGINE)
        if engine is None:
            self.get_logger().warning(
                f"{ENGINE} is not installed: speech is printed (apt install {ENGINE})",
                throttle_duration_sec=30.0,
            )
        return engine

    def _use_speaker(self, who: str) -> None:
        if who not in ("speech", "both") and self.active:
            self._silence()
            self._publish()

    def _say(self, text: str) -> None:
        self._silence()
        text = printable(text)  # text from the network must not control the terminal
        if text and self.value("speaker") in ("speech", "both"):
            self.get_logger().info(f"says: {text}")
            try:
                self._saying = self._begin(text)
            finally:
                self._publish()
        self._publish()

    def _begin(self, text: str) -> Spoken | Printed | None:
        engine, expected_s = self._find_engine(), speaking_s(text, self.value("rate"))
        if engine is None:
            return Printed(expected_s)
        tag = self._language.replace("_", "-").lower()  # of a user's file such as pt_BR
        voice = self.value("voice") or VOICES.get(tag, tag)
        try:
            return Spoken(
                [
                    engine,
                    "-v",
                    voice,
                    "-s",
                    str(round(self.value("rate") * SPEEDS.get(self._language, 1.0))),
                    "-a",
                    str(self.value("volume")),
                    "--stdin",
                ],
                text,
                expected_s,
            )
        except OSError as err:
            self._warn(str(err))
            return None

    def _watch_engine(self) -> None:
        trouble = self._saying.trouble() if self._saying else None
        if trouble is None:
            return
        self._saying = None
        self._publish()
        if trouble:
            self._warn(trouble)
        else:
            self.last_error = ""

    def _warn(self, trouble: str) -> None:
        self.last_error = f"{ENGINE} cannot speak: {trouble}"
        voice = self.value("voice") or f"for the language {self._language}"
        self.get_logger().warning(
            f"{ENGINE} failed, and the next sentence is tried again: {trouble}; is there a sound "
            f"device, and a voice {voice}?",
            throttle_duration_sec=30.0,
        )

    def _silence(self) -> None:
        if self._saying is not None:
            if self._saying.trouble() is None and self._saying.sounded():
                self.last_error = ""
            self._saying.stop()
            self._saying = None

    def _publish(self) -> None:
        """Publish whether something is being spoken, if that has changed."""
        speaking = self._saying is not None
        self._tones.pause(speaking)
        self._speaking.tell(speaking)
        self._watch(speaking)

    def _watch(self, wanted: bool) -> None:
        """Look at the engine from time to time, or no longer."""
        if wanted and self._timer is None:
            self._timer = self.create_timer(WATCH_S, self._watch_engine, clock=STEADY)
        elif not wanted and self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None


def main() -> None:
    run(SpeechNode)
