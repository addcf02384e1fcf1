# SPDX-License-Identifier: Apache-2.0
"""Plays tones through the sound system's own player, which runs while there are any."""

from __future__ import annotations

import fcntl
import math
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from dwpose_ros.core.text import printable
from dwpose_ros.guidance.tone_sound import PERIOD_S, RATE_HZ, samples
from dwpose_ros.guidance.tones import Tone, ToneKind

PLAYERS = {  # each reads samples from its standard input
    "aplay": f"-q -t raw -f S16_LE -r {RATE_HZ} -c 2 --buffer-time=200000 -",
    "paplay": f"--raw --format=s16le --rate={RATE_HZ} --channels=2 --latency-msec=100",
}
INSTALL = "apt install alsa-utils"
STALE_S = 1.0  # a tone that was told so long ago may be true no more
AHEAD_S = 0.15  # of sound that waits in the player
AGAIN_S = 10.0  # after a failure, until it is tried again
HANGS_S = 3.0  # without taking sound, until a player is ended
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", 1031)  # Python 3.10 has it
_PIPE = 4096  # bytes: 46 ms of sound


class TonePlayer:
    """Plays the newest tone, note by note, in a thread of its own.

    Args:
        warn: called once when there is no sound, with why and what to do; and again only after
            it had worked.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.volume = 1.0
        self.trouble = ""
        """Why there is no sound; empty if there is."""
        self._warned = False
        self._tone, self._told_at, self._quiet = Tone(), -STALE_S, False
        self._changed = threading.Event()
        self._stopped = False
        self._writing_at = math.inf  # when the sound came that the player has not taken yet
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def play(self, tone: Tone) -> None:
        """Play a tone from the next note on, until another is given or it is STALE_S old."""
        self._tone, self._told_at = tone, time.monotonic()
        process = self._process
        if process is not None and self._told_at - self._writing_at > HANGS_S:
            process.kill()  # then what is written to it fails
        if tone.kind != ToneKind.SILENCE:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tones", daemon=True)
                self._thread.start()
            self._changed.set()

    def pause(self, quiet: bool) -> None:
        """Be silent while somebody speaks."""
        self._quiet = quiet

    def stop(self) -> None:
        """End the player and the thread."""
        self._stopped = True
        self._changed.set()
        self._end()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        sounds_until, taken = 0.0, False
        while not self._stopped:
            tone = self._tone
            stale = time.monotonic() - self._told_at > STALE_S
            if stale or tone.kind == ToneKind.SILENCE or taken and tone.kind == ToneKind.TAKEN:
                taken &= tone.kind == ToneKind.TAKEN
                self._changed.wait(PERIOD_S)
                self._changed.clear()
                if time.monotonic() > sounds_until + STALE_S:
                    self._end()  # holds no sound card while there is nothing to hear
                continue
            taken = tone.kind == ToneKind.TAKEN  # which is heard once
            sound = samples(Tone() if self._quiet else tone, self.volume)
            if not self._write(sound.tobytes()):
                self._changed.clear()
                self._wait(AGAIN_S)
                continue
            now = time.monotonic()
            sounds_until = max(now, sounds_until) + len(sound) / RATE_HZ
            self._wait(sounds_until - AHEAD_S - now)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, PERIOD_S))

    def _write(self, sound: bytes) -> bool:
        """Return whether the player took these samples."""
        if self._process is None and not self._begin():
            return False
        process = self._process
        if process is None or process.stdin is None:  # stopped meanwhile
            return False
        began = self._writing_at = time.monotonic()
        try:
            process.stdin.write(sound)
            process.stdin.flush()
        except (OSError, ValueError):  # it has ended
            hung = time.monotonic() - began > HANGS_S
            if not self._stopped:
                with suppress(subprocess.TimeoutExpired):  # it has but closed its input
                    process.wait(1.0)
                self._errors.seek(0)
                told = printable(self._errors.read(2000).decode(errors="replace"), 200)
                told = told or ("it takes no sound" if hung else "it ended")
                self._fail(f"{process.args[0]} cannot play: {told}; is there a sound device?")
            self._end()
            return False
        finally:
            self._writing_at = math.inf
        self.trouble, self._warned = "", False
        return True

    def _begin(self) -> bool:
        name = next((name for name in PLAYERS if shutil.which(name)), None)
        if name is None:
            self._fail(
                f"neither {' nor '.join(PLAYERS)} is installed, so there are no tones ({INSTALL})"
            )
            return False
        try:
            self._errors = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                [name, *PLAYERS[name].split()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )
        except OSError as err:
            self._fail(f"{name} does not start: {err}")
            return False
        assert self._process.stdin is not None
        with suppress(OSError):
            fcntl.fcntl(self._process.stdin, _F_SETPIPE_SZ, _PIPE)
        return True

    def _fail(self, why: str) -> None:
        self.trouble = why
        if not self._warned:
            self._warned = True
            self._warn(why)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(OSError, ValueError):
            if process.stdin is not None:
                process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
