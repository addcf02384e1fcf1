# SPDX-License-Identifier: Apache-2.0
"""`ros2 run <package> <executable> [arguments...]`"""

from __future__ import annotations

import argparse
import os
import sys

from ament_index_python.packages import PackageNotFoundError

from rosless.executables import command, find_executable
from rosless.ros2 import Parser


def main(argv: list[str]) -> int:
    """Become the executable, which then gets all signals; return only on failure."""
    parser = Parser(prog="ros2 run", description="Run an executable of a package")
    parser.add_argument("--prefix", help="not supported by rosless")
    parser.add_argument("package_name")
    parser.add_argument("executable_name")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable")
    args = parser.parse_args(argv)
    if args.prefix:
        parser.exit(2, "rosless has no ros2 run --prefix; a full ROS 2 has it\n")
    sys.stdout.flush()
    try:
        words = command(find_executable(args.package_name, args.executable_name))
        os.execv(words[0], [*words, *args.argv])
    except PackageNotFoundError as err:
        print(f"Package '{args.package_name}' not found: {err}", file=sys.stderr)
    except LookupError as err:
        print(f"No executable found: {err}", file=sys.stderr)
    except (OSError, ValueError) as err:
        print(f"{args.package_name} {args.executable_name} cannot be run: {err}", file=sys.stderr)
    return 1
