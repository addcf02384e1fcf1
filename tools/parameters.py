#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the parameters of all our nodes, as the nodes describe them, in Markdown.

    python tools/parameters.py > docs/parameters.md

Starts each node unconfigured, in a namespace of its own, and asks it by the parameter services.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import rclpy
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import Parameter, parameter_value_to_python

from dwpose_ros.ros.parameters import ONLY_UNCONFIGURED

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0  # for all nodes to start: each loads OpenCV and more
ANSWER_S = 10.0
ROS_2S_OWN = ("use_sim_time", "qos_overrides.", "start_type_description_service")

HEAD = """# Parameters

Every node describes its parameters itself: `ros2 param describe /pose max_age`. Set them

- at start: `ros2 run dwpose_ros pose --ros-args -p max_age:=0.2`, or `--params-file` with a file
  that `ros2 param dump /pose` wrote,
- while the node runs: `ros2 param set /pose max_age 0.2`. Parameters marked *yes* under "live"
  change at any time; those marked *at start* never; all others while the node is
  [unconfigured](how-to/lifecycle.md#parameters).

A value that is out of range, or of another type, is refused with the reason. What ROS 2 gives to
every node, `use_sim_time` and `qos_overrides.<topic>...`, is left out.

This file is written by `python tools/parameters.py > docs/parameters.md`.
"""


class Row(NamedTuple):
    """One parameter."""

    name: str
    type: str
    default: str
    range: str
    """Smallest to largest value, or the choices."""
    unit: str
    live: str
    """When it changes: "yes" is always, empty while the node is unconfigured, or "at start"."""
    description: str


def node_names() -> list[str]:
    """Return our nodes: the modules that can be run, but for the one that runs several."""
    modules = {p.stem for p in (ROOT / "dwpose_ros" / "nodes").glob("*.py")}
    return sorted(modules & {p.name for p in (ROOT / "scripts").iterdir()} - {"composed"})


def row(descriptor: ParameterDescriptor, value: Any) -> Row:
    """Return a parameter's row, from the constraints that `ParameterNode.parameter` writes."""
    constraints = descriptor.additional_constraints.split("; ")
    told = dict(c.split(": ", 1) for c in constraints if ": " in c)
    limits = [
        f"{r.from_value:.10g} to {r.to_value:.10g}"
        for r in (*descriptor.integer_range, *descriptor.floating_point_range)
    ]
    if descriptor.name == "autostart":
        value = not value  # its default: `all_rows` starts the nodes with the opposite
    return Row(
        descriptor.name,
        Parameter.Type(descriptor.type).name.lower(),
        str(value).lower() if isinstance(value, bool) else str(value),
        "".join(limits) or told.get("one of", ""),
        told.get("unit", ""),
        "at start"
        if descriptor.read_only
        else ("" if ONLY_UNCONFIGURED in constraints else "yes"),
        descriptor.description,
    )


def ask(node, srv_type, name: str, **fields) -> Any:
    """Call a service, and return its response. Raises TimeoutError if it does not answer."""
    client = node.create_client(srv_type, name)
    try:
        if not client.wait_for_service(START_S):
            raise TimeoutError(f"no service {name} after {START_S:g} s")
        future = client.call_async(srv_type.Request(**fields))
        rclpy.spin_until_future_complete(node, future, timeout_sec=ANSWER_S)
        if not future.done():
            raise TimeoutError(f"{name} does not answer for {ANSWER_S:g} s")
        return future.result()
    finally:
        node.destroy_client(client)


def rows_of(node, full_name: str) -> list[Row]:
    """Return all parameters of a node, except ROS 2's own."""
    listed = ask(node, ListParameters, f"{full_name}/list_parameters").result.names
    names = sorted(n for n in listed if not n.startswith(ROS_2S_OWN))
    values = ask(node, GetParameters, f"{full_name}/get_parameters", names=names).values
    found = ask(node, DescribeParameters, f"{full_name}/describe_parameters", names=names)
    return [row(d, parameter_value_to_python(v)) for d, v in zip(found.descriptors, values)]


def all_rows() -> dict[str, list[Row]]:
    """Start all our nodes, and return their parameters."""
    namespace = f"/parameters_{os.getpid()}"  # apart from other nodes on this network
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    started = []
    rclpy.init(args=[])
    try:
        for name in node_names():
            started.append(
                subprocess.Popen(
                    [
                        "ros2",
                        "run",
                        "dwpose_ros",
                        name,
                        "--ros-args",
                        "-p",
                        "autostart:=false",
                        "-r",
                        f"__ns:={namespace}",
                    ],
                    stdout=sys.stderr,
                    env={**os.environ, "PATH": path},
                    start_new_session=True,
                )
            )
        node = rclpy.create_node("parameters", namespace=namespace)
        rows = {name: rows_of(node, f"{namespace}/{name}") for name in node_names()}
        node.destroy_node()
        return rows
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGINT)
        for process in started:
            try:
                process.wait(ANSWER_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        rclpy.try_shutdown()


def table(rows: list[Row]) -> str:
    lines = [
        "| parameter | type | default | range or choices | unit | live | meaning |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        cells = [
            f"`{r.name}`",
            r.type,
            f"`{r.default}`" if r.default else "empty",
            r.range,
            r.unit,
            r.live,
            r.description,
        ]
        lines.append("| " + " | ".join(c.replace("<", "&lt;") for c in cells) + " |")
    return "\n".join(lines) + "\n"


def page(nodes: dict[str, list[Row]]) -> str:
    """Return docs/parameters.md; parameters that all nodes have come once."""
    common = [r for r in next(iter(nodes.values())) if all(r in rows for rows in nodes.values())]
    parts = [HEAD, "## All nodes\n", table(common)]
    for name, rows in nodes.items():
        own = [r for r in rows if r not in common]
        parts += [f"## {name}\n", table(own) if own else "None of its own.\n"]
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(all_rows()), end="")
