# SPDX-License-Identifier: Apache-2.0
"""Nodes, topics, services, timers and executors."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.exceptions import (
    InvalidHandle,
    InvalidNodeNameException,
    InvalidTopicNameException,
    NotInitializedException,
    ROSInterruptException,
)
from rclpy.executors import (
    ExternalShutdownException,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
)
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from rclpy.task import Future
from rclpy.time import Time
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock as ClockMsg
from rosless.dds import graph
from rosless_helpers import wait_until
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header, Int32, String
from std_srvs.srv import SetBool, Trigger

# Topics


def test_a_message_goes_from_one_program_to_another(peer):
    got = []
    subscription = peer().node().create_subscription(Header, "chatter", got.append, 10)
    publisher = peer().node("talker").create_publisher(Header, "chatter", 10)
    wait_until(publisher.get_subscription_count)
    wait_until(subscription.get_publisher_count)
    publisher.publish(Header(frame_id="camera"))
    wait_until(lambda: got == [Header(frame_id="camera")])


def test_a_large_image_keeps_every_byte(peer):
    got = []
    peer().node().create_subscription(Image, "image", got.append, 1)
    publisher = peer().node("camera").create_publisher(Image, "image", 1)
    image = Image(
        width=1280,
        height=720,
        step=3840,
        encoding="bgr8",
        data=bytes(range(256)) * (1280 * 720 * 3 // 256),
    )
    wait_until(publisher.get_subscription_count)
    publisher.publish(image)
    wait_until(lambda: got == [image])


@pytest.mark.differs(
    "Sequence numbers in the information that a callback asks for",
    "`None`, since DDS does not tell them",
)
def test_callbacks_can_ask_for_information_or_bytes(peer):
    infos, raw = [], []
    node = peer().node()
    node.create_subscription(String, "x", lambda message, info: infos.append(info), 10)
    node.create_subscription(String, "x", raw.append, 10, raw=True)
    before = time.time_ns()
    publisher = node.create_publisher(String, "x", 10)
    publisher.publish(String(data="a"))
    publisher.publish(bytes.fromhex("00010000020000006200"))  # CDR
    wait_until(lambda: len(infos) == len(raw) == 2)
    info = infos[0]
    assert before <= info["source_timestamp"] <= info["received_timestamp"] <= time.time_ns()
    assert info["publication_sequence_number"] is info["reception_sequence_number"] is None
    assert raw[0].startswith(bytes.fromhex("00010000020000006100"))


def test_late_joiners_get_what_is_transient_local(peer):
    latched = QoSProfile(depth=2, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = peer().node("early").create_publisher(Int32, "map", latched)
    for number in range(5):
        publisher.publish(Int32(data=number))
    late, volatile = [], []
    node = peer().node("late")
    node.create_subscription(Int32, "map", late.append, latched)
    node.create_subscription(Int32, "map", volatile.append, 10)
    wait_until(lambda: [m.data for m in late] == [3, 4])
    assert not volatile


def test_messages_of_another_type_are_not_taken(peer):
    """Cyclone DDS would match both, since rosless's types have no members for it."""
    wrong, right = [], []
    node = peer().node()
    node.create_subscription(Float32, "x", wrong.append, 10)
    node.create_subscription(Int32, "x", right.append, 10)
    publisher = peer().node("talker").create_publisher(Int32, "x", 10)
    wait_until(lambda: publisher.get_subscription_count() >= 2)
    for _ in range(3):
        publisher.publish(Int32(data=0x3F800000))
    wait_until(lambda: len(right) == 3)
    time.sleep(0.1)
    assert not wrong


@pytest.mark.differs(
    "A service of another type", "`wait_for_service` may find it, but it never answers"
)
def test_a_service_of_another_type_does_not_answer(peer):
    called = []
    peer().node().create_service(Trigger, "x", lambda *pair: called.append(pair) or pair[1])
    client = peer().node("caller").create_client(SetBool, "x")
    client.wait_for_service(1.0)
    future = client.call_async(SetBool.Request(data=True))
    time.sleep(0.3)
    assert not called and not future.done()


