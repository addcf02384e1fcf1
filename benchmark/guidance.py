#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well the guidance gets its picture: episodes with a virtual person, in simulated time.

Each episode begins with somebody who stands anywhere before the camera. What the pose network
would see of them (their true keypoints, with its noise and dropouts) goes to the guidance; what
that says goes to the person, who acts on it. Beside it, the same episodes with no guidance, and
with a plain coach that says the first thing that is wrong. Printed for each behavior and profile:
how many end with a picture in time, how long it took, what was said, and whether the picture was
right.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(1, str(ROOT / "benchmark"))

from nodes import Nodes  # noqa: E402
from sensor_model import NetworkSensorModel, SensorModel, at_best, fit  # noqa: E402

from dwpose_ros.core.person_poses import PersonPoses  # noqa: E402
from dwpose_ros.estimation.mediapipe import MediaPipe  # noqa: E402
from dwpose_ros.guidance import Coach, load_phrases, load_profile  # noqa: E402
from dwpose_ros.guidance.body_parts import SIDES  # noqa: E402
from dwpose_ros.guidance.checks import CheckRunner, relaxed, run_checks  # noqa: E402
from dwpose_ros.guidance.checks.facing import wrapped  # noqa: E402
from dwpose_ros.guidance.compliance import undoes  # noqa: E402
from dwpose_ros.guidance.decision import Decision, State  # noqa: E402
from dwpose_ros.guidance.observation import TargetSelector  # noqa: E402
from dwpose_ros.guidance.phrases import speaking_s  # noqa: E402
from dwpose_ros.simulation.actor import Actor, Stance  # noqa: E402
from dwpose_ros.simulation.camera import height_for  # noqa: E402

RATE_HZ = 10.0
PHRASES = load_phrases(ROOT / "config" / "phrases" / "en.yaml")
LIMIT_S = {
    "obedient": 20.0,
    "slow": 45.0,
    "overshooting": 45.0,
    "restless": 45.0,
    "confused": 60.0,
    "hard_of_hearing": 60.0,
    "leaving": 90.0,
}
# Bars of one picture: the share that is taken in time, and half of them so soon.
SUCCESS = {
    "obedient": 1.0,
    "slow": 0.99,
    "overshooting": 0.99,
    "restless": 0.99,
    "confused": 0.97,
    "hard_of_hearing": 0.97,
}
MEDIAN_S = {"obedient": 8.0}
UNDONE_S = 3.0  # an instruction that the next undoes so soon is a contradiction
UNDONE = 0.02  # share of the instructions that may be contradictions
MOVEMENT_FRAMES = 5  # from which it is told how a person really moves
REACTION_S = 0.2  # from the picture of a moment to what is said about it: camera and network


class Result(NamedTuple):
    time_s: float  # until the last picture; inf if there was none in time
    spoken: int
    contradictions: int
    wrong: int  # pictures whose true state broke the profile
    pictures: int
    quality: float = math.nan  # of the pictures, as a share of the best possible


class Silent:
    """No guidance: takes the picture if by chance all is right."""

    def __init__(self, profile) -> None:
        self._coach = Coach(profile)

    def update(self, results, now: float, **more) -> Decision:
        return self._coach.update(results, now, **more)._replace(speak=False)

    def __getattr__(self, name):
        return getattr(self._coach, name)


class Plain:
    """Says the first thing that is wrong, as soon as it may speak; no debounce, no grade, no
    patience, and its checks have no second limits."""

    def __init__(self, profile) -> None:
        self._steps, self._at = list(profile.steps), 0
        self._said_at, self._since = -math.inf, None
        self.done = False

    @property
    def profile(self):
        return self._steps[self._at]

    def update(self, results, now: float, **more) -> Decision:
        wrong = next((v for v in results if v.ok is False), None)
        if wrong is None:
            self._since = now if self._since is None else self._since
            take = now - self._since >= self.profile.hold_s
            return Decision(State.HOLDING, "", "", 1.0, 0.0, False, take)
        self._since = None
        speak = now - self._said_at >= 1.0
        if speak:
            self._said_at = now
        return Decision(State.ADJUSTING, wrong.code, wrong.part, 0.0, 0.0, speak, False, count=1)

    def captured(self, success: bool, now: float) -> None:
        self._since = None
        if self._at + 1 < len(self._steps):
            self._at += 1
        else:
            self.done = True


