# SPDX-License-Identifier: Apache-2.0
"""Actions: a server that counts, and its clients."""

from __future__ import annotations

import copy
import pickle
import signal
import sys
import threading
import time

import pytest
from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from example_interfaces.action import Fibonacci
from rclpy.action import (
    ActionClient,
    ActionServer,
    CancelResponse,
    GoalResponse,
    get_action_client_names_and_types_by_node,
    get_action_names_and_types,
    get_action_server_names_and_types_by_node,
)
from rclpy.action.server import RCLError
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.qos import qos_profile_action_status_default
from rclpy.task import Future
from rosless.messages import deserialize, serialize, type_hash
from rosless_helpers import wait_until
from unique_identifier_msgs.msg import UUID

from rosless import interfaces

ROS2 = "import sys; from rosless.ros2 import main; sys.exit(main())"
Goal, Result, Feedback = Fibonacci.Goal, Fibonacci.Result, Fibonacci.Feedback


def count(goal_handle) -> Result:
    """Count slowly, forever if the order is -1; fail at 7, and set no state at 6."""
    numbers, order = [0, 1], goal_handle.request.order
    while goal_handle.is_active and (len(numbers) <= order or order == -1):
        if goal_handle.is_cancel_requested:
            goal_handle.canceled()
            return Result(sequence=numbers)
        numbers.append((numbers[-1] + numbers[-2]) % 1000)
        goal_handle.publish_feedback(Feedback(sequence=numbers))
        time.sleep(0.02)
    if order == 7:
        raise ValueError("seven is not my number")
    if order != 6:
        goal_handle.succeed()
    return Result(sequence=numbers)


async def count_in_a_coroutine(goal_handle) -> Result:
    return count(goal_handle)


@pytest.fixture
def serve(peer):
    """serve(execute, ...) -> an ActionServer with its own context."""

    def start(execute=count, executor="MultiThreadedExecutor", ros_args=(), **kwargs):
        node = peer(*ros_args, executor=executor).node("server")
        return ActionServer(node, Fibonacci, "count", execute, **kwargs)

    return start


@pytest.fixture
def client(peer):
    one = ActionClient(peer().node("client"), Fibonacci, "count")
    assert not one.server_is_ready() and not one.wait_for_server(timeout_sec=0.05)
    return one


def send(client: ActionClient, order: int, feedback_callback=None):
    """Send a goal, and return its handle after its acceptance."""
    assert client.wait_for_server(10.0)
    future = client.send_goal_async(Goal(order=order), feedback_callback)
    handle = wait_until(future.result)
    assert handle.accepted
    return handle


def result_of(handle):
    return wait_until(handle.get_result_async().result)


# Goals


@pytest.mark.parametrize("executor", ["SingleThreadedExecutor", "MultiThreadedExecutor"])
@pytest.mark.parametrize("execute", [count, count_in_a_coroutine])
def test_a_goal_and_its_result(serve, client, executor, execute):
    serve(execute, executor)
    told = []
    handle = send(client, 4, lambda message: told.append(message.feedback.sequence.tolist()))
    answer = result_of(handle)
    assert (answer.status, answer.result.sequence.tolist()) == (
        GoalStatus.STATUS_SUCCEEDED,
        [0, 1, 1, 2, 3],
    )
    wait_until(lambda: handle.status == GoalStatus.STATUS_SUCCEEDED)
    assert told == [[0, 1, 1], [0, 1, 1, 2], [0, 1, 1, 2, 3]]
    assert handle.stamp.sec > 0


def test_goals_can_be_sent_and_awaited_in_callbacks(serve, client):
    serve()
    client.wait_for_server(10.0)
    got = Future()

    async def ask() -> None:
        timer.cancel()
        handle = await client.send_goal_async(Goal(order=2))
        got.set_result((await handle.get_result_async()).result)

    timer = client._node.create_timer(0.01, ask, ReentrantCallbackGroup())
    assert wait_until(got.result) == Result(sequence=[0, 1, 1])


