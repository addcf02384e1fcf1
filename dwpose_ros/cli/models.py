# SPDX-License-Identifier: Apache-2.0
"""List, download and check the models in the cache: the command `models`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as registry
from dwpose_ros.estimation.model_registry import Model


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="DWPose's models in the cache: list, download and check them.",
        epilog="The cache is $DWPOSE_ROS_CACHE, else $XDG_CACHE_HOME/dwpose_ros, else\n"
        "~/.cache/dwpose_ros. Ends with 0, 1 when something failed, 2 for wrong usage, 130 if\n"
        "stopped.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("list", "what there is, and what is in the cache"),
        ("fetch", "download (goes on where it stopped) and check"),
        ("verify", "check SHA-256 of what is in the cache"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "names",
            nargs="*",
            metavar="NAME",
            help="all, if none is given; holistic: MediaPipe's networks",
        )
        if name == "fetch":
            command.add_argument(
                "--mirror", default="", metavar="URL", help="the folder to download from"
            )
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "models") -> int:
    """Run the command. Exits 0, 1 when something failed, 2 for wrong usage, 130 if stopped."""
    args = _parser(prog).parse_args(argv)
    run: dict[str, Callable[[Model], None]] = {
        "list": _list,
        "verify": lambda model: _verify(model, bool(args.names)),
        "fetch": lambda model: _fetch(model, args.mirror),
    }
    failed = 0
    try:
        for name in args.names or registry.MODELS:
            try:
                for model in registry.group(name):
                    run[args.command](model)
            except ModelError as err:
                print(err, file=sys.stderr)
                failed = 1
    except KeyboardInterrupt:
        print("\nstopped; fetch again to go on from there", file=sys.stderr)
        return 130
    return failed


def _list(model: Model) -> None:
    print(
        f"{model.name:28}{model.kind:10}{model.size / 1e6:6.1f} MB  {model.licence:12}"
        f"{registry.status(model):14}{registry.cached(model)}"
    )


def _verify(model: Model, wanted: bool) -> None:
    if not wanted and registry.status(model) == "absent":
        print(f"{model.name}: absent")
    else:
        registry.verify(model)
        print(f"{model.name}: right")


def _fetch(model: Model, mirror: str) -> None:
    from tqdm import tqdm  # here, so that nodes do not need it

    with tqdm(desc=model.name, total=model.size, unit="B", unit_scale=True, leave=False) as bar:
        path = registry.fetch(model, lambda done, total: bar.update(done - bar.n), mirror)
    print(path)
