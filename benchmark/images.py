#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how much better a captured picture is for the network that gets it.

People of the simulation's cast are guided before a camera. Four pictures of each session are
rendered, with the blur of the person's movement: one of a random moment at which somebody is in
view, the first such moment, what a coach that says nothing ends with, and what is captured. A
network that did not guide, `holistic`, looks at each for itself, one still at a time (`--body`
takes another of its networks for bodies). Printed for each profile:

- `OKS`: the similarity of its points to the true ones, over the points that the profile wants. A
  point that is not in the picture, or not found, counts 0. Sigmas are COCO-WholeBody's.
- `found`: the share of sessions with an OKS of at least one half. A session without a capture
  has no picture, which counts 0 in all columns.
- `face`, `hands`: detail, the mean gradient of the true region's luminance when it is scaled to
  one size, divided by the luminance's standard deviation; 0 where it is not in the picture. It
  shares nothing with the measures that chose the picture.

Weights of the unified quality are fitted on every other person, and the ranks that they and the
usual weights give to the pictures of all others are compared with the OKS.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(1, str(ROOT / "benchmark"))

from coaches import COACHES  # noqa: E402
from guidance import LIMIT_S, RATE_HZ, play  # noqa: E402
from guidance_groups import start  # noqa: E402
from network_sensor import RenderedSensorModel  # noqa: E402
from scipy.optimize import nnls  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402

from dwpose_ros.capture.selection import WINDOW_S, FrameEvaluator, choose  # noqa: E402
from dwpose_ros.core.keypoints import FACE, LEFT_HAND, RIGHT_HAND  # noqa: E402
from dwpose_ros.core.person_poses import PersonPoses  # noqa: E402
from dwpose_ros.estimation import model_registry as models  # noqa: E402
from dwpose_ros.estimation.holistic import Holistic  # noqa: E402
from dwpose_ros.evaluation.coco import SIGMAS  # noqa: E402
from dwpose_ros.guidance import Profile, load_profile  # noqa: E402
from dwpose_ros.guidance.allowances import Allowed  # noqa: E402
from dwpose_ros.quality import Quality, Subject, assess  # noqa: E402
from dwpose_ros.quality.unified import WEIGHTS, unified  # noqa: E402
from dwpose_ros.simulation import atlas, backgrounds  # noqa: E402
from dwpose_ros.simulation.actor import Actor, Stance  # noqa: E402
from dwpose_ros.simulation.bodies import Body, body_of  # noqa: E402
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson, height_for  # noqa: E402
from dwpose_ros.simulation.scene import MOST, Scene  # noqa: E402

PICTURES = ("random", "first seen", "silent coach", "captured")
SESSION_S = 90.0
SITS = 0.3  # of the stature that somebody who sits is lower
EXPOSURE_S = 1 / 30  # indoors, which blurs what moves
LIGHT = 0.6, 1.2  # of rooms
AREA = 0.53  # of a box that a body fills; what xtcocotools takes where there is no segment
SEEN = 0.3  # points with lower scores count as not found
DETAIL_PX = 112  # side to which a face or a hand is scaled
FOUND_OKS = 0.5


class Frame(NamedTuple):
    """A moment of a session."""

    stance: Stance
    seen: PersonPoses  # as the network that guides sees it


class Judgement(NamedTuple):
    """What a picture is worth to a network."""

    oks: float
    face: float
    hands: float
    quality: Quality | None


NOTHING = Judgement(0.0, 0.0, 0.0, None)


