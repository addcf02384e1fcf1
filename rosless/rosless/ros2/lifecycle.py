# SPDX-License-Identifier: Apache-2.0
"""`ros2 lifecycle nodes|get|list|set`."""

from __future__ import annotations

import sys

from rosless.ros2 import Parser, connected, settle
from rosless.ros2.node import full_names
from rosless.ros2.service import call

_TIMEOUT_S = 30.0  # transitions can take long


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 lifecycle")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("nodes", help="names of all managed nodes")
    verb.add_argument(
        "-a", "--all", action="store_true", dest="include_hidden_nodes", help="also hidden ones"
    )
    verb.add_argument("-c", "--count-nodes", action="store_true", help="only their number")
    verb.set_defaults(run=_nodes)
    for name, run, text in (
        ("get", _get, "the state of a managed node, or of all"),
        ("list", _list, "the transitions that are possible now"),
        ("set", _set, "make a transition"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("node", nargs="?" if name == "get" else None)
        verb.add_argument("--include-hidden-nodes", action="store_true")
        if name == "list":
            verb.add_argument("-a", "--all", action="store_true", help="all transitions")
        if name == "set":
            verb.add_argument("transition", help="its label, e.g. configure, or its id")
        verb.set_defaults(run=run)
    args = parser.parse_args(argv)
    with connected() as node:
        if getattr(args, "node", None):
            args.node = "/" + args.node.lstrip("/")
            if not settle(node, until=lambda: args.node in _managed(node, args)):
                print("Node not found", file=sys.stderr)
                return 1
        else:
            settle(node)
        return args.run(node, args)


def _managed(node, args) -> list[str]:
    """Return the names of all managed nodes."""
    services = dict(node.get_service_names_and_types())
    return [
        name
        for name in full_names(node)
        if "lifecycle_msgs/srv/GetState" in services.get(f"{name}/get_state", ())
        and (args.include_hidden_nodes or "/_" not in name)
    ]


def _ask(node, target: str, service: str, name: str, **fields):
    from lifecycle_msgs import srv

    kind = getattr(srv, service)
    return call(node, kind, f"{target}/{name}", kind.Request(**fields), _TIMEOUT_S)


def _transitions(node, target: str, name: str = "get_available_transitions") -> list:
    return _ask(node, target, "GetAvailableTransitions", name).available_transitions


def _nodes(node, args) -> None:
    found = _managed(node, args)
    if args.count_nodes:
        print(len(found))
    elif found:
        print(*found, sep="\n")


def _get(node, args) -> None:
    for target in [args.node] if args.node else _managed(node, args):
        state = _ask(node, target, "GetState", "get_state").current_state
        prefix = "" if args.node else f"{target}: "
        print(f"{prefix}{state.label} [{state.id}]")


def _list(node, args) -> None:
    for found in _transitions(node, args.node, *["get_transition_graph"] * args.all):
        print(
            f"- {found.transition.label} [{found.transition.id}]\n"
            f"\tStart: {found.start_state.label}\n\tGoal: {found.goal_state.label}"
        )


def _set(node, args) -> int:
    possible = [found.transition for found in _transitions(node, args.node)]
    wanted = next((t for t in possible if t.label == args.transition), None) or next(
        (t for t in possible if str(t.id) == args.transition), None
    )
    if wanted is None:
        print(
            "Unknown transition requested, available ones are:",
            *(f"- {t.label} [{t.id}]" for t in possible),
            sep="\n",
            file=sys.stderr,
        )
        return 1
    if _ask(node, args.node, "ChangeState", "change_state", transition=wanted).success:
        print("Transitioning successful")
    else:
        print("Transitioning failed", file=sys.stderr)
    return 0  # in both cases, as in ROS 2
