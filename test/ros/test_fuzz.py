# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in, by any way that others have, a node goes on: values are drawn by hypothesis.

Each node runs as a process, as users start it, and is sent messages, requests, goals and
parameters over the middleware. In the end it must still answer, and have met nothing unexpected.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness import wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifecycle_msgs.srv import GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import ListParameters, SetParameters
from rclpy.action import ActionClient
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Bool, String
from visualization_msgs.msg import MarkerArray

from dwpose_ros.action import Guide
from dwpose_ros.msg import CapturedImage, Guidance, WholeBodyPose
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.srv import Capture as CaptureSrv

FEW, MANY = 8, 40  # examples: of each of a node's many parameters; of each message
EXAMPLES = settings(
    max_examples=MANY,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# What has meant something to some part of some program.
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "full_body",
            "upper_body",
            "~nobody/x.yaml",
            "/dev/zero",
            "/etc/passwd",
            "../../x",
            "a b",
            "-h",
            "{part}",
            "%s%n",
            "\x1b[2J",
            "\n[ERROR]",
            "x" * 3000,
            "NaN",
            "1e3",
            "bgr8",
            "mono16",
            "nv12",
            "yuv422",
            "16UC1",
            "32FC1",
            "bayer_rggb8",
            "jpeg",
            "png",
            "en",
            "zh",
            "me",
            "0",
            "rtsp://",
            "file:///x",
        ]
    ),
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=40),
)
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 640.0, 1e9, -3e38, 3e38]),
    st.floats(width=32, allow_nan=True, allow_infinity=True),
)
SMALL = {"width", "height", "step", "count"}  # images with a size that their data can have


def integers(kind: str) -> st.SearchStrategy[int]:
    bits, signed = int(kind.lstrip("uint")), not kind.startswith("u")
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.one_of(
        st.sampled_from([v for v in (0, 1, 2, 64, 255, low, high) if v <= high]),
        st.integers(low, high),
    )


def values(kind: str, name: str) -> st.SearchStrategy:
    """Values of a field, by the name of its type as messages give it."""
    if kind.startswith("sequence<"):
        inner = kind[len("sequence<") : -1].split(",")[0]
        if inner in ("uint8", "octet", "byte"):
            return st.one_of(st.binary(max_size=64), st.binary(min_size=9216, max_size=9216))
        return st.lists(values(inner, name), max_size=3)
    if kind.endswith("]"):
        inner, count = kind[:-1].split("[")
        if inner in ("float", "double"):
            return st.lists(FLOATS, min_size=8, max_size=8).map(
                lambda some: np.resize(
                    np.array(some, np.float32 if inner == "float" else float), int(count)
                )
            )
        return st.lists(values(inner, name), min_size=int(count), max_size=int(count))
    if kind in ("boolean", "bool"):
        return st.booleans()
    if kind in ("float", "double"):
        return FLOATS
    if kind.startswith(("int", "uint")):
        small = st.sampled_from([0, 1, 48, 64, 192]) if name in SMALL else st.nothing()
        return st.one_of(small, integers(kind))
    if kind.startswith(("string", "wstring")):
        return TEXTS
    package, _, type_name = kind.partition("/")
    module = __import__(f"{package}.msg", fromlist=["msg"])
    return messages(getattr(module, type_name.rpartition("/")[2]))


def messages(cls: type) -> st.SearchStrategy:
    fields = {name: values(kind, name) for name, kind in cls.get_fields_and_field_types().items()}
    return st.fixed_dictionaries(fields).map(lambda given: cls(**given))


def pictures(cls: type) -> st.SearchStrategy:
    """Images that may be true, and any others."""
    if cls is Image:
        true = {
            "width": st.just(64),
            "height": st.just(48),
            "step": st.sampled_from([192, 64]),
            "encoding": TEXTS,
            "data": st.binary(min_size=9216, max_size=9216),
        }
        return st.one_of(messages(cls), st.fixed_dictionaries(true).map(lambda f: Image(**f)))
    return messages(cls)


NODES = {  # what each reads
    "pose": [(Image, "image_raw", 1)],
    "guidance": [(WholeBodyPose, "wholebody_pose", 10), (Bool, "speaking", LATCHED)],
    "capture": [
        (Image, "image_raw", 1),
        (WholeBodyPose, "wholebody_pose", 10),
        (CameraInfo, "camera_info", 1),
    ],
    "speech": [
        (String, "speech", 10),
        (String, "speech_language", LATCHED),
        (String, "speaker", LATCHED),
    ],
    "downstream": [(CapturedImage, "captures", LATCHED)],
    "simulation": [(String, "speech", 10)],
    "overlay": [
        (Image, "image_raw", 1),
        (WholeBodyPose, "wholebody_pose", 10),
        (Guidance, "guidance", 10),
    ],
    "markers": [
        (CameraInfo, "camera_info", 1),
        (WholeBodyPose, "wholebody_pose", 10),
        (Guidance, "guidance", 10),
    ],
}


