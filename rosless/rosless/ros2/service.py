# SPDX-License-Identifier: Apache-2.0
"""`ros2 service list|type|call`."""

from __future__ import annotations

import sys

from rosless.interfaces import get_interface
from rosless.ros2 import CommandError, Parser, connected, settle, visible
from rosless.ros2.values import from_yaml


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 service")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="names of all services")
    verb.add_argument("-t", "--show-types", action="store_true")
    verb.add_argument("--include-hidden-services", action="store_true")
    verb.set_defaults(run=_list)
    verb = verbs.add_parser("type", help="a service's type")
    verb.add_argument("service")
    verb.set_defaults(run=_type)
    verb = verbs.add_parser("call", help="call a service")
    verb.add_argument("service")
    verb.add_argument("type")
    verb.add_argument("values", nargs="?", default="{}", help="YAML, e.g. '{data: true}'")
    verb.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        help="seconds to wait for the service and for its answer",
    )
    verb.set_defaults(run=_call)
    args = parser.parse_args(argv)
    with connected() as node:
        return args.run(node, args)


def _list(node, args) -> None:
    settle(node)
    for name, types in visible(node.get_service_names_and_types(), args.include_hidden_services):
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _type(node, args) -> None:
    name = node.resolve_service_name(args.service)
    if not settle(node, until=lambda: name in dict(node.get_service_names_and_types())):
        raise CommandError(f"there is no service {name!r}; see `ros2 service list`")
    print(*dict(node.get_service_names_and_types())[name], sep="\n")


def call(node, srv_type: type, name: str, request, timeout_s: float):
    """Call a service and return its response. Raises CommandError if that takes too long."""
    import rclpy

    client = node.create_client(srv_type, name)
    if not client.wait_for_service(0.3):
        # Not among what `ros2 param dump` writes to a file.
        print("waiting for service to become available...", file=sys.stderr, flush=True)
        if not client.wait_for_service(timeout_s):
            raise CommandError(
                f"service {client.srv_name!r} did not appear in {timeout_s} s; "
                "see `ros2 service list`"
            )
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=timeout_s)
    if not future.done():
        raise CommandError(f"service {client.srv_name!r} did not answer in {timeout_s} s")
    return future.result()


def _call(node, args) -> None:
    srv_type = get_interface(args.type)
    if not hasattr(srv_type, "Request"):
        raise CommandError(f"{args.type!r} is not a service type: give <package>/srv/<Name>")
    stamps: list = []
    request = from_yaml(srv_type.Request, args.values, stamps)
    for stamp in stamps:
        stamp(node.get_clock().now().to_msg())
    print(f"requester: making request: {request!r}\n", flush=True)
    print(f"response:\n{call(node, srv_type, args.service, request, args.timeout)!r}\n")
