"""`ros2 interface show|list`."""

from __future__ import annotations

import argparse

from rosless.interfaces import definition, interface_names
from rosless.ros2 import CommandError


def main(argv: list[str]) -> int | None:
    parser = argparse.ArgumentParser(prog="ros2 interface")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("show", help="an interface's definition")
    verb.add_argument("type", help="e.g. std_msgs/msg/String")
    verbs.add_parser("list", help="names of all interfaces")
    args = parser.parse_args(argv)
    if args.verb == "list":
        print("\n".join(interface_names()))
        return 0
    if args.type not in interface_names():
        raise CommandError(f"unknown interface {args.type!r}: give <package>/msg/<Name> or "
                           "<package>/srv/<Name>; see `ros2 interface list`")
    print(definition(args.type).rstrip())
    return 0
