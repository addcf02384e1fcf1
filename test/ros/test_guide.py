# SPDX-License-Identifier: Apache-2.0
"""The action `guide`: a goal, its feedback, and how it ends."""

from __future__ import annotations

import re
import signal
import time
from unittest.mock import Mock

import pytest
import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from harness import wait_until
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from std_msgs.msg import String
from test_guidance import portrait, show  # noqa: F401

from dwpose_ros.action import Guide
from dwpose_ros.msg import CapturedImage, Guidance
from dwpose_ros.ros import guide_client
from dwpose_ros.ros.guide_client import GuideClient
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.srv import Capture


@pytest.fixture
def camera(peer):
    """Requests of captures, which are all answered with pictures."""
    requests = []

    def answer(request, response):
        requests.append(request)
        response.success = True
        response.capture = CapturedImage(label=request.label)
        response.others = [CapturedImage(label=request.label)] * (max(request.count, 1) - 1)
        return response

    peer.node.create_service(Capture, "capture", answer)
    return requests


class Goal:
    """A goal that was sent."""

    def __init__(self, peer, **wanted) -> None:
        self.feedback: list[Guidance] = []
        client = peer.keep(ActionClient(peer.node, Guide, "guide"))
        assert client.wait_for_server(20.0)
        sent = peer.in_turn(
            lambda: client.send_goal_async(
                Guide.Goal(**wanted), lambda msg: self.feedback.append(msg.feedback.guidance)
            )
        )
        wait_until(sent.done)
        self.handle = sent.result()
        assert self.handle.accepted
        self._result = peer.in_turn(self.handle.get_result_async)

    def ended(self) -> tuple[int, Guide.Result]:
        wait_until(self._result.done)
        return self._result.result().status, self._result.result().result

    @property
    def open(self) -> bool:
        return not self._result.done()


def test_a_goal_is_guided_to_its_pictures(peer, show, camera):  # noqa: F811
    voices = peer.listen(String, "speech_language", LATCHED)
    show.start(on_demand=True, profile="face")
    wait_until(lambda: voices)
    goal = Goal(peer, profile="upper_body", language="de", captures=2)
    assert show(portrait(0.2)).profile == "upper_body"
    wait_until(lambda: goal.feedback)
    assert goal.feedback[-1].code == "move_closer"
    assert re.fullmatch("\\d Schritte näher.", goal.feedback[-1].text)
    assert show(portrait(0.5), seconds=3.0).state == Guidance.IDLE
    assert [m.data for m in voices] == ["en", "de", "en"]
    status, result = goal.ended()
    assert (status, result.success, result.message) == (GoalStatus.STATUS_SUCCEEDED, True, "")
    assert [c.label for c in result.captures] == ["upper_body", "upper_body"]
    assert [(r.count, r.paths_only) for r in camera] == [(2, False)]


def test_only_a_goal_that_wants_them_asks_for_the_bytes_of_pictures(peer, show, camera):  # noqa: F811
    show.start()
    show(portrait(0.5), seconds=3.0)
    wait_until(lambda: camera)
    goal = Goal(peer, paths_only=True)
    show(portrait(0.5), seconds=3.0)
    assert goal.ended()[0] == GoalStatus.STATUS_SUCCEEDED
    assert [r.paths_only for r in camera] == [True, True]


def test_nobody_is_guided_but_for_a_goal(peer, show, camera):  # noqa: F811
    show.start(on_demand=True)
    assert show(portrait(0.5), seconds=2.5).state == Guidance.IDLE and not camera
    goal = Goal(peer)  # the node's own profile and language
    assert show(portrait(0.5), seconds=0.5).profile == "upper_body"
    cancelled = peer.in_turn(goal.handle.cancel_goal_async)
    wait_until(cancelled.done)
    status, result = goal.ended()
    assert (status, result.success) == (GoalStatus.STATUS_CANCELED, False)
    assert result.message == "cancelled" and not camera
    assert show(portrait(0.5)).state == Guidance.IDLE


