# SPDX-License-Identifier: Apache-2.0
"""Peers that send bytes that are not a message: the node goes on."""

from __future__ import annotations

import pytest
from cyclonedds.qos import Policy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient, ActionServer
from rclpy.qos import QoSProfile
from rosless.dds import DDSException, graph
from rosless.messages import message_class, serialize
from rosless_helpers import wait_until
from std_msgs.msg import String
from std_srvs.srv import SetBool

HEADER = b"\0\1\0\0"  # of little-endian CDR
GARBAGE = [
    b"\0",
    HEADER,
    HEADER + b"\5",  # cut off
    HEADER + b"\xff" * 4,
    HEADER + bytes(16) + b"\xff" * 30,  # lengths of 2^32 - 1
    HEADER + b"\3\0\0\0\xff\xfe\0",
    HEADER + bytes(16) + b"\3\0\0\0\xff\xfe\0",  # not UTF-8
    b"\xff" * 200,
    b"\7\7\7\7hello world",
]  # not CDR


@pytest.fixture
def node(peer):
    """A node with every kind of reader."""
    made = peer().node("victim")
    made.heard = []
    made.create_subscription(String, "words", lambda m: made.heard.append(m.data), 10)

    def flip(request, response):
        response.success = not request.data
        return response

    made.create_service(SetBool, "flip", flip)

    def count(goal_handle):
        goal_handle.succeed()
        return Fibonacci.Result(sequence=[1])

    made.server = ActionServer(made, Fibonacci, "count", count)
    return made


def send_garbage(participant, topic: str, typename: str, qos) -> None:
    writer = participant.writer(topic, typename, qos)
    wait_until(writer.matched)
    for data in GARBAGE:
        assert writer.write(data)


def test_what_is_no_message_harms_nobody(node, peer, capfd):
    other = peer().node("other")
    participant, qos = other.context.participant, QoSProfile(depth=20).to_dds()
    action = "example_interfaces/action/Fibonacci"
    node.get_node_names()  # so that it reads the graph
    for topic, typename, way in (
        ("rt/words", "std_msgs/msg/String", qos),
        ("rq/flipRequest", "std_srvs/srv/SetBool_Request", qos),
        ("rq/count/_action/send_goalRequest", f"{action}_SendGoal_Request", qos),
        ("rq/count/_action/cancel_goalRequest", "action_msgs/srv/CancelGoal_Request", qos),
        ("rq/count/_action/get_resultRequest", f"{action}_GetResult_Request", qos),
        ("rq/victim/set_parametersRequest", "rcl_interfaces/srv/SetParameters_Request", qos),
        (graph.TOPIC, graph.TYPE, graph.graph_qos(Policy.History.KeepLast(20))),
    ):
        send_garbage(participant, topic, typename, way)

    words = other.create_publisher(String, "words", 10)
    wait_until(words.get_subscription_count)
    words.publish(String(data="well"))
    wait_until(lambda: "well" in node.heard)
    flip = other.create_client(SetBool, "flip")
    assert flip.wait_for_service(20.0)
    future = flip.call_async(SetBool.Request())
    assert wait_until(future.result).success
    client = ActionClient(other, Fibonacci, "count")
    assert client.wait_for_server(20.0)
    goal = wait_until(client.send_goal_async(Fibonacci.Goal()).result)
    assert wait_until(goal.get_result_async().result).result.sequence[0] == 1
    assert {"victim", "other"} <= set(node.get_node_names())
    assert 1 <= capfd.readouterr().err.count("a message was ignored") <= 3  # one log line in 5 s


@pytest.mark.parametrize("executor", ["SingleThreadedExecutor", "MultiThreadedExecutor"])
def test_a_reader_that_fails_once_does_not_silence_its_node(default_context, executor):
    import rclpy
    from rclpy import executors

    node, heard = rclpy.create_node("one"), []
    reader = node.create_subscription(String, "words", lambda m: heard.append(m.data), 10)
    node.create_subscription(String, "more", lambda m: heard.append(m.data), 10)
    words, more = (node.create_publisher(String, name, 10) for name in ("words", "more"))
    take, failures = reader.take, [DDSException(-1, "of the test")]

    def failing():
        if failures:
            raise failures.pop()
        return take()

    reader.take = failing
    spinning = getattr(executors, executor)()
    spinning.add_node(node)
    wait_until(lambda: words.get_subscription_count() and more.get_subscription_count())
    words.publish(String(data="a"))

    def spun() -> bool:
        spinning.spin_once(timeout_sec=0.1)
        return "a" in heard and "b" in heard

    with pytest.raises(DDSException):
        wait_until(spun)
    more.publish(String(data="b"))
    wait_until(spun)
    spinning.shutdown()
    node.destroy_node()


def test_invented_processes_do_not_fill_the_memory(peer, monkeypatch):

    monkeypatch.setattr(graph, "_MOST_STRANGERS", 50)
    node, other = peer().node("victim"), peer().node("other")
    wait_until(lambda: "other" in node.get_node_names())
    writer = other.context.participant.writer(
        graph.TOPIC, graph.TYPE, graph.graph_qos(Policy.History.KeepLast(1))
    )
    info_type, gid = message_class(graph.TYPE), message_class("rmw_dds_common/msg/Gid")
    for number in range(200):
        writer.write(serialize(info_type(gid=gid(data=list(number.to_bytes(16, "little"))))))
        node.get_node_names()
    assert len(node.context.participant.graph._remote) <= 60
    assert {"victim", "other"} <= set(node.get_node_names())
