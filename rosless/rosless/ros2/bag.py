# SPDX-License-Identifier: Apache-2.0
"""`ros2 bag record|play|info|reindex`, on rosbags."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Callable, Iterator

from rosbags.rosbag2 import Reader, ReaderError

from rosless.ros2 import CommandError, Parser, connected


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 bag")
    verbs = parser.add_subparsers(dest="verb", required=True)

    verb = verbs.add_parser("record", help="write what is published to a bag, until Ctrl-C")
    verb.add_argument("topics", nargs="*")
    verb.add_argument("--topics", nargs="+", dest="more_topics", default=[], metavar="TOPIC")
    verb.add_argument("-a", "--all", action="store_true", help="all topics, those to come too")
    verb.add_argument("--include-hidden-topics", action="store_true")
    verb.add_argument("-o", "--output", type=Path, help="a folder that does not exist yet")
    verb.add_argument("-s", "--storage", choices=["mcap", "sqlite3"], default="mcap")
    verb.add_argument(
        "--storage-preset-profile",
        choices=["none", "zstd_fast"],
        default="none",
        help="zstd_fast: mcap is compressed",
    )

    verb = verbs.add_parser("play", help="publish what a bag holds, as it came")
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
    verb.add_argument("--start-offset", type=float, default=0.0, help="seconds to leave out")
    verb.add_argument("-d", "--delay", type=float, default=0.0, help="seconds to wait before")
    verb.add_argument("-m", "--remap", nargs="+", default=[], metavar="FROM:=TO")

    verb = verbs.add_parser("info", help="what a bag holds")
    verb.add_argument("bag", type=Path)
    verb = verbs.add_parser("reindex", help="mend a bag whose recording was killed")
    verb.add_argument("bag", type=Path)
    args = parser.parse_args(argv)
    if args.verb == "info":
        with opened(args.bag) as bag:
            print(describe(bag, args.bag))
        return 0
    if args.verb == "reindex":
        return _reindex(args.bag)
    if args.verb == "record":
        from rosless.ros2.bag_record import record

        with connected(signals=False) as node:
            record(node, args)
        return 0
    from rosless.ros2.bag_play import play

    return _until_signal(lambda node: play(node, args))


def _reindex(path: Path) -> None:
    from rosless.ros2.bag_mend import mend

    files = _files(path)
    if len(files) != 1 or files[0].suffix != ".mcap":
        raise CommandError(f"{str(path)!r} has no single .mcap file to mend; .db3 files need none")
    cut = mend(files[0])
    with opened(path) as bag:
        print(f"{files[0]} is readable again: {bag.message_count} messages, {cut} bytes cut off")


def _files(path: Path) -> list[Path]:
    """Those with messages; rosbag2 may have compressed them, to .mcap.zstd say."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if {".mcap", ".db3"} & {*file.suffixes})


def _until_signal(run: Callable) -> int:
    """A signal is how this ends. It must not interrupt what is being written, so it only ends
    the context."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with connected() as node:
            run(node)
    except SystemExit:
        pass
    return 0


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """A bag's reader. Raises CommandError where there is none.

    A recording that was killed has no metadata.yaml: its one file is then read as it is.
    """
    files = _files(path)
    killed = path.is_dir() and len(files) == 1 and not (path / "metadata.yaml").exists()
    try:
        bag = Reader(files[0] if killed else path)
        bag.open()
    except OSError as err:
        raise CommandError(f"{str(path)!r} cannot be read as a bag: {err}") from err
    except ReaderError as err:
        raise _damaged(path, files, err) from err
    try:
        yield bag
    except ReaderError as err:  # not OSError: what is done with the bag has its own
        raise _damaged(path, files, err) from err
    finally:
        bag.close()


def _damaged(path: Path, files: list[Path], err: ReaderError) -> CommandError:
    mcap = files and files[0].suffix == ".mcap"
    hint = f"; if its recording was killed, `ros2 bag reindex {path}` mends it" if mcap else ""
    return CommandError(f"{str(path)!r} cannot be read as a bag: {err}{hint}")


def describe(bag: Reader, path: Path) -> str:
    """What `ros2 bag info` prints."""
    parts = _files(path)
    topics = [
        f"Topic: {c.topic} | Type: {c.msgtype} | Count: {c.msgcount} | "
        f"Serialization Format: {c.ext.serialization_format}"
        for c in sorted(bag.connections, key=lambda c: c.topic)
    ]
    # rosbags' end is the first moment that is too late.
    end = bag.end_time - 1 if bag.message_count else bag.start_time
    known = bag.message_count > 0
    rows = [
        ("Files", ", ".join(part.name for part in parts)),
        ("Bag size", _size(sum(part.stat().st_size for part in parts))),
        ("Storage id", "mcap" if ".mcap" in parts[0].suffixes else "sqlite3"),
        ("Duration", f"{(end - bag.start_time) / 1e9:.9f}s" if known else "0s"),
        ("Start", _date(bag.start_time) if known else "-"),
        ("End", _date(end) if known else "-"),
        ("Messages", str(bag.message_count)),
        ("Topic information", f"\n{'':19}".join(topics)),
    ]
    return "\n" + "\n".join(f"{title + ':':<19}{value}" for title, value in rows)


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _date(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds):%b %d %Y %H:%M:%S}.{rest:09d} ({seconds}.{rest:09d})"


def default_folder() -> Path:
    return Path(time.strftime("rosbag2_%Y_%m_%d-%H_%M_%S"))
