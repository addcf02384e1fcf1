# SPDX-License-Identifier: Apache-2.0
"""Whole programs: how they end, what they log, and which others they hear."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
import rclpy
from rcl_interfaces.msg import Log
from rclpy.duration import Duration
from rclpy.logging import LoggingSeverity, get_logger, set_logger_level
from rclpy.qos import HistoryPolicy, QoSProfile
from rosless_helpers import wait_until
from std_msgs.msg import String
from supervised import LIMIT_S

SPIN = """
import contextlib, sys, time, threading, rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node("program")
publisher = node.create_publisher(String, "chatter", 10)
"""
UNTIL = (
    SPIN
    + """
try:
    print("ready")
    {wait}
    print("returned", rclpy.ok())
except BaseException as err:
    print(type(err).__name__, rclpy.ok())
finally:
    sys.stderr.write(str(time.monotonic()) if "when" in sys.argv else "")
    node.destroy_node()
    rclpy.try_shutdown()
"""
)


def suspend(pid: int) -> None:
    """Stop a program, and wait for it: its threads stop one after the other."""
    os.kill(pid, signal.SIGSTOP)

    def stopped() -> bool:
        states = [
            f.read_text().rpartition(")")[2] for f in Path(f"/proc/{pid}/task").glob("*/stat")
        ]
        return all(state.split()[0] == "T" for state in states)

    wait_until(stopped)


# Ends


WAITS = [
    "rclpy.spin(node)",
    "rclpy.spin_once(node)",
    "rclpy.spin_until_future_complete(node, rclpy.Future(), timeout_sec=9)",
]


@pytest.mark.parametrize(
    "number, error, waits",
    [
        (signal.SIGINT, "KeyboardInterrupt", [*WAITS, "time.sleep(9)"]),
        (signal.SIGTERM, "ExternalShutdownException", WAITS),
    ],
)
def test_signals_end_a_program_at_once(program, number, error, waits):
    started = [program(UNTIL.format(wait=wait), "when") for wait in waits]
    for one in started:
        assert one.line() == "ready"
    time.sleep(0.2)
    sent = time.monotonic()
    for one in started:
        one.popen.send_signal(number)
    for one in started:
        code, out, when = one.end()
        assert (code, out) == (0, f"{error} False\n") and float(when) - sent < 1.5


def test_a_pool_of_threads_ends_too(program):
    started = program(
        UNTIL.format(
            wait="""
    executor = MultiThreadedExecutor()
    executor.add_node(node)
    def publish():
        with contextlib.suppress(RuntimeError):  # as in ROS 2, once the context is shut down
            publisher.publish(String())
    node.create_timer(0.001, publish)
    executor.spin()"""
        )
    )
    assert started.line() == "ready"
    time.sleep(0.2)
    started.popen.send_signal(signal.SIGTERM)
    assert started.end() == (0, "returned False\n", "")


FAREWELLS = [
    "",
    "rclpy.shutdown()",
    "node.destroy_node()",
    "sys.exit()",
    """
threading.Thread(target=rclpy.spin, args=(node,), daemon=True).start()
time.sleep(0.1)""",
    """
def talk():
    while True:
        publisher.publish(String())
        node.get_logger().debug("x")
