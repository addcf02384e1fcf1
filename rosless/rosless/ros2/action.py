# SPDX-License-Identifier: Apache-2.0
"""`ros2 action list|info|type|send_goal`."""

from __future__ import annotations

from rosless.interfaces import get_interface
from rosless.ros2 import CommandError, Parser, connected, settle
from rosless.ros2.service import call
from rosless.ros2.values import from_yaml, to_yaml


def main(argv: list[str]) -> int | None:
    parser = Parser(prog="ros2 action")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("list", help="names of all actions")
    verb.add_argument("-t", "--show-types", action="store_true")
    verb.add_argument("-c", "--count-actions", action="store_true")
    verb.set_defaults(run=_list)
    verb = verbs.add_parser("info", help="an action's clients and servers")
    verb.add_argument("action")
    verb.add_argument("-t", "--show-types", action="store_true")
    verb.add_argument("-c", "--count", action="store_true", help="only their number")
    verb.set_defaults(run=_info)
    verb = verbs.add_parser("type", help="an action's type")
    verb.add_argument("action")
    verb.set_defaults(run=_type)
    verb = verbs.add_parser("send_goal", help="send a goal, and cancel it on Ctrl-C")
    verb.add_argument("action")
    verb.add_argument("type", help="e.g. example_interfaces/action/Fibonacci")
    verb.add_argument("goal", nargs="?", default="{}", help="YAML, e.g. '{order: 5}'")
    verb.add_argument("-f", "--feedback", action="store_true", help="also print feedback")
    args = parser.parse_args(argv)
    if args.verb == "send_goal":
        return _send_goal(args)
    with connected() as node:
        return args.run(node, args)


def _list(node, args) -> None:
    from rclpy.action import get_action_names_and_types

    settle(node)
    actions = get_action_names_and_types(node)
    if args.count_actions:
        print(len(actions))
        return
    for name, types in actions:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _info(node, args) -> None:
    from rclpy.action import (
        get_action_client_names_and_types_by_node,
        get_action_server_names_and_types_by_node,
    )

    settle(node)
    wanted = node.resolve_topic_name(args.action)
    print(f"Action: {args.action}")
    for title, find in (
        ("clients", get_action_client_names_and_types_by_node),
        ("servers", get_action_server_names_and_types_by_node),
    ):
        owners = [
            (f"{namespace.rstrip('/')}/{name}", types)
            for name, namespace in node.get_node_names_and_namespaces()
            for action, types in find(node, name, namespace)
            if action == wanted
        ]
        print(f"Action {title}: {len(owners)}")
        for owner, types in () if args.count else owners:
            print(f"    {owner} [{', '.join(types)}]" if args.show_types else f"    {owner}")


def _type(node, args) -> None:
    from rclpy.action import get_action_names_and_types

    name = node.resolve_topic_name(args.action)
    if not settle(node, until=lambda: name in dict(get_action_names_and_types(node))):
        raise CommandError(f"there is no action {name!r}; see `ros2 action list`")
    print(*dict(get_action_names_and_types(node))[name], sep="\n")


def _send_goal(args) -> int | None:
    action_type = get_interface(args.type)
    if not hasattr(action_type, "Goal"):
        raise CommandError(f"{args.type!r} is not an action type: give <package>/action/<Name>")
    stamps: list = []
    goal = from_yaml(action_type.Goal, args.goal, stamps)
    running: list = []  # the goal's handle
    try:
        with connected() as node:
            for stamp in stamps:
                stamp(node.get_clock().now().to_msg())
            return _follow(node, args, action_type, goal, running)
    except KeyboardInterrupt:
        for handle in running:
            with connected() as node:  # the signal has shut the other one down
                _cancel(node, args.action, handle)
        raise


def _follow(node, args, action_type: type, goal, running: list) -> None:
    import rclpy
    from action_msgs.msg import GoalStatus
    from rclpy.action import ActionClient

    def show(message) -> None:
        print(f"Feedback:\n    {to_yaml(message.feedback)}", flush=True)

    client = ActionClient(node, action_type, args.action)
    print("Waiting for an action server to become available...", flush=True)
    client.wait_for_server()
    if args.feedback:
        _meet(node, args.action, action_type)
    print(f"Sending goal:\n     {to_yaml(goal)}", flush=True)
    future = client.send_goal_async(goal, show if args.feedback else None)
    rclpy.spin_until_future_complete(node, future)
    if not future.done():
        return
    handle = future.result()
    if not handle.accepted:
        print("Goal was rejected.")
        return
    running.append(handle)
    print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n", flush=True)
    future = handle.get_result_async()
    rclpy.spin_until_future_complete(node, future)
    if not future.done():
        return
    running.clear()
    print(f"Result:\n    {to_yaml(future.result().result)}")
    names = {
        value: name.removeprefix("STATUS_")
        for name, value in vars(GoalStatus).items()
        if name.startswith("STATUS_")
    }
    print(f"Goal finished with status: {names[future.result().status]}")


def _meet(node, action: str, action_type: type) -> None:
    """Wait until the server can answer: then it also knows our feedback subscription.

    The client made here was made after that subscription, and servers discover them in this order.
    """
    import rclpy

    kind = action_type.Impl.GetResultService
    client = node.create_client(kind, f"{action}/_action/get_result")
    while rclpy.ok():
        future = client.call_async(kind.Request())  # for an unknown goal: answered at once
        rclpy.spin_until_future_complete(node, future, timeout_sec=1.0)
        if future.done():
            break
        client.remove_pending_request(future)
    node.destroy_client(client)


def _cancel(node, action: str, handle) -> None:
    from action_msgs.srv import CancelGoal

    print("Canceling goal...", flush=True)
    request = CancelGoal.Request()
    request.goal_info.goal_id = handle.goal_id
    response = call(node, CancelGoal, f"{action}/_action/cancel_goal", request, 5.0)
    if not response.goals_canceling:
        raise CommandError("the action server did not cancel the goal")
    print("Goal canceled.", flush=True)
