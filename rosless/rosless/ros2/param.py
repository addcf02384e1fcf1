"""`ros2 param list|get|set|describe|dump`."""

from __future__ import annotations

import argparse

import yaml

from rosless.ros2 import CommandError, connected, settle
from rosless.ros2.node import full_names
from rosless.ros2.service import call

_TYPES = ["not set", "boolean", "integer", "double", "string", "byte array", "boolean array",
          "integer array", "double array", "string array"]


def main(argv: list[str]) -> int | None:
    parser = argparse.ArgumentParser(prog="ros2 param")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="parameters of a node, or of all")
    verb.add_argument("node", nargs="?")
    verb.set_defaults(run=_list)
    for name, run, text in (("get", _get, "a parameter's value"), ("set", _set, "set a parameter"),
                            ("describe", _describe, "a parameter's type, range and meaning"),
                            ("dump", _dump, "all parameters of a node, as a parameter file")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("node")
        if name == "describe":
            verb.add_argument("names", nargs="+")
        elif name != "dump":
            verb.add_argument("name")
        if name == "set":
            verb.add_argument("value", help="YAML, e.g. 0.5 or true")
        verb.set_defaults(run=run)
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
        raise CommandError(f"parameter not set: {name!r} of {args.node}; "
                           f"see `ros2 param list {args.node}`")
    return value


def _get(node, args) -> None:
    from rclpy.parameter import parameter_value_to_python
    value = _value(node, args, args.name)
    shown = parameter_value_to_python(value)
    shown = shown.tolist() if hasattr(shown, "tolist") else shown
    kind, _, several = _TYPES[value.type].capitalize().partition(" ")
    print(f"{kind} {'values are' if several else 'value is'}: {shown}")


def _set(node, args) -> int:
    from rclpy._arguments import parse_value
    from rclpy.parameter import Parameter
    message = Parameter(args.name, value=parse_value(args.value)).to_parameter_msg()
    result = _ask(node, args.node, "SetParameters", parameters=[message]).results[0]
    if result.successful:
        print("Set parameter successful" + (f": {result.reason}" if result.reason else ""))
        return 0
    print(f"Setting parameter failed: {result.reason}")
    return 1


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
    tree: dict = {}
    for name, value in zip(names, values):
        plain = parameter_value_to_python(value)
        inner = tree
        *groups, last = name.split(".")
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = plain.tolist() if hasattr(plain, "tolist") else plain
    print(yaml.safe_dump({args.node: {"ros__parameters": tree}}, sort_keys=False), end="")