COACHES = {"coach": Coach, "plain": Plain, "silent": Silent}


def start(random: np.random.Generator) -> Stance:
    """Somebody anywhere in the room, looking anywhere."""
    if random.random() < 0.1:
        return Stance(random.choice([-3.0, 3.0]), random.uniform(1, 4), 0.0, "relaxed")
    return Stance(
        random.uniform(-1.0, 1.0),
        random.uniform(0.6, 5.0),
        random.choice([random.normal(0, 30), random.uniform(-180, 180)], p=[0.8, 0.2]),
        "relaxed",
    )


_profile = lru_cache(maxsize=None)(load_profile)  # whose limits do not change from one to the next


@lru_cache(maxsize=None)
def _network() -> MediaPipe:
    """One for each process: what a graph of MediaPipe's held is not given back."""
    return MediaPipe()


def episode(
    coach_name: str, profile_path: str, behavior: str, seed: int, images: bool = False
) -> Result:
    """One person, from their start to the last picture or the time limit. With `images` they are
    rendered, and MediaPipe looks at them."""
    random = np.random.default_rng(seed)
    profile = _profile(profile_path)
    actor = Actor(start(random), behavior, seed)
    camera = random, height_for(profile.steps[0].parts), RATE_HZ
    eye = NetworkSensorModel(*camera, _network()) if images else SensorModel(*camera)
    qualities: list[float] = []
    coach = COACHES[coach_name](profile)
    limit = LIMIT_S[behavior] * len(profile.steps)
    step, selector, judging = None, None, None
    said: list[tuple[float, str]] = []
    lately: deque[tuple[float, Stance]] = deque(maxlen=MOVEMENT_FRAMES)
    busy_until, wrong, pictures = -math.inf, 0, 0
    now = 0.0
    while now < limit:
        now += 1 / RATE_HZ
        stance = actor.at(now)
        lately.append((now, stance))
        if coach.profile is not step:
            step = coach.profile
            selector = TargetSelector(step)
            judging = (
                partial(run_checks, profile=step) if coach_name == "plain" else CheckRunner(step)
            )
        xy, scores, boxes = eye(stance)
        poses = PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy))
        observation = selector.look(poses, *eye.size, now)
        decision = coach.update(judging(observation), now, busy=now < busy_until)
        if decision.speak:
            text = PHRASES.text(decision.code, decision.part, decision.magnitude, decision.count)
            busy_until = now + REACTION_S + speaking_s(text)
            said.append((now, decision.code))
            actor.hear(
                decision.code, decision.part, decision.magnitude, busy_until, decision.count
            )
        if decision.capture:
            pictures += 1
            wrong += not right(eye, lately, step)
            if images:
                qualities.append(eye.quality(step) / eye.best_quality(step))
            coach.captured(True, now)
            if pictures == len(profile.steps):
                break
    else:
        now = math.inf
    quality = float(np.mean(qualities)) if qualities else math.nan
    return Result(now, len(said), contradictions(said), wrong, pictures, quality)


def through_nodes(nodes: Nodes, profile_path: str, behavior: str, seed: int) -> Result:
    """As `episode` with images, through the real nodes, in real time. Turns are told by the true
    points, of which the nodes' topics tell, and not by the true angle."""
    random = np.random.default_rng(seed)
    profile, begin = _profile(profile_path), start(random)
    limit_s = LIMIT_S[behavior] * len(profile.steps)
    seen = nodes.episode(profile_path, behavior, seed, begin, len(profile.steps), limit_s)
    eye = NetworkSensorModel(random, height_for(profile.steps[0].parts), RATE_HZ, _network())
    wrong = sum(
        bool(broken([(0.0, people)], eye.size, relaxed(step, 0.1)))
        for step, (people, _) in zip(profile.steps, seen.captures)
    )
    shares = [
        quality / eye.best_quality(step)
        for step, (_, quality) in zip(profile.steps, seen.captures)
    ]
    return Result(
        seen.time_s,
        len(seen.said),
        contradictions(seen.said),
        wrong,
        len(seen.captures),
        float(np.mean(shares)) if shares else math.nan,
    )


