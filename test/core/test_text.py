# SPDX-License-Identifier: Apache-2.0
"""Text from the network on its way to terminals, logs and voices."""

from __future__ import annotations

import pytest

from dwpose_ros.core.text import LONGEST, one_line, printable


@pytest.mark.parametrize(
    "given, plain",
    [
        ("\x1b]0;evil\a\n[ERROR] fake log line", "]0;evil [ERROR] fake log line"),
        ("a\r\nb\tc\x00d\x7fe\x9bf", "a b c d e f"),
        ("rechts\u202elinks", "rechts links"),
        ("\ud800x", "x"),
        ("Levez les bras\xa0!", "Levez les bras !"),
        ("  ", ""),
        ("می\u200cروم", "می\u200cروم"),
        ("请站好。", "请站好。"),
    ],
)
def test_it_is_one_line_without_escapes(given, plain):
    assert printable(given) == plain
    assert one_line(ValueError(given)) == (plain or "ValueError")


def test_it_is_not_endless():
    assert len(printable("x" * 10**7)) == LONGEST
