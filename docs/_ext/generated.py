# SPDX-License-Identifier: Apache-2.0
"""What the pages take from the sources: interfaces, launch arguments, the Python API, and files
of the repository.

A page asks for it by a comment of one line, which is replaced before Markdown is read:

    <!-- generated: interfaces -->
    <!-- generated: launch guide -->
    <!-- generated: api -->
    <!-- generated: file CONTRIBUTING.md -->

Only files are read, so nothing here needs ROS 2 to be installed.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple


def _root() -> Path:
    """The repository's folder. rosdoc2 builds a copy of docs elsewhere, and puts the folder on
    Python's path."""
    for folder in (Path(__file__).resolve().parents[2], *map(Path, sys.path)):
        if (folder / "package.xml").is_file() and (folder / "msg").is_dir():
            return folder
    raise FileNotFoundError(
        f"{__file__}: no folder with package.xml and msg is above this file, or on Python's path"
    )


ROOT = _root()
_ASKED = re.compile(r"^<!-- generated: (\w+)(?: (\S+))? -->$", re.M)
_KINDS = (("Messages", "msg"), ("Services", "srv"), ("Actions", "action"))
_SECTIONS = {
    "msg": ("",),
    "srv": ("Request", "Response"),
    "action": ("Goal", "Result", "Feedback"),
}
# Packages that hold no API: processes, commands, and what they are made of.
_NO_API = {"nodes", "cli", "ros", "web"}


class Field(NamedTuple):
    """A field or a constant of an interface."""

    type: str
    name: str
    value: str
    """Of a constant; else empty."""
    comment: str


def read_section(text: str) -> tuple[str, list[Field]]:
    """The introduction and the fields of a message, or of one part of a service or an action.

    A comment belongs to the field before it, on its line and on lines that hold nothing else;
    before the first field it is the introduction. ValueError for a line that is no field.
    """
    intro: list[str] = []
    fields: list[Field] = []
    for line in text.splitlines():
        code, _, comment = (part.strip() for part in line.partition("#"))
        if code:
            found = re.fullmatch(r"(\S+)\s+(\w+)\s*(?:=\s*(\S+))?", code)
            if not found:
                raise ValueError(f"{line!r} is no field of an interface")
            fields.append(Field(found[1], found[2], found[3] or "", comment))
        elif comment and fields:
            fields[-1] = fields[-1]._replace(comment=f"{fields[-1].comment} {comment}".strip())
        elif comment:
            intro.append(comment)
    return " ".join(intro), fields


def interfaces() -> str:
    """All interfaces of the package, in Markdown."""
    parts = []
    for heading, kind in _KINDS:
        parts.append(f"## {heading}\n")
        for path in sorted((ROOT / kind).glob(f"*.{kind}")):
            parts.append(f"### {path.stem}\n\n`dwpose_ros/{kind}/{path.stem}`\n")
            texts = re.split(r"^---\s*$", path.read_text(encoding="utf-8"), flags=re.M)
            for name, text in zip(_SECTIONS[kind], texts, strict=True):
                parts += [f"**{name}**\n"] if name else []
                intro, fields = read_section(text)
                parts += [f"{_escaped(intro)}\n"] if intro else []
                parts.append(_table(fields))
    return "\n".join(parts)


def _table(fields: list[Field]) -> str:
    if not fields:
        return "No fields.\n"
    rows = ["| type | name | meaning |", "| --- | --- | --- |"]
    rows += [
        f"| `{f.type}` | `{f.name}{f' = {f.value}' if f.value else ''}` | {_escaped(f.comment)} |"
        for f in fields
    ]
    return "\n".join(rows) + "\n"


def _escaped(text: str) -> str:
    """Without what Markdown would take for something else; code in backticks is left alone."""
    pieces = re.split(r"(`[^`]*`)", text)
    return (
        "".join(
            piece if i % 2 else re.sub(r"([|<>*_\[\]])", r"\\\1", piece)
            for i, piece in enumerate(pieces)
        )
        .replace("|", "\\|")
        .replace("\\\\|", "\\|")
    )


