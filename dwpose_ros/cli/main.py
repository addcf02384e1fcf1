# SPDX-License-Identifier: Apache-2.0
"""The command `dwpose`, whose subcommands are the other modules of this folder.

It uses argparse, which comes with Python, so that robots need not install more. Progress bars are
tqdm's. Only the requested subcommand is imported, so that `dwpose --help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence

import dwpose_ros

COMMANDS = {
    "predict": "find the people in images, folders, videos or a camera, and write what was found",
    "replay": "print what the coach would say to a video or a bag, when, and why",
    "models": "list, download and check DWPose's models",
    "evaluate": "average precision on COCO-WholeBody, beside the paper's",
    "quantize": "make an int8 pose network from your own pictures",
}


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="dwpose",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Whole-body pose by DWPose: 133 keypoints of each person.",
        epilog="commands:\n"
        + "".join(f"  {name:{width}}  {text}\n" for name, text in COMMANDS.items())
        + "\nexamples:\n"
        "  dwpose models fetch\n"
        "  dwpose predict people.jpg\n"
        "  dwpose predict film.mp4 --overlay --output drawn\n"
        "  dwpose replay film.mp4 --profile upper_body\n"
        "\n`dwpose COMMAND --help` describes a command.",
    )
    parser.add_argument("--version", action="version", version=dwpose_ros.__version__)
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand, and return its exit code. Exits 2 for wrong usage."""
    args = _parser().parse_args(argv)
    return run(args.command, args.arguments, f"dwpose {args.command}")


def run(command: str, argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run one command of ``COMMANDS``, and return its exit code."""
    # Let Ctrl-C during imports end the process without a traceback.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        module = importlib.import_module(f"dwpose_ros.cli.{command}")
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        code = int(module.main(argv, prog or command))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return code


if __name__ == "__main__":
    sys.exit(main())