@pytest.mark.parametrize(
    "wanted, why",
    [
        (dict(profile="no_such"), "no_such.yaml"),
        (dict(language="xx"), "xx.yaml"),
        (dict(timeout=0.5), "no picture after 0.5 s"),
    ],
)
def test_why_there_is_no_picture(peer, show, camera, wanted, why):  # noqa: F811
    show.start(on_demand=True)
    goal = Goal(peer, **wanted)
    status, result = goal.ended()
    assert (status, result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert why in result.message and not result.captures


def test_a_goal_that_is_refused_changes_nothing(peer, show, camera):  # noqa: F811
    show.start(profile="upper_body")
    for wanted in dict(profile="face", language="xx"), dict(profile="no_such", language="de"):
        assert not Goal(peer, **wanted).ended()[1].success
        told = show(portrait(0.2))
        assert told.profile == "upper_body" and told.text.endswith("steps closer.")


def test_a_new_goal_takes_the_place_of_the_last(peer, show, camera):  # noqa: F811
    show.start()  # which guides by itself until a goal comes
    first = Goal(peer, profile="face")
    second = Goal(peer, profile="upper_body")
    status, result = first.ended()
    assert (status, result.message) == (GoalStatus.STATUS_ABORTED, "another goal came")
    assert second.open
    while not camera:
        show(portrait(0.5), seconds=0.1)
    assert second.ended()[1].success
    show(portrait(0.5), seconds=0.5)  # of its own it begins anew
    assert len(camera) == 1


def test_after_a_goal_it_guides_on_as_before(peer, show, camera):  # noqa: F811
    """Only with on_demand does it wait for the next."""
    show.start(profile="face")
    assert show(portrait(0.2), seconds=0.1).profile == "face"
    goal = Goal(peer, profile="upper_body", timeout=5.0)
    assert show(portrait(0.2), seconds=0.1).profile == "upper_body"
    assert "no picture after 5 s" in goal.ended()[1].message
    assert show(portrait(0.2)).profile == "face"


def test_the_profile_that_is_set_during_a_goal_is_not_the_goal_s(peer, show, camera):  # noqa: F811
    show.start(profile="upper_body")
    goal = Goal(peer, profile="upper_body")
    result = peer.call(
        SetParameters,
        "/guidance/set_parameters",
        parameters=[
            Parameter(
                name="profile",
                value=ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="face"),
            )
        ],
    ).results[0]
    assert result.successful
    assert show(portrait(0.5)).profile == "upper_body"
    show(portrait(0.5), seconds=2.5)
    assert goal.ended()[1].success and [r.profile for r in camera] == ["upper_body"]
    assert show(portrait(0.5)).profile == "face"


def test_a_goal_is_being_executed_until_its_end(peer, show, camera):  # noqa: F811
    statuses = peer.listen(
        GoalStatusArray,
        "guide/_action/status",
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
    )
    show.start(on_demand=True)
    goal = Goal(peer)
    wait_until(
        lambda: statuses and statuses[-1].status_list[-1].status == (GoalStatus.STATUS_EXECUTING)
    )
    show(portrait(0.5), seconds=3.0)
    assert goal.ended()[0] == GoalStatus.STATUS_SUCCEEDED


def test_a_goal_waits_for_the_guidance_to_come(peer, spin, show, camera):  # noqa: F811
    """As when a page is quicker than discovery."""
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    client.begin(Guide.Goal(profile="upper_body"))
    assert told == [("asked", "")]
    show.start(on_demand=True)
    wait_until(lambda: ("guiding", "") in told)
    client.cancel()
    wait_until(lambda: told[-1][0] == "cancelled")
    client.close()


@pytest.fixture
def statuses(peer) -> dict[bytes, int]:
    """Of each goal, by its id."""
    found: dict[bytes, int] = {}
    peer.node.create_subscription(
        GoalStatusArray,
        "guide/_action/status",
        lambda msg: found.update(
            (bytes(one.goal_info.goal_id.uuid), one.status) for one in msg.status_list
        ),
        LATCHED,
    )
    return found


