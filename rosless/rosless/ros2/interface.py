# SPDX-License-Identifier: Apache-2.0
"""`ros2 interface show|list`."""

from __future__ import annotations

import re

from rosless.definitions import interface_names
from rosless.interfaces import definition
from rosless.ros2 import CommandError, Parser

# A field that is another message: its package, if that is another one, and its name.
_NESTED = re.compile(r"\s*(?:(\w+)/(?:msg/)?)?([A-Z]\w*)(?:\[[^\]]*\])?\s+\w+")


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 interface")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("show", help="an interface's definition")
    verb.add_argument("type", help="e.g. std_msgs/msg/String")
    verbs.add_parser("list", help="names of all interfaces")
    args = parser.parse_args(argv)
    if args.verb == "list":
        print("\n".join(interface_names()))
        return 0
    if args.type not in interface_names():
        raise CommandError(
            f"unknown interface {args.type!r}: give <package>/msg/<Name>, "
            "<package>/srv/<Name> or <package>/action/<Name>; see "
            "`ros2 interface list`"
        )
    print("\n".join(_lines(args.type)))
    return 0


def _lines(typename: str, depth: int = 0) -> list[str]:
    """Return a definition, with those of its fields below them, without their comments."""
    package, lines = typename.split("/")[0], []
    for line in definition(typename).rstrip().splitlines():
        if depth:
            line = line.partition("#")[0]
        if line.strip() or not depth:
            lines.append("\t" * depth + line.rstrip() if line.strip() else "")
        if field := _NESTED.match(line):
            lines += _lines(f"{field[1] or package}/msg/{field[2]}", depth + 1)
    return lines
