# SPDX-License-Identifier: Apache-2.0
"""Read YAML as ROS 2 reads parameters, and write YAML that it reads as it was meant.

rcl's parser follows neither YAML 1.1 nor 1.2: it reads scalars without quotes by C's `strtol` and
`strtod`, knows more words for true and false than PyYAML, and reads `null` as text.
"""

from __future__ import annotations

import ctypes
import errno
import re
from typing import Any, Union

import yaml

Scalar = Union[bool, int, float, str]

_BOOLS = {
    word: value
    for value, words in (
        (True, "Y y yes Yes YES true True TRUE on On ON"),
        (False, "N n no No NO false False FALSE off Off OFF"),
    )
    for word in words.split()
}
_DOTTED = re.compile(r"\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)")
# Text that PyYAML and this machine's C do not read as a number, but others do: YAML 1.2's octal
# numbers, C's binary numbers, and numbers that are too large or too small.
_NUMBER_ELSEWHERE = re.compile(
    r"[-+]?(0[oO][0-7]+|0[bB][01]+|(\.[0-9]+|[0-9]+\.?[0-9]*)([eE][-+]?[0-9]+)?)"
)
_STR = "tag:yaml.org,2002:str"

_c = ctypes.CDLL(None, use_errno=True)
_c.strtol.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]
_c.strtol.restype = ctypes.c_long
_c.strtod.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)]
_c.strtod.restype = ctypes.c_double


def scalar(text: str) -> Scalar:
    """Return the value that rcl reads from a scalar without quotes."""
    if text in _BOOLS:
        return _BOOLS[text]
    for convert, base in ((_c.strtol, (0,)), (_c.strtod, ())):
        sign = -1.0 if text[:1] == "-" and _DOTTED.fullmatch(text) else 1
        number = text.lstrip("+-.") if _DOTTED.fullmatch(text) else text
        data = number.encode("utf-8", "surrogateescape")
        if not data or b"\0" in data:
            return text
        buffer, end = ctypes.create_string_buffer(data), ctypes.c_void_p()
        start = ctypes.addressof(buffer)
        ctypes.set_errno(0)
        value = convert(start, ctypes.byref(end), *base)
        if ctypes.get_errno() != errno.ERANGE and end.value == start + len(data):
            return sign * value
    return text


def load(text: str) -> Any:
    """Return mappings, lists and scalars; keys are text. Raises yaml.YAMLError."""
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict = {}

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None, None, f"aliases such as *{event.anchor} are not supported", event.start_mark
            )
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor):
        said = self.peek_event().tag == _STR
        node = super().compose_scalar_node(anchor)
        if said:  # !!str 1
            node.style = "'"
        return node

    def construct_mapping(self, node, deep=False):
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be text", key.start_mark
                )
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_text(self, node):
        if node.style in ("'", '"'):
            return node.value
        if not node.value:
            raise yaml.constructor.ConstructorError(
                None, None, "a value is missing: '' is the empty text", node.start_mark
            )
        return scalar(node.value)


_Loader.add_constructor(_STR, _Loader.construct_text)


def dump(values: Any) -> str:
    """Return YAML that `load`, rcl and other readers all read as the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data) -> bool:
        return True

    def represent_mapping(self, tag, mapping, flow_style=None):
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:  # rcl reads all keys as text: y: 1.0 needs no quotes
            key.style = None if key.style == "'" else key.style
        return node

    def represent_text(self, text: str):
        if not text.isprintable():  # some line breaks would be read as others
            return self.represent_scalar(_STR, text, style='"')
        plain = isinstance(scalar(text), str) and not _NUMBER_ELSEWHERE.fullmatch(text)
        return self.represent_scalar(_STR, text, style=None if plain else "'")


_Dumper.add_representer(str, _Dumper.represent_text)
