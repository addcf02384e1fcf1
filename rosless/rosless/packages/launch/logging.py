# SPDX-License-Identifier: Apache-2.0
"""Log to the terminal and to `launch.log`."""

from __future__ import annotations

import os
import socket
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TextIO

_file: TextIO | None = None


def log_folder() -> Path:
    """Return ROS 2's log folder: ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log."""
    home = os.environ.get("ROS_HOME") or "~/.ros"
    return Path(os.environ.get("ROS_LOG_DIR") or os.path.join(home, "log")).expanduser()


def open_log() -> Path | None:
    """Begin a new `launch.log`; return its new folder, or None if that cannot be written."""
    global _file
    now = datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
    folder = log_folder() / f"{now}-{socket.gethostname()}-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
        _file = open(folder / "launch.log", "w", buffering=1, encoding="utf-8")
    except OSError as err:
        get_logger("launch").warning(f"No log files: {err}")
        return None
    return folder


def write(line: str, *, screen: bool = True, log: bool = True) -> None:
    """Write a line to the terminal, the log file or both."""
    global _file
    if screen:
        try:
            print(line, flush=True)
        except OSError:  # the reader has ended, as `head` does; the launch goes on
            sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if log and _file:
        try:
            _file.write(f"{time.time():.7f} {line}\n")
        except OSError as err:  # the disk is full
            _file = None
            write(f"[ERROR] [launch]: No more log files: {err}")


class Logger:
    """Writes lines such as `[INFO] [launch]: text`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def debug(self, text: object) -> None:
        write(f"[DEBUG] [{self.name}]: {text}", screen=False)

    def info(self, text: object) -> None:
        write(f"[INFO] [{self.name}]: {text}")

    def warning(self, text: object) -> None:
        write(f"[WARNING] [{self.name}]: {text}")

    def error(self, text: object) -> None:
        write(f"[ERROR] [{self.name}]: {text}")


def get_logger(name: str = "launch") -> Logger:
    return Logger(name)