def contradictions(said: list[tuple[float, str]]) -> int:
    """Instructions, each with its time, that the next undoes so soon that it contradicts them."""
    return sum(
        now - then < UNDONE_S and undoes(code, before)
        for (then, before), (now, code) in zip(said, said[1:])
    )


def right(eye: SensorModel, lately: Iterable[tuple[float, Stance]], profile) -> bool:
    """Whether the true state, by its last moments, keeps the profile, but for a tenth: so much a
    network may err."""
    lately, limits = list(lately), relaxed(profile, 0.1)
    turn = abs(wrapped(lately[-1][1].yaw_deg - SIDES[profile.side]))  # of the head, too
    if turn > limits.facing or profile.side == "front" and turn > (limits.looking or math.inf):
        return False
    truths = [(now, eye.truth(stance)) for now, stance in lately]
    return not broken(truths, eye.size, limits) - {"facing", "looking"}


def broken(truths: list[tuple[float, PersonPoses]], size: tuple[int, int], limits) -> set[str]:
    """Names of the checks that what is true of people, at some moments, does not keep at last."""
    selector = TargetSelector(limits)
    for now, people in truths:
        people = at_best(people, size)
        observation = selector.look(people.with_ids([1] * len(people)), *size, now)
    return {v.name for v in run_checks(observation, limits) if v.ok is False}


def row(coach: str, profile: str, behavior: str, found: list[Result]) -> str:
    times = np.array([r.time_s for r in found])
    done = np.isfinite(times)
    spoken = sum(r.spoken for r in found)
    median, p95 = np.percentile(times[done], [50, 95]) if done.any() else (math.nan, math.nan)
    steps = max(r.pictures for r in found)
    undone = sum(r.contradictions for r in found) / max(spoken, 1)
    wrong = sum(r.wrong for r in found) / max(sum(r.pictures for r in found), 1)
    short = coach == "coach" and (
        done.mean() < SUCCESS.get(behavior, 0.0)
        or wrong > 0
        or undone > UNDONE
        or median >= steps * MEDIAN_S.get(behavior, math.inf)
    )
    qualities = [r.quality for r in found if not math.isnan(r.quality)]
    return (
        f"{profile:<12}{behavior:<17}{coach:<8}{done.mean():8.1%}{median:8.1f}{p95:8.1f}"
        f"{spoken / len(found):8.2f}"
        f"{undone:9.1%}{wrong:8.1%}"
        + (f"{np.mean(qualities):9.1%}" if qualities else "")
        + ("  below its bar" if short else "")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--profiles", nargs="*", default=["full_body", "upper_body", "face"])
    parser.add_argument("--behaviors", nargs="*", default=list(SUCCESS))
    parser.add_argument("--coaches", nargs="*", default=list(COACHES))
    parser.add_argument(
        "--images",
        action="store_true",
        help="rendered images, at which "
        "MediaPipe looks: some 10 s an episode; prints their quality, too",
    )
    parser.add_argument(
        "--nodes",
        action="store_true",
        help="the same through the real nodes, "
        "one episode after the other, each as long as it takes",
    )
    parser.add_argument(
        "--fit",
        action="store_true",
        help="print what MediaPipe does to the renders, which sensor_model.py imitates",
    )
    args = parser.parse_args()
    if args.fit:
        print(fit(MediaPipe()))
        return 0
    begin = time.perf_counter()
    print(
        f"{'profile':<12}{'behavior':<17}{'':<8}{'success':>8}{'p50 s':>8}{'p95 s':>8}"
        f"{'spoken':>8}{'undone':>9}{'wrong':>8}" + f"{'quality':>9}" * (args.images or args.nodes)
    )
    coaches = ["coach"] if args.nodes else args.coaches
    with ProcessPoolExecutor(os.cpu_count()) as pool, ExitStack() as stack:
        nodes = stack.enter_context(Nodes()) if args.nodes else None
        for name, behavior, coach in product(args.profiles, args.behaviors, coaches):
            path = str(ROOT / "config" / "profiles" / f"{name}.yaml")
            if nodes is not None:
                found = [through_nodes(nodes, path, behavior, i) for i in range(args.episodes)]
            else:
                play = partial(episode, coach, path, behavior, images=args.images)
                found = list(
                    pool.map(play, range(args.episodes), chunksize=1 if args.images else 10)
                )
            print(row(coach, name, behavior, found), flush=True)
    print(f"\n{time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
