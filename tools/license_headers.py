#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the licence line at the top of all Python files: `--check` to look, `--write` to add it.

The line is the one that SPDX defines (https://spdx.dev/learn/handling-license-info/), and says of
each file by itself what LICENSE says of the whole. It comes after a `#!` line.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE = "# SPDX-License-Identifier: Apache-2.0\n"


def python_files(root: Path) -> list[Path]:
    """Return the Python files that git tracks or could add, by their ending or first line."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
    )
    files = [root / name.decode() for name in listed.stdout.split(b"\0") if name]
    return [file for file in files if file.is_file() and is_python(file)]


def is_python(file: Path) -> bool:
    """Return whether a file is Python, by its name or its `#!` line."""
    if file.suffix:
        return file.suffix == ".py"
    with file.open("rb") as stream:
        first = stream.readline(200)
    return first.startswith(b"#!") and b"python" in first


def with_line(text: str) -> str:
    """Return the text of a Python file with the licence line, added if it is missing."""
    first, rest = "", text
    if text.startswith("#!"):
        first, _, rest = text.partition("\n")
        first += "\n"
    return text if rest.startswith(LINE) else f"{first}{LINE}{rest}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="name the files that lack it; exit 1")
    what.add_argument("--write", action="store_true", help="add it where it is missing")
    args = parser.parse_args()
    lacking = 0
    for file in python_files(ROOT):
        text = file.read_text(encoding="utf-8")
        wanted = with_line(text)
        if wanted == text:
            continue
        lacking += 1
        if args.write:
            file.write_text(wanted, encoding="utf-8")
        else:
            print(
                f"{file.relative_to(ROOT)}: lacks {LINE.strip()!r}; "
                "tools/license_headers.py --write adds it"
            )
    return 1 if lacking and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
