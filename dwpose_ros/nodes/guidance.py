"""Guidance: poses in, instructions as text and speech out, and a capture when all is right."""

from __future__ import annotations

import math
import re
import time

from std_msgs.msg import Bool, Header, String

from dwpose_ros.capture import check_label
from dwpose_ros.guidance import Coach, Decision, State, load_phrases, load_profile
from dwpose_ros.guidance.checks import Judge
from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.guidance.view import Follower
from dwpose_ros.msg import Check, Guidance as GuidanceMsg, WholeBodyPose
from dwpose_ros.nodes.common import WATCH_S, DwposeNode
from dwpose_ros.nodes.conversions import from_msg, looks_of, stamp_ns
from dwpose_ros.nodes.files import configured
from dwpose_ros.nodes.flow import FIRST_S
from dwpose_ros.nodes.guide import Order, serve_goals
from dwpose_ros.nodes.running import run
from dwpose_ros.nodes.speech import LATCHED
from dwpose_ros.pose.people import People
from dwpose_ros.srv import Capture

NO_POSE = "no_pose"  # code while nothing is known, so that there is nothing to say
NO_CAPTURE = "there is no capture service: is the capture node running?"
BREATH_S = 0.2  # between two sentences, whatever each takes on its way to the voice
EXIT_AFTER_S = 3.0  # once done, where exit_when_done is set


