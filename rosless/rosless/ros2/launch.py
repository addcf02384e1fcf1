# SPDX-License-Identifier: Apache-2.0
"""`ros2 launch <package> <file> [name:=value ...]` or `ros2 launch <path> [name:=value ...]`"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_path
from launch import LaunchDescription, LaunchDescriptionEntity, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import (
    AnyLaunchDescriptionSource,
    InvalidLaunchFileError,
    load_python_launch_file,
)

from rosless.ros2 import Parser

_LAUNCH_FILES = ("*launch.py", "*.launch.xml", "*.launch.yaml", "*.launch.yml")


def main(argv: list[str]) -> int:
    """Launch, or show what would be launched; return the exit code."""
    parser = _parser()
    args = parser.parse_intermixed_args(argv)
    if args.launch_prefix:
        parser.exit(2, "rosless has no ros2 launch --launch-prefix; a full ROS 2 has it\n")
    if not args.words:
        parser.error("a package and a launch file, or the path of a launch file, are needed")
    try:
        path, words = find_launch_file(args.words)
        arguments = parse_arguments(words)
        if args.show_args or args.print:
            description = load_python_launch_file(path)
            print(show_arguments(description) if args.show_args else show_tree(description))
            return 0
    except (LookupError, ValueError, InvalidLaunchFileError) as err:
        print(err, file=sys.stderr)
        return 1
    if args.all:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    service = LaunchService(argv=words, noninteractive=args.noninteractive, debug=args.debug)
    service.include_launch_description(
        LaunchDescription(
            [
                IncludeLaunchDescription(
                    AnyLaunchDescriptionSource(path), launch_arguments=arguments
                )
            ]
        )
    )
    return service.run()


def _parser() -> Parser:
    parser = Parser(
        prog="ros2 launch",
        description="Run a launch file",
        usage="%(prog)s [options] <package> <launch file> [name:=value ...]\n"
        "       %(prog)s [options] <path of a launch file> [name:=value ...]",
    )
    parser.add_argument("-n", "--noninteractive", action="store_true", help="no terminal")
    parser.add_argument("-d", "--debug", action="store_true", help="show tracebacks of errors")
    parser.add_argument(
        "-p",
        "--print",
        "--print-description",
        action="store_true",
        dest="print",
        help="print what the launch file describes, without launching",
    )
    parser.add_argument(
        "-s",
        "--show-args",
        "--show-arguments",
        action="store_true",
        dest="show_args",
        help="show the arguments of the launch file",
    )
    parser.add_argument(
        "-a",
        "--show-all-subprocesses-output",
        action="store_true",
        dest="all",
        help="show the output of all processes, whatever the launch file says",
    )
    parser.add_argument("--launch-prefix", help="not supported by rosless")
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    return parser


def find_launch_file(words: list[str]) -> tuple[str, list[str]]:
    """Return the path of the launch file that the words begin with, and the words after it.

    Raises LookupError or ValueError, which say where it was searched.
    """
    first, *rest = words
    if os.path.isfile(first):
        return os.path.abspath(first), rest
    if "/" in first or first.endswith((".py", ".xml", ".yaml", ".yml")):
        raise ValueError(f"launch file '{first}' does not exist")
    try:
        share = get_package_share_path(first)
    except LookupError as err:
        raise LookupError(f"Package '{first}' not found: {err}") from None
    found = sorted({f.name for pattern in _LAUNCH_FILES for f in share.rglob(pattern)})
    has = f"it has: {', '.join(found) or 'no launch files'}"
    if not rest:
        raise ValueError(f"a launch file of package '{first}' must be given: {has}")
    name = rest[0]
    paths = sorted(
        f for f in share.rglob(Path(name).name) if f.is_file() and f"/{f}".endswith(f"/{name}")
    )
    if not paths:
        raise LookupError(
            f"file '{name}' was not found in the share directory of package "
            f"'{first}' which is at '{share}'; {has}"
        )
    if len(paths) > 1:
        raise ValueError(
            f"file '{name}' was found more than once in the share directory of "
            f"package '{first}': {', '.join(map(str, paths))}"
        )
    return str(paths[0]), rest[1:]


def parse_arguments(words: list[str]) -> list[tuple[str, str]]:
    """Return the names and values of `name:=value`; the last one of a name wins."""
    found: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition(":=")
        if not name or not value:
            raise ValueError(
                f"malformed launch argument '{word}', expected format '<name>:=<value>'"
            )
        found[name] = value
    return list(found.items())


def show_arguments(description: LaunchDescription) -> str:
    """Return the text that `--show-args` prints."""
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument in description.get_launch_arguments():
        lines += ["", f"    '{argument.name}':", f"        {argument.description}"]
        if argument.default_value is not None:
            default = " + ".join(s.describe() for s in argument.default_value)
            lines.append(f"        (default: {default})")
    return "\n".join(lines if len(lines) > 1 else [*lines, "", "  No arguments."])


def show_tree(entity: LaunchDescriptionEntity, indent: str = "") -> str:
    """Return the text that `--print` prints: each entity below the one that contains it."""
    words = [" + ".join(s.describe() for s in part) for part in getattr(entity, "cmd", [])]
    lines = [indent + " ".join([type(entity).__name__, *words])]
    lines += [show_tree(sub, indent + "    ") for sub in entity.describe_sub_entities()]
    return "\n".join(lines)
