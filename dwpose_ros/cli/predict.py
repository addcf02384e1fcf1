# SPDX-License-Identifier: Apache-2.0
"""Find the people in images, videos or a camera, and write them: the command `predict`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from dwpose_ros.cli.execution_options import add_estimator, load_estimator
from dwpose_ros.cli.jobs import Job, check_outputs, frames_of, jobs_of, read_image
from dwpose_ros.cli.predictions import PredictError, VideoFiles, Wanted, make_folder, write_image
from dwpose_ros.core.errors import DwposeError, ModelError
from dwpose_ros.core.image_sources import Source, open_source
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.tracking.pose_tracker import PoseTracker


class Predictor:
    """Runs jobs one after the other, with the estimator that each kind needs."""

    def __init__(self, args: argparse.Namespace, wanted: Wanted) -> None:
        self._args, self._wanted = args, wanted
        self._estimators: dict[bool, Estimator] = {}

    def run(self, job: Job) -> str:
        """Do one job, and return one line about the results. Raises DwposeError."""
        if job.image is not None:
            bgr = read_image(job.image)  # first, since loading the model takes longer
            return self._image(job, bgr)
        source = open_source(job.source)
        try:
            return self._video(job, source)
        finally:
            source.close()

    def close(self) -> None:
        for estimator in self._estimators.values():
            estimator.close()

    def _estimator(self, video: bool) -> Estimator:
        if video not in self._estimators:
            self._estimators[video], why = load_estimator(self._args, video)
            tqdm.write(why, file=sys.stderr)
        return self._estimators[video]

    def _image(self, job: Job, bgr: np.ndarray) -> str:
        estimator = self._estimator(video=False)
        poses = estimator(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        file = Path(job.source).name
        paths = write_image(self._wanted, job.name, file, bgr, poses, estimator.name)
        return _summary(job.source, len(poses), "", paths)

    def _video(self, job: Job, source: Source) -> str:
        estimator = self._estimator(video=True)
        tracker = PoseTracker(estimator, self._args.detect_every or None, self._args.smooth)
        file = job.source if source.live else Path(job.source).name
        seen: set[int] = set()
        limit = self._args.frames
        total = min(n for n in (source.length, limit, math.inf) if n)
        frames = tqdm(
            frames_of(source, limit),
            desc=job.name,
            total=None if math.isinf(total) else total,
            unit="frame",
            leave=False,
            disable=None,  # unless stderr is a terminal
        )
        live = source.live
        with VideoFiles(self._wanted, job.name, file, estimator.name, source.rate, live) as files:
            for time_s, bgr in frames:
                poses = tracker(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), time_s)
                files.add(bgr, poses, time_s)
                seen.update(poses.ids.tolist())
            if not files.frames:
                raise PredictError(f"{job.source}: gives no frame")
            paths = files.finish()
            return _summary(job.source, len(seen), f" in {files.frames} frames", paths)


def _summary(source: str, people: int, frames: str, paths: Sequence[Path]) -> str:
    who = "1 person" if people == 1 else f"{people} people"
    return f"{source}: {who}{frames}, written: {', '.join(map(str, paths))}"


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Find the people in images, videos or a camera, and write what was found.",
        epilog="Files are named for their source, NAME:\n"
        "            of an image            of a video or camera\n"
        "  --json    NAME.json              NAME.jsonl, a line for each frame\n"
        "  --openpose\n"
        "            NAME_openpose.json     NAME_openpose.json, a list of frames\n"
        "            NAME_openpose.png      NAME_openpose.mp4, the pose map\n"
        "  --overlay NAME_overlay.jpg       NAME_overlay.mp4\n"
        "\nThey appear when they are whole. A camera runs until Ctrl-C or --frames. People carry\n"
        "an id through a video.\n"
        "\nEnds with 0; 1 when something failed, or a part of the input could not be read; 2 for\n"
        "wrong usage, or when no input or model could be read; 130 when it was stopped: then\n"
        "what was not finished is not there.",
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="an image, a folder of images, a video, a camera's number (0), or a URL",
    )
    _add_output(parser.add_argument_group("what is written; by default --json and --overlay"))
    _add_video(parser.add_argument_group("videos and cameras"))
    add_estimator(parser.add_argument_group("estimator, as the pose node's parameters"))
    return parser


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--json", action="store_true", help="keypoints, scores and boxes")
    add("--openpose", action="store_true", help="OpenPose's JSON and pose map, for ControlNet")
    add("--overlay", action="store_true", help="the picture with the skeletons over it")
    add(
        "--output",
        type=Path,
        default=Path("predictions"),
        metavar="DIR",
        help="the folder to write to, made if need be; default: predictions",
    )
    add("--force", action="store_true", help="replace files that are there already")
    add(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="SCORE",
        help=f"leave out points scored up to this, but for --json; default: {THRESHOLD}",
    )


def _add_video(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--frames", type=int, default=0, metavar="N", help="stop after N frames")
    add(
        "--detect-every",
        type=int,
        default=0,
        metavar="N",
        help="detect people on every N-th frame, and follow them between; default: 1 with "
        "DWPose, 8 with holistic",
    )
    add("--smooth", action="store_true", help="smooth the points over time; they then lag")


def main(argv: Sequence[str] | None = None, prog: str = "predict") -> int:
    """Run the command. Exit codes are in its help."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if args.frames < 0:
        parser.error(f"--frames is {args.frames}; wanted 1 or more, or 0 for all")
    if args.detect_every < 0:
        parser.error(f"--detect-every is {args.detect_every}; wanted 1 or more, or 0")
    if not 0 <= args.threshold <= 1:
        parser.error(f"--threshold is {args.threshold}; wanted 0 to 1")
    try:
        return _run(args)
    except KeyboardInterrupt:
        print("\nstopped: what was not finished was not written", file=sys.stderr)
        return 130


def _run(args: argparse.Namespace) -> int:
    default = not (args.json or args.openpose or args.overlay)
    folder = args.output.expanduser()
    wanted = Wanted(
        folder, args.json or default, args.openpose, args.overlay or default, args.threshold
    )
    try:
        jobs = jobs_of(args.source)
        check_outputs(jobs, wanted, args.force)
        make_folder(folder)
    except DwposeError as err:
        print(err, file=sys.stderr)
        return 2
    predictor, failed = Predictor(args, wanted), 0
    several = len(jobs) > 1
    try:
        for job in tqdm(jobs, unit="source", leave=False, disable=None if several else True):
            try:
                tqdm.write(predictor.run(job))
            except ModelError as err:
                tqdm.write(str(err), file=sys.stderr)
                return 2
            except DwposeError as err:
                tqdm.write(str(err), file=sys.stderr)
                failed += 1
    finally:
        predictor.close()
    return (2 if failed == len(jobs) else 1) if failed else 0
