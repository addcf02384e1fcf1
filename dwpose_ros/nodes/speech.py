"""Speech: says what it is told, one sentence at a time."""

from __future__ import annotations

import shutil
import subprocess

from std_msgs.msg import String

from dwpose_ros.nodes.common import DwposeNode, Worker, run

LONGEST_S = 30.0  # an engine that speaks longer hangs


class Speech(DwposeNode):
    """Speaks through espeak-ng, or prints. While it speaks, only the newest sentence waits."""

    def __init__(self) -> None:
        super().__init__("speech")
        self._voice = self.parameter("voice", "en", "espeak-ng's voice or language")
        self._rate = self.parameter("rate", 160, "words a minute", minimum=80, maximum=450)
        self._volume = self.parameter("volume", 100, "of 200", minimum=0, maximum=200)
        self._engine = shutil.which("espeak-ng") or shutil.which("espeak")
        self._process: subprocess.Popen | None = None
        if self._engine is None:
            self.get_logger().warning("espeak-ng is not installed: speech is printed "
                                      "(apt install espeak-ng)")
        self._worker = Worker(self._say, self.get_logger(), "speech")
        self.create_subscription(String, "speech", lambda msg: self._worker.put(msg.data), 10)

    def _say(self, text: str) -> None:
        self.get_logger().info(f"says: {text}")
        if self._engine is None or not text.strip():
            return
        # The sentence goes in by stdin: one that begins with '-' must not be an option.
        self._process = subprocess.Popen(
            [self._engine, "-v", self._voice, "-s", str(self._rate), "-a", str(self._volume),
             "--stdin"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        try:
            _, errors = self._process.communicate(text.encode(), timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            errors = f"did not end in {LONGEST_S:g} s".encode()
        if self._process.returncode > 0 or b"did not end" in errors:
            self.get_logger().warning(
                f"{self._engine} failed: {' '.join(errors.decode(errors='replace').split())}; is "
                f"there a sound device, and a voice {self._voice!r}?", throttle_duration_sec=30.0)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._worker.stop(2.0)


def main() -> None:
    run(Speech)
