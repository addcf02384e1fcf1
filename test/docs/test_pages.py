# SPDX-License-Identifier: Apache-2.0
"""What the pages are made of: generated parts, pictures, and links outside of Sphinx's reach."""

from __future__ import annotations

import re

import generated
import pytest
from documents import ROOT, TEXTS


def test_comments_belong_to_the_field_before_them():
    intro, fields = generated.read_section(
        "# Two lines\n# of introduction.\nuint8 IDLE=5  # waits\nfloat32[4] box  # x1 y1\n"
        "               # x2 y2\nstring name\n"
    )
    assert intro == "Two lines of introduction."
    assert fields == [
        ("uint8", "IDLE", "5", "waits"),
        ("float32[4]", "box", "", "x1 y1 x2 y2"),
        ("string", "name", "", ""),
    ]


def test_a_line_that_is_no_field_is_refused():
    with pytest.raises(ValueError, match="'no field at all' is no field"):
        generated.read_section("no field at all\n")


@pytest.mark.parametrize("kind", ["msg", "srv", "action"])
def test_all_interfaces_and_their_fields_are_on_the_page(kind):
    page = generated.interfaces()
    for path in (ROOT / kind).glob(f"*.{kind}"):
        assert f"### {path.stem}\n" in page
        names = re.findall(r"^[a-z]\S*\s+(\w+)", path.read_text(), re.M)
        assert names and all(re.search(rf"`{name}( = |`)", page) for name in names)


@pytest.mark.parametrize("name", ["guide", "pose", "two_cameras"])
def test_a_launch_files_arguments_are_read_without_ros(name):
    arguments = generated.launch_arguments(name)
    assert arguments and all(text for _, text in arguments.values())
    assert all(f"| `{argument}` |" in generated.launch(name) for argument in arguments)


def test_pipes_and_brackets_in_comments_do_not_break_a_table():
    assert generated._escaped("a|b <c> `d|e`") == r"a\|b \<c\> `d\|e`"


def test_the_picture_of_the_states_has_those_of_the_message():
    dot = (ROOT / "docs/images/guidance_states.dot").read_text()
    drawn = set(re.findall(r"\b([A-Z]{4,})\b", dot))
    message = (ROOT / "msg/Guidance.msg").read_text()
    assert drawn == set(re.findall(r"^uint8 ([A-Z]+)=", message, re.M))


@pytest.mark.parametrize("name", ["node_graph", "guidance_states"])
def test_a_picture_was_drawn_from_what_is_in_its_dot_file(name):
    dot = (ROOT / f"docs/images/{name}.dot").read_text()
    svg = (ROOT / f"docs/images/{name}.svg").read_text()
    edges = re.findall(r"(\w+) -> (\w+)", dot)
    drawn = re.findall(r"<title>(\w+)&#45;&gt;(\w+)</title>", svg)
    assert edges and sorted(edges) == sorted(drawn)


def test_the_readme_is_read_at_once():
    assert len(TEXTS["README.md"].splitlines()) <= 150
    assert (ROOT / "docs/images/session.gif").stat().st_size < 2_000_000


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_pages_that_sphinx_does_not_read(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[page]):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).is_file(), target
        assert not anchor or any(
            re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") == anchor
            for heading in re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.M)
        ), target