def test_waiting_calls(serve, client):
    serve(cancel_callback=lambda goal_handle: CancelResponse.ACCEPT)
    assert client.wait_for_server(10.0)
    assert client.send_goal(Goal(order=2)).result == Result(sequence=[0, 1, 1])
    handle = send(client, -1)
    assert [g.goal_id for g in handle.cancel_goal().goals_canceling] == [handle.goal_id]
    assert handle.get_result().status == GoalStatus.STATUS_CANCELED


def test_goals_can_be_rejected(serve, client, capfd):
    answers = {1: GoalResponse.REJECT, 2: True, 3: GoalResponse.ACCEPT}
    serve(goal_callback=lambda goal: answers[goal.order])
    client.wait_for_server(10.0)
    ids = UUID(uuid=[7] * 16)
    accepted = [
        wait_until(client.send_goal_async(Goal(order=n), goal_uuid=ids).result).accepted
        for n in (1, 2, 3, 3)
    ]
    assert accepted == [False, False, True, False]  # an id can be used only once
    assert "did not return a GoalResponse, but True. Rejecting goal." in capfd.readouterr().err


@pytest.mark.differs("`RCLError` of actions", "imported from `rclpy.action.server` only")
def test_goals_can_wait_for_their_turn(serve, client):
    """For example if a server takes one goal at a time."""
    queue: list = []
    serve(handle_accepted_callback=queue.append)
    first, second = send(client, 2), send(client, 3)
    wait_until(lambda: len(queue) == 2)
    results = [handle.get_result_async() for handle in (first, second)]
    assert queue[0].is_active and queue[0].status == GoalStatus.STATUS_ACCEPTED
    with pytest.raises(RCLError, match="SUCCEED is not possible for a goal that is ACCEPTED"):
        queue[0].succeed()
    queue[1].execute(lambda handle: handle.abort() or Result(sequence=[9]))
    assert wait_until(results[1].result).result.sequence.tolist() == [9]
    assert not results[0].done()
    queue[0].execute()
    assert wait_until(results[0].result).status == GoalStatus.STATUS_SUCCEEDED
    with pytest.raises(RCLError, match="ABORT is not possible for a goal that is SUCCEEDED"):
        queue[0].abort()
    assert wait_until(lambda: second.status == GoalStatus.STATUS_ABORTED)


@pytest.mark.parametrize(
    "order, logged",
    [(6, "[WARN]"), (7, "Error raised in execute callback: seven is not my number")],
)
def test_a_goal_without_an_end_is_aborted(serve, client, capfd, order, logged):
    serve()
    answer = result_of(send(client, order))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert len(answer.result.sequence) == (7 if order == 6 else 0)
    error = capfd.readouterr().err
    assert logged in error and "Goal state not set, assuming aborted. Goal ID: [" in error


def test_an_execute_callback_must_return_a_result(default_context, peer):
    import rclpy

    node = rclpy.create_node("server")
    ActionServer(node, Fibonacci, "count", lambda handle: handle.succeed())
    client = ActionClient(peer().node(), Fibonacci, "count")
    executor = MultiThreadedExecutor()
    executor.add_node(node)
    wait_until(lambda: executor.spin_once(0.01) or client.server_is_ready())
    client.send_goal_async(Goal())
    with pytest.raises(TypeError, match="of action count must return a Fibonacci.Result, not No"):
        executor.spin()
    executor.shutdown()


# Cancelling


def test_cancelling_while_executing(serve, client):
    serve(cancel_callback=lambda handle: CancelResponse.ACCEPT)
    handle = send(client, -1)
    wait_until(lambda: handle.status == GoalStatus.STATUS_EXECUTING)
    answer = wait_until(handle.cancel_goal_async().result)
    assert answer.return_code == CancelGoal.Response.ERROR_NONE
    assert [info.goal_id for info in answer.goals_canceling] == [handle.goal_id]
    result = result_of(handle)
    assert result.status == GoalStatus.STATUS_CANCELED and result.result.sequence[0] == 0
    again = wait_until(handle.cancel_goal_async().result)
    assert again.return_code == CancelGoal.Response.ERROR_GOAL_TERMINATED


def test_nothing_is_cancelled_unless_the_server_agrees(serve, client):
    serve()
    handle = send(client, 10)
    assert not wait_until(handle.cancel_goal_async().result).goals_canceling
    assert result_of(handle).status == GoalStatus.STATUS_SUCCEEDED


