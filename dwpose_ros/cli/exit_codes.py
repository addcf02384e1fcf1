# SPDX-License-Identifier: Apache-2.0
"""The exit codes of commands that do one thing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dwpose_ros.core.errors import DwposeError

FAILED, STOPPED = 1, 130  # the latter as a shell's for Ctrl-C


def exit_code(work: Callable[[], None], stopped: str) -> int:
    """Do a command's work, and return 0, FAILED after a DwposeError, or STOPPED after Ctrl-C.

    Args:
        work: what the command does.
        stopped: what is printed after Ctrl-C.
    """
    try:
        work()
    except DwposeError as err:
        print(err, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return STOPPED
    return 0
