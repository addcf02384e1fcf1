#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how well guidance gets its pictures: episodes with simulated people and time.

In each episode somebody of a group, such as children or people in wheelchairs, is anywhere before
a camera of some lens, height and tilt. Guidance gets their true keypoints with a pose network's
errors and losses, and they hear its instructions and act on them with steps and habits of their
own. For comparison, the same episodes are played without guidance, and with a plain coach that
says the first thing that is wrong. Printed for each profile, behavior and group: how many episodes
end with a picture in time, how long that took, how much was said, and how many pictures were
wrong.
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

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(1, str(ROOT / "benchmark"))

from coaches import COACHES  # noqa: E402
from guidance_groups import GROUPS, World, drawn_world, start, without_lost  # noqa: E402
from guidance_table import SUCCESS, Result, compared, head, median_s, row  # noqa: E402
from ideal import ideal  # noqa: E402
from network_sensor import NetworkSensorModel  # noqa: E402
from nodes import Nodes  # noqa: E402
from sensor_fit import fit  # noqa: E402
from sensor_model import SensorModel, at_best  # noqa: E402
from tones import Listener  # noqa: E402

from dwpose_ros.capture.selection import TOLERANCE  # noqa: E402
from dwpose_ros.core.person_poses import PersonPoses  # noqa: E402
from dwpose_ros.estimation.holistic import Holistic  # noqa: E402
from dwpose_ros.guidance import Profile, load_phrases, load_profile  # noqa: E402
from dwpose_ros.guidance.allowances import Allowed  # noqa: E402
from dwpose_ros.guidance.body_parts import SIDES  # noqa: E402
from dwpose_ros.guidance.checks import CheckRunner, allowing, relaxed, run_checks  # noqa: E402
from dwpose_ros.guidance.checks.facing import wrapped  # noqa: E402
from dwpose_ros.guidance.compliance import undoes  # noqa: E402
from dwpose_ros.guidance.decision import Decision  # noqa: E402
from dwpose_ros.guidance.observation import Observation, TargetSelector  # noqa: E402
from dwpose_ros.guidance.pace import PACES, paced  # noqa: E402
from dwpose_ros.guidance.phrases import speaking_s  # noqa: E402
from dwpose_ros.guidance.scale import Scale, ScaleLearner  # noqa: E402
from dwpose_ros.simulation.actor import Actor, Stance  # noqa: E402
from dwpose_ros.simulation.bodies import Body  # noqa: E402
from dwpose_ros.simulation.camera import SimulatedCamera, height_for  # noqa: E402

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
TONES_S = 30.0  # for who hears nothing but tones
WHEELCHAIR_S = 1.5  # factor on these for somebody in a wheelchair
UNDONE_S = 3.0  # an instruction that the next one undoes within this time is a contradiction
MOVEMENT_FRAMES = 5  # from which a person's true movement is measured
REACTION_S = 0.2  # from an image to the instruction about it: camera and network


@lru_cache(maxsize=None)
def _profile(path: str, pace: str = "normal") -> Profile:
    return paced(load_profile(path), pace)


@lru_cache(maxsize=None)
def _network() -> Holistic:
    """Return one estimator for each process, since it takes a while to load."""
    return Holistic()


def episode(
    coach_name: str,
    profile_path: str,
    behavior: str,
    group: str,
    seed: int,
    images: bool = False,
    cues: str = "speech",
    pace: str = "normal",
) -> Result:
    """Play one person, from their start to the last picture or the time limit.

    Args:
        coach_name: one of COACHES, or "ideal", for the first picture alone.
        profile_path: of the profile's YAML file.
        behavior, seed: of the simulated person.
        group: one of GROUPS; with images, everybody is the one person of the atlas.
        images: render the person, and let the holistic backend look at the images.
        cues: "tones": the person hears no sentence, but tones.
        pace: one of PACES.
    """
    random = np.random.default_rng(seed)
    profile = _profile(profile_path, pace)
    if images:
        camera = SimulatedCamera(height_m=height_for(profile.steps[0].parts))
        world = World(Body(), camera, start(random))
        sensor: SensorModel = NetworkSensorModel(random, camera, RATE_HZ, _network())
    else:
        world = drawn_world(random, group, profile)
        sensor = SensorModel(random, world.camera, RATE_HZ, world.body)
    limit = (TONES_S if cues == "tones" else LIMIT_S[behavior]) * len(profile.steps)
    usual = _profile(profile_path)
    limit += sum(step.hold_s - own.hold_s for step, own in zip(profile.steps, usual.steps))
    limit *= WHEELCHAIR_S if world.body.seat == "wheelchair" else 1.0
    actor = Actor(world.start, behavior, seed, world.body)
    if coach_name == "ideal":
        time_s, spoken = ideal(world, actor, profile.steps[0], PHRASES, REACTION_S)
        return Result(time_s if time_s < limit else math.inf, spoken, 0, 0, 1)
    listener = Listener(actor, seed) if cues == "tones" else None
    return play(COACHES[coach_name](profile), coach_name, actor, sensor, limit, listener)


