# SPDX-License-Identifier: Apache-2.0
"""`ros2 topic list|info|echo|hz|bw|delay|find|pub|type`."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from rosless.interfaces import get_interface
from rosless.ros2 import CommandError, Parser, connected, measure, settle, visible
from rosless.ros2.values import field_of, from_yaml, is_message, to_plain, to_yaml


def main(argv: list[str]) -> int | None:
    args = _parser().parse_args(argv)
    with connected() as node:
        return args.run(node, args)


def _parser() -> Parser:
    parser = Parser(prog="ros2 topic")
    verbs = parser.add_subparsers(dest="verb", required=True)

    verb = verbs.add_parser("list", help="names of all topics")
    verb.add_argument("-t", "--show-types", action="store_true")
    verb.add_argument("-c", "--count-topics", action="store_true")
    verb.add_argument("--include-hidden-topics", action="store_true")
    verb.set_defaults(run=_list)

    verb = verbs.add_parser("type", help="a topic's type")
    verb.add_argument("topic")
    verb.set_defaults(run=_type)

    verb = verbs.add_parser("info", help="a topic's type, publishers and subscriptions")
    verb.add_argument("topic")
    verb.add_argument("-v", "--verbose", action="store_true")
    verb.set_defaults(run=_info)

    _add_echo(verbs)
    _add_measures(verbs)

    verb = verbs.add_parser("find", help="topics of a type")
    verb.add_argument("type", help="e.g. std_msgs/msg/String")
    verb.add_argument("-c", "--count-topics", action="store_true")
    verb.add_argument("--include-hidden-topics", action="store_true")
    verb.set_defaults(run=_find)

    _add_pub(verbs)
    return parser


def _add_echo(verbs) -> None:
    verb = verbs.add_parser("echo", help="print messages")
    verb.add_argument("topic")
    verb.add_argument("type", nargs="?")
    verb.add_argument("--once", action="store_true", help="stop after the first message")
    verb.add_argument("--field", help="print only this, e.g. header.stamp, persons[0].x")
    verb.add_argument("--no-arr", action="store_true", help="do not print arrays")
    verb.add_argument("-f", "--full-length", action="store_true", help="print all of long values")
    verb.add_argument("-l", "--truncate-length", type=int, default=128)
    _add_qos(verb)
    verb.set_defaults(run=_echo)


def _add_measures(verbs) -> None:
    for name, window, text in (
        ("hz", 10_000, "measure the rate of messages"),
        ("bw", 100, "measure how many bytes a second they take"),
        ("delay", 10_000, "measure how old they are, by their stamps"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("topic")
        verb.add_argument(
            "-w", "--window", type=int, default=window, help=f"messages to average over ({window})"
        )
        verb.set_defaults(run=_measure)


def _add_pub(verbs) -> None:
    verb = verbs.add_parser("pub", help="publish messages")
    verb.add_argument("topic")
    verb.add_argument("type")
    verb.add_argument(
        "values",
        nargs="?",
        default="{}",
        help="YAML, e.g. '{data: hello}' or "
        "'{header: auto}', whose stamp is the time of each message",
    )
    verb.add_argument("-r", "--rate", type=float, default=1.0, help="messages a second")
    verb.add_argument("-1", "--once", action="store_true")
    verb.add_argument("-t", "--times", type=int, default=0)
    verb.add_argument("-w", "--wait-matching-subscriptions", type=int, default=None)
    _add_qos(verb)
    verb.set_defaults(run=_pub)


def _add_qos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qos-reliability", choices=["reliable", "best_effort"])
    parser.add_argument("--qos-durability", choices=["volatile", "transient_local"])
    parser.add_argument("--qos-depth", type=int)


def _list(node, args) -> None:
    settle(node)
    topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
    if args.count_topics:
        print(len(topics))
        return
    for name, types in topics:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _type_of(node, topic: str, wait_s: float = 3.0) -> str:
    name = node.resolve_topic_name(topic)

    def found() -> list[str]:
        return dict(node.get_topic_names_and_types()).get(name, [])

    settle(node, until=found, timeout_s=wait_s)
    if not found():
        raise CommandError(
            f"topic {name!r} does not appear to be published yet: give its type, "
            "or see `ros2 topic list`"
        )
    if len(found()) > 1:
        raise CommandError(f"topic {name!r} has several types: {', '.join(found())}")
    return found()[0]


def _type(node, args) -> None:
    print(_type_of(node, args.topic))


def _info(node, args) -> None:
    typename = _type_of(node, args.topic)
    settle(node)
    print(f"Type: {typename}")
    for title, infos in (
        ("Publisher", node.get_publishers_info_by_topic(args.topic)),
        ("Subscription", node.get_subscriptions_info_by_topic(args.topic)),
    ):
        print(f"{chr(10) * args.verbose}{title} count: {len(infos)}")
        for info in infos if args.verbose else ():
            print(
                f"\nNode name: {info.node_name}\nNode namespace: {info.node_namespace}\n"
                f"Topic type: {info.topic_type}\nEndpoint type: {info.endpoint_type}\n"
                f"GID: {'.'.join(f'{b:02x}' for b in info.endpoint_gid)}\nQoS profile:\n"
                f"  Reliability: {info.qos_profile.reliability.name}\n"
                f"  Durability: {info.qos_profile.durability.name}"
            )


def _qos(args, offers=()):
    """Return the QoS that the user asked for, or else one that fits all `offers`."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    best_effort = any(o.reliability.name == "BEST_EFFORT" for o in offers)
    latched = offers and all(o.durability.name == "TRANSIENT_LOCAL" for o in offers)
    return QoSProfile(
        depth=args.qos_depth or 10,
        reliability=ReliabilityPolicy.get_from_short_key(
            args.qos_reliability or ("best_effort" if best_effort else "reliable")
        ),
        durability=DurabilityPolicy.get_from_short_key(
            args.qos_durability or ("transient_local" if latched else "volatile")
        ),
    )


