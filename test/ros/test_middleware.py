# SPDX-License-Identifier: Apache-2.0
"""Settings of the middleware that cannot work are said in one line, with the cure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import wait_until
from launch.actions import LogInfo, OpaqueFunction, SetEnvironmentVariable
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from dwpose_ros.ros import launching, middleware, middleware_environment
from dwpose_ros.ros.peers import LifecycleObserver
from dwpose_ros.ros.shipped_files import share

CONFIG = share("config")
FAST_DDS = "fastrtps" in middleware.get_rmw_implementation_identifier()
CYCLONE = "cyclonedds" in middleware.get_rmw_implementation_identifier()
VARIABLE = middleware_environment.FAST_DDS_VARIABLES[0]
NONE_SET = dict.fromkeys(middleware_environment.FAST_DDS_VARIABLES, "")
VARIABLES = 1 if os.environ.get("ROS_DISTRO") else 2  # that are set for Fast DDS
PROFILE = '<profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"></profiles>'
only_fast_dds = pytest.mark.skipif(not FAST_DDS, reason="this is not Fast DDS")
only_cyclone = pytest.mark.skipif(not CYCLONE, reason="this is not Cyclone DDS")
# Names of files, what is in them (None: nothing is there), and what is said of them.
FAULTS = [
    ("absent.xml", None, "is not there"),
    ("", None, r"cannot be read (Is a directory)"),
    ("text.xml", "hello", "is not XML (syntax error: line 1, column 0)"),
    ("empty.xml", "", "is not XML (no element found: line 1, column 0)"),
    ("other.xml", "<a/>", "has the root element <a>, where <"),
]


@pytest.fixture(params=FAULTS, ids=lambda one: one[0] or "folder")
def faulty(request, tmp_path) -> tuple[Path, str]:
    """A path that somebody may name by mistake, and what is wrong with it."""
    name, content, told = request.param
    if content is not None:
        (tmp_path / name).write_text(content)
    return tmp_path / name, told


class TestFastDds:
    @pytest.fixture
    def enough(self, monkeypatch, tmp_path) -> str:
        """A folder with enough shared memory."""
        monkeypatch.setattr(middleware_environment, "LEAST_SHM", 1)
        monkeypatch.setattr(middleware_environment, "FULL_SHM", 1)
        monkeypatch.setattr(middleware_environment, "SEGMENT", 1)
        return str(tmp_path)

    def test_images_have_shared_memory_where_there_is_some(self, enough):
        assert middleware_environment.fast_dds(CONFIG, enough, {}) == (
            middleware_environment.SHARED_MEMORY,
            "",
        )

    @pytest.mark.parametrize(
        "distribution, given, wanted",
        [("humble", {}, [0]), ("jazzy", {}, [0]), ("kilted", {}, [1]), ("lyrical", {}, [1]),
         ("", {}, [0, 1]), ("kilted", {0: "/old.xml"}, [0, 1]), ("kilted", {0: ""}, [1]),
         ("jazzy", {1: "/new.xml"}, [0, 1])],
    )  # fmt: skip
    def test_the_variable_is_that_of_the_distribution(self, distribution, given, wanted):
        """Kilted's Fast DDS warns of the old one in each process."""
        names = middleware_environment.FAST_DDS_VARIABLES
        set_now = {"ROS_DISTRO": distribution} | {names[i]: path for i, path in given.items()}
        found = middleware_environment.fast_dds_variables(set_now)
        assert found == [names[i] for i in wanted]

    @pytest.mark.parametrize("shm", [".", "/nowhere", "/proc"])
    def test_without_enough_of_it_they_go_by_udp(self, monkeypatch, shm):
        monkeypatch.setattr(middleware_environment, "LEAST_SHM", 10**18)
        profile, told = middleware_environment.fast_dds(CONFIG, shm, {})
        assert profile == middleware_environment.UDP and "they go by UDP" in told
        assert told.startswith(f"{shm} has ") and "--shm-size=1g" in told

    @pytest.mark.parametrize("variable", middleware_environment.FAST_DDS_VARIABLES)
    def test_what_the_user_has_set_stays(self, enough, tmp_path, variable):
        (tmp_path / "mine.xml").write_text(PROFILE)
        given = {variable: str(tmp_path / "mine.xml")}
        assert middleware_environment.fast_dds(CONFIG, enough, given) == ("", "")
        profile, told = middleware_environment.fast_dds(CONFIG, "/nowhere", given)
        assert profile == "" and "`Bus error`" in told

    def test_one_sound_file_is_enough(self, enough, tmp_path):
        """Each version of Fast DDS reads one of the variables only."""
        (tmp_path / "mine.xml").write_text(PROFILE)
        given = dict.fromkeys(middleware_environment.FAST_DDS_VARIABLES, "/gone.xml")
        given[middleware_environment.FAST_DDS_VARIABLES[0]] = str(tmp_path / "mine.xml")
        assert middleware_environment.fast_dds(CONFIG, enough, given) == ("", "")

    def test_xml_in_an_unknown_encoding_is_none(self, tmp_path):
        path = tmp_path / "odd.xml"
        path.write_bytes(b'<?xml version="1.0" encoding="of-mars"?><profiles/>')
        assert middleware_environment.file_fault(path, ("profiles",)).startswith("is not XML")

    def test_settings_for_other_machines_that_are_replaced_are_named(self):
        given = {VARIABLE: str(CONFIG / middleware_environment.NETWORK)}
        profile, told = middleware_environment.fast_dds(CONFIG, "/nowhere", given)
        assert profile == middleware_environment.UDP and f"{VARIABLE} is replaced" in told

    def test_what_the_user_has_set_is_ours_where_it_cannot_be_read(self, enough, faulty):
        path, fault = faulty
        profile, told = middleware_environment.fast_dds(CONFIG, enough, {VARIABLE: str(path)})
        assert profile == middleware_environment.SHARED_MEMORY
        assert told.startswith(f"{VARIABLE} names '{path}', which {fault}") and "\n" not in told

    def test_what_launch_has_chosen_stays_while_images_fill_the_memory(self, monkeypatch, enough):
        monkeypatch.setattr(middleware_environment, "LEAST_SHM", 10**18)
        for name in (middleware_environment.SHARED_MEMORY, middleware_environment.UDP):
            assert middleware_environment.fast_dds(
                CONFIG, enough, {VARIABLE: str(CONFIG / name)}
            ) == ("", "")

    def test_once_it_is_full_it_is_left(self):
        ours = {VARIABLE: str(CONFIG / middleware_environment.SHARED_MEMORY)}
        profile, told = middleware_environment.fast_dds(CONFIG, "/nowhere", ours)
        assert profile == middleware_environment.UDP and "they go by UDP" in told

    @pytest.mark.parametrize(
        "name", [middleware_environment.SHARED_MEMORY, middleware_environment.UDP]
    )
    def test_our_profiles_are_profiles(self, name):
        assert middleware_environment.file_fault(CONFIG / name, ("profiles",)) == ""


