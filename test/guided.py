# SPDX-License-Identifier: Apache-2.0
"""A simulated person, of any body, whom a session guides: what they are told, and what comes of it.

Their true keypoints are seen, with a little noise, as by a network that makes small errors.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from dwpose_ros.capture.selection import TOLERANCE
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance import load_phrases, load_profile
from dwpose_ros.guidance.checks import allowing, relaxed, run_checks
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.scale import Scale
from dwpose_ros.guidance.session import GuidanceSession
from dwpose_ros.guidance.session_types import Frame, Plan
from dwpose_ros.simulation.actor import Actor
from dwpose_ros.simulation.bodies import Body, shape
from dwpose_ros.simulation.camera import SimulatedCamera, height_for
from dwpose_ros.simulation.hearing import sentences
from dwpose_ros.simulation.movements import Stance

FPS = 10
CONFIG = Path(__file__).resolve().parents[1] / "config"
ENGLISH = load_phrases(CONFIG / "phrases" / "en.yaml")
MEANING = sentences(ENGLISH)
SENTENCE_S = 1.3
NOISE = 0.0015  # of a coordinate, in heights of the person


def seen(
    body: Body,
    stance: Stance,
    camera: SimulatedCamera,
    random: np.random.Generator,
    change=None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keypoints (133, 2) px, scores (133,) and the box (4,) of a person.

    Args:
        change: of the points in space (133, 3), ahead of them, to their left and up, m.
    """
    xyz = shape(body if stance.seated else body._replace(seat=""), stance.posture)
    if change is not None:
        xyz = change(xyz.copy())
    ahead, left, up = xyz.T
    turn = math.radians(stance.yaw_deg)
    right = stance.x_m + ahead * math.sin(turn) + left * math.cos(turn)
    away = stance.distance_m - ahead * math.cos(turn) + left * math.sin(turn)
    xy, depth = camera.project(np.stack([right, away, up], -1))
    size = (camera.width, camera.height)
    inside = ((xy >= 0) & (xy < size)).all(-1) & (depth > 0)
    inside[list(body.lost)] = False
    box = np.concatenate([xy.min(0), xy.max(0)])
    tall = box[3] - box[1]
    box = np.clip(box + tall * np.array([-0.03, -0.07, 0.03, 0.01]), 0, np.tile(size, 2))
    xy = xy + random.normal(0, NOISE * tall, xy.shape)
    return xy, np.where(inside, 0.9, 0.05), box


class Guided:
    """A session that guides one person, who hears it and acts; `said` and `captures` remember."""

    def __init__(
        self,
        profile: str,
        body: Body = Body(),
        start: Stance = Stance(0.0, 3.0, 0.0, "relaxed"),
        behavior: str = "obedient",
        camera: SimulatedCamera | None = None,
        seed: int = 0,
    ) -> None:
        self.profile = load_profile(CONFIG / "profiles" / f"{profile}.yaml")
        parts = self.profile.steps[0].parts
        self.camera = camera or SimulatedCamera(height_m=height_for(parts))
        self.body, self.random = body, np.random.default_rng(seed)
        self.actor = Actor(start._replace(seated=bool(body.seat)), behavior, seed, body)
        self.session = GuidanceSession(Plan(self.profile, profile, ENGLISH), self, notice=False)
        self.now = 0.0
        self.said: list[tuple[float, str, str]] = []  # time, code, part
        self.captures: list[float] = []
        self.requests: list = []
        self.change = None

    # Effects

    def say(self, text: str) -> None:
        if not text:
            return
        heard = MEANING[text]
        self.said.append((round(self.now, 1), heard.code, heard.body_part))
        ends = self.now + SENTENCE_S
        self.actor.hear(heard.code, heard.body_part, heard.magnitude, ends, heard.count)

    def capture(self, request) -> None:
        """Take the picture, unless the capture node would refuse it."""
        self.requests.append(request)
        limits = relaxed(allowing(request.step, request.allowed), TOLERANCE)
        who = self.last[self.last.ids == request.person_id]
        seen = TargetSelector(limits).look(who, self.camera.width, self.camera.height, 0.0)
        seen = seen._replace(scale=Scale(sits=request.allowed.seated))
        broken = [r for r in run_checks(seen, limits) if r.ok is False and r.name != "still"]
        if not broken:
            self.captures.append(round(self.now, 1))
        self.session.captured(request, not broken, retake=bool(broken))

    def show(self, told) -> None:
        self.told = told

    def idle(self, source) -> None:
        pass

    def speak_in(self, phrases) -> None:
        pass

    def ended(self, goal, outcome, message) -> None:
        pass

    # What the test does

    @property
    def codes(self) -> list[str]:
        return [code for _, code, _ in self.said]

    def people(self, stance: Stance) -> PersonPoses:
        found = seen(self.body, stance, self.camera, self.random, self.change)
        if not stance.present or (found[1] > 0.5).sum() < 8:
            return PersonPoses.none()
        return PersonPoses.of(*(part[None] for part in found), ids=[1])

    def look(self, people: PersonPoses, **more) -> None:
        """Let the session see the next frame."""
        self.last = people
        size = self.camera.width, self.camera.height
        self.session.look(Frame(self.now, people, *size, **more))

    def run(self, seconds: float, until_captured: bool = False) -> Guided:
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            self.look(self.people(self.actor.at(self.now)))
            if until_captured and self.captures:
                break
        return self
