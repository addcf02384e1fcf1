# SPDX-License-Identifier: Apache-2.0
"""`ros2 pkg list|prefix|executables`."""

from __future__ import annotations

from ament_index_python.packages import PackageNotFoundError, get_package_prefix

from rosless import index
from rosless.executables import executables
from rosless.ros2 import CommandError, Parser


def main(argv: list[str]) -> None:
    parser = Parser(prog="ros2 pkg")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="names of all installed packages")
    verb.set_defaults(run=_list)
    verb = verbs.add_parser("prefix", help="the folder in which a package is installed")
    verb.add_argument("package")
    verb.add_argument("--share", action="store_true", help="its share folder")
    verb.set_defaults(run=_prefix)
    verb = verbs.add_parser("executables", help="the executables of a package, or of all")
    verb.add_argument("package", nargs="?")
    verb.add_argument("--full-path", action="store_true")
    verb.set_defaults(run=_executables)
    args = parser.parse_args(argv)
    try:
        args.run(args)
    except PackageNotFoundError as err:
        raise CommandError(f"Package '{args.package}' not found: {err}") from err


def _list(args) -> None:
    print("".join(f"{name}\n" for name in sorted(index.packages())), end="")


def _prefix(args) -> None:
    prefix = get_package_prefix(args.package)
    print(f"{prefix}/share/{args.package}" if args.share else prefix)


def _executables(args) -> None:
    for package in [args.package] if args.package else sorted(index.packages()):
        for name, path in sorted(executables(package).items()):
            print(path if args.full_path else f"{package} {name}")