class TestCycloneDds:
    def test_files_that_cannot_be_settings_are_named(self, faulty):
        path, fault = faulty
        for uri in (path.as_uri(), str(path), f"{(CONFIG / 'cyclonedds.xml').as_uri()},{path}"):
            told = middleware_environment.cyclone_fault({"CYCLONEDDS_URI": uri})
            assert told.startswith("CYCLONEDDS_URI names ") and f"which {fault}" in told
            assert "mend it, or unset it" in told and "\n" not in told

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            (CONFIG / "cyclonedds.xml").as_uri(),
            "<CycloneDDS/>",
            '<?xml version="1.0"?><CycloneDDS/>',
            "<CycloneDDS/>,<CycloneDDS><Domain/></CycloneDDS>",
            # Its reader of XML takes end tags without a name, and none at the end.
            "<Tracing><Verbosity>config</></>",
            "<General><AllowMulticast>false",
            f" {(CONFIG / 'cyclonedds.xml').as_uri()}, {CONFIG / 'cyclonedds.xml'}",
        ],
    )
    def test_others_are_left_to_it(self, uri):
        assert middleware_environment.cyclone_fault({"CYCLONEDDS_URI": uri}) == ""

    @pytest.mark.parametrize("folder, given", [("jörg @2 (x)", True), ("a,b", False)])
    def test_our_own_lies_in_any_folder(self, monkeypatch, tmp_path, folder, given):
        """But for one with a comma, which separates files."""
        monkeypatch.setattr(
            middleware, "get_rmw_implementation_identifier", lambda: "rmw_cyclonedds_cpp"
        )
        config = tmp_path / folder
        shutil.copytree(CONFIG, config)
        variables, told = middleware.settings(config, environ={})
        assert ("CYCLONEDDS_URI" in variables) == given and told == ""
        assert middleware_environment.cyclone_fault(variables) == ""


