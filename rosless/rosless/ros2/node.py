# SPDX-License-Identifier: Apache-2.0
"""`ros2 node list|info`."""

from __future__ import annotations

from rosless.ros2 import CommandError, Parser, connected, settle, visible


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 node")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="names of all nodes")
    verb.add_argument("-a", "--all", action="store_true", help="also hidden ones")
    verb.set_defaults(run=_list)
    verb = verbs.add_parser("info", help="the topics, services and actions of a node")
    verb.add_argument("node")
    verb.add_argument(
        "--include-hidden",
        action="store_true",
        help="also hidden topics and services, such as those of actions",
    )
    verb.set_defaults(run=_info)
    args = parser.parse_args(argv)
    with connected() as node:
        return args.run(node, args)


def full_names(node) -> list[str]:
    """Return the full names of all nodes."""
    return sorted(
        f"{namespace.rstrip('/')}/{name}"
        for name, namespace in node.get_node_names_and_namespaces()
    )


def _list(node, args) -> None:
    settle(node)
    for name in full_names(node):
        if args.all or not name.rpartition("/")[2].startswith("_"):
            print(name)


def _info(node, args) -> None:
    from rclpy.action import (
        get_action_client_names_and_types_by_node,
        get_action_server_names_and_types_by_node,
    )

    wanted = "/" + args.node.lstrip("/")
    if not settle(node, until=lambda: wanted in full_names(node)):
        raise CommandError(f"unable to find node {wanted!r}; see `ros2 node list`")
    settle(node)
    namespace, _, name = wanted.rpartition("/")
    key = name, namespace or "/"
    print(wanted)
    for title, rows in (
        ("Subscribers", node.get_subscriber_names_and_types_by_node(*key)),
        ("Publishers", node.get_publisher_names_and_types_by_node(*key)),
        ("Service Servers", node.get_service_names_and_types_by_node(*key)),
        ("Service Clients", node.get_client_names_and_types_by_node(*key)),
        ("Action Servers", get_action_server_names_and_types_by_node(node, *key)),
        ("Action Clients", get_action_client_names_and_types_by_node(node, *key)),
    ):
        shown = [
            f"    {name}: {', '.join(types)}" for name, types in visible(rows, args.include_hidden)
        ]
        print("\n".join([f"  {title}:", *(shown or [""])]))