def test_cancelling_several_goals(serve, client):
    """The service also takes a time: all goals accepted until then are cancelled."""

    async def accept(goal_handle) -> CancelResponse:
        return CancelResponse.ACCEPT

    queue: list = []
    serve(cancel_callback=accept, handle_accepted_callback=queue.append)
    handles = []
    for _ in range(3):
        handles.append(send(client, 3))
        time.sleep(0.01)
    cancel = client._node.create_client(CancelGoal, "count/_action/cancel_goal")
    assert cancel.wait_for_service(10.0)

    def ask(**fields) -> tuple[int, int]:
        request = CancelGoal.Request()
        for name, value in fields.items():
            setattr(request.goal_info, name, value)
        answer = cancel.call(request, 10.0)
        return answer.return_code, len(answer.goals_canceling)

    assert ask(goal_id=UUID(uuid=[1] * 16)) == (CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID, 0)
    assert ask(stamp=handles[0].stamp) == (0, 1)
    assert [goal.is_cancel_requested for goal in queue] == [True, False, False]
    assert ask(stamp=handles[0].stamp, goal_id=handles[1].goal_id) == (0, 1)
    assert ask() == (0, 1)
    for goal in queue:
        goal.execute()  # it is cancelled, since that was requested
    assert [result_of(h).status for h in handles] == [GoalStatus.STATUS_CANCELED] * 3


# Results are kept for a while


def test_results_of_goals_that_are_not_there(serve, client):
    serve(result_timeout=0.3)
    handles = [send(client, 2), send(client, 3)]
    assert [result_of(h).status for h in handles] == [GoalStatus.STATUS_SUCCEEDED] * 2
    assert result_of(handles[0]).result == Result(sequence=[0, 1, 1])  # requested once more
    for handle in handles:
        wait_until(lambda: result_of(handle).status == GoalStatus.STATUS_UNKNOWN)


@pytest.mark.differs(
    "`result_timeout` of action servers",
    "counts from the end of a goal; in ROS 2 it counts from its acceptance",
)
def test_a_result_is_kept_from_the_end_of_its_goal(serve, client):
    over = threading.Event()

    def execute(goal_handle) -> Result:
        over.wait()
        goal_handle.succeed()
        return Result(sequence=[1])

    serve(execute, result_timeout=1.0)
    handle = send(client, 0)
    accepted = time.monotonic()
    wait_until(lambda: time.monotonic() - accepted > 1.1)
    over.set()
    wait_until(lambda: handle.status == GoalStatus.STATUS_SUCCEEDED)
    assert result_of(handle).result == Result(sequence=[1])
    wait_until(lambda: result_of(handle).status == GoalStatus.STATUS_UNKNOWN)


@pytest.mark.differs(
    "Feedback that arrived before the result",
    "its callback always runs before the result is there; ROS 2 may drop it",
)
def test_the_last_feedback_is_heard_though_the_result_has_come_too(serve, default_context):
    import rclpy

    server, node = serve(), rclpy.create_node("client")
    one, told = ActionClient(node, Fibonacci, "count"), []
    assert one.wait_for_server(20.0)
    future = one.send_goal_async(Goal(order=4), lambda m: told.append(list(m.feedback.sequence)))
    rclpy.spin_until_future_complete(node, future)
    result = future.result().get_result_async()
    (goal,) = server._goals.values()
    wait_until(lambda: goal.status == GoalStatus.STATUS_SUCCEEDED)
    wait_until(one._result.ready)  # nobody was spinning meanwhile
    rclpy.spin_until_future_complete(node, result)
    assert told[-1] == [0, 1, 1, 2, 3] and [0, 1, 1] in told
    node.destroy_node()


def test_the_status_is_told_to_those_who_come_later(serve, client, peer):
    serve()
    result_of(send(client, 2))
    got: list[GoalStatusArray] = []
    peer().node().create_subscription(
        GoalStatusArray, "count/_action/status", got.append, qos_profile_action_status_default
    )
    (status,) = wait_until(lambda: got)[-1].status_list
    assert status.status == GoalStatus.STATUS_SUCCEEDED