class TestMissing:
    @pytest.fixture
    def prefix(self, tmp_path) -> dict[str, str]:
        """The environment of a ROS 2 with one middleware."""
        index = tmp_path / "share/ament_index/resource_index/rmw_typesupport"
        index.mkdir(parents=True)
        for name in ("rmw_fastrtps_cpp", "rmw_implementation"):
            (index / name).touch()
        return {"AMENT_PREFIX_PATH": f"/nowhere:{tmp_path}", "ROS_DISTRO": "jazzy"}

    def test_a_middleware_that_is_not_installed_is_named_with_its_package(self, prefix):
        told = middleware_environment.missing_rmw(prefix | {"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"})
        assert told == (
            "RMW_IMPLEMENTATION is 'rmw_zenoh_cpp', which is not installed: apt "
            "install ros-jazzy-rmw-zenoh-cpp, or set it to one that is "
            "(rmw_fastrtps_cpp)"
        )

    def test_a_mistyped_one_has_no_package(self, prefix):
        told = middleware_environment.missing_rmw(prefix | {"RMW_IMPLEMENTATION": "fastdds"})
        assert "apt" not in told and told.endswith("set it to one that is (rmw_fastrtps_cpp)")

    @pytest.mark.parametrize("name", ["", "rmw_fastrtps_cpp"])
    def test_others_are_taken(self, prefix, name):
        assert middleware_environment.missing_rmw(prefix | {"RMW_IMPLEMENTATION": name}) == ""
        assert middleware_environment.missing_rmw({"RMW_IMPLEMENTATION": name}) == ""


class TestLaunching:
    @pytest.fixture(autouse=True)
    def none_set(self, monkeypatch):
        for name in ("CYCLONEDDS_URI", *middleware_environment.FAST_DDS_VARIABLES):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(middleware_environment, "LEAST_SHM", 1)

    @pytest.mark.skipif(not FAST_DDS and not CYCLONE, reason="another needs no settings")
    def test_the_middleware_is_given_what_images_need(self, tmp_path):
        found = launching.middleware_settings(str(tmp_path))
        assert {type(one) for one in found} == {SetEnvironmentVariable}
        assert len(found) == (VARIABLES if FAST_DDS else 1)

    @only_fast_dds
    def test_that_images_go_by_udp_is_told(self):
        found = launching.middleware_settings("/nowhere")
        assert [type(one) for one in found] == [LogInfo] + VARIABLES * [SetEnvironmentVariable]

    @only_cyclone
    def test_nothing_is_started_where_it_cannot_start(self, monkeypatch):
        monkeypatch.setenv("CYCLONEDDS_URI", "file:///nowhere.xml")
        (refusal,) = launching.middleware_settings()
        assert type(refusal) is OpaqueFunction