@pytest.fixture
def alive(run, peer, tmp_path, pose_model, detector_model):
    """alive('pose') -> that node as a process, once it is active."""
    given = {
        "pose": lambda: {"model": pose_model(), "detector": detector_model([[0, 0, 9, 9]], [0.9])},
        "capture": lambda: {"folder": tmp_path},
        "downstream": lambda: {"folder": tmp_path},
        "camera": lambda: {"source": picture()},
        "simulation": lambda: {"width": 64, "height": 48},
    }

    def picture() -> Path:
        cv2.imwrite(str(tmp_path / "still.png"), np.zeros((48, 64, 3), np.uint8))
        return tmp_path / "still.png"

    def start(name: str):
        node = run(name, **given.get(name, dict)())
        wait_until(lambda: state(peer, name) == "active", 30.0)
        return node

    return start


def state(peer, name: str) -> str:
    return peer.call(GetState, f"/{name}/get_state", 30.0).current_state.label


def still_well(peer, name: str, node) -> None:
    """It answers, has not died in between, and met nothing that it did not expect."""
    assert state(peer, name) in ("active", "inactive", "unconfigured")
    assert node.popen.poll() is None
    assert "a callback failed" not in node.output, node.output[-3000:]
    assert "Traceback" not in node.output, node.output[-3000:]


def call(client, **fields):
    """A service's response."""
    future = client.call_async(client.srv_type.Request(**fields))
    wait_until(future.done, 30.0)
    return future.result()


def throw(some: st.SearchStrategy, use, count: int = MANY) -> None:
    """Use so many values, one after the other."""

    @settings(EXAMPLES, max_examples=count)
    @given(some)
    def each(value) -> None:
        use(value)
        time.sleep(0.01)  # so that a message is not replaced by the next

    each()


@pytest.mark.parametrize("name", NODES)
def test_no_message_ends_a_node(peer, alive, name):
    node = alive(name)
    seen = [
        peer.node.create_subscription(kind, topic, lambda _: None, 1)
        for kind, topic in ((Image, "overlay"), (MarkerArray, "markers"))
    ]  # so that overlay and markers work at all
    publishers = [(peer.publisher(kind, topic, qos), kind) for kind, topic, qos in NODES[name]]
    for publisher, kind in publishers:
        throw(pictures(kind), publisher.publish)
    still_well(peer, name, node)
    assert node.stop() == 0 and seen


@pytest.mark.parametrize("name", [*NODES, "camera"])
def test_no_parameter_ends_a_node(peer, alive, name):
    node = alive(name)
    client = peer.node.create_client(SetParameters, f"/{name}/set_parameters")
    assert client.wait_for_service(20.0)
    names = peer.call(ListParameters, f"/{name}/list_parameters", 30.0).result.names
    for parameter in names:
        throw(
            parameter_values(),
            lambda value, parameter=parameter: call(
                client, parameters=[Parameter(name=parameter, value=value)]
            ),
            FEW,
        )
    still_well(peer, name, node)
    assert node.stop() == 0


def parameter_values() -> st.SearchStrategy[ParameterValue]:
    """Of the four types that our parameters have, and of one that none has."""
    return st.one_of(
        TEXTS.map(lambda v: ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=v)),
        FLOATS.map(lambda v: ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=v)),
        integers("int64").map(
            lambda v: ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=v)
        ),
        st.booleans().map(
            lambda v: ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=v)
        ),
        st.lists(TEXTS, max_size=3).map(
            lambda v: ParameterValue(
                type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=v
            )
        ),
    )


def test_no_request_ends_the_capture_node(peer, alive):
    node = alive("capture")

    client = peer.node.create_client(CaptureSrv, "capture")
    assert client.wait_for_service(20.0)

    def ask(request) -> None:
        fields = {
            name: getattr(request, name)
            for name in CaptureSrv.Request.get_fields_and_field_types()
        }
        response = call(client, **fields)
        assert not response.success and response.message

    throw(messages(CaptureSrv.Request), ask)
    still_well(peer, "capture", node)
    assert node.stop() == 0


def test_no_goal_ends_the_guidance_node(peer, alive):
    node = alive("guidance")
    client = peer.keep(ActionClient(peer.node, Guide, "guide"))
    assert client.wait_for_server(20.0)

    def send(goal) -> None:
        sent = peer.in_turn(lambda: client.send_goal_async(goal))
        wait_until(sent.done, 30.0)
        assert sent.result().accepted

    throw(messages(Guide.Goal), send)
    still_well(peer, "guidance", node)
    assert node.stop() == 0
