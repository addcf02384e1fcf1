#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the table of differences from ROS 2 in rosless/README.md, from the tests that prove them.

A test that proves a difference has the marker `@pytest.mark.differs(what, here, shown)`: the three
cells of a row, in Markdown; `shown` is what a user sees, and may be left out. The rows stand in
the order of FILES.

    tools/rosless_differences.py            # write the table
    tools/rosless_differences.py --check    # say whether it is up to date
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

ROSLESS = Path(__file__).resolve().parents[1] / "rosless"
README = ROSLESS / "README.md"
FILES = (
    "test_rclpy.py",
    "test_rclpy_programs.py",
    "test_rclpy_parameters.py",
    "test_interfaces.py",
    "test_actions.py",
    "test_lifecycle.py",
    "test_launch.py",
    "test_ros2.py",
    "test_ros2_more.py",
    "test_bags.py",
)
HEAD = "| What | Here | What a user sees |\n| --- | --- | --- |\n"


def rows_of(code: str) -> list[tuple[str, str, str]]:
    """Return the rows that the tests in a file prove. Raises ValueError for a wrong marker."""
    rows = []
    for node in ast.parse(code).body:
        for marker in getattr(node, "decorator_list", ()):
            if not ast.unparse(marker).startswith("pytest.mark.differs"):
                continue
            try:
                cells = [ast.literal_eval(cell) for cell in marker.args]
            except (AttributeError, ValueError):
                cells = []
            good = len(cells) in (2, 3) and all(isinstance(c, str) and c for c in cells)
            if not good or any("|" in c or "\n" in c for c in cells):
                raise ValueError(
                    f"{node.name}: @pytest.mark.differs must have two or three texts without "
                    f"| and line breaks, but is @{ast.unparse(marker)}"
                )
            rows.append((*cells, "")[:3])
    return rows


def table(folder: Path = ROSLESS / "test") -> str:
    """Return the table in Markdown. Raises ValueError if a file with markers is not in FILES."""
    others = [f for f in sorted(folder.glob("test_*.py")) if f.name not in FILES]
    if left_out := [f.name for f in others if rows_of(f.read_text())]:
        raise ValueError(f"add {', '.join(left_out)} to FILES, where its rows are to stand")
    rows = [row for name in FILES for row in rows_of((folder / name).read_text())]
    return HEAD + "".join(f"| {' | '.join(row).rstrip()} |\n" for row in rows)


def with_table(text: str) -> str:
    """Return the README's text with the table as it should be now."""
    before, head, rest = text.partition(HEAD)
    if not head:
        raise ValueError(f"{README} has no table that begins with {HEAD!r}")
    rows = rest.splitlines(keepends=True)
    end = next((i for i, line in enumerate(rows) if not line.startswith("|")), len(rows))
    return before + table() + "".join(rows[end:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    text = README.read_text(encoding="utf-8")
    wanted = with_table(text)
    if text == wanted:
        return 0
    if check:
        print(f"{README} is out of date: run tools/rosless_differences.py", file=sys.stderr)
        return 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