@pytest.mark.skipif(bool(middleware_environment.installed(os.environ)), reason="has ROS 2")
def test_launch_starts_nodes_before_it_could_have_imported_rclpy():
    """Without ROS 2, that would be half of what it does until then."""
    program = (
        "import sys; from dwpose_ros.ros import launching; launching.middleware_settings(); "
        "sys.exit('rclpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@only_fast_dds
def test_a_node_without_its_middleware_ends_with_one_line(run):
    node = run("speech", env={"RMW_IMPLEMENTATION": "rmw_nothing_cpp"})
    assert node.ended() == 2
    (told,) = node.told()
    assert told.startswith("dwpose_ros: RMW_IMPLEMENTATION is 'rmw_nothing_cpp', which is not ")


@only_fast_dds
def test_launch_without_its_middleware_starts_nothing(command):
    launch = command(
        "ros2",
        "launch",
        "dwpose_ros",
        "guide.launch.py",
        "source:=sim",
        env={"RMW_IMPLEMENTATION": "rmw_nothing_cpp"},
    )
    assert launch.ended() != 0
    assert launch.output.count("rmw_nothing_cpp") == 1 and "process started" not in launch.output


@only_cyclone
def test_a_node_whose_settings_are_not_there_ends_with_one_line(run):
    node = run("speech", env={"CYCLONEDDS_URI": "file:///nowhere.xml"})
    assert node.ended() == 2
    (told,) = node.told()
    assert "CYCLONEDDS_URI names 'file:///nowhere.xml', which is not there" in told


@only_cyclone
def test_launch_whose_settings_are_not_there_starts_nothing(command):
    launch = command(
        "ros2",
        "launch",
        "dwpose_ros",
        "guide.launch.py",
        "source:=sim",
        env={"CYCLONEDDS_URI": "file:///nowhere.xml"},
    )
    assert launch.ended() != 0
    assert launch.output.count("nowhere.xml") == 1 and "process started" not in launch.output


@only_cyclone
def test_a_middleware_that_is_not_here_is_said_not_to_be(run):
    run("speech", env={"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}).says(
        "RMW_IMPLEMENTATION is 'rmw_fastrtps_cpp', but this is rmw_cyclonedds_cpp"
    )


@only_fast_dds
def test_a_node_whose_profile_is_not_there_has_ours_and_says_so(peer, run, tmp_path):
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((720, 1280, 3), np.uint8))
    images = peer.listen(
        Image, "image_raw", QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    )
    camera = run(
        "camera", source=tmp_path / "still.png", env=NONE_SET | {VARIABLE: "/nowhere.xml"}
    )
    wait_until(lambda: images, 30.0)
    assert f"{VARIABLE} names '/nowhere.xml', which is not there" in camera.output
    assert "XMLPARSER" not in camera.output  # what Fast DDS itself says of it


def mounted(*words: str) -> list[str]:
    """A command line that gives a command a /dev/shm of its own; skips where that may not be."""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if (
        not shutil.which("unshare")
        or subprocess.run(
            [*unshare, "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"], capture_output=True
        ).returncode
    ):
        pytest.skip("this user may not mount a /dev/shm")
    return [
        *unshare,
        "sh",
        "-c",
        f'mount -t tmpfs {words[0]} tmpfs /dev/shm && {words[1]} exec "$0" "$@"',
    ]


FILL = "head -c %d /dev/zero > /dev/shm/filled &&"
FULL, ALMOST = FILL % 2**26, FILL % (2**26 - 2**16)  # the latter has room for ROS 2's tracing


@pytest.fixture
def everywhere(monkeypatch) -> None:
    """Nodes do not keep to this machine: where they do, rmw_fastrtps always adds shared memory."""
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    monkeypatch.delenv("ROS_LOCALHOST_ONLY", raising=False)


@only_fast_dds
@pytest.mark.parametrize(
    "options, before",
    [("-o size=64m", ""), ("-o size=64m", ALMOST), ("-o ro", "")],
    ids=["small", "full", "read-only"],
)
@pytest.mark.parametrize(
    "profile", ["", str(CONFIG / middleware_environment.SHARED_MEMORY)], ids=["none", "ours"]
)
def test_images_arrive_by_udp_where_shared_memory_is_unfit(
    everywhere, peer, command, tmp_path, options, before, profile
):
    """On a full one Fast DDS ends the process with a bus error otherwise. Ours is set where launch
    has started the node."""
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((720, 1280, 3), np.uint8))
    images = peer.listen(
        Image, "image_raw", QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    )
    camera = command(
        *mounted(options, before),
        "ros2",
        "run",
        "dwpose_ros",
        "camera",
        "--ros-args",
        "-p",
        f"source:={tmp_path / 'still.png'}",
        "-p",
        "loop:=true",
        env=NONE_SET | ({VARIABLE: profile} if profile else {}),
    )
    wait_until(lambda: images, 30.0)
    camera.says("they go by UDP")
    assert camera.popen.poll() is None


