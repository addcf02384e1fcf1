# SPDX-License-Identifier: Apache-2.0
"""The options that choose networks and say where they run, the same in every command."""

from __future__ import annotations

import argparse

from dwpose_ros.estimation import backends
from dwpose_ros.estimation.estimator import Estimator
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


def add_estimator(group: argparse._ArgumentGroup) -> None:
    """Add the options that choose an estimator, as the pose node's parameters."""
    add = group.add_argument
    add(
        "--backend",
        default="auto",
        choices=backends.BACKENDS,
        help="auto (default): DWPose where its weights are, else holistic",
    )
    add(
        "--model",
        default="",
        help=f"a name or an ONNX file; default: {backends.MODEL}, or holistic's own",
    )
    add("--detector", default="", help=f"a name or an ONNX file; default: {backends.DETECTOR}")
    add_execution_target(group)
    add(
        "--no-subpixel",
        dest="subpixel",
        action="store_false",
        help="points at the bins of the networks' maps, not between them",
    )
    add(
        "--detector-size",
        type=int,
        default=0,
        metavar="PX",
        help="side of the detector's input, where its file leaves that open; default: 640",
    )
    add("--download", action="store_true", help="fetch missing weights first")


def load_estimator(args: argparse.Namespace, video: bool) -> tuple[Estimator, str]:
    """Return the estimator that these options ask for, and a line about it.

    Raises:
        ModelError: it is not available.
    """
    estimator, why = backends.load(
        args.backend,
        args.model,
        args.detector,
        execution_target(args),
        subpixel=args.subpixel,
        detector_size=args.detector_size,
        download=args.download,
        video=video,
    )
    return estimator, f"{why}; runs on {estimator.runs_on}"
