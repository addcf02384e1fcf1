# SPDX-License-Identifier: Apache-2.0
"""Loggers in ROS 2's format, on standard error and `/rosout`."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from enum import IntEnum
from typing import Callable


class LoggingSeverity(IntEnum):
    UNSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


_COLOURS = {
    LoggingSeverity.DEBUG: "32",
    LoggingSeverity.WARN: "33",
    LoggingSeverity.ERROR: "31",
    LoggingSeverity.FATAL: "31",
}
_levels: dict[str, LoggingSeverity] = {"": LoggingSeverity.INFO}
_loggers: dict[str, RcutilsLogger] = {}
_lock = threading.RLock()  # re-entrant: a signal handler may log while its thread does
# Publish on /rosout: nodes add functions (logger name, severity, text, time in ns).
rosout: dict[str, Callable[[str, LoggingSeverity, str, int], None]] = {}


class RcutilsLogger:
    """Writes lines such as `[INFO] [1700000000.000000000] [camera]: ready`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._seen: dict[tuple, float] = {}  # when each filtered call last wrote a line
        self._severities: dict[tuple, LoggingSeverity] = {}  # of each call in the code

    def get_child(self, name: str) -> RcutilsLogger:
        return get_logger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: LoggingSeverity) -> None:
        set_logger_level(self.name, level)

    def get_effective_level(self) -> LoggingSeverity:
        return get_logger_effective_level(self.name)

    def is_enabled_for(self, severity: LoggingSeverity) -> bool:
        return severity >= self.get_effective_level()

    def debug(self, message, **filters) -> bool:
        return self.log(message, LoggingSeverity.DEBUG, **filters)

    def info(self, message, **filters) -> bool:
        return self.log(message, LoggingSeverity.INFO, **filters)

    def warning(self, message, **filters) -> bool:
        return self.log(message, LoggingSeverity.WARN, **filters)

    warn = warning

    def error(self, message, **filters) -> bool:
        return self.log(message, LoggingSeverity.ERROR, **filters)

    def fatal(self, message, **filters) -> bool:
        return self.log(message, LoggingSeverity.FATAL, **filters)

    def log(
        self,
        message,
        severity: LoggingSeverity,
        *,
        once: bool = False,
        skip_first: bool = False,
        throttle_duration_sec: float = 0,
        throttle_time_source_type=None,
    ) -> bool:
        """Write a line, unless the level or a filter holds it back; return whether it did.

        Filters count each call in the code separately.
        """
        severity = LoggingSeverity(severity)
        caller = sys._getframe(1)
        while caller.f_code.co_filename == __file__:
            caller = caller.f_back
        place = (caller.f_code.co_filename, caller.f_lineno, caller.f_lasti)
        if self._severities.setdefault(place, severity) != severity:  # as in rclpy
            raise ValueError("Logger severity cannot be changed between calls.")
        if not self.is_enabled_for(severity):
            return False
        if once or skip_first or throttle_duration_sec:
            last, now = self._seen.get(place), time.monotonic()
            if last is not None and (once or now - last < throttle_duration_sec):
                return False
            self._seen[place] = now
            if skip_first and last is None:
                return False
        _write(self.name, severity, str(message))
        return True


to_terminal = True
"""Whether logs are printed; False with ``--disable-stdout-logs``."""


def _write(name: str, severity: LoggingSeverity, text: str) -> None:
    now = time.time_ns()
    line = (
        os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT")
        or "[{severity}] [{time}] [{name}]: {message}"
    )
    for token, value in (
        ("severity", severity.name),
        ("name", name),
        ("message", text),
        ("time", f"{now // 10**9}.{now % 10**9:09d}"),
        ("time_as_nanoseconds", str(now)),
    ):
        line = line.replace("{" + token + "}", value)
    wanted = os.environ.get("RCUTILS_COLORIZED_OUTPUT", "")
    if severity in _COLOURS and (wanted == "1" or (wanted != "0" and sys.stderr.isatty())):
        line = f"\033[{_COLOURS[severity]}m{line}\033[0m"
    if to_terminal:
        with _lock, suppress(OSError, ValueError):  # perhaps nobody reads any more
            print(line, file=sys.stderr, flush=True)
    for node, publish in list(rosout.items()):
        if name == node or name.startswith(node + "."):
            publish(name, severity, text, now)


def get_logger(name: str) -> RcutilsLogger:
    """Return the logger of this name, always the same one."""
    return _loggers.setdefault(name, RcutilsLogger(name))


def get_logging_severity_from_string(text: str) -> LoggingSeverity:
    try:
        return LoggingSeverity[text.upper()]
    except KeyError as err:
        raise ValueError(
            f"log level {text!r} is unknown: it must be one of "
            f"{', '.join(s.name.lower() for s in LoggingSeverity)}"
        ) from err


def set_logger_level(name: str, level: LoggingSeverity | int | str) -> None:
    """Set the lowest severity that is written; the empty name means all loggers."""
    if isinstance(level, str):
        level = get_logging_severity_from_string(level)
    _levels[name] = LoggingSeverity(level)


def get_logger_effective_level(name: str) -> LoggingSeverity:
    """Return a logger's own level, or else that of its nearest ancestor."""
    while name:
        if _levels.get(name):
            return _levels[name]
        name = name.rpartition(".")[0]
    return _levels[""]