class RecordedSensorModel(RenderedSensorModel):
    """Remembers the moments of a session, and renders any of them."""

    def __init__(self, random: np.random.Generator, person: str, scene: Scene, body: Body) -> None:
        super().__init__(random, scene, RATE_HZ, body, person)
        self.frames: list[Frame] = []

    def __call__(self, stance: Stance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        xy, scores, boxes = super().__call__(stance)
        self.frames.append(Frame(stance, PersonPoses.of(xy, scores, boxes, ids=[1] * len(xy))))
        return xy, scores, boxes

    def picture(self, at: int) -> np.ndarray:
        """Render a frame (h, w, 3) RGB with the blur of the movement at that moment."""
        here, last = self.frames[at].stance, self.frames[max(at - 1, 0)].stance
        speed = 0.0
        if here.present and last.present and last is not here:
            now, before = self.truth(here), self.truth(last)
            speed = float(np.median(np.hypot(*(now.xy[0] - before.xy[0]).T))) * RATE_HZ
        self._scene.motion_px = min(speed * EXPOSURE_S, MOST["motion_px"])
        rgb = self._scene.render(self.figures(here), seed=at)
        self._scene.motion_px = 0.0
        return rgb


class CaptureRecorder:
    """A coach, and after how many frames it asked for a picture; 0: never."""

    def __init__(self, coach, frames: list[Frame]) -> None:
        self._coach, self._frames = coach, frames
        self.asked = 0

    def update(self, *args, **more):
        decision = self._coach.update(*args, **more)
        if decision.capture:
            self.asked = len(self._frames)
        return decision

    def __getattr__(self, name: str):
        return getattr(self._coach, name)


@lru_cache(maxsize=None)
def _network(body: str) -> Holistic:
    """Return one estimator for each process, since it takes a while to load."""
    cv2.setNumThreads(1)
    return Holistic(video=False, body=body)


@lru_cache(maxsize=None)
def _profile(name: str) -> Profile:
    return load_profile(ROOT / "config" / "profiles" / f"{name}.yaml")


def session(
    profile_name: str, behavior: str, network: str, person: str, seed: int
) -> dict[str, Judgement]:
    """Guide somebody of the cast, and let a network for bodies judge the pictures."""
    profile = _profile(profile_name)
    random = np.random.default_rng(seed)
    body = body_of(person)
    # Somebody put the camera where this person can be seen from.
    height = height_for(profile.parts) * body.stature_m / SimulatedPerson.stature_m
    camera = SimulatedCamera(height_m=height - (SITS * body.stature_m if body.seat else 0.0))
    scene = Scene(camera, str(random.choice(backgrounds.NAMES)), light=random.uniform(*LIGHT))
    begin = start(random)._replace(seated=bool(body.seat))

    def guided(coach_name: str) -> tuple[RecordedSensorModel, int, Allowed]:
        sensor = RecordedSensorModel(np.random.default_rng(seed), person, scene, body)
        coach = CaptureRecorder(COACHES[coach_name](profile), sensor.frames)
        actor = Actor(begin, behavior, seed, body)
        played = play(coach, coach_name, actor, sensor, SESSION_S)
        return sensor, coach.asked, played.allowed

    sensor, asked, allowed = guided("coach")
    visible = [i for i, frame in enumerate(sensor.frames) if len(frame.seen)] or [0]
    silent, silent_asked, _ = guided("silent")
    judge = partial(_judged, profile=profile, body=body, network=network)
    taken = _best(sensor, asked - 1, profile, allowed) if asked else None
    return {
        "random": judge(sensor, int(random.choice(visible))),
        "first seen": judge(sensor, visible[0]),
        "silent coach": judge(silent, (silent_asked or len(silent.frames)) - 1),
        "captured": NOTHING if taken is None else judge(sensor, taken),
    }


def _best(sensor: RecordedSensorModel, last: int, profile: Profile, allowed: Allowed) -> int:
    """Return the frame that the capture node takes of those up to the request."""
    evaluate, candidates = FrameEvaluator(profile, allowed=allowed), []
    first = max(0, last - round(WINDOW_S * RATE_HZ))
    for i in range(max(0, first - 1), last + 1):
        bgr = np.ascontiguousarray(sensor.picture(i)[..., ::-1]) if i >= first else None
        candidate = evaluate(round(i / RATE_HZ * 1e9), sensor.frames[i].seen, *sensor.size, bgr)
        candidates += [] if candidate is None else [candidate]
    best = choose(candidates, 1, evaluate.weights, round(last / RATE_HZ * 1e9)).best
    return round(best[0].stamp_ns / 1e9 * RATE_HZ) if best else last


def _judged(
    sensor: RecordedSensorModel, at: int, profile: Profile, body: Body, network: str
) -> Judgement:
    """Let the network look at a frame, and compare with the truth."""
    rgb, true = sensor.picture(at), sensor.truth(sensor.frames[at].stance)
    if not len(true):
        return NOTHING
    wanted = [i for i in profile.points if i not in body.lost]
    people, seen = _network(network)(rgb), sensor.frames[at].seen
    quality = None
    if len(seen):
        subject = Subject(seen.xy[0], seen.scores[0], seen.boxes[0], points=profile.points)
        quality = assess(np.ascontiguousarray(rgb[..., ::-1]), subject, profile.weights)
    hands = [slice(h.start, h.stop) for h in (LEFT_HAND, RIGHT_HAND) if h.start not in body.lost]
    return Judgement(
        max((_oks(true, xy, scores, wanted) for xy, scores in zip(people.xy, people.scores)),
            default=0.0),
        _detail(rgb, true, slice(FACE.start, FACE.stop)),
        float(np.mean([_detail(rgb, true, hand) for hand in hands])),
        quality,
    )  # fmt: skip


def _oks(true: PersonPoses, xy: np.ndarray, scores: np.ndarray, wanted: Sequence[int]) -> float:
    """Return the mean similarity of the wanted points; those that are not seen count 0."""
    sides = true.boxes[0, 2:] - true.boxes[0, :2]
    square = ((xy - true.xy[0]) ** 2).sum(-1) / (2 * SIGMAS) ** 2
    same = np.exp(-square / (AREA * sides.prod() + 1.0) / 2)
    return float((same * (true.scores[0] > 0) * (scores > SEEN))[list(wanted)].mean())


def _detail(rgb: np.ndarray, true: PersonPoses, part: slice) -> float:
    """Return how much detail the picture shows of a face or a hand."""
    if (true.scores[0, part] > 0).mean() < 0.5:
        return 0.0
    points = true.xy[0, part]
    x1, y1 = np.floor(points.min(0)).astype(int).clip(0)
    x2, y2 = np.ceil(points.max(0)).astype(int) + 1
    cut = rgb[y1:y2, x1:x2]
    if min(cut.shape[:2]) < 2:
        return 0.0
    grey = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)
    shrinks = max(grey.shape) > DETAIL_PX
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    grey = cv2.resize(grey, (DETAIL_PX, DETAIL_PX), interpolation=how).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return float(gradient.mean() / max(float(grey.std()), 1.0))