def launch_arguments(name: str) -> dict[str, tuple[str, str]]:
    """Default and description of each argument that launch/<name>.launch.py declares itself."""
    path = ROOT / "launch" / f"{name}.launch.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS":
            return ast.literal_eval(node.value)
    raise ValueError(f"{path}: there is no ARGUMENTS")


def launch(name: str) -> str:
    """A launch file's arguments, in Markdown."""
    rows = ["| argument | default | meaning |", "| --- | --- | --- |"]
    rows += [
        f"| `{argument}` | {f'`{default}`' if default else 'empty'} | {_escaped(text)} |"
        for argument, (default, text) in launch_arguments(name).items()
    ]
    return "\n".join(rows) + "\n"


def offered(init: Path) -> list[str] | None:
    """The names in `__all__` of a package's __init__.py; None where it has none."""
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return None


def api() -> str:
    """The packages that need no ROS: what each offers, or else what each of its modules holds.

    A name that several offer is described once, in the first.
    """
    parts, described = [], set()
    folders = sorted(f.parent for f in (ROOT / "dwpose_ros").rglob("__init__.py"))
    for folder in folders:
        names = folder.relative_to(ROOT).parts
        if set(names[1:2]) & _NO_API:
            continue
        members = offered(folder / "__init__.py")
        if members:
            parts.append(_automodule(".".join(names), members, described))
            described |= set(members)
        elif len(names) == 2:
            parts.append(f"## {'.'.join(names)}\n")
            parts += [
                _automodule(".".join((*names, f.stem)), None, set(), level=3)
                for f in sorted(folder.glob("[!_]*.py"))
            ]
    return "\n".join(parts)


def _automodule(name: str, members: list[str] | None, described: set[str], level: int = 2) -> str:
    options = [":members:", ":show-inheritance:"]
    if members is not None:
        options.append(":imported-members:")
        if known := sorted(set(members) & described):
            options.append(f":exclude-members: {', '.join(known)}")
    lines = "\n".join(f"   {option}" for option in options)
    return f"{'#' * level} {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n{lines}\n```\n"


def file(path: str) -> str:
    """A Markdown file of the repository, whose links to pages in docs become those from docs."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.sub(r"\]\((?:\.\./)?docs/", "](", text)


def changelog() -> str:
    """CHANGELOG.rst in Markdown, less its title: it has headings, lists and code, no more."""
    text = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8").split("\n\n", 1)[1]
    text = re.sub(r"^(.+)\n-+$", r"## \1", text, flags=re.M)
    return text.replace("``", "`")


_GENERATORS = {
    "interfaces": interfaces,
    "launch": launch,
    "api": api,
    "file": file,
    "changelog": changelog,
}


def _on_source(app, docname: str, source: list[str]) -> None:
    def replaced(match: re.Match) -> str:
        return _GENERATORS[match[1]](*filter(None, [match[2]]))

    changed = _ASKED.sub(replaced, source[0])
    if changed != source[0]:
        app.env.note_reread()  # its sources are not Sphinx's: it is read anew each time
        source[0] = changed


def _on_docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Docstrings are plain text first: what reStructuredText would take for markup is escaped
    outside of code. What Python itself says of a NamedTuple's fields is left out."""
    lines[:] = [line for line in lines if not re.fullmatch(r"Alias for field number \d+", line)]
    for i, line in enumerate(lines):
        pieces = re.split(r"(``[^`]*``|`[^`]*`)", line)
        lines[i] = "".join(
            p if k % 2 else re.sub(r"(?<!\\)([|*]|(?<=\w)_(?!\w))", r"\\\1", p)
            for k, p in enumerate(pieces)
        )


def setup(app) -> dict[str, bool]:
    app.connect("source-read", _on_source)
    app.connect("autodoc-process-docstring", _on_docstring)
    return {"parallel_read_safe": True}
