#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Errors of a pose network and of person_nano by age, sex, skin, view and posture of the people.

The pictures are of synthetic people, one in each (`python -m tools.people --people 1..1`), of whom
all this is known. Their skins are MakeHuman's "lightskinned" and "darkskinned". The view is told
by how far the left shoulder lies to the right of the other one in the picture, in lengths of the
trunk.

- `found`: the share of people who are found, with an OKS of the visible body points of at least
  one half.
- `body`, `face`, `hands`: median distance of the visible points of those who are found from the
  true ones, in percent of the longer side of the person's box.
- `no face`, `no hand`: the share of those that are mostly visible and are not found.
- `detector`: the share of people with a candidate of person_nano (score 0.2, overlap 0.5).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dwpose_ros.core.boxes import iou
from dwpose_ros.core.keypoints import BODY, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.detectors import Detector, open_detector
from dwpose_ros.estimation.estimator import TopDown
from dwpose_ros.evaluation.coco import load_annotations, oks
from dwpose_ros.evaluation.frames import picture

SEEN = 0  # in `hidden_by`
FOUND_OKS, FOUND_SCORE = 0.5, 0.3
DETECTED, OVERLAP = 0.2, 0.5
MOSTLY = 0.75  # of a face's or hand's points, from which it should be found
FRONT = 0.35  # from which the shoulders show the front, or below its negative the back
LEAST_PX = 60.0  # people who are seen at a smaller height are left out
LEAST_POINTS = 4  # of the body
AGES = ((0, 12), (12, 18), (18, 40), (40, 65), (65, 200))


def view(person: dict[str, Any]) -> str:
    xy = np.array(person["xy"]).reshape(-1, 2)
    shoulders, hips = (
        xy[[INDEX[f"left_{name}"], INDEX[f"right_{name}"]]] for name in ("shoulder", "hip")
    )
    trunk = np.hypot(*(shoulders.mean(0) - hips.mean(0)))
    share = (shoulders[0] - shoulders[1])[0] / max(trunk, 1e-6)
    return "front" if share > FRONT else "back" if share < -FRONT else "side"


def age(person: dict[str, Any]) -> str:
    for low, high in AGES:
        if low <= person["age_years"] < high:
            return f"{low} to {high - 1}" if high < 200 else f"{low} and more"
    raise ValueError(f"an age of {person['age_years']} years")


GROUPS: dict[str, Callable[[dict[str, Any]], str]] = {
    "all": lambda person: "",
    "age": age,
    "sex": lambda person: "male" if person["male"] > 0.5 else "female",
    "skin": lambda person: "dark" if "dark" in person["skin"] else "light",
    "view": view,
    "posture": lambda person: person["posture"],
}


@lru_cache(maxsize=1)
def _networks(backend: str, model: str) -> tuple[TopDown, Detector]:
    cv2.setNumThreads(1)
    detector = models.cached(models.named("person_nano"))
    return load(backend, model, video=False)[0], open_detector(detector, min_score=DETECTED)


def errors(folder: Path, backend: str, model: str, one: dict[str, Any]) -> dict[str, float] | None:
    """Return what is wrong of a person, by column; None if too little of them is seen."""
    person, (x, y, width, height) = one["person"], one["bbox"]
    box, side = np.array([[x, y, x + width, y + height]]), max(width, height)
    true = np.array(person["xy"]).reshape(-1, 2)
    seen = np.array(person["hidden_by"]) == SEEN
    if height < LEAST_PX or seen[BODY].sum() < LEAST_POINTS:
        return None
    estimator, detector = _networks(backend, model)
    rgb = picture(folder / one["file_name"])
    values = {"detector": float((iou(box, detector(rgb)[0]) >= OVERLAP).any())}
    found = _match(estimator(rgb), true, seen, one["area"])
    values["found"] = float(found is not None)
    if found is None:
        return values
    xy, scores = found
    off = np.hypot(*(xy - true).T) / side * 100
    values["body"] = float(np.median(off[BODY][seen[BODY]]))
    for column, parts in (("face", [FACE]), ("hands", [LEFT_HAND, RIGHT_HAND])):
        there = [part for part in parts if seen[part].mean() >= MOSTLY]
        missing = [part for part in there if scores[part].mean() < FOUND_SCORE]
        if there:
            values["no " + column.rstrip("s")] = len(missing) / len(there)
        if len(there) > len(missing):
            values[column] = float(
                np.median(
                    [np.median(off[part][seen[part]]) for part in there if part not in missing]
                )
            )
    return values


def _match(
    people: PersonPoses, true: np.ndarray, seen: np.ndarray, area: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return points and scores of whoever is most like the true one, None if nobody is alike."""
    alike = oks(true, people.xy, np.full(len(people), area), np.flatnonzero(seen[BODY]))
    if not len(alike) or alike.max() < FOUND_OKS:
        return None
    best = int(alike.argmax())
    return people.xy[best], people.scores[best]


COLUMNS = {  # of the table: what they hold of a group's people, and how that is written
    "found": (np.mean, "{:.0%}"),
    "body": (np.median, "{:.1f} %"),
    "face": (np.median, "{:.1f} %"),
    "hands": (np.median, "{:.1f} %"),
    "no face": (np.mean, "{:.0%}"),
    "no hand": (np.mean, "{:.0%}"),
    "detector": (np.mean, "{:.0%}"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of tools.people: annotations.json and images")
    parser.add_argument("--backend", default="holistic")
    parser.add_argument("--model", default="", help="a name or an ONNX file")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    data = load_annotations(args.folder / "annotations.json")
    names = {image["id"]: image["file_name"] for image in data["images"]}
    people = [one | {"file_name": names[one["image_id"]]} for one in data["annotations"]]
    judge = partial(errors, args.folder / "images", args.backend, args.model)
    with ProcessPoolExecutor(args.workers) as pool:
        judged = list(pool.map(judge, people, chunksize=8))
    print("| | people | " + " | ".join(COLUMNS) + " |")
    print("| --- |" + " --- |" * (1 + len(COLUMNS)))
    for group, of in GROUPS.items():
        members: dict[str, list[dict[str, float]]] = {}
        for one, values in zip(people, judged):
            if values is not None:
                members.setdefault(of(one["person"]), []).append(values)
        for name in sorted(members, key=lambda name: (name.split()[:1] or [""])[0].zfill(2)):
            cells = []
            for column, (middle, form) in COLUMNS.items():
                known = [values[column] for values in members[name] if column in values]
                cells.append(form.format(middle(known)) if known else "-")
            title = f"{group} {name}".strip()
            print(f"| {title} | {len(members[name])} | " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
