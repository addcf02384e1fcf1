# SPDX-License-Identifier: Apache-2.0
"""Let an estimator annotate pictures and videos, so that a network can learn from what it sees.

    python -m training.label room.mp4 photographs --out labelled

writes annotations.json and images/ in COCO-WholeBody's format. Points that the estimator is not
sure of are not annotated, and count for nothing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.whole_body import WholeBody
from dwpose_ros.evaluation.coco import PARTS, PERSON
from training.console import Stop, progress
from training.data import QUALITY
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


def label(
    sources: Iterable[Path],
    out: Path,
    estimator: WholeBody,
    least: float = LEAST,
    ended: Callable[[], object] = lambda: False,
    say: Callable[[str], object] = lambda line: None,
) -> int:
    """Write the pictures in which somebody is seen, and who. Return how many people there are.

    Args:
        sources: folders of pictures, and videos, of which every fifth frame is taken.
        out: a folder that does not exist yet.
        estimator: who annotates.
        least: score of a point that is annotated.
        ended: asked before each picture; if true, no further one is looked at.
        say: told how far it is.

    Raises:
        DwposeError: a source cannot be read, or nobody is seen; the folder is removed again.
        FileExistsError: the folder is there.
    """
    (out / "images").mkdir(parents=True)
    try:
        images, people = [], []
        for source, image in _pictures(sources):
            if ended():
                break
            new = annotations(estimator(image), len(images) + 1, len(people) + 1, least)
            if new:
                images.append(_write(image, out / "images", len(images) + 1))
                people += new
            say(f"{source.name}: {len(people)} people in {len(images)} pictures")
        if not people:
            raise DwposeError(f"{estimator.name} sees nobody in the pictures")
        document = {
            "info": {
                "description": f"annotated by {estimator.name}, points of {least:g} and more"
            },
            "images": images,
            "annotations": people,
            "categories": [{"id": PERSON, "name": "person"}],
        }
        write_atomically({out / "annotations.json": json.dumps(document).encode()})
    except BaseException:
        shutil.rmtree(out)
        raise
    return len(people)


def _pictures(sources: Iterable[Path]) -> Iterator[tuple[Path, np.ndarray]]:
    """Return all pictures (h, w, 3) BGR, with their sources."""
    for source in sources:
        for number, picture in enumerate(read(source)):
            image = cv2.imdecode(np.frombuffer(picture.coded, np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise PicturesError(f"{source}: picture {number} cannot be decoded")
            yield source, image


def _write(image: np.ndarray, folder: Path, number: int) -> dict[str, Any]:
    """Write a picture; return what COCO says of it."""
    name = f"{number:06}.jpg"
    cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return {"id": number, "file_name": name, "width": image.shape[1], "height": image.shape[0]}


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
            stop = Stop()
            count = label(
                args.sources, args.out, estimator, args.least, lambda: stop.asked, progress()
            )
    except (DwposeError, FileExistsError) as err:
        print(f"label: {err}", file=sys.stderr)
        return 1
    print(f"{count} people: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
