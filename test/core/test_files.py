# SPDX-License-Identifier: Apache-2.0
"""YAML from anybody: what is sane is read, and the rest refused at once, without being quoted."""

from __future__ import annotations

import os
import time

import pytest

from dwpose_ros.core.files import DEEPEST, LARGEST, MOST_VALUES, FileError, read_yaml, user_path


@pytest.fixture
def file(tmp_path):
    def make(content: str | bytes):
        path = tmp_path / "given.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def bomb(levels: int = 9, each: int = 9) -> str:
    lines = ["a0: &a0 [x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * each) + "]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "content, why",
    [
        ("[" * 5000 + "]" * 5000, f"deeper than {DEEPEST} levels"),
        ("{a: " * 5000 + "1" + "}" * 5000, f"deeper than {DEEPEST} levels"),
        ("- " * 5000 + "x", f"deeper than {DEEPEST} levels"),
        (bomb(), f"more than {MOST_VALUES:,} values"),
        ("a: &a [*a]", "alias of what the alias itself is in"),
        ("a: &a {b: [*a]}", "alias of what the alias itself is in"),
        ("[" + "x, " * (LARGEST // 4) + "]", f"more than {MOST_VALUES:,} values"),
        ("#" * (LARGEST + 1), f"it has {LARGEST + 1:,} bytes; at most {LARGEST:,} are read"),
        ("a: 1\nb: 2\na: 3", "line 3 has key 'a', which line 1 has"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        ("a: [", "line 1"),
        ("a: 2020-99-99", "it is no YAML (ValueError)"),
        ("a: !!python/object/apply:os.system [ls]", "line 1"),
        ("a: " + "9" * 10_000, ""),  # Python 3.10 takes it, later ones refuse it
    ],
)
def test_what_is_made_to_hurt_is_refused_at_once(file, content, why):
    path, start = file(content), time.process_time()
    if why:
        with pytest.raises(FileError) as caught:
            read_yaml(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: cannot be read: ") and why in message
        assert "\n" not in message and len(message) < 300 + len(str(path))
    else:
        try:
            read_yaml(path)
        except FileError:
            pass
    assert time.process_time() - start < 10.0


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, "/dev/zero", "/dev/null"):
        with pytest.raises(FileError, match="no regular file"):
            read_yaml(path)
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    "secret",
    [
        "root:$6$secret:19000:0:99999:7:::",
        "a: b: secret",
        "\tsecret",
        "- secret\nx: 1",
        "%secret",
        "x: 'secret",
        "x: !secret 1",
        "{secret",
        "&secret x\n*secret",
        "? secret\n: - 1\n :",
    ],
)
def test_what_a_file_holds_is_never_in_the_error(file, secret):
    try:
        read_yaml(file(secret * 3))
    except FileError as err:
        assert str(err).count("secret") <= ("!secret" in secret) + ("*secret" in secret)


def test_what_is_sane_is_read(file):
    found = read_yaml(file("a: &x [1, 2]\nb: *x\nc: {d: é}\n<<: {e: 2020-01-01}\n"))
    assert (found["a"], found["b"], found["c"]) == ([1, 2], [1, 2], {"d": "é"})


@pytest.mark.parametrize("text", ["~nobody_of_that_name/x.yaml", "a\0b"])
def test_a_path_that_means_nothing_is_the_user_s_to_mend(text):
    with pytest.raises(FileError, match="means nothing here"):
        user_path(text)