threading.Thread(target=talk, daemon=True).start()
threading.Thread(target=rclpy.spin, args=(node,), daemon=True).start()
time.sleep(0.1)""",
    "rclpy.shutdown(); rclpy.init(); other = rclpy.create_node('other'); del node",
]


def test_programs_end_without_farewell(program):
    started = [program(SPIN + code) for code in FAREWELLS]
    for code, one in zip(FAREWELLS, started):
        assert one.end() == (0, "", ""), code


def test_a_program_s_end_is_seen(program, peer):
    node = peer().node()
    started = program(
        SPIN + "threading.Thread(target=rclpy.spin, args=(node,), daemon=True)"
        ".start(); time.sleep(0.5)"
    )
    wait_until(lambda: "program" in node.get_node_names())
    assert started.end()[0] == 0
    wait_until(lambda: "program" not in node.get_node_names())


def test_signals_get_their_handlers_back(program):
    started = program(
        UNTIL.format(wait="rclpy.spin_once(node, timeout_sec=0)") + "print('over'); time.sleep(9)"
    )
    assert started.line() == "ready"
    wait_until(lambda: started.line() == "over")
    started.popen.send_signal(signal.SIGTERM)
    assert started.end()[0] == -signal.SIGTERM


def test_handlers_that_were_there_are_called(program):
    started = program(
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: print('mine'))"
        + UNTIL.format(wait="rclpy.spin(node)")
    )
    assert started.line() == "ready"
    time.sleep(0.1)
    started.popen.send_signal(signal.SIGINT)
    assert started.end() == (0, "mine\nExternalShutdownException False\n", "")


@pytest.mark.differs(
    "`Client.call` at shutdown", "ends", "`RuntimeError: shut down before service /x answered`"
)
def test_waiting_for_what_never_comes_can_be_interrupted(program):
    started = program(
        UNTIL.format(
            wait="""
    from std_srvs.srv import Trigger
    client = node.create_client(Trigger, "nobody")
    thread = threading.Thread(target=rclpy.spin, args=(node,), daemon=True)
    if len(sys.argv) > 1:
        client.wait_for_service()
    else:
        client.call(Trigger.Request())"""
        )
    )
    assert started.line() == "ready"
    time.sleep(0.1)
    started.popen.send_signal(signal.SIGTERM)
    assert started.end() == (0, "RuntimeError False\n", "")


def test_a_handler_that_raises_while_samples_are_taken_crashes_nothing(program):
    """Cyclone DDS's Python library crashed if it was just making a sample's description."""
    code = """
import os, signal, threading, time, rclpy
from std_msgs.msg import Int32
class Stop(Exception): pass
def handle(*_):
    global taking
    if taking:
        taking = False
        raise Stop
rclpy.init()
node = rclpy.create_node("storm")
subscription = node.create_subscription(Int32, "x", print, 100)
publisher = node.create_publisher(Int32, "x", 100)
signal.signal(signal.SIGUSR1, handle)
taking = done = False
stopped, heard, end = 0, 0, time.monotonic() + 2.0
def storm():
    while not done:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.0003)
thread = threading.Thread(target=storm)
thread.start()
while time.monotonic() < end:
    for i in range(50):
        publisher.publish(Int32(data=i))
    try:
        taking = True
        heard += len(subscription.reader.take(50))
        taking = False
    except Stop:
        stopped += 1
