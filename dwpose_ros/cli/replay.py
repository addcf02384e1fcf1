# SPDX-License-Identifier: Apache-2.0
"""Print what the coach would say over a video or a bag: the command `replay`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from dwpose_ros.cli.execution_options import add_estimator, load_estimator
from dwpose_ros.cli.exit_codes import exit_code
from dwpose_ros.cli.jobs import frames_of
from dwpose_ros.cli.rehearsal import Event, Rehearsal, summary
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.image_files import is_image
from dwpose_ros.core.image_sources import local, open_source
from dwpose_ros.evaluation.bags import bag_images, is_bag
from dwpose_ros.guidance import load_phrases, load_profile
from dwpose_ros.guidance.session_types import Plan
from dwpose_ros.ros.shipped_files import configured
from dwpose_ros.tracking.pose_tracker import PoseTracker

ROUNDING_S = 1e-6  # of times


class ReplayError(DwposeError):
    """The recording cannot be replayed; the message says which, and what would be right."""


def frames_in(
    source: str, topic: str, damaged: Callable[[str], None]
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the times in s, from 0, and the images (h, w, 3) uint8 RGB of a recording.

    Args:
        source: a video, a folder of images (10 a second), or a ROS 2 bag.
        topic: image topic of a bag; empty: its only one.
        damaged: called with why a frame cannot be read, which is left out.

    Raises:
        ReplayError: it is no recording, or has no topics.
        SourceError, FramesError: it cannot be read.
    """
    path = local(source)
    if not source or path is None or path.is_file() and is_image(path):
        raise ReplayError(
            f"{source!r} is no recording; give a video, a folder of images, or a ROS 2 bag"
        )
    if is_bag(path):
        began: float | None = None
        for _, rgb, time_s in bag_images(path, topic, damaged=damaged):
            began = time_s if began is None else began
            yield time_s - began, rgb
        return
    if topic:
        raise ReplayError(f"{source}: is no bag, so it has no topic {topic!r}; leave out --topic")
    video = open_source(source)
    try:
        for time_s, bgr in frames_of(video, 0, damaged):
            yield time_s, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    finally:
        video.close()


def thinned(
    frames: Iterator[tuple[float, np.ndarray]], rate_hz: float
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield at most so many frames a second, as a slower machine sees; 0: all."""
    next_s = -np.inf
    for time_s, rgb in frames:
        if rate_hz:
            period_s, ahead_s = 1 / rate_hz, next_s - time_s
            if ROUNDING_S < ahead_s <= period_s:
                continue
            # After a gap, or where times go back, it begins anew.
            next_s = (next_s if abs(ahead_s) <= period_s else time_s) + period_s
        yield time_s, rgb


def line(event: Event) -> str:
    """Return an event as it is printed."""
    code = f"[{event.code}] " if event.code else ""
    return f"{event.time_s:7.1f} s  {event.kind:7} {event.text:44} {code}{event.reason}".rstrip()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Find the people in a recording, and print what the coach would say to them, "
        "when, and why,\nand when it would take a picture. Every frame counts with its own "
        "time, however fast this\nmachine is; nothing is spoken or written.",
        epilog="Each line has the time in the recording, what happens, the instruction's code and "
        "the\nchecks that led to it:\n"
        "  says     a sentence\n"
        "  stops    the sentence that is being said, because it is no longer true\n"
        "  takes    a picture, the best of the last frames\n"
        "  rejects  all of the last frames, and the person is asked to hold still once more\n"
        "People in the recording do not hear it, so judge each sentence by what is seen when it\n"
        "is said.\n"
        "\nEnds with 0, 1 when something failed, 2 for wrong usage, 130 when it was stopped.",
    )
    add = parser.add_argument
    add("source", metavar="VIDEO|BAG", help="a video, a folder of images, or a ROS 2 bag")
    add("--profile", default="upper_body", help="a name or a file; default: upper_body")
    add("--language", default="en", help="a name or a file; default: en")
    add("--mirrored", action="store_true", help="the images are mirrored")
    add("--no-notice", dest="notice", action="store_false", help="do not tell of pictures first")
    add("--topic", default="", help="the bag's image topic, where it has several")
    add(
        "--rate",
        type=float,
        default=0.0,
        metavar="HZ",
        help="leave out frames, as on a machine that manages only so many a second",
    )
    add("--json", action="store_true", help="print an object a line, for programs")
    group = parser.add_argument_group("estimator, as the pose node's parameters")
    add_estimator(group)
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "replay") -> int:
    """Run the command. Exit codes are in its help."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if not 0 <= args.rate < 1e4:
        parser.error(f"--rate is {args.rate:g}; wanted frames a second, or 0 for all")
    return exit_code(lambda: _run(args), "stopped")


def _run(args: argparse.Namespace) -> None:
    plan = Plan(
        load_profile(configured("profiles", args.profile)),
        args.profile,
        load_phrases(configured("phrases", args.language)),
    )
    left_out: list[str] = []
    frames = frames_in(args.source, args.topic, left_out.append)
    first = next(frames, None)  # before the networks load, which takes longer
    if first is None:
        raise ReplayError(f"{args.source}: gives no frame")
    estimator, why = load_estimator(args, video=True)
    print(f"{Path(args.source).name}: {why}", file=sys.stderr)
    tracker = PoseTracker(estimator)
    rehearse = Rehearsal(plan, mirrored=args.mirrored, notice=args.notice)
    events: list[Event] = []
    began, count, time_s = time.perf_counter(), 0, 0.0
    try:
        for time_s, rgb in thinned(_again(first, frames), args.rate):
            count += 1
            for event in rehearse(time_s, rgb, tracker(rgb, time_s)):
                print(json.dumps(event._asdict()) if args.json else line(event), flush=True)
                events.append(event)
    finally:
        tracker.close()
    took_s = time.perf_counter() - began
    print(f"{summary(events, count, time_s)}; replayed in {took_s:.1f} s", file=sys.stderr)
    if left_out:
        print(f"{len(left_out)} damaged left out; the first: {left_out[0]}", file=sys.stderr)


def _again(
    first: tuple[float, np.ndarray], others: Iterator[tuple[float, np.ndarray]]
) -> Iterator[tuple[float, np.ndarray]]:
    yield first
    yield from others