@pytest.mark.differs(
    "A publisher and a subscription whose QoS does not match",
    "no warning; `ros2 topic info -v` shows both",
)
@pytest.mark.parametrize(
    "offered, wanted, match",
    [
        ("RELIABLE", "RELIABLE", True),
        ("RELIABLE", "BEST_EFFORT", True),
        ("BEST_EFFORT", "BEST_EFFORT", True),
        ("BEST_EFFORT", "RELIABLE", False),
    ],
)
def test_best_effort_does_not_satisfy_reliable(peer, offered, wanted, match):
    got = []
    one = peer()
    one.node().create_subscription(
        String, "x", got.append, QoSProfile(depth=1, reliability=ReliabilityPolicy[wanted])
    )
    publisher = one.node("talker").create_publisher(
        String, "x", QoSProfile(depth=1, reliability=ReliabilityPolicy[offered])
    )
    time.sleep(0.1)
    publisher.publish(String())
    time.sleep(0.1)
    assert bool(publisher.get_subscription_count()) == bool(got) == match


def test_a_short_history_keeps_the_newest(default_context):
    node, got = Node("slow"), []
    node.create_subscription(Int32, "x", got.append, 2)
    publisher = node.create_publisher(Int32, "x", 10)
    for number in range(5):
        publisher.publish(Int32(data=number))
    for _ in range(5):
        rclpy.spin_once(node, timeout_sec=0.05)
    assert [m.data for m in got] == [3, 4]


@pytest.mark.differs(
    "`BEST_AVAILABLE`",
    "not there",
    "`NotImplementedError: rosless has no BEST_AVAILABLE; a full ROS 2 has it`",
)
def test_profiles_have_short_keys(default_context):
    keys = QoSPresetProfiles.short_keys()
    assert {"default", "sensor_data", "services_default"} <= set(keys)
    assert QoSPresetProfiles.get_from_short_key("sensor_data").depth == 5
    assert "best_effort" in ReliabilityPolicy.short_keys()
    node = Node("a")
    publisher = node.create_publisher(String, "x", qos_profile=3)
    assert publisher.qos_profile.depth == 3
    node.create_subscription(String, "x", print, qos_profile=QoSProfile(depth=2))


def test_the_graph_tells_all_of_a_publishers_qos(default_context):
    node = Node("a")
    limits = dict(
        deadline=Duration(seconds=2), lifespan=Duration(seconds=3),
        liveliness=LivelinessPolicy.MANUAL_BY_TOPIC, liveliness_lease_duration=Duration(seconds=4),
    )  # fmt: skip
    node.create_publisher(String, "x", QoSProfile(depth=1, **limits))
    (found,) = wait_until(lambda: node.get_publishers_info_by_topic("/x"))
    assert {name: getattr(found.qos_profile, name) for name in limits} == limits
    node.create_publisher(String, "y", 1)
    (usual,) = wait_until(lambda: node.get_publishers_info_by_topic("/y"))
    assert usual.qos_profile.deadline == usual.qos_profile.lifespan == Duration()


def test_qos_profiles():
    assert QoSProfile(depth=3) == QoSProfile(depth=3, history=HistoryPolicy.KEEP_LAST)
    assert qos_profile_sensor_data.reliability == ReliabilityPolicy.BEST_EFFORT
    with pytest.raises(Exception, match="History and/or depth settings are required"):
        QoSProfile()
    with pytest.raises(ValueError, match="depth must be a whole number of at least 0, not -1"):
        QoSProfile(depth=-1)
    with pytest.raises(NotImplementedError, match="rosless has no BEST_AVAILABLE"):
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_AVAILABLE)


def test_what_is_no_message_is_refused(default_context):
    node = Node("a")
    publisher = node.create_publisher(String, "x", 10)
    with pytest.raises(TypeError, match="Expected .*String.*, got .*Int32"):
        publisher.publish(Int32())
    with pytest.raises(TypeError, match="is not a message class"):
        node.create_publisher(SetBool, "x", 10)
    with pytest.raises(TypeError, match="is not a service class"):
        node.create_client(String, "x")
    with pytest.raises(TypeError, match="Expected QoSProfile or non-negative int"):
        node.create_publisher(String, "x", -1)


@pytest.mark.differs(
    "A message whose sender has another definition of its type",
    "ignored, and logged at most every 5 s",
    "`a message was ignored, since its sender has another definition of its type: …`",
)
def test_bytes_of_another_definition_are_ignored(peer, capfd):
    got = []
    node = peer().node("strict")
    node.create_subscription(Header, "x", got.append, 10)
    publisher = node.create_publisher(Header, "x", 10)
    publisher.publish(b"\0\1\0\0\5")
    publisher.publish(Header())
    wait_until(lambda: got)
    assert len(got) == 1
    assert "strict]: a message was ignored, since its sender has another" in capfd.readouterr().err


# Services


