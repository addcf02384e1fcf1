# SPDX-License-Identifier: Apache-2.0
"""The options that say where networks run, the same in every command."""

from __future__ import annotations

import argparse

from dwpose_ros.estimation.runtimes.target import DEVICES, PRECISIONS, RUNTIMES, ExecutionTarget


def add_execution_target(parser: argparse._ActionsContainer) -> None:
    """Add --runtime, --device and --precision, named and limited as the pose node's parameters."""
    for name, choices in (("runtime", RUNTIMES), ("device", DEVICES), ("precision", PRECISIONS)):
        default = getattr(ExecutionTarget(), name)
        parser.add_argument(
            f"--{name}", default=default, choices=choices, help=f"default: {default}"
        )


def execution_target(args: argparse.Namespace) -> ExecutionTarget:
    """Return what these options ask for."""
    return ExecutionTarget(args.runtime, args.device, args.precision)