@only_fast_dds
@pytest.mark.parametrize("before, dies", [(FULL, "ROS 2"), (ALMOST, "Fast DDS")])
def test_where_full_shared_memory_cannot_be_left_a_node_ends_with_one_line(command, before, dies):
    node = command(
        *mounted("-o size=64m", before),
        "ros2",
        "run",
        "dwpose_ros",
        "speech",
        env=NONE_SET | {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    )
    assert node.ended() == 2
    (told,) = node.told()
    assert f"/dev/shm is full (0 MB left), of which {dies} dies: free some of it" in told


class Endpoint(NamedTuple):
    node_name: str
    node_namespace: str
    endpoint_gid: list[int]


class TestStrangers:
    """Nodes of another middleware on the same network."""

    @pytest.fixture
    def network(self, monkeypatch):
        """network(cyclonedds=3) -> a node of ours on Fast DDS that sees so many of that one."""
        monkeypatch.setattr(
            middleware, "get_rmw_implementation_identifier", lambda: "rmw_fastrtps_cpp"
        )

        class Node:
            def __init__(self, **counts: int) -> None:
                self.found = [
                    Endpoint(f"n{i}", "/", [1, number] + 14 * [i])
                    for name, number in (("cyclone", 0x10), ("fast", 0x0F))
                    for i in range(counts.get(name, 0))
                ]

            def get_publishers_info_by_topic(self, topic: str, no_mangle: bool = False):
                assert topic == "/rosout" and not no_mangle
                return self.found

            def get_subscriptions_info_by_topic(self, topic: str, no_mangle: bool = False):
                assert topic == "rq/pose/get_stateRequest" and no_mangle
                return self.found

        return Node

    def test_they_are_named_with_the_cure(self, network):
        told = middleware.strangers(network(cyclone=5, fast=2))
        assert told.startswith("/n0, /n1, /n2 and 2 more on Cyclone DDS, this node on Fast DDS")
        assert "RMW_IMPLEMENTATION" in told and "rmw_fastrtps_cpp" in told

    def test_none_are_not(self, network):
        assert middleware.strangers(network(fast=3)) == ""

    def test_who_serves_is_known(self, network):
        assert middleware.foreign_server(network(cyclone=1), "/pose/get_state") == "Cyclone DDS"
        assert middleware.foreign_server(network(fast=1), "/pose/get_state") == ""

    def test_no_request_is_sent_to_them(self, peer, run, monkeypatch):
        run("speech")
        observer = LifecycleObserver(peer.node, "speech")
        asked = lambda: observer.ask() or observer.state == "active"  # noqa: E731
        wait_until(asked, 30.0)
        observer.close()
        monkeypatch.setattr(middleware, "own_vendor", lambda: "another")
        observer = LifecycleObserver(peer.node, "speech")
        sent: list = []
        monkeypatch.setattr(observer._client, "call_async", sent.append)
        wait_until(lambda: observer.ask() or observer.foreign, 30.0)
        observer.ask()
        assert observer.state is None and not sent
        observer.close()


@only_cyclone
def test_a_node_on_fast_dds_is_seen_beside_us(peer, run, command):
    ros2 = Path(__file__).resolve().parents[2] / ".venv-ros2/jazzy/setup.bash"
    if not ros2.is_file():
        pytest.skip("no ROS 2 from wheels is here: tools/ros2_environment.py jazzy makes it")
    command("bash", "-c", f". '{ros2}' && exec ros2 run dwpose_ros downstream")
    told = peer.listen(DiagnosticArray, "/diagnostics")
    wait_until(lambda: peer.node.count_publishers("/diagnostics") >= 1, 30.0)
    run("speech")
    wait_until(
        lambda: [
            s
            for m in told
            for s in m.status
            if s.name == "speech"
            and s.level == DiagnosticStatus.WARN
            and "/downstream on Fast DDS, this node on Cyclone DDS: they share topics" in s.message
        ],
        30.0,
    )