def add_one(request, response):
    response.success, response.message = request.data, "done"
    return response


@pytest.mark.differs(
    "`Client.call` that takes too long",
    "raises, as in later ROS 2; Jazzy's returns `None`",
    "`TimeoutError: service /x did not answer in 5 s`",
)
def test_a_service_is_called(peer):
    peer().node("server").create_service(SetBool, "set", add_one)
    node = peer().node("client")
    client = node.create_client(SetBool, "set")
    assert client.wait_for_service(5.0)
    future = client.call_async(SetBool.Request(data=True))
    wait_until(future.done)
    assert future.result() == SetBool.Response(success=True, message="done")
    assert (
        client.call(SetBool.Request()).success is False
    )  # it waits, and this thread does not spin
    assert not node.create_client(Trigger, "nobody").wait_for_service(0.05)
    with pytest.raises(TimeoutError, match="service /nobody did not answer in 0.1 s"):
        node.create_client(Trigger, "nobody").call(Trigger.Request(), timeout_sec=0.1)


def test_each_client_gets_its_own_answers(peer):
    peer().node("server").create_service(SetBool, "set", add_one)
    one = peer()
    clients = [one.node(f"c{i}").create_client(SetBool, "set") for i in range(2)]
    assert all(c.wait_for_service(5.0) for c in clients)
    futures = [c.call_async(SetBool.Request(data=bool(i))) for i, c in enumerate(clients)]
    wait_until(lambda: all(f.done() for f in futures))
    assert [f.result().success for f in futures] == [False, True]


def test_done_callbacks_run_in_the_executor(peer):
    one = peer()
    node = one.node()
    node.create_service(Trigger, "t", lambda request, response: response)
    client = node.create_client(Trigger, "t")
    assert client.wait_for_service(5.0)
    threads = []
    client.call_async(Trigger.Request()).add_done_callback(
        lambda future: threads.append(threading.current_thread())
    )
    wait_until(lambda: threads == [one.thread])


@pytest.mark.differs(
    "A request to a service on another DDS",
    "not sent, since Fast DDS may use up its machine's memory",
    "`RuntimeError: service /x runs on Fast DDS, and this is Cyclone DDS, …`",
)
def test_no_request_goes_to_a_server_on_another_dds(peer, monkeypatch):
    """Fast DDS may use up its machine's memory because of a request."""
    asked: list = []
    peer().node().create_service(Trigger, "/ask", lambda q, r: (asked.append(q), r)[1])
    node = peer().node("client")
    client = node.create_client(Trigger, "/ask")
    assert client.wait_for_service(10.0)
    found = client._context.participant.discovery.endpoints(writers=False)
    theirs = [e._replace(gid=b"\x01\x0f" + e.gid[2:]) for e in found if "/ask" in e.topic]
    with monkeypatch.context() as patch:
        patch.setattr(client._context.participant.discovery, "endpoints", lambda writers: theirs)
        with pytest.raises(RuntimeError, match="/ask runs on Fast DDS, and this is Cyclone DDS"):
            client.call_async(Trigger.Request())
    answer = client.call_async(Trigger.Request())
    wait_until(answer.done)
    assert len(asked) == 1


def test_a_service_can_wait_for_another(peer):
    """While a coroutine waits, the executor runs other callbacks of the same node."""
    node = peer().node()
    inner = node.create_client(Trigger, "inner", callback_group=ReentrantCallbackGroup())
    node.create_service(
        Trigger,
        "inner",
        lambda request, response: response,
        callback_group=ReentrantCallbackGroup(),
    )

    async def outer(request, response):
        await inner.call_async(Trigger.Request())
        response.message = "both"
        return response

    node.create_service(Trigger, "outer", outer)
    client = peer().node("client").create_client(Trigger, "outer")
    assert client.wait_for_service(5.0)
    assert client.call(Trigger.Request(), timeout_sec=5.0).message == "both"


def test_a_service_must_return_its_response(default_context):
    node = Node("a")
    node.create_service(Trigger, "t", lambda request, response: None)
    client = node.create_client(Trigger, "t")
    assert client.wait_for_service(5.0)
    with pytest.raises(TypeError, match="service /t must return a Trigger.Response, not None"):
        rclpy.spin_until_future_complete(node, client.call_async(Trigger.Request()), None, 5.0)
    with pytest.raises(TypeError, match="Expected .*Request"):
        client.call_async(SetBool.Request())


# Timers and time


