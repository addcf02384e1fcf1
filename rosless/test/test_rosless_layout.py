# SPDX-License-Identifier: Apache-2.0
"""Who imports whom in rosless, and how long its modules and functions are."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

import rosless

SOURCE = Path(rosless.__file__).parent
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50


def module_of(file: Path) -> str:
    """Return the name by which a file is imported: those in `packages/` have ROS 2's names."""
    below = file.relative_to(SOURCE).with_suffix("").parts
    parts = below[1:] if below[0] == "packages" else ("rosless", *below)
    return ".".join(parts).removesuffix(".__init__")


FILES = {module_of(file): file for file in sorted(SOURCE.rglob("*.py"))}


def imports(tree: ast.AST) -> set[str]:
    """Return the modules of rosless that code imports, also those imported in functions.

    Imports for type checkers do not count: they are never executed.
    """
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {name.name: f"{node.module}.{name.name}" for name in node.names}
            found |= {full[n] if full[n] in FILES else node.module for n in full}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found |= imports(ast.Module(node.orelse, []))
        else:
            found |= imports(node)
    return found & FILES.keys()


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules that import each other in a circle; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as err:
        return err.args[1]
    return []


def test_no_import_is_circular():
    assert {"rosless.dds", "rclpy.node", "launch.actions.execute_process"} <= FILES.keys()
    graph = {module: imports(ast.parse(file.read_text())) for module, file in FILES.items()}
    assert circle(graph) == []


@pytest.mark.parametrize(
    "code",
    [
        "import rclpy.node",
        "from rclpy import node",
        "from rclpy.node import Node",
        "def later():\n    if True:\n        from rclpy.node import Node",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from rclpy.node import Node",
    ],
)
def test_a_circle_would_be_found(code):
    assert imports(ast.parse(code)) == {"rclpy.node"}
    back = {"rclpy.node": {"rclpy.context"}, "rclpy.context": imports(ast.parse(code))}
    assert set(circle(back)) == {"rclpy.node", "rclpy.context"}


def test_imports_for_type_checkers_do_not_count():
    assert imports(ast.parse("if TYPE_CHECKING:\n    from rclpy.node import Node")) == set()


@pytest.mark.parametrize("module", FILES)
def test_modules_and_functions_are_short(module):
    text = FILES[module].read_text()
    assert text.count("\n") <= MOST_LINES
    long = {
        node.name: lines
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := node.end_lineno - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}
