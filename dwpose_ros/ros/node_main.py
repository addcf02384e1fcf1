# SPDX-License-Identifier: Apache-2.0
"""The main function of all processes: from their start to a signal, with one node or several."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import traceback
import weakref
from contextlib import suppress

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from dwpose_ros.core.text import one_line
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.memory import keep_freed_memory
from dwpose_ros.ros.middleware import settings
from dwpose_ros.ros.shipped_files import share

CRASH = 1  # exit code after an exception that nobody expected; launch starts it again
MISTAKE = 2  # exit code for what the user can mend; nothing is gained by starting it again
MISTAKES = (ValueError, OSError, ImportError, ParameterException)
MOST_FAULTS = 1000  # in a row: then it is the executor that fails, and not what others send
LEAVE_S = 4.0  # after a signal, for whatever is under way; launch sends the next after 5
LOOK_S = 0.5
LET_GO_S, AGAIN_S = 1.0, 0.05  # for what still holds a node at the end


def run(*makes: type) -> None:
    """Run nodes until SIGINT or SIGTERM. A mistake of the user is one line, and exit code 2.

    Each node has an executor and a thread of its own, from when it is made; a single one has the
    main thread. So a node that loads networks or writes files keeps no other waiting, and an
    executor looks only at what belongs to its node. They end together.

    OpenCV gets one thread, unless the user sets OPENCV_FOR_THREADS_NUM: what it does to an image
    is so short that other threads cost more CPU time, in waiting for work, than they save.

    Args:
        makes: subclasses of ManagedNode.
    """
    nodes: list = []
    executors: list = []  # nodes end their goals with them, after they have stopped
    threads: list[threading.Thread] = []
    left = None
    codes: list[int] = []  # the exit code, once it is known
    joined = False  # afterwards only a signal, or a node itself, shuts rclpy down
    code = 0
    keep_freed_memory()
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    try:
        variables, told = settings(share("config"))
        os.environ.update(variables)
        rclpy.init()
        joined = True
        left = _leave_in_time(_logger(makes[0]), nodes, codes)
        if told:
            _logger(makes[0]).warning(told)
        _live_all(makes, nodes, executors, threads)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except (*MISTAKES, RuntimeError) as err:  # the latter is RCLError, as where security refuses
        if rclpy.ok() or not joined:
            _logger(makes[min(len(nodes), len(makes) - 1)]).fatal(one_line(err))
            code = MISTAKE
    except Exception:
        if rclpy.ok() or not joined:  # else a signal cut it short
            raise
    finally:
        # A terminal's Ctrl-C reaches a node twice: from the terminal, and from launch.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _shut_down()
        for thread in threads:
            thread.join()
        code = code or _exit_code(nodes)
        codes.append(code)
        _close(nodes, code)
        _leave_dds(nodes, executors, threads)
        if left is not None:
            left.set()
    sys.exit(code)


def _leave_dds(nodes: list, *held: list) -> None:
    """Let go of all that holds a node, so that DDS ends now, while its other threads still can.

    rclpy keeps the participant for as long as anything of a node exists, as the lifecycle's state
    machine does. What is left when the process exits is taken down by Fast DDS's static
    destructors beside its own threads: of 2,100 nodes that ended while others came and went, one
    crashed, and three never ended and kept a core busy.
    """
    left = [weakref.ref(node) for node in nodes]
    for some in (nodes, *held):
        some.clear()
    # Nodes and what belongs to them refer to each other. A thread of rclpy's that has just told of
    # the shutdown may hold one a little longer.
    until = time.monotonic() + LET_GO_S
    while True:
        gc.collect()
        if not any(node() is not None for node in left) or time.monotonic() > until:
            return
        time.sleep(AGAIN_S)


def _live_all(
    makes: tuple[type, ...], nodes: list, executors: list, threads: list[threading.Thread]
) -> None:
    """Make all nodes and start each at once; return when all have ended."""
    for make in makes:
        nodes.append(make())
        if len(makes) > 1:
            name = nodes[-1].get_name()
            threads.append(threading.Thread(target=_live, args=[nodes[-1], executors], name=name))
            threads[-1].start()
    if not threads:
        _live(nodes[0], executors)
    for thread in threads:
        thread.join()


def _logger(make: type):
    return rclpy.logging.get_logger(make.__name__.removesuffix("Node").lower())


def _live(node, executors: list) -> None:
    """Start a node and spin it until a signal, or until it has failed; then end all nodes."""
    try:
        executor = SingleThreadedExecutor()
        executors.append(executor)
        executor.add_node(node)
        if node.start():
            _spin(executor, node)
        elif rclpy.ok():
            node.exit_code = node.exit_code or MISTAKE
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():  # else a signal cut it short
            traceback.print_exc()
            node.exit_code = CRASH
    finally:
        _shut_down()


def _exit_code(nodes: list) -> int:
    """Return the process's exit code: that of a crash, else of a user's mistake, else 0."""
    codes = [node.exit_code for node in nodes]
    return CRASH if CRASH in codes else max(codes, default=0)


def _shut_down() -> None:
    with suppress(RuntimeError):  # RCLError: rclpy's own thread is doing it, for a signal
        rclpy.try_shutdown()


def _close(nodes: list, code: int) -> None:
    """Release everything; end the process at once if a thread does not end."""
    stuck = False
    for node in nodes:
        try:
            node.close()
        except StillRunning:  # in a camera's driver, say; nothing it uses can be taken down
            stuck = True
        else:
            node.destroy_node()
    if stuck:
        _shut_down()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _spin(executor: SingleThreadedExecutor, node) -> None:
    """Spin until a signal. An exception of a callback is reported, and does not end the
    node.
    """
    in_a_row = 0
    while rclpy.ok():
        try:
            # Not spin(): in rclpy a signal that comes just before it waits does not wake it.
            executor.spin_once(timeout_sec=1.0)
            in_a_row = 0
        except ExternalShutdownException:
            return
        except Exception as err:
            in_a_row += 1
            if not rclpy.ok():  # a callback was at work when the signal came
                return
            if in_a_row > MOST_FAULTS:
                raise
            node.fault(err)


def _leave_in_time(logger, nodes: list, codes: list[int]) -> threading.Event:
    """End the process some seconds after a signal, unless the event is set before.

    Native code that loads a network, or a driver that hangs, does not react to signals.
    """
    left = threading.Event()

    def watch() -> None:
        while rclpy.ok():
            if left.wait(LOOK_S):
                return
        if not left.wait(LEAVE_S):
            logger.warning(
                f"something did not end within {LEAVE_S:g} s of the signal: "
                "the process ends without it"
            )
            os._exit(codes[0] if codes else _exit_code(nodes))

    threading.Thread(target=watch, name="leave in time", daemon=True).start()
    return left
