# SPDX-License-Identifier: Apache-2.0
"""Guidance node: poses in; instructions as text and speech, and captures, out."""

from __future__ import annotations

import math
import re
import time

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Bool, Header, String

from dwpose_ros.capture import check_label
from dwpose_ros.core.text import one_line, printable
from dwpose_ros.guidance import Profile, State, load_phrases, load_profile
from dwpose_ros.guidance.pace import PACES, paced
from dwpose_ros.guidance.phrases import Phrases
from dwpose_ros.guidance.session import NO_CAPTURE, GuidanceSession
from dwpose_ros.guidance.session_types import CaptureRequest, Frame, Goal, Outcome, Plan, Told
from dwpose_ros.guidance.tones import CUES
from dwpose_ros.msg import Guidance as GuidanceMsg
from dwpose_ros.msg import Tone as ToneMsg
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.calibration import focal_in_widths
from dwpose_ros.ros.conversions import from_msg, looks_of, stamp_ns
from dwpose_ros.ros.guidance_messages import guidance_of, tone_message
from dwpose_ros.ros.guide_server import GoalHandle, GuideServer
from dwpose_ros.ros.health import WATCH_S
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.middleware import foreign_server, own_vendor
from dwpose_ros.ros.node_main import MISTAKES, run
from dwpose_ros.ros.parameters import SHIPPED
from dwpose_ros.ros.pose_input import pose_input
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE
from dwpose_ros.ros.shipped_files import configured
from dwpose_ros.ros.steady import STEADY
from dwpose_ros.srv import Capture

# Between two poses that are looked at: of 30 a second every other one, which is often enough for
# how fast people move and sentences are spoken, for half of the work.
LEAST_S = 0.035
EXIT_AFTER_S = 3.0  # time from done to exit, with exit_when_done