def play(
    coach,
    coach_name: str,
    actor: Actor,
    sensor: SensorModel,
    limit: float,
    listener: Listener | None = None,
) -> Result:
    """Let a coach guide somebody until the last picture, or for `limit` s.

    With a listener, they hear nothing but its tones.
    """
    qualities: list[float] = []
    learner = ScaleLearner()
    step, selector, check = None, None, None
    said: list[tuple[float, str]] = []
    lately: deque[tuple[float, Stance]] = deque(maxlen=MOVEMENT_FRAMES)
    busy_until, wrong, pictures, allowed = -math.inf, 0, 0, Allowed()
    now = 0.0
    while now < limit:
        now += 1 / RATE_HZ
        stance = actor.at(now)
        lately.append((now, stance))
        if coach.profile is not step:
            step = coach.profile
            selector, check = TargetSelector(step), checks_of(coach_name, step, learner)
        xy, scores, boxes = sensor(stance)
        poses = PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy))
        observation = selector.look(poses, *sensor.size, now)
        results = check(observation)
        decision = coach.update(results, now, busy=now < busy_until)
        if listener is not None:
            listener.hear(decision, results, now)
            said += [(now, decision.code)] * decision.speak
        elif decision.speak:
            busy_until = tell(actor, decision, now)
            learner.told(
                decision.code, decision.magnitude, decision.count, now, decision.body_part
            )
            said.append((now, decision.code))
        if decision.capture:
            allowed = getattr(check, "allowed", allowed)
            taken = is_taken(observation, step, allowed)
            coach.captured(taken, now, retake=not taken)
            if not taken:
                continue
            pictures += 1
            wrong += not right(sensor, lately, step, actor.body)
            if isinstance(sensor, NetworkSensorModel):
                qualities.append(sensor.quality(step) / sensor.best_quality(step))
            if coach.complete:
                break
    else:
        now = math.inf
    quality = float(np.mean(qualities)) if qualities else math.nan
    return Result(now, len(said), contradictions(said), wrong, pictures, quality, allowed)


def is_taken(observation: Observation | None, step: Profile, allowed: Allowed) -> bool:
    """Whether the capture node would take this picture, or another of the last moments."""
    if observation is None:
        return False
    seen = observation._replace(scale=Scale(sits=allowed.seated))
    results = run_checks(seen, relaxed(allowing(step, allowed), TOLERANCE))
    return all(result.ok is not False or result.name == "still" for result in results)


def tell(actor: Actor, decision: Decision, now: float) -> float:
    """Speak an instruction to the actor, and return when its sentence ends, s."""
    instruction = decision.code, decision.body_part, decision.magnitude
    ends = now + REACTION_S + speaking_s(PHRASES.text(*instruction, decision.count))
    actor.hear(*instruction, ends, decision.count)
    return ends


def checks_of(coach_name: str, step, learner: ScaleLearner):
    """Return what makes a coach's check results of an observation."""
    if coach_name == "plain":
        return partial(run_checks, profile=step)
    return CheckRunner(step, learner=learner)


