# SPDX-License-Identifier: Apache-2.0
"""Parse ROS 2's arguments: `--ros-args` with remappings, parameters and log levels."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from rosless.parameter_files import ParameterOverride, matches, parse_value, read_parameter_file

_NODE = "[A-Za-z_][A-Za-z0-9_]*"
_KIND = "(?:(?P<kind>rostopic|rosservice)://)?"
_RULE = re.compile(
    rf"(?:(?P<node>{_NODE}):(?!//))?{_KIND}(?P<key>[^:=]+):=(?P<value>.*)", re.DOTALL
)
# Logs go to the terminal and to /rosout unless these are switched off.
_SWITCHES = re.compile("--(?P<switch>enable|disable)-(?P<logs>stdout|rosout|external-lib)-logs")


class Remap(NamedTuple):
    node: str | None
    source: str
    target: str
    kind: str = ""
    """Limits it to ``rostopic`` or ``rosservice``."""


class Arguments:
    """A parsed command line; `others` are the arguments that are not for ROS 2."""

    def __init__(self, args: list[str]) -> None:
        self.others: list[str] = []
        self.remaps: list[Remap] = []
        self.overrides: list[ParameterOverride] = []
        self.log_levels: dict[str, str] = {}
        self.logs = {"stdout": True, "rosout": True}
        rest = iter(args)
        inside = False
        for arg in rest:
            if not inside:
                inside = arg == "--ros-args"
                if not inside:
                    self.others.append(arg)
            elif arg == "--":
                inside = False
            elif arg in ("-r", "--remap"):
                self._remap(next(rest, ""))
            elif arg in ("-p", "--param"):
                rule = _rule(next(rest, ""), "parameter", "name:=value")
                node = f"/{rule['node']}" if rule["node"] else "/**"
                self.overrides.append(
                    ParameterOverride(node, rule["key"], parse_value(rule["value"]))
                )
            elif arg == "--params-file":
                self.overrides += read_parameter_file(next(rest, ""))
            elif arg == "--log-level":
                name, separator, level = next(rest, "").rpartition(":=")
                self.log_levels[name if separator else ""] = level
            elif match := _SWITCHES.fullmatch(arg):
                self.logs[match["logs"]] = match["switch"] == "enable"
            elif arg != "--ros-args":
                raise ValueError(
                    f"rosless does not know the ROS argument {arg!r}; it knows -r, "
                    "-p, --params-file and --log-level"
                )

    def _remap(self, text: str) -> None:
        rule = _rule(text, "remapping", "from:=to")
        kind = rule["kind"] or ""
        self.remaps.append(Remap(rule["node"], rule["key"], rule["value"], kind))

    def parameters(self, full_name: str) -> dict[str, Any]:
        """Return the parameters for a node, by its full name.

        If several patterns match, the one whose first mention on the command line is the latest
        wins, wherever its values are. That is how ROS 2 does it.
        """
        groups: dict[str, dict[str, Any]] = {}
        for override in self.overrides:
            groups.setdefault(override.node, {})[override.name] = override.value
        return {
            name: value
            for pattern, group in groups.items()
            if matches(pattern, full_name)
            for name, value in group.items()
        }

    def node_name(self, name: str) -> str:
        """Return a node's name after `__node` or `__name` remappings."""
        return self._special(("__node", "__name"), name, name)

    def node_namespace(self, name: str, namespace: str) -> str:
        """Return a node's namespace after `__ns` remappings."""
        return self._special(("__ns",), name, namespace)

    def _special(self, keys: tuple[str, ...], node: str, value: str) -> str:
        for rule in self.remaps:
            if rule.source in keys and rule.node in (None, node):
                return rule.target
        return value


def _rule(text: str, what: str, form: str) -> re.Match:
    match = _RULE.fullmatch(text)
    if not match:
        raise ValueError(
            f"{text!r} is not a {what}: it must read {form} or node:{form}, with the node's name "
            "alone"
        )
    return match
