# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag record|play|info|reindex`, on rosbags."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Callable

from rosless.ros2 import CommandError, Parser, connected
from rosless.ros2.bag_files import files_of, opened
from rosless.ros2.bag_info import describe


def main(argv: list[str]) -> int | None:
    args = _parser().parse_args(argv)
    if args.verb == "info":
        with opened(args.bag) as bag:
            print(describe(bag, args.bag))
        return 0
    if args.verb == "reindex":
        return _reindex(args.bag)
    if args.verb == "record":
        from rosless.ros2.bag_record import record  # lazily: `info` needs no rclpy

        with connected(signals=False) as node:
            record(node, args)
        return 0
    from rosless.ros2.bag_play import play  # lazily, as above

    return _until_signal(lambda node: play(node, args))


def _parser() -> Parser:
    parser = Parser(prog="ros2 bag")
    verbs = parser.add_subparsers(dest="verb", required=True)
    _add_record(verbs)
    _add_play(verbs)
    verb = verbs.add_parser("info", help="show what a bag holds")
    verb.add_argument("bag", type=Path)
    verb = verbs.add_parser("reindex", help="repair a bag whose recording was killed")
    verb.add_argument("bag", type=Path)
    return parser


def _add_record(verbs) -> None:
    verb = verbs.add_parser("record", help="write published messages to a bag, until Ctrl-C")
    verb.add_argument("topics", nargs="*")
    verb.add_argument("--topics", nargs="+", dest="more_topics", default=[], metavar="TOPIC")
    verb.add_argument("-a", "--all", action="store_true", help="all topics, also later ones")
    verb.add_argument("--include-hidden-topics", action="store_true")
    verb.add_argument("-o", "--output", type=Path, help="a folder that does not exist yet")
    verb.add_argument("-s", "--storage", choices=["mcap", "sqlite3"], default="mcap")
    verb.add_argument(
        "--storage-preset-profile",
        choices=["none", "zstd_fast"],
        default="none",
        help="zstd_fast: compress the mcap file",
    )


def _add_play(verbs) -> None:
    verb = verbs.add_parser("play", help="publish the messages of a bag, at their times")
    verb.add_argument("bag", type=Path)
    verb.add_argument("-r", "--rate", type=float, default=1.0, help="2: twice as fast")
    verb.add_argument(
        "--clock",
        type=float,
        nargs="?",
        const=40.0,
        default=0.0,
        metavar="HZ",
        help="publish /clock, for nodes with use_sim_time",
    )
    verb.add_argument("--topics", nargs="+", help="only these")
    verb.add_argument("-l", "--loop", action="store_true")
    verb.add_argument("--start-offset", type=float, default=0.0, help="seconds to skip")
    verb.add_argument("-d", "--delay", type=float, default=0.0, help="seconds to wait first")
    verb.add_argument("-m", "--remap", nargs="+", default=[], metavar="FROM:=TO")


def _reindex(path: Path) -> None:
    from rosless.ros2.bag_mend import mend

    files = files_of(path)
    if len(files) != 1 or files[0].suffix != ".mcap":
        raise CommandError(
            f"{str(path)!r} must have one .mcap file to repair; .db3 files need no repair"
        )
    cut = mend(files[0])
    with opened(path) as bag:
        print(f"{files[0]} is readable again: {bag.message_count} messages, {cut} bytes cut off")


def _until_signal(run: Callable) -> int:
    """Run until a signal comes.

    The signal must not interrupt what is being written, so it only shuts the context down.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with connected() as node:
            run(node)
    except SystemExit:
        pass
    return 0