def _echo(node, args) -> None:
    import rclpy

    msg_type = get_interface(args.type or _type_of(node, args.topic))
    longest = None if args.full_length else args.truncate_length
    done = rclpy.Future()

    def show(message) -> None:
        try:
            value = field_of(message, args.field or "")
        except IndexError as err:  # another message may have that element
            print(err, file=sys.stderr, flush=True)
            return
        if is_message(value):
            print(to_yaml(value, longest, not args.no_arr), end="")
        else:
            print(to_plain(value, longest, not args.no_arr))
        print("---", flush=True)
        if args.once:
            done.set_result(None)

    settle(node, until=lambda: node.count_publishers(args.topic) > 0, timeout_s=1.0)
    offers = [info.qos_profile for info in node.get_publishers_info_by_topic(args.topic)]
    node.create_subscription(msg_type, args.topic, show, _qos(args, offers))
    rclpy.spin_until_future_complete(node, done)


def _measure(node, args) -> None:
    if args.window < 1:
        raise CommandError(f"--window must be above 0, not {args.window}")
    msg_type = get_interface(_type_of(node, args.topic, wait_s=30.0))
    getattr(measure, args.verb)(node, msg_type, args)


def _find(node, args) -> None:
    settle(node)
    found = [
        name
        for name, types in visible(node.get_topic_names_and_types(), args.include_hidden_topics)
        if args.type in types
    ]
    print(
        len(found) if args.count_topics else "\n".join(found),
        end="\n" * bool(found or args.count_topics),
    )


def _pub(node, args) -> None:
    import rclpy

    if args.rate <= 0:
        raise CommandError(f"--rate must be above 0, not {args.rate}")
    msg_type = get_interface(args.type)
    stamps: list = []
    message = from_yaml(msg_type, args.values, stamps)
    publisher = node.create_publisher(msg_type, args.topic, _qos(args))
    times = 1 if args.once else args.times
    wanted = args.wait_matching_subscriptions
    wanted = (1 if times else 0) if wanted is None else wanted
    waiting = time.monotonic()
    while rclpy.ok() and publisher.get_subscription_count() < wanted:
        if time.monotonic() - waiting > 1.0:
            print(f"Waiting for at least {wanted} matching subscription(s)...", flush=True)
            waiting = time.monotonic()
        rclpy.spin_once(node, timeout_sec=0.05)
    print("publisher: beginning loop", flush=True)
    numbers, done = itertools.count(1), rclpy.Future()

    def publish() -> None:
        number = next(numbers)
        for stamp in stamps:
            stamp(node.get_clock().now().to_msg())
        print(f"publishing #{number}: {message!r}\n", flush=True)
        publisher.publish(message)
        if number == times:
            done.set_result(None)

    publish()
    node.create_timer(1 / args.rate, publish)
    rclpy.spin_until_future_complete(node, done)
    time.sleep(0.1)  # so that a reliable writer can deliver the last message