# Names, and what is missing


def test_names_are_resolved(serve, peer):
    serve(ros_args=("-r", "__ns:=/shop"))
    node = peer().node("client", namespace="/shop")
    client = ActionClient(node, Fibonacci, "/shop/count")
    assert client.wait_for_server(10.0)
    row = [("/shop/count", ["example_interfaces/action/Fibonacci"])]
    wait_until(lambda: get_action_client_names_and_types_by_node(node, "client", "/shop") == row)
    wait_until(lambda: get_action_server_names_and_types_by_node(node, "server", "/shop") == row)
    assert get_action_names_and_types(node) == row
    assert get_action_client_names_and_types_by_node(node, "server", "/shop") == []


def test_destroy(serve, client):
    server = serve(cancel_callback=lambda handle: CancelResponse.ACCEPT)
    handle = send(client, -1, told := [].append)
    (goal,) = server._goals.values()
    server.destroy()
    wait_until(lambda: not client.server_is_ready())
    assert goal.status == GoalStatus.STATUS_UNKNOWN and not goal.is_active
    goal.succeed()  # its callback may still run, but tells clients nothing more
    goal.publish_feedback(Feedback())
    assert handle.accepted and told is not None
    client.destroy()
    assert not list(client._node.clients)


def test_wrong_types(serve, client, peer):
    with pytest.raises(TypeError, match="GoalStatus'> is not a action class"):
        ActionClient(peer().node(), GoalStatus, "x")
    with pytest.raises(TypeError, match="goal execution callback: None is not callable"):
        serve(None)
    with pytest.raises(TypeError, match="Expected Fibonacci.Goal, got 3"):
        client.send_goal_async(3)

    def execute(goal_handle) -> Result:
        with pytest.raises(TypeError, match="Expected Fibonacci.Feedback, got 3"):
            goal_handle.publish_feedback(3)
        goal_handle.succeed()
        return Result()

    serve(execute)
    assert result_of(send(client, 1)).status == GoalStatus.STATUS_SUCCEEDED


# Types


def test_types_of_an_action():
    impl = Fibonacci.Impl
    messages = [
        Goal(order=3),
        Result(sequence=[1]),
        Feedback(),
        impl.SendGoalService.Request(goal=Goal(order=3)),
        impl.SendGoalService.Response(),
        impl.GetResultService.Request(),
        impl.GetResultService.Response(status=4),
        impl.FeedbackMessage(feedback=Feedback(sequence=[1])),
    ]
    for message in messages:
        assert deserialize(serialize(message), type(message)) == message
        assert pickle.loads(pickle.dumps(message)) == copy.deepcopy(message) == message
    assert repr(messages[0]) == "example_interfaces.action.Fibonacci_Goal(order=3)"
    assert type_hash(messages[3]._TYPENAME) == (  # computed by ROS 2's own generator
        "RIHS01_3d088942b413247db536576f0286768c6be8fcd5d0c9a5d544f359fba090a238"
    )
    assert interfaces.get_interface("example_interfaces/action/Fibonacci") is Fibonacci


def test_a_package_s_own_actions(tmp_path, monkeypatch):
    folder = tmp_path / "share" / "harbour" / "action"
    folder.mkdir(parents=True)
    (folder / "Dock.action").write_text("uint8 FAST=1\nstring berth 'a'\n---\n---\nfloat32 left\n")
    (folder.parent / "msg").mkdir()
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    try:
        from harbour.action import Dock

        assert Dock.Goal.FAST == 1 and Dock.Goal().berth == "a"
        assert deserialize(serialize(Dock.Result()), Dock.Result) == Dock.Result()
        (folder / "Bad.action").write_text("uint8 a\n---\n")
        with pytest.raises(
            ValueError,
            match="Bad.action: an action must have two lines --- betw"
            "een its goal, its result and its feedback, not 1",
        ):
            from harbour.action import Bad  # noqa: F401
    finally:
        for name in [n for n in sys.modules if n.startswith("harbour")]:
            del sys.modules[name]


# Commands