class GuidanceNode(ManagedNode):
    """Connects a `GuidanceSession` to ROS: messages in, its decisions out."""

    def __init__(self) -> None:
        super().__init__("guidance")
        self.parameter(
            "profile",
            "upper_body",
            "picture wanted: the name of a shipped profile, or the path of a file; a goal in "
            "progress keeps its own",
            no_file=SHIPPED,
            change=self._use_profile,
        )
        self.parameter(
            "language",
            "en",
            "language of text and speech: the name of a shipped one, or the path of a file",
            no_file=SHIPPED,
            change=self._use_language,
        )
        self.parameter(
            "mirrored", False, "whether the camera's image is mirrored", change=self._use_mirrored
        )
        self.parameter(
            "label",
            "",
            "name of the captured files; empty: the profile's name",
            change=check_label,
        )
        self.parameter(
            "notice",
            True,
            "first tell each person that pictures are taken",
            change=self._use_notice,
        )
        self.parameter(
            "cues",
            "speech",
            "what guides the person: speech, tones that rise as the framing gets better, or both",
            choices=CUES,
        )
        self.parameter(
            "pace",
            "normal",
            "times to wait and to hold still: those of the profile, or calm (5 s, counted down) "
            "or brisk (1 s)",
            choices=tuple(PACES),
        )
        self.parameter("exit_when_done", False, "end the node after the last capture", change=True)
        self.parameter("on_demand", False, "guide only for goals of the action `guide`")
        self._session: GuidanceSession | None = None
        # As long as the node: who waits for a goal gets its result after a cleanup, too.
        self._goals = GuideServer(self, self._begin_goal)

    def configure(self) -> None:
        self._plan = self._load(self.value("profile"), self.value("language"))
        check_label(self.value("label"))
        self._guidance = self.output(GuidanceMsg, "guidance", 10)
        self._speech = self.output(String, "speech", 10, steady=False)
        self._tones = self.output(ToneMsg, "tone", 1, steady=False)
        self._language = self.output(String, "speech_language", LATCHED, steady=False)
        self._capture = self.create_client(Capture, "capture")

    def activate(self) -> None:
        self._exit = None
        self._last_logged = ""
        self._looked_s = -math.inf  # stamp of the last pose that was looked at
        self._info: CameraInfo | None = None
        self._poses = pose_input(self, self._on_pose, 1)
        self.input(
            CameraInfo, "camera_info", self._on_info, NEWEST_IMAGE, steady=False, direct=True
        )
        self.input(
            Bool, "speaking", lambda msg: self._session.speaking(msg.data), LATCHED, steady=False
        )
        self.every(WATCH_S, self._look)
        self._session = GuidanceSession(
            self._plan,
            self,
            on_demand=self.value("on_demand"),
            mirrored=self.value("mirrored"),
            notice=self.value("notice"),
            cues=self.value("cues"),
        )

    def deactivate(self) -> None:
        if self._exit is not None:
            self.destroy_timer(self._exit)
        self._session.close("the guidance node was deactivated")
        self._session = None
        self._speech.publish_last(String(data=""))
        self._language.publish_last(String(data=self._plan.phrases.language))

    def cleanup(self) -> None:
        self.destroy_client(self._capture)

    def destroy_node(self) -> None:
        self._goals.destroy()
        super().destroy_node()

    # Parameters

    def _load(self, profile: str, language: str) -> Plan:
        return Plan(
            self._profile(profile),
            profile,
            load_phrases(configured("phrases", language)),
        )

    def _profile(self, name: str) -> Profile:
        return paced(load_profile(configured("profiles", name)), self.value("pace"))

    def _use_profile(self, name: str) -> None:
        self._use(Plan(self._profile(name), name, self._plan.phrases))

    def _use_language(self, name: str) -> None:
        phrases = load_phrases(configured("phrases", name))
        self._use(Plan(self._plan.profile, self._plan.profile_name, phrases))

    def _use(self, plan: Plan) -> None:
        self._plan = plan
        if self._session is not None:
            self._session.use(plan)

    def _use_mirrored(self, mirrored: bool) -> None:
        if self._session is not None:
            self._session.mirrored = mirrored

    def _use_notice(self, notice: bool) -> None:
        if self._session is not None:
            self._session.notice = notice

    # Inputs

    def _on_info(self, msg: CameraInfo) -> None:
        self._info = msg

    def _on_pose(self, msg: WholeBodyPose) -> None:
        time_s = stamp_ns(msg.header) / 1e9
        if 0.0 <= time_s - self._looked_s < LEAST_S:
            return
        self._looked_s = time_s
        self._session.look(
            Frame(
                time_s,
                from_msg(msg),
                msg.width,
                msg.height,
                lambda person_id: looks_of(msg, person_id),
                msg.header,
                focal_in_widths(self._info, msg.width, msg.height),
            )
        )

    def _look(self) -> None:
        now = time.monotonic()
        self._session.tick(
            now,
            capture_ready=self._capture.service_is_ready(),
            blind=self._poses.stale(now, self.value("stale_after")),
            source=Header(stamp=self.get_clock().now().to_msg()),
            heard=self._speech.wanted(),
        )
        self.last_error = self._session.trouble

    def _begin_goal(self, handle: GoalHandle) -> None:
        wanted = handle.wanted
        if self._session is None:
            return handle.finish(Outcome.ABORTED, "the guidance node is not active", [])
        try:
            plan = self._plan
            if wanted.profile or wanted.language:
                plan = self._load(
                    self.allowed(wanted.profile) or plan.profile_name,
                    self.allowed(wanted.language) or self.value("language"),
                )
        except MISTAKES as err:
            return handle.finish(Outcome.ABORTED, one_line(err), [])
        self._session.begin(
            Goal(plan, max(wanted.captures, 1), wanted.timeout, handle.cancelled, handle),
            time.monotonic(),
        )

    # The session's effects

    def speak_in(self, phrases: Phrases) -> None:
        self._language.publish(String(data=phrases.language))

    def say(self, text: str) -> None:
        self._speech.publish(String(data=text))

    def idle(self, source: Header) -> None:
        self._guidance.publish(GuidanceMsg(header=source, state=GuidanceMsg.IDLE))

    def show(self, told: Told) -> None:
        decision, goal = told.decision, self._session.goal
        if self.value("cues") != "speech" and self._tones.wanted():
            self._tones.publish(tone_message(told))
        if told.text and told.text != self._last_logged:
            self.get_logger().info(f"{decision.state.name}: {told.text}")
        self._last_logged = told.text
        if goal is None and not self._guidance.wanted():
            self._guidance.unwanted(told.source)  # to make a message takes a fifth of the work
        else:
            message = guidance_of(told)
            self._guidance.publish(message)
            if goal is not None:
                goal.handle.tell(message)
        if decision.state == State.DONE and self.value("exit_when_done") and self._exit is None:
            # Let the last messages arrive, and the last sentence be spoken.
            self._exit = self.create_timer(EXIT_AFTER_S, self.context.try_shutdown, clock=STEADY)

    def ended(self, goal: Goal, outcome: Outcome, message: str) -> None:
        if not self.context.ok():  # after a signal nobody can be told
            return
        self.get_logger().info(f"goal {outcome.value}: {message or 'all pictures are taken'}")
        goal.handle.finish(outcome, message, goal.captures)

    def capture(self, request: CaptureRequest) -> None:
        session = self._session
        if not self._capture.service_is_ready():
            self.get_logger().error(NO_CAPTURE)
            return session.captured(request, False, message=NO_CAPTURE)
        if theirs := foreign_server(self, self.resolve_service_name("capture")):
            fault = (
                f"the capture node runs on {theirs}, and cannot be asked on {own_vendor()}: "
                "set RMW_IMPLEMENTATION to the same for both"
            )
            self.get_logger().error(fault)
            return session.captured(request, False, message=fault)

        def answered(future) -> None:
            response = future.result()
            log = self.get_logger()
            message = printable(response.message)
            if response.success:
                log.info(f"captured: {message}")
            else:
                log.error(f"capture failed: {message}")
            for lost in response.rejected:
                log.debug(f"not taken: {printable(lost)}")
            session.captured(
                request,
                response.success,
                response.retake,
                message,
                [response.capture, *response.others],
            )

        label = self.value("label") or _label_of(request.step.name)
        if request.step.step:
            label += "_" + _label_of(request.step.step)
        asked = Capture.Request(
            label=label,
            person_id=request.person_id,
            profile=request.profile_name,
            step=request.step.step,
            mirrored=session.mirrored,
            without=list(request.allowed.without),
            seated=request.allowed.seated,
            size_minimum=request.allowed.size_minimum,
            ignored=list(request.ignored),
            stamp=request.source.stamp,
            count=request.count,
            paths_only=session.goal is None or session.goal.handle.wanted.paths_only,
        )
        self._capture.call_async(asked).add_done_callback(answered)


def _label_of(profile: str) -> str:
    """Return a valid label made of a profile's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", profile)[:64]


def main() -> None:
    run(GuidanceNode)
