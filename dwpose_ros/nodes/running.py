"""A node's process, from its start to a signal."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from dwpose_ros.nodes.worker import StillRunning

MISTAKE = 2  # exit code for what the user can mend; nothing is gained by starting it again
MISTAKES = (ValueError, OSError, ImportError, ParameterException)
# mallopt(3), of glibc: for blocks up to the greatest limit that it takes, keep what is freed.
_MALLOPT = {-3: 32 * 1024**2,  # M_MMAP_THRESHOLD
            -1: 256 * 1024**2}  # M_TRIM_THRESHOLD


def run(make: type) -> None:
    """Run a node until SIGINT or SIGTERM. What a user can mend is one line, and exit code 2.

    `make` is a kind of DwposeNode.
    """
    node = None
    code = 0
    _keep_freed_memory()
    try:
        rclpy.init()
        node = make()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        if not node.start():
            code = MISTAKE
        while rclpy.ok() and not code:
            # Not spin(): in rclpy a signal that comes just before it waits does not wake it.
            executor.spin_once(timeout_sec=1.0)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except MISTAKES as err:
        if node is not None:
            raise  # not the user's doing
        rclpy.logging.get_logger(make.__name__.lower()).fatal(" ".join(str(err).split()))
        code = MISTAKE
    except Exception:
        if rclpy.ok():  # else a callback was at work when the signal came, and could not publish
            raise
    finally:
        # A terminal's Ctrl-C reaches a node twice: from the terminal, and from launch.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            code = code or node.exit_code
            try:
                node.close()
            except StillRunning:  # in a camera's driver, say; nothing it uses can be taken down
                rclpy.try_shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
            node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(code)


def _keep_freed_memory() -> None:
    """Use the memory of one image for the next.

    The C library would give it back to the system after each and ask for it again, a page at a
    time: that was half of what the camera node did.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    for limit, size in _MALLOPT.items():
        mallopt(limit, size)