def test_commands(serve, client, program):
    serve(cancel_callback=lambda goal_handle: CancelResponse.ACCEPT)
    client.wait_for_server(10.0)
    kind = "example_interfaces/action/Fibonacci"
    words = [
        ("action", "list", "-t"),
        ("action", "info", "/count"),
        ("action", "type", "/count"),
        ("node", "info", "/server"),
        ("topic", "list"),
        ("service", "list"),
        ("topic", "list", "--include-hidden-topics"),
        ("action", "send_goal", "/count", kind, "{order: 2}", "-f"),
        ("action", "send_goal", "/count", kind, "{nope: 2}"),
        ("interface", "show", kind),
    ]
    ended = [one.end() for one in [program(ROS2, *word) for word in words]]
    assert [code for code, *_ in ended] == [0] * 8 + [1, 0]
    listed, info, type_, node, topics, services, all_topics, sent, _, shown = (
        out for _, out, _ in ended
    )
    assert (listed, type_) == (f"/count [{kind}]\n", kind + "\n")
    assert info == (
        "Action: /count\nAction clients: 1\n    /client\nAction servers: 1\n    /server\n"
    )
    assert node.endswith(f"  Action Servers:\n    /count: {kind}\n  Action Clients:\n\n")
    assert "_action" not in node.replace("Action", "") + topics + services
    assert "/count/_action/feedback\n/count/_action/status\n" in all_topics
    start, _, rest = sent.partition("Goal accepted with ID: ")
    assert start == (
        "Waiting for an action server to become available...\nSending goal:\n     order: 2\n\n"
    )
    assert rest[32:] == (
        "\n\nFeedback:\n    sequence:\n- 0\n- 1\n- 1\n\n"
        "Result:\n    sequence:\n- 0\n- 1\n- 1\n\n"
        "Goal finished with status: SUCCEEDED\n"
    )
    assert "Fibonacci_Goal has no field 'nope'; it has order" in ended[8][2]
    assert shown.count("---\n") == 2 and "\nint32[] sequence\n" in shown


@pytest.mark.differs(
    "`ros2 action send_goal -f`",
    "first asks the server for something, so that it knows the listener; otherwise the first feedback can be lost",
)
def test_a_goal_is_sent_when_the_server_knows_who_wants_its_feedback(serve, monkeypatch, capsys):
    from rclpy.service import Client
    from rosless.ros2.action import main

    serve()
    asked, call_async = [], Client.call_async
    monkeypatch.setattr(
        Client,
        "call_async",
        lambda self, request: (
            asked.append(self.srv_name.rpartition("/")[2]) or call_async(self, request)
        ),
    )
    assert not main(
        ["send_goal", "-f", "/count", "example_interfaces/action/Fibonacci", "{order: 2}"]
    )
    assert asked[-2:] == ["send_goal", "get_result"] and asked[0] == "get_result"
    assert "Feedback:\n    sequence:\n- 0\n- 1\n- 1\n" in capsys.readouterr().out


@pytest.mark.differs(
    "Ctrl-C in `ros2 action send_goal`",
    "cancels the goal; in ROS 2 it mostly does not",
    "`Goal canceled.`",
)
def test_ctrl_c_cancels_the_goal(serve, program):
    server = serve(cancel_callback=lambda goal_handle: CancelResponse.ACCEPT)
    started = program(
        ROS2, "action", "send_goal", "/count", "example_interfaces/action/Fibonacci", "{order: -1}"
    )
    while not started.line().startswith("Goal accepted"):
        pass
    started.popen.send_signal(signal.SIGINT)
    code, out, _ = started.end()
    assert code == 130 and out.endswith("Canceling goal...\nGoal canceled.\n")
    (goal,) = server._goals.values()
    wait_until(lambda: goal.status == GoalStatus.STATUS_CANCELED)


def test_feedback_is_a_topic(serve, client, program):
    serve()
    echo = program(ROS2, "topic", "echo", "--once", "/count/_action/feedback")
    assert client.wait_for_server(10.0)
    wait_until(lambda: client._node.count_subscribers("/count/_action/feedback") == 2)
    send(client, -1)
    code, out, _ = echo.end()
    assert code == 0 and out.startswith("goal_id:\n  uuid:\n  - ")
    assert "\nfeedback:\n  sequence:\n  - 0\n  - 1\n" in out
