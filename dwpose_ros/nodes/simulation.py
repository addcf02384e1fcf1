# SPDX-License-Identifier: Apache-2.0
"""Simulation node: a camera, and a person before it who hears what is spoken and acts on it."""

from __future__ import annotations

import re
from contextlib import suppress
from copy import copy

import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header, String

from dwpose_ros.guidance import load_phrases, load_profile
from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.guidance.profile import ProfileError
from dwpose_ros.msg import WholeBodyPose
from dwpose_ros.ros.conversions import to_msg
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.parameters import SHIPPED
from dwpose_ros.ros.qos import LATCHED
from dwpose_ros.ros.shipped_files import configured
from dwpose_ros.ros.transport import ImageOutput
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.actor import Actor
from dwpose_ros.simulation.backgrounds import NAMES
from dwpose_ros.simulation.behavior import BEHAVIORS
from dwpose_ros.simulation.bodies import body_of
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson, height_for
from dwpose_ros.simulation.hearing import Heard, sentences
from dwpose_ros.simulation.movements import Stance, bearing_deg
from dwpose_ros.simulation.scene import MOST, PLACES, Scene, bystanders

SIZE, RATE = (1280, 720), 15.0  # of the camera's own
# Parameters that are read for each picture, and what they are called in the Scene.
LIVE = {"light": "light", "noise": "noise", "blur": "blur_px", "motion_blur": "motion_px"}