def test_a_goal_that_is_accepted_after_its_client_was_closed_is_cancelled(spin, show, statuses):  # noqa: F811
    """As where the screen is deactivated before a busy guidance has answered."""
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    show.start(on_demand=True)
    # The first goal shows that they have found each other.
    client.begin(Guide.Goal(profile="upper_body"))
    wait_until(lambda: ("guiding", "") in told)
    client.cancel()
    wait_until(lambda: told[-1][0] == "cancelled")
    show.node.popen.send_signal(signal.SIGSTOP)
    client.begin(Guide.Goal(profile="upper_body"))
    client.close()
    client.close()
    show.node.popen.send_signal(signal.SIGCONT)
    wait_until(lambda: [*statuses.values()] == [GoalStatus.STATUS_CANCELED] * 2)


@pytest.mark.parametrize("steps", [("deactivate", "cleanup"), ("active_shutdown",)])
def test_a_goal_has_its_result_whatever_becomes_of_the_guidance(peer, show, steps):  # noqa: F811
    show.start(on_demand=True)
    goal = Goal(peer, profile="upper_body")
    client = peer.node.create_client(ChangeState, "/guidance/change_state")
    assert client.wait_for_service(20.0)
    for step in steps:  # all at once
        wanted = Transition(id=getattr(Transition, f"TRANSITION_{step.upper()}"))
        client.call_async(ChangeState.Request(transition=wanted))
    status, result = goal.ended()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.message == "the guidance node was deactivated"


def test_a_goal_that_a_signal_ends_is_no_fault(peer, show):  # noqa: F811
    show.start(on_demand=True)
    Goal(peer, profile="upper_body")
    assert show.node.stop() == 0
    for told in ("Traceback", "never awaited", "Failed to"):
        assert told not in show.node.output


@pytest.mark.parametrize("cancel", [True, False])
def test_a_goal_ends_where_its_server_was_killed(peer, spin, show, camera, monkeypatch, cancel):  # noqa: F811
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    show.start(on_demand=True)
    client.begin(Guide.Goal(profile="upper_body"))
    wait_until(lambda: ("guiding", "") in told)
    time.sleep(2 * guide_client.WATCH_S)  # for so long it is watched
    if cancel:
        monkeypatch.setattr(client, "_watch", lambda *args: None)  # it may be the first to notice
    show.node.popen.send_signal(signal.SIGKILL)
    show.node.popen.wait()
    show.start(on_demand=True)  # as launch does
    if cancel:
        wait_until(lambda: len(node.get_publishers_info_by_topic(guide_client.SERVER)) == 1)
        client.cancel()
    wait_until(lambda: told[-1][0] != "guiding")
    assert told[-1] == (("cancelled", "") if cancel else ("failed", "the guidance node has ended"))
    assert not client.open
    client.begin(Guide.Goal(profile="upper_body"))
    wait_until(lambda: told[-1] == ("guiding", ""))
    client.cancel()
    wait_until(lambda: told[-1][0] == "cancelled")
    client.close()


@pytest.mark.parametrize("cancel", [True, False])
def test_a_goal_that_was_never_answered_ends_with_its_server(peer, spin, show, cancel):  # noqa: F811
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    show.start(on_demand=True)
    wait_until(client._client.server_is_ready)
    wait_until(lambda: node.get_publishers_info_by_topic(guide_client.SERVER))
    show.node.popen.send_signal(signal.SIGSTOP)
    client.begin(Guide.Goal(profile="upper_body"))
    if cancel:
        client.cancel()
    time.sleep(2 * guide_client.WATCH_S)  # for so long it is watched
    show.node.popen.send_signal(signal.SIGKILL)
    show.node.popen.wait()
    wait_until(lambda: told[-1][0] != "asked")
    assert told[-1] == (("cancelled", "") if cancel else ("failed", "the guidance node has ended"))
    client.close()


