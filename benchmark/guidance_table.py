# SPDX-License-Identifier: Apache-2.0
"""The results of episodes, and their table with the bars."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dwpose_ros.guidance.allowances import Allowed

# Bars for one picture: the share that is taken in time, and the median time in s.
SUCCESS = {
    "obedient": 0.995,
    "slow": 0.99,
    "overshooting": 0.99,
    "restless": 0.99,
    "confused": 0.97,
    "hard_of_hearing": 0.97,
    "tones": 0.97,  # of those who hear nothing else
}
MEDIAN_S = {"obedient": 8.0}
WHEELCHAIR = 1.5  # factor on the median in wheelchairs
MOST_RATIO = {"wheelchair": 1.6}  # of the median of a group to the best group's
RATIO = 1.25  # the same for all others
UNDONE = 0.02  # largest share of instructions that are contradictions


class Result(NamedTuple):
    """The result of one episode."""

    time_s: float  # until the last picture; inf if there was none in time
    spoken: int
    contradictions: int
    wrong: int  # pictures whose true state breaks the profile's limits
    pictures: int
    quality: float = math.nan  # of the pictures, as a share of the best possible
    allowed: Allowed = Allowed()  # to this person, for the last picture


def head(quality: bool) -> str:
    """Return the table's head; ``quality``: with the quality of the pictures."""
    return (
        f"{'profile':<12}{'behavior':<17}{'group':<12}{'':<8}"
        f"{'success':>8}{'p50 s':>8}{'p95 s':>8}"
        f"{'spoken':>8}{'undone':>9}{'wrong':>8}" + f"{'quality':>9}" * quality
    )


def median_s(found: list[Result]) -> float:
    """Return the median time of the successful, s; NaN if there are none."""
    times = [r.time_s for r in found if math.isfinite(r.time_s)]
    return float(np.median(times)) if times else math.nan


def compared(medians: dict[tuple[str, str, str], dict[str, float]]) -> str:
    """Format the worst group's median against the best one's, by profile, behavior and coach."""
    lines = []
    for (profile, behavior, coach), by_group in medians.items():
        if len(by_group) < 2:
            continue
        best = min(by_group.values())
        ratios = {group: median / best for group, median in by_group.items()}
        beyond = [g for g, ratio in ratios.items() if ratio > MOST_RATIO.get(g, RATIO)]
        worst = max(ratios, key=lambda group: ratios[group])
        lines.append(
            f"{profile:<12}{behavior:<17}{coach:<8}worst median by best: {ratios[worst]:.2f} "
            f"({worst})" + (f"  beyond the bar: {', '.join(beyond)}" if beyond else "")
        )
    return "\n".join(["", *lines]) if lines else ""


def row(coach: str, profile: str, behavior: str, group: str, found: list[Result]) -> str:
    """Format the results of one coach, profile, behavior and group."""
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
        or median
        >= steps
        * MEDIAN_S.get(behavior, math.inf)
        * (WHEELCHAIR if group == "wheelchair" else 1.0)
    )
    qualities = [r.quality for r in found if not math.isnan(r.quality)]
    return (
        f"{profile:<12}{behavior:<17}{group:<12}{coach:<8}{done.mean():8.1%}{median:8.1f}{p95:8.1f}"
        f"{spoken / len(found):8.2f}"
        f"{undone:9.1%}{wrong:8.1%}"
        + (f"{np.mean(qualities):9.1%}" if qualities else "")
        + ("  below its bar" if short else "")
    )