def through_nodes(nodes: Nodes, profile_path: str, behavior: str, seed: int) -> Result:
    """Play an episode with images through the real nodes, in real time.

    Whether a person is turned as wanted is measured from their true keypoints, since the nodes do
    not publish the true angle.
    """
    random = np.random.default_rng(seed)
    profile, begin = _profile(profile_path), start(random)
    limit_s = LIMIT_S[behavior] * len(profile.steps)
    seen = nodes.episode(profile_path, behavior, seed, begin, len(profile.steps), limit_s)
    camera = SimulatedCamera(height_m=height_for(profile.steps[0].parts))
    sensor = NetworkSensorModel(random, camera, RATE_HZ, _network())
    wrong = sum(
        bool(broken([(0.0, people)], sensor.size, relaxed(step, 0.1)))
        for step, (people, _) in zip(profile.steps, seen.captures)
    )
    shares = [
        quality / sensor.best_quality(step)
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
    """Count instructions (time in s, code) that the next one undoes within UNDONE_S."""
    return sum(
        now - then < UNDONE_S and undoes(code, before)
        for (then, before), (now, code) in zip(said, said[1:])
    )


def right(
    sensor: SensorModel, lately: Iterable[tuple[float, Stance]], profile, body: Body = Body()
) -> bool:
    """Return whether the true state keeps the profile's limits, widened by a tenth.

    A network may err by so much.

    Args:
        lately: the last moments, oldest first, each with its time in s.
        body: of the person; what it does not have cannot be in the picture.
    """
    lately, limits = list(lately), relaxed(without_lost(profile, body), 0.1)
    seen_yaw = lately[-1][1].seen_yaw_deg  # of body and head
    turn = abs(wrapped(seen_yaw - SIDES[profile.side]))
    if turn > limits.facing or profile.side == "front" and turn > (limits.looking or math.inf):
        return False
    truths = [(now, sensor.truth(stance)) for now, stance in lately]
    return not broken(truths, sensor.size, limits) - {"facing", "looking"}


def broken(truths: list[tuple[float, PersonPoses]], size: tuple[int, int], limits) -> set[str]:
    """Return the names of the checks that fail on true poses, at the last of some moments."""
    selector = TargetSelector(limits)
    for now, people in truths:
        people = at_best(people, size)
        observation = selector.look(people.with_ids([1] * len(people)), *size, now)
    return {result.name for result in run_checks(observation, limits) if result.ok is False}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--profiles", nargs="*", default=["full_body", "upper_body", "face"])
    behaviors = [b for b in SUCCESS if b != "tones"]
    parser.add_argument("--behaviors", nargs="*", default=behaviors, choices=LIMIT_S)
    parser.add_argument("--groups", nargs="*", default=["adults"], choices=[*GROUPS, "all"])
    parser.add_argument("--coaches", nargs="*", default=list(COACHES), choices=[*COACHES, "ideal"])
    parser.add_argument("--cues", choices=("speech", "tones"), default="speech")
    parser.add_argument("--pace", choices=tuple(PACES), default="normal")
    parser.add_argument(
        "--images",
        action="store_true",
        help="rendered images, at which "
        "the holistic backend looks: some 20 s an episode; prints their quality, too",
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
        help="print the errors of holistic on the renders, which sensor_model.py imitates",
    )
    args = parser.parse_args()
    if args.fit:
        print(fit(Holistic(video=False)))
        return 0
    begin = time.perf_counter()
    print(head(args.images or args.nodes))
    groups = list(GROUPS) if "all" in args.groups else args.groups
    medians: dict[tuple[str, str, str], dict[str, float]] = {}
    coaches = ["coach"] if args.nodes else args.coaches
    with ProcessPoolExecutor(os.cpu_count()) as pool, ExitStack() as stack:
        nodes = stack.enter_context(Nodes()) if args.nodes else None
        for name, behavior, coach, group in product(
            args.profiles, args.behaviors, coaches, groups
        ):
            path = str(ROOT / "config" / "profiles" / f"{name}.yaml")
            if nodes is not None:
                found = [through_nodes(nodes, path, behavior, i) for i in range(args.episodes)]
            else:
                one = partial(
                    episode, coach, path, behavior, group,
                    images=args.images, cues=args.cues, pace=args.pace,
                )  # fmt: skip
                found = list(
                    pool.map(one, range(args.episodes), chunksize=1 if args.images else 10)
                )
            kind = "tones" if args.cues == "tones" else behavior
            print(row(coach, name, kind, group, found), flush=True)
            medians.setdefault((name, behavior, coach), {})[group] = median_s(found)
    print(compared(medians))
    print(f"\n{time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