@pytest.mark.parametrize("cancel", [False, True])
def test_a_goal_whose_answer_is_lost_is_sent_again(spin, show, statuses, monkeypatch, cancel):  # noqa: F811
    """As rmw_fastrtps loses it, to a client that it has not found in time."""
    monkeypatch.setattr(guide_client, "AGAIN_S", 1.0)
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    send, sent = client._client.send_goal_async, []

    def lose_the_first(goal):
        sent.append(send(goal))
        return sent[-1] if len(sent) > 1 else Future()

    monkeypatch.setattr(client._client, "send_goal_async", lose_the_first)
    show.start(on_demand=True)
    wait_until(client._client.server_is_ready)
    client.begin(Guide.Goal(profile="upper_body"))
    assert len(sent) == 1
    if cancel:
        client.cancel()
    wait_until(lambda: told[-1][0] == ("cancelled" if cancel else "guiding"))
    unknown, known = (bytes(one.result().goal_id.uuid) for one in sent)
    last = GoalStatus.STATUS_CANCELED if cancel else GoalStatus.STATUS_EXECUTING
    wait_until(lambda: statuses.get(known) == last)
    wait_until(lambda: statuses.get(unknown) == GoalStatus.STATUS_ABORTED)
    client.close()


def test_a_client_is_destroyed_once_its_cancellation_was_answered(peer, spin, show, monkeypatch):  # noqa: F811
    """Fast DDS forgets with a client what it has still to send."""
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    monkeypatch.setattr(client._client, "destroy", ended := Mock(wraps=client._client.destroy))
    show.start(on_demand=True)
    client.begin(Guide.Goal(profile="upper_body"))
    wait_until(lambda: ("guiding", "") in told)
    show.node.popen.send_signal(signal.SIGSTOP)
    client.close()
    assert not ended.called
    show.node.popen.send_signal(signal.SIGCONT)
    wait_until(lambda: ended.called)
    assert told[-1] == ("guiding", "")


def test_a_client_whose_goal_is_never_answered_is_destroyed(spin, monkeypatch):
    monkeypatch.setattr(guide_client, "COMES_S", 0.2)
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: None)
    client._awaited.add(object())
    monkeypatch.setattr(client._client, "destroy", ended := Mock(wraps=client._client.destroy))
    client.close()
    assert not ended.called
    wait_until(lambda: ended.called)


def test_a_guidance_that_is_deactivated_is_silent_in_its_own_language(peer, show, camera, life):  # noqa: F811
    sentences = peer.listen(String, "speech")
    voices = peer.listen(String, "speech_language", LATCHED)
    show.start(on_demand=True)
    Goal(peer, profile="upper_body", language="de")
    wait_until(lambda: voices and voices[-1].data == "de")
    life("guidance", "deactivate")
    assert life.succeeded
    wait_until(lambda: voices[-1].data == "en" and sentences and not sentences[-1].data)


def test_a_goal_that_succeeds_while_it_is_cancelled_has_succeeded(spin):
    """Its result is on its way when the server says that there is nothing to cancel."""
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    client._handle = object()
    ended = CancelGoal.Response(return_code=CancelGoal.Response.ERROR_GOAL_TERMINATED)
    client._cancel_answered(0, Mock(result=lambda: ended))
    assert not told
    answer = Mock(status=GoalStatus.STATUS_SUCCEEDED, result=Guide.Result(success=True))
    client._ended(0, Mock(result=lambda: answer))
    assert told == [("succeeded", "")]
    client._client.destroy()


def test_a_goal_does_not_wait_for_ever(spin, monkeypatch):
    monkeypatch.setattr(guide_client, "COMES_S", 0.3)
    told: list[tuple[str, str]] = []
    node = spin(rclpy.create_node("page"))
    node.close = lambda: None
    client = GuideClient(node, lambda *what: told.append(what))
    client.begin(Guide.Goal())
    wait_until(lambda: told[-1] == ("failed", "the guidance node is not there: is it running?"))
    client.begin(Guide.Goal())
    client.cancel()
    wait_until(lambda: told[-1] == ("cancelled", ""))
    client.close()
