"""Which of the recent frames are kept, and why the others are not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dwpose_ros.capture.quality import Quality


class Candidate(NamedTuple):
    """A frame that may be captured."""

    stamp_ns: int
    quality: Quality | None  # None where the person is not in it
    fault: str  # the limit that it breaks; empty where it may be captured
    person_id: int = 0
    shot: Any = None  # whatever the caller needs to write it


class Choice(NamedTuple):
    """What was chosen, best first, and a line for each frame that was not, oldest first."""

    best: list[Candidate]
    rejected: list[str]


def choose(candidates: Sequence[Candidate], count: int, weights: Mapping[str, float],
           now_ns: int) -> Choice:
    """The best `count` of the candidates that have no fault; of equals, the newer.

    The lines begin with the seconds from `now_ns` to the frame: "-0.33 s: cut_off 0.8, ...".
    """
    fit = [c for c in candidates if not c.fault and c.quality is not None]
    fit.sort(key=lambda c: (c.quality.score, c.stamp_ns), reverse=True)
    best = fit[:max(1, count)]
    kept = {c.stamp_ns for c in best}
    return Choice(best, [
        f"{(c.stamp_ns - now_ns) / 1e9:+.2f} s: {c.fault or _worse(c, best[-1], weights)}"
        for c in sorted(candidates, key=lambda c: c.stamp_ns) if c.stamp_ns not in kept])


def _worse(loser: Candidate, chosen: Candidate, weights: Mapping[str, float]) -> str:
    """Why a frame lost against the least of those that were chosen: what it lost most by."""
    mine, theirs = loser.quality, chosen.quality
    if mine.score == theirs.score:
        return f"quality {mine.score:.1f}, as the chosen, which is newer"
    said = f"quality {mine.score:.1f} below the chosen {theirs.score:.1f}"
    # By the terms of the harmonic mean that both scores are.
    losses = [(weights.get(m.name, 0.0) * (1 / max(m.score, 1.0) - 1 / max(t.score, 1.0)), m, t)
              for m, t in zip(mine.measures, theirs.measures)
              if not (math.isnan(m.score) or math.isnan(t.score))]
    loss, m, t = max(losses, key=lambda found: found[0], default=(0.0, None, None))
    return said if loss <= 0 else (
        f"{said}: {m.name} {m.value:.3g} (score {m.score:.0f}, the chosen's {t.score:.0f})")