done = True
thread.join()
print(stopped > 0, heard > 100)
"""
    assert program(code).end() == (0, "True True\n", "")


# Logs


def test_lines_have_ros_2_s_form(capfd):
    set_logger_level("camera", LoggingSeverity.DEBUG)
    get_logger("camera").get_child("lens").warning("dirty")
    get_logger("camera").debug({"a": 1})
    get_logger("other").debug("not written")
    get_logger("other").fatal("over")
    lines = capfd.readouterr().err.splitlines()
    assert [re.sub(r"\d{10}\.\d{9}", "T", line) for line in lines] == [
        "[WARN] [T] [camera.lens]: dirty",
        "[DEBUG] [T] [camera]: {'a': 1}",
        "[FATAL] [T] [other]: over",
    ]
    assert get_logger("camera.lens").get_effective_level() == LoggingSeverity.DEBUG
    assert get_logger("camera").is_enabled_for(LoggingSeverity.DEBUG)


def test_lines_can_be_held_back(capfd, monkeypatch):
    logger, now = get_logger("filters"), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for number in range(4):
        logger.info(f"once {number}", once=True)
        logger.info(f"not first {number}", skip_first=True)
        logger.log(f"sometimes {number}", LoggingSeverity.INFO, throttle_duration_sec=0.3)
        now[0] += 0.2
    said = [line.partition("]: ")[2] for line in capfd.readouterr().err.splitlines()]
    assert said == [
        "once 0",
        "sometimes 0",
        "not first 1",
        "not first 2",
        "sometimes 2",
        "not first 3",
    ]


def test_a_call_has_one_severity():
    """ROS 2 refuses a second severity, so rosless must refuse it too."""
    logger = get_logger("fickle")
    with pytest.raises(ValueError, match="severity cannot be changed between calls"):
        for write in (logger.warning, logger.error):
            write("which?")


def test_the_form_and_colours_can_be_chosen(capfd, monkeypatch):
    monkeypatch.setenv("RCUTILS_CONSOLE_OUTPUT_FORMAT", "{severity}|{name}|{message}")
    monkeypatch.setenv("RCUTILS_COLORIZED_OUTPUT", "1")
    get_logger("a").error("x")
    get_logger("a").info("y")
    assert capfd.readouterr().err == "\033[31mERROR|a|x\033[0m\nINFO|a|y\n"


def test_logs_are_published(peer):
    got = []
    peer().node("listener", enable_rosout=False).create_subscription(
        Log, "/rosout", got.append, 10
    )
    node = peer("-r", "__ns:=/left").node("camera")
    node.get_logger().get_child("lens").error("broken")
    wait_until(lambda: got)
    assert (got[0].name, got[0].level, got[0].msg) == ("left.camera.lens", 40, "broken")
    node.destroy_node()
    node.get_logger().error("quiet")
    assert "left.camera" not in rclpy.logging.rosout


def test_levels_can_be_given(program):
    cases = [
        ("", "I"),
        ("--log-level debug", "DI"),
        ("--log-level warn", ""),
        ("--log-level program:=debug", "DI"),
        ("--log-level other:=debug", "I"),
    ]
    started = [
        program(
            SPIN + "node.get_logger().debug('x'); node.get_logger().info('x')",
            "--ros-args",
            *words.split(),
        )
        for words, _ in cases
    ]
    for (words, levels), one in zip(cases, started):
        found = re.findall(r"^\[(.).*program\]: x$", one.end()[2], re.MULTILINE)
        assert "".join(found) == levels, words


def test_nobody_needs_to_read_the_logs(program):
    started = program(
        SPIN + "sys.stdin\nprint('ready')\ntime.sleep(0.2)\n"
        "node.get_logger().info('x'); node.get_logger().info('y')\nprint('alive')"
    )
    assert started.line() == "ready"
    started.popen.stderr.close()
    assert started.line() == "alive"


# Whom they hear


def test_domains_do_not_hear_each_other(peer, program):
    node, other = peer().node(), str(90 + os.getpid() % 10)
    here = program(SPIN + "print('ready'); rclpy.spin(node)")
    there = program(
        SPIN + "print('ready'); print(rclpy.get_default_context().get_domain_id()); "
        "rclpy.spin(node)",
        env={"ROS_DOMAIN_ID": other},
    )
    assert here.line() == there.line() == "ready" and there.line() == other
    wait_until(lambda: "program" in node.get_node_names())
    time.sleep(0.2)
    assert node.get_node_names().count("program") == 1
    for one in (here, there):
        one.popen.send_signal(signal.SIGTERM)


@pytest.mark.differs(
    "`ROS_STATIC_PEERS`",
    "not there",
    "`ValueError: rosless has no ROS_STATIC_PEERS: name peers in CYCLONEDDS_URI`",
)
@pytest.mark.parametrize(
    "name, value, message",
    [
        ("ROS_DOMAIN_ID", "x", "ROS_DOMAIN_ID is 'x'; it must be a whole number from 0 to 232"),
        ("ROS_DOMAIN_ID", "233", "ROS_DOMAIN_ID is '233'"),
        ("ROS_DOMAIN_ID", "-1", "ROS_DOMAIN_ID is '-1'"),
        (
            "ROS_AUTOMATIC_DISCOVERY_RANGE",
            "OFF",
            "ROS_AUTOMATIC_DISCOVERY_RANGE is 'OFF'; rosless "
            "knows SUBNET, LOCALHOST and SYSTEM_DEFAULT",
        ),
        (
            "ROS_STATIC_PEERS",
            "10.0.0.1",
            "rosless has no ROS_STATIC_PEERS: name peers in CYCLONEDDS",
        ),
    ],
)
def test_settings_of_the_network_are_checked(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message):
        rclpy.Context().init(args=[], domain_id=None if name == "ROS_DOMAIN_ID" else 9)


MULTICAST = """
import socket, struct
port = 7401 + 250 * int(sys.argv[1])  # DDSI's for data to all, of a domain
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
heard.bind(("", port))
group = struct.pack("4s4s", *map(socket.inet_aton, ("239.255.0.1", sys.argv[2])))
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
heard.settimeout(0.1)
mark, count, end = "to whom?", 0, time.monotonic() + 10
while publisher.get_subscription_count() < 2:
    if time.monotonic() > end:
        sys.exit(print(-1))
    time.sleep(0.01)
for _ in range(10):
    publisher.publish(String(data=mark))
    try:
        while True:
            count += mark.encode() in heard.recv(70000)
    except OSError:  # no more
        pass
