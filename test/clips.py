# SPDX-License-Identifier: Apache-2.0
"""Films of real people through the real estimator and the guidance, without middleware.

What is filmed when stands in ``people/truth.json`` beside the films.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from holistic_models import READY

from dwpose_ros.core.keypoints import INDEX
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.guidance import Coach, Decision, Profile, load_phrases, load_profile
from dwpose_ros.guidance.checks import CheckRunner
from dwpose_ros.guidance.observation import Observation, TargetSelector
from dwpose_ros.guidance.phrases import speaking_s
from dwpose_ros.tracking.pose_tracker import PoseTracker

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "people"
BLUR_PX = 7  # a tenth of a hand, in these films
WRISTS = [INDEX["left_wrist"], INDEX["right_wrist"]]
CONFIG = Path(__file__).resolve().parents[1] / "config"


class Frame(NamedTuple):
    """What was published of one frame."""

    time_s: float
    people: PersonPoses
    size: tuple[int, int]


class Told(NamedTuple):
    """What the guidance made of one frame."""

    time_s: float
    decision: Decision
    observation: Observation | None


def need(name: str) -> Path:
    """The film, or the test is skipped."""
    if not READY:
        pytest.skip("holistic's networks are absent")
    if not (FOLDER / name).is_file():
        pytest.skip(f"{FOLDER / name} is absent")
    return FOLDER / name


def truth(name: str) -> dict:
    need(name)
    return json.loads((FOLDER / "truth.json").read_text())[name]


def images(name: str) -> Iterator[tuple[float, np.ndarray]]:
    """Time in seconds and RGB image of each frame."""
    film = cv2.VideoCapture(str(need(name)))
    number, fps = 0, film.get(cv2.CAP_PROP_FPS)
    while True:
        more, bgr = film.read()
        if not more:
            break
        yield number / fps, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        number += 1
    assert number, f"{name} has no frames"


@lru_cache(maxsize=None)
def poses(name: str) -> list[Frame]:
    """A film as the pose node publishes it."""
    need(name)
    from dwpose_ros.estimation.holistic import Holistic

    video = PoseTracker(Holistic())
    frames = [Frame(t, video(rgb, t), rgb.shape[1::-1]) for t, rgb in images(name)]
    video.close()
    return frames


def guide(frames: list[Frame], profile: str | Profile, turns: int = 1) -> list[Told]:
    """What the guidance says to a film that is shown so often, one frame after the other.

    A sentence takes as long as it does in English; a capture is answered at once.
    """
    wanted = (
        profile
        if isinstance(profile, Profile)
        else load_profile(CONFIG / "profiles" / f"{profile}.yaml")
    )
    phrases = load_phrases(CONFIG / "phrases" / "en.yaml")
    selector, run_checks, coach = TargetSelector(wanted), CheckRunner(wanted), Coach(wanted)
    told, until, step = [], -1.0, frames[1].time_s
    for turn in range(turns):
        for frame in frames:
            now = turn * (frames[-1].time_s + step) + frame.time_s
            before = selector.person_id
            observation = selector.look(frame.people, *frame.size, now)
            if selector.person_id != before:
                run_checks.reset()
                coach.interrupted()
            if selector.newcomer:
                coach.somebody_else()
            decision = coach.update(run_checks(observation), now, now < until)
            if decision.speak:
                text = phrases.text(
                    decision.code, decision.body_part, decision.magnitude, decision.count
                )
                until = now + speaking_s(text)
            if decision.capture:
                coach.captured(True, now)
            told.append(Told(now, decision, observation))
    return told


def within(time_s: float, spans: list[list[float]]) -> bool:
    """Whether a time is in one of the spans."""
    return any(start <= time_s <= end for start, end in spans)


def hand_speed(frames: list[Frame], at: float) -> float:
    """Px of the faster wrist from one frame to the next, over four of them: so long is the smear
    of a hand, at the longest exposure there is. Over fewer, it is the estimator's own noise."""
    k = min(range(2, len(frames) - 2), key=lambda i: abs(frames[i].time_s - at))
    before, after = frames[k - 2], frames[k + 2]
    moved = np.linalg.norm(after.people.xy[0, WRISTS] - before.people.xy[0, WRISTS], axis=1)
    return float(moved.max()) / 4