def shown(profile: str, sessions: Sequence[dict[str, Judgement]]) -> str:
    """Return a table row for each picture of a profile's sessions."""
    rows = []
    for name in PICTURES:
        looks = [one[name] for one in sessions]
        oks = np.array([look.oks for look in looks])
        beaten = np.mean([one["captured"].oks >= one[name].oks for one in sessions])
        rows.append(
            f"| {profile} | {name} | {oks.mean():.2f} | {np.mean(oks >= FOUND_OKS):.0%} "
            f"| {np.mean([look.face for look in looks]):.2f} "
            f"| {np.mean([look.hands for look in looks]):.2f} "
            f"| {'' if name == 'captured' else f'{beaten:.0%}'} |"
        )
    return "\n".join(rows)


def fitted(profile: str, sessions: Sequence[tuple[str, dict[str, Judgement]]]) -> str:
    """Fit the quality's weights on the first half of the people, and compare on the other."""
    people = sorted({person for person, _ in sessions})
    tuned = set(people[::2])
    halves: dict[bool, list[Judgement]] = {True: [], False: []}
    for person, looks in sessions:
        halves[person in tuned] += [look for look in looks.values() if look.quality is not None]
    names = list(WEIGHTS)
    # The unified score is a weighted harmonic mean, so 1 / score is linear in the weights.
    costs = np.array([
        [1 / max(score, 1.0) if np.isfinite(score := look.quality.scored(n)) else 0.01
         for n in names]
        for look in halves[True]
    ])  # fmt: skip
    weights, _ = nnls(costs, np.array([0.01 / max(look.oks, 0.02) for look in halves[True]]))
    own = {name: float(weight) for name, weight in zip(names, weights)}

    def rank(looks: list[Judgement], used: dict[str, float]) -> float:
        scores = [unified(look.quality.measures, used) for look in looks]
        return float(spearmanr(scores, [look.oks for look in looks]).statistic)

    usual = {**WEIGHTS, **dict(_profile(profile).quality)}
    kept = ", ".join(f"{n} {w:.2f}" for n, w in own.items() if w > 0.005)
    return (
        f"| {profile} | {rank(halves[True], usual):.2f} | {rank(halves[True], own):.2f} "
        f"| {rank(halves[False], usual):.2f} | {rank(halves[False], own):.2f} | {kept} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", nargs="*", default=["upper_body", "face", "full_body"])
    parser.add_argument("--behavior", default="restless", choices=sorted(LIMIT_S))
    parser.add_argument("--people", nargs="*", default=list(atlas.names()), metavar="NAME")
    parser.add_argument("--sessions", type=int, default=2, help="of each person and profile")
    parser.add_argument("--body", default=models.BODY, choices=models.BODIES)
    args = parser.parse_args()
    print("| profile | picture | OKS | found | face | hands | captured is as good or better |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    cast = list(product(args.people, range(args.sessions)))
    weights = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for profile in args.profiles:
            people = [person for person, _ in cast]
            found = list(
                pool.map(
                    partial(session, profile, args.behavior, args.body), people, range(len(cast))
                )
            )
            print(shown(profile, found), flush=True)
            weights.append(fitted(profile, list(zip(people, found))))
    print("\nRank correlation (Spearman's) of the quality with the OKS, over all pictures:\n")
    print("| profile | tuned half, usual weights | fitted | other half, usual | fitted | which |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(weights))
    return 0


if __name__ == "__main__":
    sys.exit(main())
