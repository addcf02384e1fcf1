# SPDX-License-Identifier: Apache-2.0
"""Let an estimator annotate pictures and videos, so that a network can learn from what it sees.

    python -m training.label room.mp4 photographs --out labelled

writes annotations.json and images/ in COCO-WholeBody's format. Points that the estimator is not
sure of are not annotated, and count for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.whole_body import WholeBody
from dwpose_ros.evaluation.coco import PARTS, PERSON
from training.console import Stop, progress
from training.detector.pictures import PicturesError, read

LEAST = 0.5  # score of a point that is annotated


def annotations(
    poses: PersonPoses, image_id: int, first_id: int, least: float = LEAST
) -> list[dict[str, Any]]:
    """Return COCO-WholeBody's annotations of the people in a picture.

    Args:
        poses: the people.
        image_id: the picture's.
        first_id: the annotation id of the first; the others count on.
        least: score of a point that is annotated; all others are 0, 0, 0.
    """
    found = []
    for i, (xy, scores, box) in enumerate(zip(poses.xy, poses.scores, poses.boxes)):
        seen = (scores >= least)[:, None]
        rows = np.where(seen, np.column_stack([xy.round(2), np.full(len(xy), 2)]), 0)
        x1, y1, x2, y2 = (round(v, 2) for v in box.tolist())
        found.append({
            "id": first_id + i, "image_id": image_id, "category_id": PERSON, "iscrowd": 0,
            "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
            "num_keypoints": int(seen[:17].sum()),
            **{field: rows[part].ravel().tolist() for field, part, _ in PARTS},
        })  # fmt: skip
    return found


def label(sources: Iterable[Path], out: Path, estimator: WholeBody, least: float = LEAST) -> int:
    """Write the pictures in which somebody is seen, and who. Return how many people there are.

    Args:
        sources: folders of pictures, and videos, of which every fifth frame is taken.
        out: a folder that does not exist yet.
        estimator: who annotates.
        least: score of a point that is annotated.

    Raises:
        DwposeError: a source cannot be read, or nobody is seen; the folder is removed again.
        FileExistsError: the folder is there.
    """
    (out / "images").mkdir(parents=True)
    try:
        return _write(sources, out, estimator, least)
    except BaseException:
        shutil.rmtree(out)
        raise


def _write(sources: Iterable[Path], out: Path, estimator: WholeBody, least: float) -> int:
    stop, say = Stop(), progress()
    images: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for source in sources:
        for number, picture in enumerate(read(source)):
            if stop.asked:
                break
            image = cv2.imdecode(np.frombuffer(picture.coded, np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise PicturesError(f"{source}: picture {number} cannot be decoded")
            new = annotations(estimator(image), len(images) + 1, len(people) + 1, least)
            if new:
                name = f"{source.stem}_{number:05}.jpg"
                (out / "images" / name).write_bytes(picture.coded)
                height, width = image.shape[:2]
                images.append(
                    {"id": len(images) + 1, "file_name": name, "width": width, "height": height}
                )
                people += new
            say(f"{source.name}: {len(people)} people in {len(images)} pictures")
    if not people:
        raise DwposeError(f"{estimator.name} sees nobody in the pictures")
    document = {
        "info": {"description": f"annotated by {estimator.name}, points of {least:g} and more"},
        "images": images,
        "annotations": people,
        "categories": [{"id": PERSON, "name": "person"}],
    }
    part = out / "annotations.part"
    part.write_text(json.dumps(document))
    os.replace(part, out / "annotations.json")
    return len(people)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="+", type=Path, help="folders of pictures, videos")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--backend", default="auto", help="dwpose, holistic or auto")
    parser.add_argument("--least", type=float, default=LEAST, help="score of an annotated point")
    args = parser.parse_args()
    try:
        with WholeBody(backend=args.backend) as estimator:
            count = label(args.sources, args.out, estimator, args.least)
    except (DwposeError, FileExistsError) as err:
        print(f"label: {err}", file=sys.stderr)
        return 1
    print(f"{count} people: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