def test_timers(default_context):
    node, ticks = Node("clock"), []
    timer = node.create_timer(0.02, lambda: ticks.append(time.monotonic()))
    while len(ticks) < 5:
        rclpy.spin_once(node, timeout_sec=1.0)
    assert 0.07 < ticks[-1] - ticks[0] < 0.3
    timer.cancel()
    rclpy.spin_once(node, timeout_sec=0.06)
    assert len(ticks) == 5 and timer.is_canceled() and timer.time_until_next_call() is None
    timer.timer_period_ns = 10**7
    assert timer.is_canceled()
    timer.reset()
    left = timer.time_until_next_call()
    timer.timer_period_ns = 10**10  # of the next period, not of this one
    assert timer.time_until_next_call() <= left
    timer.timer_period_ns = 10**7
    assert 0 < timer.time_until_next_call() <= 10**7
    rclpy.spin_once(node, timeout_sec=1.0)
    assert len(ticks) == 6
    assert node.destroy_timer(timer) and not node.destroy_timer(timer)
    with pytest.raises(ValueError, match="must not be negative, but is -1.0 s"):
        node.create_timer(-1.0, print)


def test_missed_ticks_are_skipped(default_context):
    node, ticks = Node("late"), []
    node.create_timer(0.02, lambda: (ticks.append(1), len(ticks) == 1 and time.sleep(0.3)))
    end = time.monotonic() + 0.4
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.05)
    assert 3 <= len(ticks) <= 7


def test_rates(peer):
    rate = peer().node().create_rate(50.0)
    start = time.monotonic()
    for _ in range(5):
        rate.sleep()
    assert 0.06 < time.monotonic() - start < 0.5


@pytest.mark.differs("`Rate.sleep` at shutdown", "ends", "`ROSInterruptException`")
def test_a_rate_ends_at_shutdown(peer):
    other = peer()
    rate = other.node().create_rate(0.001)
    timer = threading.Timer(0.1, other.context.try_shutdown)
    timer.start()
    with pytest.raises(ROSInterruptException):
        rate.sleep()
    timer.join()


def test_arithmetic_of_time():
    second, half = Duration(seconds=1), Duration(seconds=0.5)
    assert Time(seconds=3) - Time(seconds=1) == Duration(seconds=2)
    assert Time(seconds=3) + half - second == Time(seconds=2.5) > Time(nanoseconds=5)
    assert half < second >= half and second != half and Duration(seconds=-1) < half
    assert Time.from_msg(Time(seconds=1.5).to_msg()).seconds_nanoseconds() == (1, 500_000_000)
    assert Duration.from_msg(Duration(seconds=-1.5).to_msg()) == Duration(seconds=-1.5)
    assert Time(seconds=1).to_msg() == Header(stamp=Time(seconds=1).to_msg()).stamp
    with pytest.raises(TypeError, match="different clock types"):
        Time(seconds=1) < Time(seconds=1, clock_type=ClockType.STEADY_TIME)  # noqa: B015
    with pytest.raises(ValueError, match="must not be negative"):
        Time(seconds=-1)
    with pytest.raises(TypeError):
        Time(seconds=1) < 1  # noqa: B015
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    assert (
        abs(
            (
                steady.now() - Time(nanoseconds=time.monotonic_ns(), clock_type=steady.clock_type)
            ).nanoseconds
        )
        < 10**9
    )