print(count)
"""
READER = """
node.create_subscription(String, "chatter", lambda _: None, 10)
print("ready")
rclpy.spin(node)
"""


def test_messages_go_to_their_readers_alone(program):
    """By multicast, every process of the domain would get the images that two of them read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("239.255.0.1", 9))  # sends nothing
        except OSError:
            pytest.skip("there is no network but the loopback interface")
        own = one.getsockname()[0]

    def heard(**env: str) -> int:
        env["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SUBNET"
        readers = [program(SPIN + READER, env=env) for _ in range(2)]
        assert [one.line() for one in readers] == ["ready", "ready"]
        sender = program(SPIN + MULTICAST, os.environ["ROS_DOMAIN_ID"], own, env=env)
        count = int(sender.line())
        for one in readers:
            one.popen.kill()
            one.popen.wait()
        return count

    if heard(CYCLONEDDS_URI="<General><AllowMulticast>true</AllowMulticast></General>") <= 0:
        pytest.skip("no multicast gets through here, though asked for")
    assert heard() == 0


def test_programs_exchange_messages(program, peer):
    """Test two processes, as users run them."""
    got = []
    peer().node().create_subscription(String, "chatter", got.append, 10)
    started = program(
        SPIN
        + """
while not publisher.get_subscription_count():
    time.sleep(0.01)
publisher.publish(String(data="hello"))
time.sleep(0.2)
"""
    )
    wait_until(lambda: got == [String(data="hello")])
    assert started.end()[0] == 0


STOPPED_READER = """
import rclpy
from rclpy.qos import HistoryPolicy, QoSProfile
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node("reader")
qos = QoSProfile(depth=1, history=HistoryPolicy.KEEP_ALL)
subscription = node.create_subscription(String, "flood", lambda m: None, qos)
while not subscription.get_publisher_count():
    rclpy.spin_once(node, timeout_sec=0.05)
print("ready")
rclpy.spin(node)
"""


@pytest.mark.differs(
    "A full writer with `KEEP_ALL`",
    "waits 0.1 s for its readers, then drops the message",
    "`a reader of /x is too slow: a message was lost`",
)
def test_a_full_writer_drops_messages(program, peer, capfd):
    node = peer().node("writer")
    publisher = node.create_publisher(
        String, "flood", QoSProfile(depth=1, history=HistoryPolicy.KEEP_ALL)
    )
    started = program(STOPPED_READER)
    assert started.line() == "ready"
    wait_until(publisher.get_subscription_count)
    suspend(started.popen.pid)
    text, said = String(data="x" * 100_000), ""

    def too_slow() -> bool:
        nonlocal said
        publisher.publish(text)
        said += capfd.readouterr().err
        return "writer]: a reader of /flood is too slow: a message was lost" in said

    wait_until(too_slow)


def test_a_publisher_waits_until_its_readers_have_everything(program, peer):
    publisher = peer().node("writer").create_publisher(String, "flood", 10)
    assert publisher.wait_for_all_acked()  # nobody is there
    started = program(STOPPED_READER)
    assert started.line() == "ready"
    wait_until(publisher.get_subscription_count)
    publisher.publish(String(data="a"))
    assert publisher.wait_for_all_acked()
    suspend(started.popen.pid)
    publisher.publish(String(data="b"))
    assert not publisher.wait_for_all_acked(Duration(seconds=0.05))
    started.popen.send_signal(signal.SIGCONT)
    assert publisher.wait_for_all_acked(Duration(seconds=LIMIT_S))


CROWD = """
import sys, threading, time
import geometry_msgs.msg
from cyclonedds.core import Qos
from rosless.dds import Participant

def come_and_go(types):
    while time.monotonic() < end:
        guest = Participant(int(sys.argv[1]))
        for name in types:
            guest.writer(f"rt/{name}", name, Qos())
        guest.end()

TYPES = [f"geometry_msgs/msg/{name}" for name in dir(geometry_msgs.msg) if name[0].isupper()]
end = time.monotonic() + 3
threads = [threading.Thread(target=come_and_go, args=(TYPES[i::3],)) for i in range(3)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print("well")
"""


def test_participants_may_come_and_go_in_several_threads(program):
    """The library forgets the topics of one participant while it makes those of another."""
    code, out, err = program(CROWD, os.environ.get("ROS_DOMAIN_ID", "0")).end()
    assert (code, out, err) == (0, "well\n", "")