class Guidance(DwposeNode):
    """Follows one person and coaches them until the profile's picture is taken."""

    def __init__(self) -> None:
        super().__init__("guidance")
        self.parameter("profile", "upper_body", "what picture is wanted: a shipped profile's "
                       "name, or a path", change=self._begin)
        self.parameter("language", "en", "of text and speech: a shipped one's name, or a path",
                       change=self._speak_in)
        self.parameter("mirrored", False, "whether the camera's image is mirrored", change=True)
        self.parameter("label", "", "of the captures' files; empty: the profile's name",
                       change=check_label)
        self.parameter("exit_when_done", False, "end after the capture", change=True)
        self.parameter("on_demand", False, "guide only for goals of the action `guide`")

    def configure(self) -> None:
        self._begin(self.value("profile"))
        self._speak_in(self.value("language"))
        check_label(self.value("label"))
        self._guidance = self.output(GuidanceMsg, "guidance", 10)
        self._speech = self.output(String, "speech", 10, steady=False)
        self._language = self.output(String, "speech_language", LATCHED, steady=False)
        self._capture = self.create_client(Capture, "capture")
        self._order: Order | None = None
        self._goals = serve_goals(self, self._begin_order)

    def activate(self) -> None:
        self._exit = None
        self._ready_at = time.monotonic()  # when there was a capture service
        self._asked = False  # for a capture, and not answered yet
        self._speaking = self._blind = False
        self._last_text = ""
        self._idle = self.value("on_demand")
        self._begin(self.value("profile"))
        self._language.publish(String(data=self._phrases.language))
        self._poses = self.input(WholeBodyPose, "wholebody_pose", self._on_pose, 1)
        self.input(Bool, "speaking", self._on_speaking, LATCHED, steady=False)
        self.every(WATCH_S, self._look)

    def deactivate(self) -> None:
        if self._exit is not None:
            self.destroy_timer(self._exit)
        if self._order is not None:
            self._end_order("the guidance node was deactivated")

    def cleanup(self) -> None:
        self.destroy_client(self._capture)
        self._goals.destroy()

    def _begin(self, name: str) -> None:
        profile = load_profile(configured("profiles", name))
        self._first = profile.steps[0]
        self._coach, self._follower = Coach(profile), Follower(self._first)
        self._judge = Judge(self._first)
        self._profile_name = name
        self._now = -math.inf  # of the newest pose
        self._said_at, self._saying_s = -math.inf, 0.0

    def _speak_in(self, language: str) -> None:
        self._phrases = load_phrases(configured("phrases", language))
        if self.active:  # and in that language's voice
            self._language.publish(String(data=self._phrases.language))

    def _on_speaking(self, msg: Bool) -> None:
        self._speaking = msg.data

    def _busy(self, now: float) -> bool:
        """Whether something is being said: by its length, or longer where the voice says so.

        A voice that never ends, or has died, is not waited for much longer.
        """
        since = now - self._said_at
        return 0 <= since < BREATH_S + (
            3 * self._saying_s + 6 if self._speaking else self._saying_s)

    def _look(self) -> None:
        """Nothing is said, held or waited for that nobody knows to be true any more."""
        self._look_at_order()
        ready = self._capture.service_is_ready()
        self._ready_at = time.monotonic() if ready else self._ready_at
        gone = time.monotonic() - self._ready_at > FIRST_S
        self.last_error = NO_CAPTURE if gone else ""
        if self._asked and not ready:
            self.get_logger().error("the capture node has gone: the picture is taken again")
            self._asked = False
            self._coach.captured(False, self._now)
        blind = self._poses.stale(time.monotonic(), self.value("stale_after"))
        if blind and not self._blind and not self._idle:
            self._coach.interrupted()
            self._hush()
            header = Header(stamp=self.get_clock().now().to_msg())
            self._publish(header, Decision(State.SEARCHING, NO_POSE, "", 0.0, 0.0, False, False),
                          [], 0)
        self._blind = blind

    def _look_at_order(self) -> None:
        order = self._order
        if order is not None and order.cancelled:
            self._end_order("cancelled")
        elif order is not None and order.overdue:
            self._end_order(f"no picture after {order.wanted.timeout:g} s; last said: "
                            f"{self._last_text or 'nothing'}")

    def _begin_order(self, order: Order) -> None:
        if not self.active:
            order.end("the guidance node is not active")
            return
        if self._order is not None:
            self._end_order("another goal came")
        try:
            language = order.wanted.language or self.value("language")
            load_phrases(configured("phrases", language))  # or refuse, before anything changes
            self._begin(order.wanted.profile or self.value("profile"))
            self._speak_in(language)
        except ValueError as err:
            order.end(str(err))
            return
        self._order, self._idle = order, False

    def _end_order(self, message: str = "") -> None:
        """And wait for the next; nobody is guided meanwhile."""
        order, self._order, self._idle = self._order, None, True
        self._hush()
        self._speak_in(self.value("language"))
        self.get_logger().info(f"goal: {message or 'reached'}")
        order.end(message)

    def _hush(self) -> None:
        self._speech.publish(String())
        self._said_at = -math.inf

    def _on_pose(self, msg: WholeBodyPose) -> None:
        now = self._now = stamp_ns(msg.header) / 1e9
        if self._idle:
            self._guidance.publish(GuidanceMsg(header=msg.header, state=GuidanceMsg.IDLE))
            return
        ids, people = from_msg(msg)
        if ids and not (msg.width and msg.height):
            self.get_logger().error(f"people of an image of {msg.width}x{msg.height} pixels are "
                                    "ignored: a pose must tell its image's size",
                                    throttle_duration_sec=30.0)
            ids, people = [], People.none()
        step, person = self._coach.profile, self._follower.person_id
        if self._judge.profile is not step:
            self._follower.use(step)
            self._judge = Judge(step)
        self._judge.mirrored = self._follower.mirrored = self.value("mirrored")
        view = self._follower.look(ids, people.xy, people.scores, people.boxes, msg.width,
                                   msg.height, now)
        if self._follower.person_id != person:
            self._judge.reset()
            self._coach.interrupted()
        if self._follower.newcomer:
            self._coach.somebody_else()
        if view is not None:
            brightness, sharpness = looks_of(msg, self._follower.person_id)
            view = view._replace(brightness=brightness, sharpness=sharpness)
        verdicts = self._judge(view)
        decision = self._coach.update(verdicts, now, busy=self._busy(now))
        person = self._follower.person_id if view else 0
        self._publish(msg.header, decision, verdicts, person)
        if decision.speak:
            self._said_at, self._saying_s = now, speaking_s(self._last_text)
        elif decision.hush:
            self._hush()
        if decision.capture:
            self._request(person, msg.header.stamp)

    def _publish(self, header, decision: Decision, verdicts, person: int) -> None:
        text = "" if decision.code == NO_POSE else self._phrases.text(
            decision.code, decision.part, decision.grade, decision.count)
        if text and text != self._last_text:
            self.get_logger().info(f"{decision.state.name}: {text}")
        self._last_text = text
        told = GuidanceMsg(
            header=header, state=int(decision.state), profile=self._coach.profile.name,
            step=self._coach.profile.step,
            code=decision.code, part=decision.part, grade=decision.grade, count=decision.count,
            text=text, person_id=person, progress=float(decision.progress),
            hold_remaining=float(decision.hold_remaining),
            checks=[Check(name=v.name, ok=v.ok is True, judged=v.ok is not None,
                          value=float(v.value), minimum=float(v.minimum),
                          maximum=float(v.maximum), unit=v.unit) for v in verdicts])
        self._guidance.publish(told)
        if self._order is not None:
            self._order.tell(told)
        if decision.speak:
            self._speech.publish(String(data=text))
        if decision.state == State.DONE and self.value("exit_when_done") and self._exit is None:
            # What was just published, and said, is to arrive first.
            self._exit = self.create_timer(EXIT_AFTER_S, self.context.try_shutdown)

    def _request(self, person: int, stamp) -> None:
        now = self._now
        if not self._capture.service_is_ready():
            self.get_logger().error(NO_CAPTURE)
            self._coach.captured(False, now)
            return
        coach, number = self._coach, self._coach.request
        self._asked = True

        def answered(future) -> None:
            self._asked = False
            response = future.result()
            log = self.get_logger()
            if response.success:
                log.info(f"captured: {response.message}")
            else:
                log.error(f"capture failed: {response.message}")
            for lost in response.rejected:
                log.debug(f"not taken: {lost}")
            if self._coach is not coach or self._idle:
                return  # somebody wants something else by now
            coach.captured(response.success, self._now, response.retake, number)
            if self._order is not None and response.success:
                if step is self._first:  # also of who came after somebody had left
                    self._order.captures.clear()
                self._order.captures += [response.capture, *response.others]
                if coach.complete:
                    self._end_order()
        step = coach.profile
        label = self.value("label") or _label_of(step.name)
        if step.step:
            label += "_" + _label_of(step.step)
        request = Capture.Request(label=label, person_id=person, profile=self._profile_name,
                                  step=step.step, mirrored=self.value("mirrored"),
                                  stamp=stamp,
                                  count=self._order.wanted.captures if self._order else 0)
        self._capture.call_async(request).add_done_callback(answered)


def _label_of(profile: str) -> str:
    """A user's profile may have a name that no label can be."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", profile)[:64]


def main() -> None:
    run(Guidance)
