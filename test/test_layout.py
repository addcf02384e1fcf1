# SPDX-License-Identifier: Apache-2.0
"""The house's floors: who may import whom."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "dwpose_ros"
FLOORS = [
    {"core"},
    {"estimation", "tracking", "quality"},
    {"guidance"},
    {"capture", "visualization", "simulation", "evaluation"},
    {"web"},
    {"ros"},
    {"nodes", "cli"},
]
NO_ROS = set().union(*FLOORS[:5])
MODULES = sorted(
    ".".join(f.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for f in PACKAGE.rglob("*.py")
)


def source_of(module: str) -> Path:
    path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else path.with_suffix("") / "__init__.py"


def imports(module: str) -> set[str]:
    """All modules that one imports when it is loaded, or later in a function."""
    found = set()
    for node in ast.walk(ast.parse(source_of(module).read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {
                full if (full := f"{node.module}.{name.name}") in MODULES else node.module
                for name in node.names
            }
    return found


def floor(module: str) -> int | None:
    room = (module.split(".") + [""])[1]
    return next((i for i, rooms in enumerate(FLOORS) if room in rooms), None)


def test_every_room_has_a_floor():
    rooms = {m.split(".")[1] for m in MODULES if m.count(".")}
    assert rooms == set().union(*FLOORS)


@pytest.mark.parametrize("module", [m for m in MODULES if m.count(".")])
def test_a_module_imports_only_from_its_floor_and_those_below(module):
    above = {
        other
        for other in imports(module)
        if other.startswith("dwpose_ros.") and (floor(other) or 0) > floor(module)
    }
    assert not above


@pytest.mark.parametrize("module", [m for m in MODULES if (m + ".").split(".")[1] in NO_ROS])
def test_below_ros_nothing_knows_of_ros(module):
    roots = {other.split(".")[0] for other in imports(module)}
    assert not roots & {"rclpy", "sensor_msgs", "std_msgs", "geometry_msgs", "launch", "tf2_ros"}
    assert not imports(module) & {"dwpose_ros.msg", "dwpose_ros.srv", "dwpose_ros.action"}


def test_no_import_is_circular():
    graph = {m: imports(m) & set(MODULES) for m in MODULES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError with the cycle
