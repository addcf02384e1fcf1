# SPDX-License-Identifier: Apache-2.0
"""Compute the COCO-WholeBody AP of a backend, beside the paper's: the command `evaluate`.

The paper's figures were measured with the boxes of a detector with person AP 56.4
(``--boxes FILE``) and with the flip test (``--flip``).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.cli.execution_options import add_execution_target, execution_target
from dwpose_ros.cli.exit_codes import exit_code
from dwpose_ros.cli.output_file import check_output, write_output
from dwpose_ros.core.errors import DwposeError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation import backends
from dwpose_ros.estimation.crop_geometry import PADDING
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.evaluation import coco
from dwpose_ros.evaluation.coco import COLUMNS, Boxes
from dwpose_ros.evaluation.flip_test import Flipped
from dwpose_ros.evaluation.frames import picture

# AP in percent on COCO-WholeBody v1.0 val2017: README.md of IDEA-Research/DWPose.
PAPER: dict[str, tuple[float, ...]] = {
    "DWPose-t 256x192": (58.5, 46.5, 73.5, 35.7, 48.5),
    "DWPose-s 256x192": (63.3, 53.3, 77.6, 42.7, 53.8),
    "DWPose-m 256x192": (68.5, 63.6, 82.8, 52.7, 60.6),
    "DWPose-l 256x192": (70.4, 66.2, 84.3, 56.6, 63.1),
    "DWPose-l 384x288": (72.2, 70.4, 88.7, 62.1, 66.5),
}
VAL2017 = 5000  # images


class EvaluateError(DwposeError):
    """The evaluation failed; the message says what is wrong and where."""


def people_in(estimator: Estimator, rgb: np.ndarray, boxes: Boxes | None) -> PersonPoses:
    """Return the people of an image: those that the estimator finds, or those in boxes.

    If the estimator cannot be given boxes, each box is cut out with the margin that DWPose uses,
    and the first person found in it counts.

    Args:
        estimator: finds the people.
        rgb: (h, w, 3) uint8, RGB.
        boxes: where to look; None: in the whole image.
    """
    if boxes is None:
        return estimator(rgb)
    if not len(boxes.xyxy):
        return PersonPoses.none()
    if hasattr(estimator, "estimate"):
        found_xy, found_scores = estimator.estimate(rgb, boxes.xyxy)
        return PersonPoses.of(found_xy, found_scores, boxes.xyxy, boxes.scores)
    xy, scores = np.zeros((len(boxes.xyxy), COUNT, 2)), np.zeros((len(boxes.xyxy), COUNT))
    for i, (x1, y1, x2, y2) in enumerate(boxes.xyxy):
        more_x, more_y = (x2 - x1) * (PADDING - 1) / 2, (y2 - y1) * (PADDING - 1) / 2
        left, top = max(0, int(x1 - more_x)), max(0, int(y1 - more_y))
        crop = rgb[top : int(np.ceil(y2 + more_y)), left : int(np.ceil(x2 + more_x))]
        found = estimator(np.ascontiguousarray(crop)) if crop.size else PersonPoses.none()
        if len(found.xy):
            xy[i], scores[i] = found.xy[0] + (left, top), found.scores[0]
    return PersonPoses.of(xy, scores, *boxes)


def evaluate(
    estimator: Any,
    data: dict[str, Any],
    folder: Path,
    boxes: dict[int, Boxes] | None,
    detector: Any = None,
    limit: int = 0,
) -> tuple[list[dict[str, Any]], list[int]]:
    """Run an estimator over a dataset's images, and show a progress bar.

    Args:
        estimator: finds the poses.
        data: the annotations, from `coco.load_annotations`.
        folder: of the images.
        boxes: by image id; None: those of ``detector``, or else of the estimator itself.
        detector: has a method ``detect``, as `TopDown`.
        limit: the first so many images; 0: all.

    Returns:
        COCO keypoint results, and the ids of the images.

    Raises:
        EvaluateError: images are absent or of another size, or have nobody annotated.
        FramesError: an image is damaged.
    """
    from tqdm import tqdm  # here, so that nodes do not need it

    images = data["images"][: limit or None]
    ids = {image["id"] for image in images}
    if not any(a["image_id"] in ids and not a["iscrowd"] for a in data["annotations"]):
        raise EvaluateError(f"none of the {len(images)} images has an annotated person")
    if boxes is not None and not ids & boxes.keys():
        raise EvaluateError(f"none of the {len(images)} images has a box in the boxes given")
    absent = [i["file_name"] for i in images if not (folder / i["file_name"]).is_file()]
    if absent:
        raise EvaluateError(
            f"{folder} lacks {len(absent)} of {len(images)} images, the first is {absent[0]}"
        )
    found: list[dict[str, Any]] = []
    for image in tqdm(images, desc=estimator.name, unit="image", leave=False):
        rgb = _read(folder / image["file_name"], (image["width"], image["height"]))
        given = boxes.get(image["id"], Boxes.of([], [])) if boxes is not None else None
        if given is None and detector is not None:
            given = Boxes(*detector.detect(rgb))
        found += coco.results(image["id"], people_in(estimator, rgb, given))
    return found, [image["id"] for image in images]


def table(name: str, values: dict[str, float]) -> str:
    """Format the measured AP above the paper's, in percent."""
    rows: list[tuple[str, Sequence[str] | Sequence[float]]] = [
        ("", COLUMNS),
        (name, [100 * values[c] for c in COLUMNS]),
        *PAPER.items(),
    ]
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{row:{width}}"
        + "".join(
            f"{v:>7}" if isinstance(v, str) else "      -" if np.isnan(v) else f"{v:7.1f}"
            for v in cells
        )
        for row, cells in rows
    )