class SimulationNode(ManagedNode):
    """Publishes what the simulated camera sees. Randomness comes from the seed."""

    def __init__(self) -> None:
        super().__init__("simulation")
        self.parameter("seed", 0, "seed of everything random", minimum=0, maximum=2**31 - 1)
        self._declare_room()
        self._declare_camera()
        self._declare_person()

    def _declare_room(self) -> None:
        self.parameter("background", "wall", "background of the room", choices=tuple(NAMES))
        self._declare_live("light", "brightness of the room: every colour is multiplied by it")
        self.parameter(
            "bystanders",
            0,
            "number of other people, who stand behind on either side",
            minimum=0,
            maximum=len(PLACES),
        )

    def _declare_camera(self) -> None:
        for name, text, unit in (
            ("noise", "standard deviation of the camera's noise", "grey levels"),
            ("blur", "standard deviation of the blur of a lens that is out of focus", "px"),
            ("motion_blur", "length of the sideways blur of a moving camera", "px"),
        ):
            self._declare_live(name, text, unit)
        for name, own in zip(("width", "height"), SIZE):
            self.parameter(
                name, 0, f"{name} of the image; 0: {own}", unit="px", minimum=0, maximum=4096
            )
        self.parameter(
            "fov",
            60.0,
            "horizontal angle of view of the camera",
            unit="deg",
            minimum=20.0,
            maximum=120.0,
        )
        self.parameter(
            "tilt",
            0.0,
            "tilt of the camera; positive looks up",
            unit="deg",
            minimum=-45.0,
            maximum=45.0,
        )
        self.parameter(
            "rate", 0.0, f"frame rate; 0: {RATE:g}", unit="Hz", minimum=0.0, maximum=120.0
        )
        self.parameter("frame_id", "camera_optical_frame", "frame_id of the images")
        self.parameter(
            "jpeg_quality",
            80,
            "JPEG quality of the compressed images",
            minimum=1,
            maximum=100,
            change=True,
        )

    def _declare_live(self, name: str, text: str, unit: str = "") -> None:
        """Declare a parameter that is read for each picture."""
        self.parameter(
            name,
            getattr(Scene, LIVE[name]),
            text,
            unit=unit,
            minimum=0.0,
            maximum=MOST[LIVE[name]],
            change=True,
        )

    def _declare_person(self) -> None:
        self.parameter(
            "person",
            atlas.MAN,
            "who the person is; anyone draws one by the seed",
            choices=(*atlas.names(), atlas.ANYONE),
        )
        self.parameter(
            "body", "any", "what body somebody has who is drawn", choices=tuple(atlas.BODIES)
        )
        self.parameter(
            "behavior", "obedient", "how the person follows instructions", choices=tuple(BEHAVIORS)
        )
        self.parameter(
            "language",
            "en",
            "the person's language until the topic speech_language names another",
            no_file=SHIPPED,
        )
        # Beside the picture: they walk in when they are asked to.
        for name, default, text, unit, low, high in (
            (
                "x",
                2.4,
                "where the person stands at the start, to the image's right",
                "m",
                -5.0,
                5.0,
            ),
            (
                "distance",
                2.5,
                "distance of the person from the camera at the start",
                "m",
                0.5,
                10.0,
            ),
            (
                "yaw",
                -60.0,
                "how far the person is turned to their own left at the start, as the camera sees "
                "it; 0 faces its lens",
                "deg",
                -180.0,
                180.0,
            ),
        ):
            self.parameter(name, default, text, unit=unit, minimum=low, maximum=high)
        self.parameter(
            "posture",
            "relaxed",
            "posture of the person at the start",
            choices=atlas.load().postures,
        )
        self.parameter(
            "profile",
            "",
            "profile whose body parts the height of the camera is chosen for",
            no_file=SHIPPED,
        )

    def configure(self) -> None:
        profile = self.value("profile")
        parts = load_profile(configured("profiles", profile)).steps[0].parts if profile else ()
        width, height = (self.value(name) or own for name, own in zip(("width", "height"), SIZE))
        camera = SimulatedCamera(
            width, height, self.value("fov"), height_for(parts), self.value("tilt")
        )
        self._scene = Scene(
            camera,
            background=self.value("background"),
            bystanders=bystanders(self.value("bystanders"), camera, self.value("seed")),
        )
        self._person = atlas.choose(*map(self.value, ("person", "body", "seed")))
        if self.value("person") == atlas.ANYONE:
            self.get_logger().info(f"the person is {self._person}")
        self._learn(self.value("language"))
        f, (cx, cy) = camera.focal_px, ((width - 1) / 2, (height - 1) / 2)
        self._info = CameraInfo(
            width=width,
            height=height,
            distortion_model="plumb_bob",
            d=[0.0] * 5,
            k=[f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0],
            r=np.eye(3).ravel(),
            p=[f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
        )
        self._images = ImageOutput(self, "image_raw", 1)
        self._infos = self.output(CameraInfo, "camera_info", 5, local=True)
        self._truth = self.output(WholeBodyPose, "true_pose", 5, steady=False)

    def activate(self) -> None:
        x, distance, yaw, posture = map(self.value, ("x", "distance", "yaw", "posture"))
        start = Stance(x, distance, yaw - bearing_deg(x, distance), posture)
        self._body = body_of(self._person)
        self._actor = Actor(start, self.value("behavior"), self.value("seed"), self._body)
        self._to_hear: tuple[float, Heard] | None = None  # when it will have been said
        self._frames = 0
        self.input(String, "speech", self._on_speech, 1, steady=False)
        self.input(String, "speech_language", self._on_language, LATCHED, steady=False)
        self.every(1 / (self.value("rate") or RATE), self._show, self.get_clock())

    def _learn(self, language: str) -> None:
        phrases = load_phrases(configured("phrases", language))
        self._language, self._meanings = phrases.language, sentences(phrases)

    def _on_language(self, msg: String) -> None:
        """Understand what the guidance speaks now."""
        if msg.data != self._language and re.fullmatch(SHIPPED, msg.data):
            with suppress(ProfileError):  # of a file of the user's own, given as `language`
                self._learn(msg.data)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds / 1e9

    def _on_speech(self, msg: String) -> None:
        # As in the speech node, what comes ends what is being said; that is not understood then.
        self._hear(self._now())
        self._to_hear = None
        if not msg.data.strip():
            return
        heard = self._meanings.get(msg.data)
        if heard is None:
            self.get_logger().warning(
                f"the person does not understand {msg.data!r}: is `language` that of the speaker?"
            )
            return
        self._to_hear = self._now() + speaking_s(msg.data), heard

    def _hear(self, now: float) -> None:
        """Pass on a sentence that was spoken to its end."""
        if self._to_hear is not None and self._to_hear[0] <= now:
            ended, (code, body_part, magnitude, count) = self._to_hear
            self._actor.hear(code, body_part, magnitude, ended, count)
            self._to_hear = None

    def _show(self) -> None:
        stamp = self.get_clock().now()
        now = stamp.nanoseconds / 1e9
        self._hear(now)
        stance = self._actor.at(now)
        figures = [
            SimulatedPerson(
                stance.x_m,
                stance.distance_m,
                stance.seen_yaw_deg,
                stance.posture,
                self._body.stature_m,
                person=self._person,
            )
        ]
        figures = figures if stance.present else []
        for name, field in LIVE.items():
            setattr(self._scene, field, self.value(name))
        rgb = self._scene.render(figures, seed=self._frames)
        self._frames += 1
        header = Header(stamp=stamp.to_msg(), frame_id=self.value("frame_id"))
        # Our images are BGR everywhere, as cameras' are.
        self._images.publish(
            header, np.ascontiguousarray(rgb[..., ::-1]), self.value("jpeg_quality")
        )
        info = copy(self._info)  # others of this process may keep the last one
        info.header = header
        self._infos.publish(info)
        if self._truth.wanted():
            ids = [1] * len(figures) + [2 + i for i in range(len(self._scene.bystanders))]
            people = self._scene.truth(figures).with_ids(ids)
            self._truth.publish(
                to_msg(people, header, self._info.width, self._info.height, "truth")
            )


def main() -> None:
    run(SimulationNode)
