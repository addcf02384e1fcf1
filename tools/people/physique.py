# SPDX-License-Identifier: Apache-2.0
"""Bodies: who there is, and the mesh of one, from MakeHuman's macro targets.

The targets are corners of a grid of age, sex, muscle, weight, height and proportions; a body is
their multilinear mixture, as in MakeHuman. Ages: baby 1, child 10, young 25, old 90 years.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np

from tools.people.anny import Body

YOUNGEST, OLDEST = 5, 85  # years
_ANCHORS = {"baby": 1.0, "child": 10.0, "young": 25.0, "old": 90.0}  # years
ORIGINS = ("african", "asian", "caucasian")
# Details that are drawn in pairs of opposite targets; of left and right both get nearly the same.
_OPPOSITES = (
    ("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"),
    ("concave", "convex"), ("compress", "uncompress"),
)  # fmt: skip
_DETAILS = ("nose/", "mouth/", "chin/", "cheek/", "eyes/", "head/", "forehead/", "eyebrows/",
            "ears/", "neck/", "hands/", "feet/")  # fmt: skip
# These would move eyeballs out of their sockets or feet off the ground.
_LEFT_OUT = ("eye-trans", "eye-push", "-trans-", "measure-", "foot-trans", "head-age")


class Physique(NamedTuple):
    """Who somebody is; values from 0 to 1 where nothing else is said."""

    age: float
    """Years."""
    male: float
    """0 a woman, 1 a man; little in between."""
    muscle: float
    weight: float
    height: float
    proportions: float
    """1 is MakeHuman's ideal, 0 its uncommon proportions."""
    origin: tuple[float, float, float]
    """African, Asian, European; their sum is 1."""
    details: tuple[tuple[str, float], ...]
    """Names of targets of face, hands and feet with their weights."""


def draw_physique(random: np.random.Generator, body: Body) -> Physique:
    """Draw somebody: ages evenly over 5 to 25, 25 to 60 and 60 to 85 with 0.35, 0.4 and 0.25."""
    low, high = ((YOUNGEST, 25), (25, 60), (60, OLDEST))[random.choice(3, p=[0.35, 0.4, 0.25])]
    male = float(random.random() < 0.5)
    origin = random.dirichlet([0.35, 0.35, 0.35])
    return Physique(
        age=float(random.uniform(low, high)),
        male=male if random.random() < 0.6 else abs(male - float(random.uniform(0, 0.25))),
        muscle=_around_half(random),
        weight=_around_half(random),
        height=float(np.clip(random.normal(0.53, 0.08), 0.2, 0.8)),
        proportions=float(random.uniform(0.2, 1)),
        origin=tuple(float(x) for x in origin),
        details=tuple(_details(random, body)),
    )


def _around_half(random: np.random.Generator) -> float:
    return float(random.beta(2, 2))


def _details(random: np.random.Generator, body: Body) -> list[tuple[str, float]]:
    chosen: dict[str, float] = {}
    for name in random.choice(_choice(tuple(body.targets)), 26, replace=False):
        if not any(_opposite(str(name)) == other for other in chosen):
            chosen[str(name)] = float(random.uniform(0.1, 0.7))
    found = []
    for name, weight in chosen.items():
        for side in "lr" if "?" in name else "?":
            uneven = weight * (1 + 0.15 * random.normal() * (side != "?"))
            found.append((name.replace("?", side), float(np.clip(uneven, 0, 1))))
    return found


@functools.lru_cache(2)
def _choice(targets: tuple[str, ...]) -> list[str]:
    """The targets of details; a "?" stands for left and right."""
    names = [n for n in targets if n.startswith(_DETAILS)]
    names = [n for n in names if not any(part in n for part in _LEFT_OUT)]
    return sorted({n.replace("/l-", "/?-").replace("/r-", "/?-") for n in names})


def _opposite(name: str) -> str:
    for a, b in _OPPOSITES:
        for this, other in ((a, b), (b, a)):
            if name.endswith("-" + this):
                return name[: -len(this)] + other
    return name


def shares(physique: Physique) -> dict[str, dict[str, float]]:
    """Return for each axis of the grid its corners with their weights, whose sum is 1."""
    names, years = zip(*_ANCHORS.items())
    age = np.interp(physique.age, years, range(4))
    at = min(int(age), 2)
    third = {
        axis: _three(value, [f"min{axis}", f"average{axis}", f"max{axis}"])
        for axis, value in (("muscle", physique.muscle), ("weight", physique.weight))
    }
    return {
        "sex": {"female": 1 - physique.male, "male": physique.male},
        "age": {names[at]: 1 - (age - at), names[at + 1]: age - at},
        **third,
        "height": _three(physique.height, ["minheight", "", "maxheight"]),
        "proportions": _three(
            physique.proportions, ["uncommonproportions", "", "idealproportions"]
        ),
        "origin": dict(zip(ORIGINS, physique.origin)),
    }


def _three(value: float, names: list[str]) -> dict[str, float]:
    """The weights of the lower, middle and upper corner."""
    upper = max(0.0, 2 * value - 1)
    lower = max(0.0, 1 - 2 * value)
    return {names[0]: lower, names[1]: 1 - upper - lower, names[2]: upper}


def shape(physique: Physique, body: Body) -> np.ndarray:
    """Return the vertices (n, 3) float32 m of somebody at rest, without an expression."""
    grid = shares(physique)
    vertices = body.mesh.vertices.copy()

    def add(name: str, weight: float) -> None:
        if weight > 1e-3 and name in body.targets:
            body.targets[name].add_to(vertices, weight)

    for (sex, a), (age, b) in itertools.product(grid["sex"].items(), grid["age"].items()):
        for origin, c in grid["origin"].items():
            add(f"macrodetails/{origin}-{sex}-{age}", a * b * c)
        for (muscle, c), (weight, d) in itertools.product(
            grid["muscle"].items(), grid["weight"].items()
        ):
            who = f"{sex}-{age}-{muscle}-{weight}"
            part = a * b * c * d
            add(f"macrodetails/universal-{who}", part)
            for axis in ("height", "proportions"):
                for corner, share in grid[axis].items():
                    add(f"macrodetails/{axis}/{who}-{corner}", part * share)
    for name, weight in physique.details:
        add(name, weight)
    return vertices
