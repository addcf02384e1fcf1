# SPDX-License-Identifier: Apache-2.0
"""`ros2 param list|get|set|describe|dump|load`."""

from __future__ import annotations

import sys

from rosless import parameter_yaml
from rosless.parameter_files import matches, parse_value, read_parameter_file
from rosless.ros2 import CommandError, Parser, connected, settle
from rosless.ros2.node import full_names
from rosless.ros2.service import call

_TYPES = [
    "not set",
    "boolean",
    "integer",
    "double",
    "string",
    "byte array",
    "boolean array",
    "integer array",
    "double array",
    "string array",
]


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 param")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="parameters of a node, or of all nodes")
    verb.add_argument("node", nargs="?")
    verb.set_defaults(run=_list)
    for name, run, text in (
        ("get", _get, "a parameter's value"),
        ("set", _set, "set a parameter"),
        ("describe", _describe, "the types, ranges and meanings of parameters"),
        ("dump", _dump, "all parameters of a node, as a parameter file"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("node")
        if name == "describe":
            verb.add_argument("names", nargs="+")
        elif name != "dump":
            verb.add_argument("name")
        if name == "set":
            verb.add_argument("value", help="YAML, e.g. 0.5 or true")
        verb.set_defaults(run=run)
    verb = verbs.add_parser("load", help="set the parameters of a file on a node")
    verb.add_argument("node")
    verb.add_argument("file")
    verb.add_argument(
        "--use-wildcard", action="store_true", help="also use those for several nodes, such as /**"
    )
    verb.set_defaults(run=_load)
    args = parser.parse_args(argv)
    with connected() as node:
        if getattr(args, "node", None):
            args.node = "/" + args.node.lstrip("/")
            if not settle(node, until=lambda: args.node in full_names(node)):
                raise CommandError(f"node not found: {args.node!r}; see `ros2 node list`")
        return args.run(node, args)


def _ask(node, target: str, service: str, **fields):
    from rcl_interfaces import srv

    srv_type = getattr(srv, service)
    snake = "".join("_" + c.lower() if c.isupper() else c for c in service).lstrip("_")
    return call(node, srv_type, f"{target}/{snake}", srv_type.Request(**fields), 5.0)


def _names(node, target: str) -> list[str]:
    return sorted(_ask(node, target, "ListParameters").result.names)


def _list(node, args) -> None:
    if args.node:
        print("\n".join(f"  {n}" for n in _names(node, args.node)))
        return
    settle(node)
    services = dict(node.get_service_names_and_types())
    for target in full_names(node):
        if f"{target}/list_parameters" in services:
            print("\n".join([f"{target}:", *(f"  {n}" for n in _names(node, target))]))


def _value(node, args, name: str):
    value = _ask(node, args.node, "GetParameters", names=[name]).values[0]
    if not value.type:
        raise CommandError(
            f"parameter not set: {name!r} of {args.node}; see `ros2 param list {args.node}`"
        )
    return value


def _get(node, args) -> None:
    from rclpy.parameter import parameter_value_to_python

    value = _value(node, args, args.name)
    shown = parameter_value_to_python(value)
    shown = shown.tolist() if hasattr(shown, "tolist") else shown
    kind, _, several = _TYPES[value.type].capitalize().partition(" ")
    print(f"{kind} {'values are' if several else 'value is'}: {shown}")


def _set(node, args) -> int:
    from rclpy.parameter import Parameter

    message = Parameter(args.name, value=parse_value(args.value)).to_parameter_msg()
    result = _ask(node, args.node, "SetParameters", parameters=[message]).results[0]
    if result.successful:
        print("Set parameter successful" + (f": {result.reason}" if result.reason else ""))
        return 0
    print(f"Setting parameter failed: {result.reason}")
    return 1


def _load(node, args) -> int:
    from rclpy.parameter import Parameter

    found = {
        o.name: o.value
        for o in read_parameter_file(args.file)
        if matches(o.node, args.node) and (args.use_wildcard or "*" not in o.node)
    }
    if not found:
        raise CommandError(
            f"{args.file!r} has no parameters of {args.node}"
            + ("" if args.use_wildcard else "; --use-wildcard also uses those of /**")
        )
    messages = [Parameter(name, value=value).to_parameter_msg() for name, value in found.items()]
    results = _ask(node, args.node, "SetParameters", parameters=messages).results
    for name, result in zip(found, results):
        reason = f": {result.reason}" if result.reason else ""
        print(
            f"Set parameter {name} {'successful' if result.successful else 'failed'}{reason}",
            file=sys.stdout if result.successful else sys.stderr,
        )
    return 0 if all(result.successful for result in results) else 1


def _describe(node, args) -> None:
    for found in _ask(node, args.node, "DescribeParameters", names=args.names).descriptors:
        _value(node, args, found.name)
        _print(found)


def _print(found) -> None:
    print(f"Parameter name: {found.name}\n  Type: {_TYPES[found.type]}")
    if found.description:
        print(f"  Description: {found.description}")
    print("  Constraints:" + ("\n    Read only: true" if found.read_only else ""))
    for limits in (*found.integer_range, *found.floating_point_range):
        print(f"    Min value: {limits.from_value}\n    Max value: {limits.to_value}")
    if found.additional_constraints:
        print(f"    Additional constraints: {found.additional_constraints}")


def _dump(node, args) -> None:
    from rclpy.parameter import parameter_value_to_python

    names = _names(node, args.node)
    values = _ask(node, args.node, "GetParameters", names=names).values
    known = {
        name: plain.tolist() if hasattr(plain, "tolist") else plain
        for name, value in zip(names, values)
        if (plain := parameter_value_to_python(value)) is not None
    }  # without those that are not set: ROS 2 reads YAML's null as text
    print(parameter_yaml.dump({args.node: {"ros__parameters": nested(known)}}), end="")


def nested(values: dict) -> dict:
    """Return dotted names as nested mappings, unless a shorter name has a value itself."""
    tree: dict = {}
    for name, value in sorted(values.items()):
        inner, (*groups, last) = tree, name.split(".")
        while groups and isinstance(inner.setdefault(groups[0], {}), dict):
            inner = inner[groups.pop(0)]
        inner[".".join([*groups, last])] = value
    return tree