def _read(path: Path, size: tuple[int, int]) -> np.ndarray:
    rgb = picture(path)
    if rgb.shape[1::-1] != size:
        raise EvaluateError(
            f"{path}: is {rgb.shape[1]}x{rgb.shape[0]}, annotated at "
            f"{size[0]}x{size[1]}: are these the annotations' images?"
        )
    return rgb


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="AP on COCO-WholeBody (body, foot, face, hand, whole) of any backend, beside "
        "the paper's.",
        epilog="The paper's table, with weights, val2017 and the detections that mmpose offers:\n"
        "  ros2 run dwpose_ros evaluate coco_wholebody_val_v1.0.json val2017 --flip \\\n"
        "      --model dw-ll_ucoco_384 --boxes COCO_val2017_detections_AP_H_56_person.json\n"
        "Needs xtcocotools: pip install 'dwpose_ros[evaluate]'. Ends with 0, 1 when something\n"
        "failed, 2 for wrong usage, 130 when it was stopped: then nothing is evaluated.",
    )
    add = parser.add_argument
    add("annotations", type=Path, metavar="ANNOTATIONS.json", help="a COCO-WholeBody file")
    add("folder", type=Path, metavar="IMAGES", help="the folder with its images")
    add(
        "--boxes",
        default="detector",
        metavar="detector|truth|FILE.json",
        help="whom to look at: those the detector finds (default), the annotated boxes, or those "
        "of a COCO detection results file",
    )
    add(
        "--flip",
        action="store_true",
        help="the paper's flip test: average the maps of each crop and its mirror image. Runs "
        "the DWPose model's file on onnxruntime as it is, and gives bins",
    )
    add(
        "--no-subpixel",
        dest="subpixel",
        action="store_false",
        help="points at the SimCC maps' bins, as in the paper; default: between them, as the "
        "pose node's",
    )
    add("--limit", type=int, default=0, metavar="N", help="the first N images only")
    add("--results", type=Path, metavar="FILE.json", help="write the COCO keypoint results there")
    add("--force", action="store_true", help="replace FILE.json if it is there already")
    add("--backend", default="auto", choices=backends.BACKENDS, help="default: auto")
    add("--model", default="", help=f"a name or an ONNX file; default: {backends.MODEL}")
    add("--detector", default="", help=f"a name or an ONNX file; default: {backends.DETECTOR}")
    add_execution_target(parser)
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "evaluate") -> int:
    """Run the command. Exits 0, 1 when something failed, 2 for wrong usage, 130 if stopped."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if args.limit < 0:
        parser.error(f"--limit is {args.limit}; wanted 1 or more, or 0 for all")
    if args.flip and args.backend == "holistic":
        parser.error("--flip averages the maps of a DWPose network; holistic has none")
    if args.flip and (args.runtime not in ("auto", "onnxruntime") or args.precision != "auto"):
        parser.error("--flip runs the network as it is, on onnxruntime in float32")
    return exit_code(lambda: _run(args), "stopped: nothing was evaluated, nothing written")


def _run(args: argparse.Namespace) -> None:
    coco.xtcocotools()  # raise before the long work if it is missing
    if args.results:
        check_output(args.results, "--results", args.force)
    data = coco.load_annotations(args.annotations)
    if args.boxes == "detector":
        boxes = None
    else:
        boxes = coco.truth(data) if args.boxes == "truth" else coco.load_boxes(args.boxes)
    loaded, why, detector = None, "", None
    if not args.flip or boxes is None:
        loaded, why = backends.load(
            args.backend,
            args.model,
            args.detector or ("" if boxes is None else None),
            execution_target(args),
            subpixel=args.subpixel,
            video=False,
        )
    estimator: Any = loaded
    if args.flip:
        if boxes is None and not hasattr(loaded, "detect"):
            raise EvaluateError(f"--flip needs DWPose's detector, or --boxes: {why}")
        estimator, detector = Flipped(args.model, args.device), loaded
    try:
        found, images = evaluate(estimator, data, args.folder, boxes, detector, args.limit)
    finally:
        for one in {id(e): e for e in (estimator, loaded) if e is not None}.values():
            one.close()
    values = coco.average_precision(data, found, images)
    print(
        f"{estimator.name} on {estimator.runs_on}, boxes: {args.boxes}; {len(images)} images, "
        f"{len(found)} poses" + (f"\n{why}" if why else "")
    )
    print(f"\n{table('measured', values)}\n")
    between = args.subpixel and not args.flip and not estimator.name.startswith("holistic")
    print(
        "AP in percent, mean over OKS 0.50 to 0.95; hand: mean of left and right; -: nobody has "
        "it annotated.",
        *_notes(args, len(images), between),
        sep="\n",
        flush=True,
    )
    if args.results:
        write_output(args.results, json.dumps(found).encode())


def _notes(args: argparse.Namespace, count: int, between: bool) -> list[str]:
    """Return how the measurement differs from the paper's."""
    other = [
        (count != VAL2017, f"{count} images instead of val2017's {VAL2017}"),
        (args.boxes == "detector", "boxes of our detector instead of one with person AP 56.4"),
        (args.boxes == "truth", "annotated boxes instead of a detector's with person AP 56.4"),
        (not args.flip, "no flip test"),
        (between, "peaks between bins"),
    ]
    return [
        "The paper's: COCO-WholeBody v1.0 val2017, README of IDEA-Research/DWPose.",
        *(f"Not as in the paper: {text}." for differs, text in other if differs),
    ]
