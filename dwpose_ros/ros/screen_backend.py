# SPDX-License-Identifier: Apache-2.0
"""Carries out in ROS what the screen's pages ask for, and sends them what they are shown.

Pages' wishes come in the web server's thread and are passed to the node's executor. Topics are
subscribed to only while a page wants what they bring, and a picture is encoded once, whoever sees
it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from dwpose_ros.action import Guide
from dwpose_ros.core.images import encode, to_bgr
from dwpose_ros.core.text import printable
from dwpose_ros.msg import CapturedImage, Guidance, Tone, WholeBodyPose
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.guide_client import GuideClient
from dwpose_ros.ros.latest_only_worker import LatestOnlyWorker
from dwpose_ros.ros.local_topics import InExecutor
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.output import Output
from dwpose_ros.ros.pose_input import pose_input
from dwpose_ros.ros.qos import CAPTURES, LATCHED
from dwpose_ros.ros.remote_parameters import RemoteParameters
from dwpose_ros.ros.screen_messages import (
    capture_message,
    guidance_message,
    pose_message,
    status_message,
    tone_message,
)
from dwpose_ros.ros.speaking import SpeakingReport
from dwpose_ros.ros.topic_stats import TopicStats
from dwpose_ros.ros.transport import image_input
from dwpose_ros.web.live import picture_message
from dwpose_ros.web.site import Site, message

STATUS_S = 0.5  # between two messages about the nodes
SPEECH_LASTS_S = 1.0  # a sentence that comes later has ceased to be true
MOST_NODES = 50


class ScreenBackend:
    """The backend of the web server in `node`.

    Args:
        call: calls a function in the server's thread.
        speaker: where it is told who speaks.
        browser_images: where the pictures of a browser's camera go; None: nowhere.
    """

    def __init__(
        self,
        node: ManagedNode,
        speaking: SpeakingReport,
        speaker: Output,
        browser_images: Output | None,
    ) -> None:
        self._node, self._speaking, self._browser_images = node, speaking, browser_images
        self._speaker = speaker
        self.site: Site
        self.call: Callable[..., None]
        self.encoded = 0
        self._due = 0.0  # when the next picture may be encoded, monotonic
        self._inputs: dict[str, list[TopicStats]] = {}
        self._language = node.value("language")
        self._statuses: dict[str, tuple[Any, float]] = {}
        self._status_at = 0.0
        self._guide = GuideClient(node, self._tell_goal)
        self._parameters = RemoteParameters(node)
        self._worker = LatestOnlyWorker(self._encode, node.get_logger(), "screen")
        self._wishes = InExecutor(node, self._do, depth=None)

    def begin(self, site: Site, call: Callable[..., None]) -> None:
        """Begin to send; before the server is started."""
        self.site, self.call = site, call
        self._tell_goal("none", "")
        self.use_speaker(self._node.value("speaker"))

    def stop(self) -> None:
        """End everything. Can be called again. Raises StillRunning."""
        self._wishes.close()
        self._speaking.end()
        if self._node.value("speaker") == "page":  # which there is none of any more
            self._speaker.publish_last(String(data="speech"))
        self._guide.close()
        self._worker.stop()

    def _later(self, function: Callable[..., Any], *args: Any) -> None:
        """Call a function in the node's executor, from any thread, while the node is active."""
        self._wishes(partial(function, *args))

    def _do(self, wish: Callable[[], Any]) -> None:
        if self._node.active:
            wish()

    # What pages ask for, in the server's thread

    def wanted(self, kinds: frozenset[str]) -> None:
        self._later(self._follow, kinds)

    def start(self, profile: str, phrases: str) -> None:
        goal = Guide.Goal(
            profile=profile,
            language=phrases,
            timeout=float(self._node.value("timeout")),
            paths_only=True,
        )
        self._later(self._guide.begin, goal)

    def cancel(self) -> None:
        self._later(self._guide.cancel)

    def speaker(self, who: str) -> None:
        chosen = Parameter("speaker", Parameter.Type.STRING, who)
        self._later(lambda: self._node.set_parameters([chosen]))

    def speaking(self, speaks: bool) -> None:
        self._later(self._speaking.tell, speaks)

    def picture(self, jpeg: bytes, age_s: float) -> None:
        if self._browser_images is None or not self._node.active:
            return
        taken = self._node.get_clock().now() - Duration(nanoseconds=round(age_s * 1e9))
        msg = CompressedImage(format="jpeg")
        msg.header.stamp = taken.to_msg()
        msg.data = jpeg
        self._browser_images.publish(msg)

    async def keep_hours(self) -> float | None:
        capture = f"{self._node.get_namespace().rstrip('/')}/capture"
        return await self._answer(lambda done: self._parameters.get(capture, "keep_hours", done))

    async def parameters(self, node: str) -> list[dict[str, Any]]:
        name = self._known(node)
        found = await self._answer(lambda done: self._parameters.list(name, done))
        if found is None:
            raise LookupError(f"{name} does not answer")
        return found

    async def set_parameter(self, node: str, name: str, value: Any) -> str:
        full = self._known(node)
        if not isinstance(name, str) or not isinstance(value, (bool, int, float, str)):
            return "a parameter is a truth value, a number or a text"
        try:
            f"{name}{value}".encode()
        except UnicodeEncodeError:  # half a pair of surrogates, which JSON can hold
            return f"{printable(str(value), 40)!r} has characters that cannot be sent"
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return f"{printable(str(value), 40)} is too large: the largest integer is {2**63 - 1}"
        return await self._answer(lambda done: self._parameters.set(full, name, value, done))

    def log(self, text: str) -> None:
        self._node.get_logger().warning(text)

    def _known(self, node: str) -> str:
        if node not in self._statuses:
            raise LookupError(f"no node {printable(node, 60)!r} tells of itself on /diagnostics")
        return f"/{node}"

    async def _answer(self, ask: Callable[[Callable[[Any], None]], None]) -> Any:
        """Return what `ask`, in the node's executor, is answered."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def done(answer: Any) -> None:
            self.call(lambda: future.done() or future.set_result(answer))

        self._later(ask, done)
        return await asyncio.wait_for(future, 30.0)

    # In the node's executor

    def _follow(self, kinds: frozenset[str]) -> None:
        """Subscribe to what pages want, and end what they do not."""
        for kind in self._inputs.keys() - kinds:
            for stats in self._inputs.pop(kind):
                self._node.drop_input(stats)
        for kind in kinds - self._inputs.keys():
            self._inputs[kind] = self._subscribed(kind)

    def _subscribed(self, kind: str) -> list[TopicStats]:
        node = self._node
        if kind == "picture":
            return [image_input(node, "image_raw", self._on_image)]
        if kind == "pose":
            return [pose_input(node, self._on_pose, 1)]
        if kind == "status":
            self._statuses = {}
            return [
                node.input(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50, steady=False)
            ]
        return [
            node.input(Guidance, "guidance", self._on_guidance, 1, steady=False),
            node.input(String, "speech", self._on_speech, 1, steady=False),
            node.input(Tone, "tone", self._on_tone, 1, steady=False),
            node.input(String, "speech_language", self._on_language, LATCHED, steady=False),
            node.input(CapturedImage, "captures", self._on_capture, CAPTURES, steady=False),
        ]

    def use_speaker(self, who: str) -> None:
        """Let one of SPEAKERS speak: tell the speech node, also one that comes later, and all
        pages.
        """
        self._speaker.publish(String(data=who))
        self.call(self.site.hub.keep, "speaker", message("speaker", who=who))
        if who not in ("page", "both"):
            self._say("")

    def _tell_goal(self, state: str, why: str) -> None:
        self.call(self.site.hub.keep, "goal", message("goal", state=state, why=why))

    def _on_guidance(self, msg: Guidance) -> None:
        self.call(self.site.hub.tell, "page", "guidance", guidance_message(msg))

    def _on_pose(self, msg: WholeBodyPose) -> None:
        text = pose_message(msg, self._node.value("threshold"))
        self.call(self.site.hub.tell, "pose", "pose", text)

    def _on_language(self, msg: String) -> None:
        self._language = Path(printable(msg.data, 64)).stem  # it can be a user's file
        self.call(self.site.hub.keep, "language", message("language", language=self._language))

    def _on_speech(self, msg: String) -> None:
        if self._node.value("speaker") in ("page", "both"):
            self._say(printable(msg.data))

    def _say(self, text: str) -> None:
        """Let the page that speaks say a text, or be silent."""
        said = message("speech", text=text, language=self._language)
        self._to_voice("speech", said, SPEECH_LASTS_S if text else float("inf"))

    def _on_tone(self, msg: Tone) -> None:
        if self._node.value("speaker") in ("page", "both"):
            self._to_voice("tone", tone_message(msg), SPEECH_LASTS_S)

    def _to_voice(self, kind: str, text: str, lasts_s: float) -> None:
        """Send a message to the page that speaks, if there is one."""

        def send() -> None:
            if (viewer := self.site.hub.voice()) is not None:
                viewer.put(kind, text, lasts_s)

        self.call(send)

    def _on_capture(self, msg: CapturedImage) -> None:
        name = printable(Path(msg.image_path).stem, 200)
        text = capture_message(msg, name, self._node.header_age_s(msg.header))
        self.call(self.site.hub.tell, "page", "capture", text)

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        now = time.monotonic()
        for status in msg.status:
            if status.name not in self._statuses and len(self._statuses) >= MOST_NODES:
                silent = min(self._statuses, key=lambda name: self._statuses[name][1])
                del self._statuses[silent]
            self._statuses[status.name] = status, now
        if now - self._status_at >= STATUS_S:
            self._status_at = now
            self.call(self.site.hub.tell, "status", "status", status_message(self._statuses, now))

    # Pictures, in the camera's thread and in the worker's

    def _on_image(self, msg: Any) -> None:
        now = time.monotonic()
        if now >= self._due and self.site.hub.hungry:
            period = 1 / self._node.value("rate")
            self._due = max(self._due, now - period) + 0.9 * period
            self._worker.put(msg)

    def _encode(self, msg: Any) -> None:
        bgr = smaller(to_bgr(msg), self._node.value("width"))
        jpeg = encode(bgr, "jpg", self._node.value("jpeg_quality"))
        self.encoded += 1
        self.call(self.site.hub.show, picture_message(stamp_ns(msg.header) / 1e9, jpeg))


def smaller(bgr: np.ndarray, width: int) -> np.ndarray:
    """Return an image (h, w, 3) at most `width` px wide."""
    if bgr.shape[1] <= width:
        return bgr
    height = max(1, round(bgr.shape[0] * width / bgr.shape[1]))
    return cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