def test_simulated_time(peer):
    node = peer("-p", "use_sim_time:=true").node("simulated")
    ticks = []
    node.create_timer(10.0, lambda: ticks.append(node.get_clock().now().nanoseconds))
    assert node.get_clock().now() == Time(clock_type=ClockType.ROS_TIME)
    publisher = peer().node("simulator").create_publisher(ClockMsg, "/clock", 10)
    wait_until(publisher.get_subscription_count)
    for seconds in (5, 10, 15, 20, 3, 12, 13):  # it starts again, like a bag that loops
        now = Time(seconds=seconds, clock_type=ClockType.ROS_TIME)
        publisher.publish(ClockMsg(clock=now.to_msg()))
        wait_until(lambda: node.get_clock().now() == now)
    wait_until(lambda: [t // 10**9 for t in ticks] == [10, 20, 13])
    node.set_parameters([rclpy.Parameter("use_sim_time", value=False)])
    assert abs(node.get_clock().now().nanoseconds - time.time_ns()) < 10**9


# Executors


class Meter:
    """Has callbacks, and counts how many of them run at once."""

    def __init__(self) -> None:
        self.now = self.most = self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, *_) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self._lock:
            self.now -= 1
            self.calls += 1


@pytest.mark.parametrize(
    "group, least, most",
    [(MutuallyExclusiveCallbackGroup, 1, 1), (ReentrantCallbackGroup, 2, 3), (None, 1, 1)],
)
def test_callback_groups(peer, group, least, most):
    node, meter = peer(executor="MultiThreadedExecutor", num_threads=3).node(), Meter()
    group = group and group()
    for _ in range(4):
        node.create_timer(0.01, meter, callback_group=group)
    wait_until(lambda: meter.calls >= 6)
    assert least <= meter.most <= most


def test_one_reentrant_subscription_overlaps_with_itself(peer):
    node, meter = peer(executor="MultiThreadedExecutor", num_threads=4).node(), Meter()
    node.create_subscription(Int32, "x", meter, 10, callback_group=ReentrantCallbackGroup())
    publisher = node.create_publisher(Int32, "x", 10)
    for _ in range(4):
        publisher.publish(Int32())
    wait_until(lambda: meter.calls == 4)
    assert meter.most > 1


def test_a_busy_executor_takes_the_newest(peer):
    """Messages wait in the subscription's history, not in the executor."""
    one, got = peer(executor="MultiThreadedExecutor", num_threads=1), []
    node = one.node()
    node.create_subscription(
        Int32,
        "x",
        lambda m: (got.append(m.data), time.sleep(0.15)),
        1,
        callback_group=ReentrantCallbackGroup(),
    )
    publisher = node.create_publisher(Int32, "x", 10)
    publisher.publish(Int32(data=0))
    wait_until(lambda: got)
    for number in range(1, 6):
        publisher.publish(Int32(data=number))
        time.sleep(0.01)
    assert one.executor._pool._work_queue.qsize() <= 1
    wait_until(lambda: len(got) == 2)
    assert got == [0, 5]


def test_a_group_is_busy_until_a_coroutine_ends(peer):
    node, order, gate = peer().node(), [], Future()

    async def slow(message) -> None:
        order.append(f"begin {message.data}")
        await gate
        order.append(f"end {message.data}")

    node.create_subscription(Int32, "x", slow, 10)
    publisher = node.create_publisher(Int32, "x", 10)
    publisher.publish(Int32(data=1))
    publisher.publish(Int32(data=2))
    wait_until(lambda: order)
    time.sleep(0.1)
    assert order == ["begin 1"]
    gate.set_result(None)
    wait_until(lambda: order == ["begin 1", "end 1", "begin 2", "end 2"])


def test_tasks(default_context):
    executor = SingleThreadedExecutor()
    gate = Future(executor=executor)

    async def wait_for_gate(extra: int) -> int:
        return await gate + extra

    plain, coroutine = executor.create_task(lambda: 1), executor.create_task(wait_for_gate, 2)
    cancelled = executor.create_task(pytest.fail)
    cancelled.cancel()
    executor.spin_until_future_complete(plain, 1.0)
    executor.spin_once(0.05)
    assert plain.result() == 1 and not coroutine.done() and coroutine.result() is None
    gate.set_result(5)
    executor.spin_until_future_complete(coroutine, 1.0)
    assert coroutine.result() == 7 and cancelled.cancelled()


def test_tasks_that_come_all_the_time_keep_nothing_waiting(default_context):
    node = rclpy.create_node("busy")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    ticks: list = []
    node.create_timer(0.02, lambda: ticks.append(1))

    def again() -> None:
        time.sleep(0.005)
        executor.create_task(again)

    executor.create_task(again)
    end = time.monotonic() + 60.0
    while len(ticks) < 5 and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    assert len(ticks) >= 5
    node.destroy_node()


def test_a_coroutine_may_give_way(default_context):
    """As by asyncio.sleep(0), which awaits no future."""
    executor, order = SingleThreadedExecutor(), []

    async def polite(name: str) -> str:
        for turn in range(2):
            order.append(f"{name}{turn}")
            await asyncio.sleep(0)
        return name

    tasks = [executor.create_task(polite, name) for name in "ab"]
    executor.spin_until_future_complete(tasks[1], 5.0)
    assert [task.result() for task in tasks] == ["a", "b"]
    assert order == ["a0", "b0", "a1", "b1"]


def test_a_done_callback_that_raises_keeps_no_other_back():
    future, called = Future(), []
    future.add_done_callback(lambda _: 1 / 0)
    future.add_done_callback(called.append)
    with pytest.warns(UserWarning, match="Unhandled exception in done callback: ZeroDivision"):
        future.set_result(1)
    assert called == [future]


def test_futures():
    future, called = Future(), []
    future.add_done_callback(called.append)
    future.set_exception(KeyError("x"))
    future.set_result(1)  # too late
    future.add_done_callback(called.append)
    assert called == [future, future] and isinstance(future.exception(), KeyError)
    with pytest.raises(KeyError):
        future.result()


@pytest.mark.parametrize("kind", [SingleThreadedExecutor, MultiThreadedExecutor])
def test_exceptions_of_callbacks_reach_whoever_spins(default_context, kind):
    node, executor = Node("bad"), kind()
    executor.add_node(node)
    node.create_timer(0.01, lambda: {}["nope"])
    with pytest.raises(KeyError, match="nope"):
        executor.spin()
    executor.shutdown()


def test_timeouts(default_context):
    node, start = Node("idle"), time.monotonic()
    rclpy.spin_once(node, timeout_sec=0.0)
    assert time.monotonic() - start < 0.05
    rclpy.spin_once(node, timeout_sec=0.1)
    rclpy.spin_until_future_complete(node, Future(), timeout_sec=0.1)
    assert 0.2 <= time.monotonic() - start < 0.5


@pytest.mark.differs(
    "One executor in two threads",
    "an error that says so; ROS 2 says `generator already executing`",
    "`RuntimeError: this executor is spinning already: …`",
)
def test_an_executor_spins_in_one_thread_at_a_time(peer):
    entered, leave = threading.Event(), threading.Event()
    node = peer().node()
    node.create_timer(0.01, lambda: (entered.set(), leave.wait()))
    assert entered.wait(20.0)
    with pytest.raises(RuntimeError, match="each thread needs its own executor"):
        node.executor.spin_once()
    leave.set()


@pytest.mark.differs(
    "Spinning in a callback",
    "an error that says so; ROS 2 says `generator already executing`",
    "`RuntimeError: a callback must not spin …`",
)
def test_callbacks_must_not_spin(default_context):
    node = Node("nested")
    node.create_timer(0.01, lambda: rclpy.spin_once(node))
    with pytest.raises(RuntimeError, match="a callback must not spin"):
        rclpy.spin_once(node)


# Endings


def test_callbacks_can_destroy(peer):
    """A destroyed entity is not called, even if its message has arrived already."""
    node, got, all_of_it = peer().node(), [], []

    def destroy(message) -> None:
        got.append(message)
        for subscription in all_of_it:
            node.destroy_subscription(subscription)

    gate = threading.Event()
    node.create_timer(0.01, gate.wait).reset()
    all_of_it += [node.create_subscription(Int32, "x", destroy, 10) for _ in range(3)]
    publisher = node.create_publisher(Int32, "x", 10)
    publisher.publish(Int32())
    gate.set()
    wait_until(lambda: got)
    publisher.publish(Int32())
    time.sleep(0.05)
    assert len(got) == 1 and not publisher.get_subscription_count()


def test_entities_come_and_go_while_another_thread_waits(peer):
    one = peer()
    node, got = one.node(), []
    publisher = node.create_publisher(Int32, "x", 10)
    for number in range(100):
        subscription = node.create_subscription(Int32, "x", got.append, 10)
        service = node.create_service(Trigger, "t", print)
        publisher.publish(Int32(data=number))
        node.destroy_subscription(subscription)
        node.destroy_service(service)
    other = one.node("other")
    other.create_timer(0.001, lambda: None)
    other.destroy_node()
    node.create_subscription(Int32, "y", got.append, 10)
    node.create_publisher(Int32, "y", 10).publish(Int32(data=-1))
    wait_until(lambda: got and got[-1].data == -1)
    assert one.thread.is_alive() and one.executor.get_nodes() == [node]


def test_what_is_destroyed_says_so(default_context):
    node = Node("a")
    publisher, client = node.create_publisher(String, "x", 10), node.create_client(Trigger, "t")
    assert node.destroy_publisher(publisher) and not node.destroy_publisher(publisher)
    with pytest.raises(InvalidHandle, match="was destroyed"):
        publisher.publish(String())
    node.destroy_node()
    node.destroy_node()
    with pytest.raises(InvalidHandle):
        client.call_async(Trigger.Request())


def test_shutdown_ends_spinning():
    """`spin` returns if the program itself shuts down; else it raises, as for SIGTERM."""
    rclpy.init(args=[])
    node = Node("a")
    node.create_timer(0.01, rclpy.shutdown)
    rclpy.spin(node)
    assert not rclpy.ok()
    node.destroy_node()

    rclpy.init(args=[])
    node = Node("a")
    timer = threading.Timer(0.05, rclpy.shutdown)
    timer.start()
    rclpy.spin(node)
    timer.join()
    with pytest.raises(RuntimeError, match="Failed to publish: publisher's context is invalid"):
        node.create_publisher(String, "x", 10).publish(String())
    node.destroy_node()

    rclpy.init(args=[])
    node, called = Node("b"), []
    rclpy.get_default_context().on_shutdown(lambda: called.append(1))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    timer = threading.Timer(0.05, rclpy.try_shutdown)
    timer.start()
    with pytest.raises(ExternalShutdownException):
        executor.spin()
    timer.join()
    assert called == [1]


def test_contexts_begin_and_end_once():
    for _ in range(2):
        rclpy.init(args=[])
        assert rclpy.ok()
        with pytest.raises(RuntimeError, match="must only be called once"):
            rclpy.init(args=[])
        rclpy.shutdown()
        assert not rclpy.ok()
        with pytest.raises(RuntimeError, match="must be initialized before it can be shutdown"):
            rclpy.shutdown()
        rclpy.try_shutdown()
    with pytest.raises(NotInitializedException, match=r"rclpy.init\(\) has not been called"):
        Node("a")
    with pytest.raises(NotInitializedException):
        SingleThreadedExecutor()


def test_a_node_outlives_its_context():
    rclpy.init(args=[])
    node = Node("a")
    publisher = node.create_publisher(String, "x", 10)
    rclpy.shutdown()
    rclpy.init(args=[])
    with pytest.raises(RuntimeError):
        publisher.publish(String())
    node.get_logger().info("still here")
    node.destroy_node()
    rclpy.shutdown()


# The graph


def test_questions_about_the_graph(peer):
    server = peer("-r", "__ns:=/shop").node("server")
    server.create_subscription(String, "in", print, 10)
    server.create_publisher(Header, "/out", qos_profile_sensor_data)
    server.create_service(Trigger, "~/t", print)
    server.create_client(SetBool, "set")
    node = peer().node("asker")
    wait_until(lambda: ("server", "/shop") in node.get_node_names_and_namespaces())
    assert "asker" in node.get_node_names()
    wait_until(lambda: dict(node.get_service_names_and_types()).get("/shop/server/t"))
    topics = dict(node.get_topic_names_and_types())
    assert topics["/shop/in"] == ["std_msgs/msg/String"]
    assert topics["/out"] == ["std_msgs/msg/Header"]
    assert ("/shop/in", ["std_msgs/msg/String"]) in (
        node.get_subscriber_names_and_types_by_node("server", "/shop")
    )
    assert ("/out", ["std_msgs/msg/Header"]) in (
        node.get_publisher_names_and_types_by_node("server", "/shop")
    )
    assert ("/shop/server/t", ["std_srvs/srv/Trigger"]) in (
        node.get_service_names_and_types_by_node("server", "/shop")
    )
    assert node.get_client_names_and_types_by_node("server", "/shop") == [
        ("/shop/set", ["std_srvs/srv/SetBool"])
    ]
    (info,) = node.get_publishers_info_by_topic("out")
    assert (info.node_name, info.node_namespace, info.topic_type) == (
        "server",
        "/shop",
        "std_msgs/msg/Header",
    )
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert node.count_publishers("out") == node.count_subscribers("/shop/in") == 1
    server.destroy_node()
    wait_until(lambda: "server" not in node.get_node_names())
    wait_until(lambda: not node.count_publishers("out"))


def test_threads_of_one_process_may_ask_about_the_graph_at_once(peer):
    node, other = peer().node("first"), peer().node("second")
    node.create_publisher(Int32, "number", 1)
    wait_until(lambda: other.get_publishers_info_by_topic("/number"))
    questions = (
        lambda: node.get_publishers_info_by_topic("/number"),
        other.get_node_names,
        node.get_topic_names_and_types,
        lambda: other.get_subscriptions_info_by_topic("/number"),
    )

    def ask(question) -> None:
        for _ in range(200):
            question()

    threads = [threading.Thread(target=ask, args=[q], daemon=True) for q in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert not any(thread.is_alive() for thread in threads)


def test_two_nodes_of_one_name_are_two(peer):
    one = peer()
    first, second = one.node("same"), one.node("same")
    names = one.node("asker").get_node_names
    wait_until(lambda: names().count("same") == 2)
    first.destroy_node()
    wait_until(lambda: names().count("same") == 1)
    assert second.get_name() == "same"


def test_nodes_of_humble_are_passed_over(peer):
    """Its message about them has the same name, but longer gids."""
    humble = get_typestore(Stores.ROS2_HUMBLE)
    gid = humble.types["rmw_dds_common/msg/Gid"](data=np.ones(24, np.uint8))
    told = humble.types[graph.TYPE](
        gid=gid,
        node_entities_info_seq=[
            humble.types["rmw_dds_common/msg/NodeEntitiesInfo"](
                node_namespace="/", node_name="theirs", reader_gid_seq=[gid], writer_gid_seq=[]
            )
        ],
    )
    ours, humble_s = peer().node("ours"), peer()
    assert "ours" in ours.get_node_names()
    humble_s.context.participant.graph._writer.write(bytes(humble.serialize_cdr(told, graph.TYPE)))
    peer().node("another")
    wait_until(lambda: "another" in ours.get_node_names())
    assert "theirs" not in ours.get_node_names()


@pytest.mark.parametrize(
    "name, full",
    [
        ("x", "/ns/x"),
        ("/x", "/x"),
        ("~", "/ns/a"),
        ("~/x/y", "/ns/a/x/y"),
        ("x/y_1", "/ns/x/y_1"),
        ("{node}/x", "/ns/a/x"),
        ("{ns}/x", "/ns/x"),
        ("/all/{namespace}x", None),
        ("", None),
        ("x y", None),
        ("1x", None),
        ("/x/", None),
        ("x//y", None),
        ("~x", None),
    ],
)
def test_names_of_topics(default_context, name, full):
    node = Node("a", namespace="ns")
    if full:
        assert node.resolve_topic_name(name) == node.resolve_service_name(name) == full
    else:
        with pytest.raises(InvalidTopicNameException, match="Invalid topic name"):
            node.create_publisher(String, name, 10)


def test_names_of_nodes(default_context):
    assert Node("a", namespace="/x/y").get_fully_qualified_name() == "/x/y/a"
    assert Node("a").get_namespace() == "/"
    for bad in ("a b", "1a", "", "a/b"):
        with pytest.raises(InvalidNodeNameException, match=f"Invalid node name '{bad}'"):
            Node(bad)
    with pytest.raises(ValueError, match="Invalid namespace 'a b'"):
        Node("a", namespace="a b")


# What is missing


@pytest.mark.differs(
    "A name or module that rosless lacks",
    "error at the import",
    "`ImportError: rosless has no rclpy.node.Nope: see rosless/README.md …`",
)
@pytest.mark.differs(
    "`event_callbacks`, `cli_args`, `enable_logger_service`",
    "not there",
    "`NotImplementedError: rosless has no event_callbacks=...; a full ROS 2 has it`",
)
@pytest.mark.differs(
    "`Node.set_descriptor`, `wait_for_node`, `count_clients` and some more",
    "not there",
    "`AttributeError: rosless has no Node.wait_for_node; a full ROS 2 has it`",
)
def test_what_is_missing_says_so(default_context):
    for line, message in [
        ("import rclpy.impl", "rosless has no module 'rclpy.impl'"),
        ("from rclpy import serialization", "rosless has no rclpy.serialization"),
        ("from rclpy.node import Nope", "rosless has no rclpy.node.Nope"),
        ("from rclpy.qos import qos_nope", "rosless has no rclpy.qos.qos_nope"),
        ("import launch.frontend", "rosless has no module 'launch.frontend'"),
    ]:
        with pytest.raises(ImportError, match=f"{message}: see rosless/README.md"):
            exec(line)
    node, names = Node("a"), SimpleNamespace()
    exec("from rclpy import executors, qos", vars(names))
    with pytest.raises(AttributeError, match="rosless has no Node.wait_for_node; a full ROS 2"):
        node.wait_for_node("b", 1.0)
    with pytest.raises(AttributeError, match="'Node' object has no attribute 'nope'"):
        node.nope
    with pytest.raises(NotImplementedError, match="rosless has no event_callbacks=..."):
        node.create_publisher(String, "x", 10, event_callbacks=object())
    for option in ({"enable_logger_service": True}, {"cli_args": ["--ros-args", "-r", "x:=y"]}):
        with pytest.raises(NotImplementedError, match=f"rosless has no {next(iter(option))}=..."):
            Node("a", **option)
