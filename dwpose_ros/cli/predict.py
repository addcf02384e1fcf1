# SPDX-License-Identifier: Apache-2.0
"""Finds the people in images, videos or a camera and writes what was found: `predict`."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from dwpose_ros.cli.predictions import PredictError, VideoFiles, Wanted, make_folder, write_image
from dwpose_ros.core.errors import DwposeError, ModelError
from dwpose_ros.core.image_files import images_of, is_image
from dwpose_ros.core.image_sources import Source, local, open_source
from dwpose_ros.core.images import ImageError, decode_file
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.estimation import backends
from dwpose_ros.estimation.estimator import Estimator
from dwpose_ros.estimation.runtimes.target import DEVICES, PRECISIONS, RUNTIMES, ExecutionTarget
from dwpose_ros.tracking.pose_tracker import PoseTracker


class Job(NamedTuple):
    """One image, or one video or camera."""

    source: str
    image: Path | None
    """The image's file; None for videos and cameras."""
    name: str
    """What its files' names begin with."""


def jobs_of(sources: Sequence[str]) -> list[Job]:
    """What is to be done. Raises PredictError for sources that are absent or empty.

    Files are named for their source without its ending; with it, where two would be the same.
    """
    found: list[tuple[str, Path | None, Path]] = []
    for source in sources:
        path = local(source)
        if path is None:
            found.append((source, None, Path(_plain(source))))
        elif path.is_dir():
            images = images_of(path)
            if not images:
                raise PredictError(f"{source}: the folder has no image")
            found += [(str(image), image, image) for image in images]
        elif not path.is_file():
            what = "is neither a file nor a folder" if path.exists() else "does not exist"
            raise PredictError(
                f"{source}: {what}; give an image, a folder of images, a video, a "
                "camera's number or a URL"
            )
        else:
            found.append((source, path if is_image(path) else None, path))
    stems = Counter(path.stem for _, _, path in found)
    return [
        Job(source, image, path.stem if stems[path.stem] == 1 else path.name)
        for source, image, path in found
    ]


def check_outputs(jobs: Sequence[Job], wanted: Wanted, force: bool) -> None:
    """PredictError where a file would be written twice, or over one that is there."""
    inputs = {Path(job.source).resolve() for job in jobs if local(job.source)}
    by: dict[Path, str] = {}
    for job in jobs:
        for path in wanted.files(job.name, video=job.image is None).values():
            if path in by:
                raise PredictError(
                    f"{by[path]} and {job.source} would both be written to {path}: give them "
                    "one after the other, each with an --output of its own"
                )
            if path.resolve() in inputs:
                raise PredictError(f"{path} is an input itself; give another --output")
            by[path] = job.source
    there = [path for path in by if path.exists() or path.is_symlink()]
    if there and not force:
        more = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise PredictError(f"{there[0]}{more}; give another --output, or --force to replace")


def _plain(source: str) -> str:
    """A file name for a camera or a stream, without anything that counts as an ending."""
    kind = "stream" if "://" in source else "camera"
    return f"{kind}_" + re.sub("[^A-Za-z0-9]+", "_", source.split("://")[-1]).strip("_")


class Predictor:
    """Runs jobs one after the other, with the estimator that each kind needs."""

    def __init__(self, args: argparse.Namespace, wanted: Wanted) -> None:
        self._args, self._wanted = args, wanted
        self._estimators: dict[bool, Estimator] = {}

    def run(self, job: Job) -> str:
        """Do one job, and say in one line what was found and written. Raises DwposeError."""
        if job.image is not None:
            bgr = _read(job.image)  # before the model is loaded, which takes longer
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
            args = self._args
            self._estimators[video], why = backends.load(
                args.backend,
                args.model,
                args.detector,
                ExecutionTarget(args.runtime, args.device, args.precision),
                subpixel=args.subpixel,
                detector_size=args.detector_size,
                download=args.download,
                video=video,
            )
            tqdm.write(f"{why}; runs on {self._estimators[video].runs_on}", file=sys.stderr)
        return self._estimators[video]

    def _image(self, job: Job, bgr: np.ndarray) -> str:
        estimator = self._estimator(video=False)
        poses = estimator(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        file = Path(job.source).name
        paths = write_image(self._wanted, job.name, file, bgr, poses, estimator.name)
        return _summary(job.source, len(poses), "", paths)

    def _video(self, job: Job, source: Source) -> str:
        estimator = self._estimator(video=True)
        tracker = PoseTracker(estimator, self._args.detect_every, self._args.smooth)
        file = job.source if source.live else Path(job.source).name
        seen: set[int] = set()
        limit = self._args.frames
        total = min(n for n in (source.length, limit, math.inf) if n)
        frames = tqdm(
            _frames(source, limit),
            desc=job.name,
            total=None if math.isinf(total) else total,
            unit="frame",
            leave=False,
            disable=None,  # not where nobody sees it
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


def _frames(source: Source, limit: int) -> Iterator[tuple[float, np.ndarray]]:
    """A source's frames (h, w, 3) uint8 BGR with their times in seconds, from 0 on.

    Ctrl-C is the way to end a live source: it then ends after the frame, as a video does.
    """
    began, count = time.monotonic(), itertools.count()
    with _until_interrupted(source.live) as stopped:
        while not stopped and source.grab():
            bgr = source.retrieve()
            if bgr is None:
                continue
            i = next(count)
            if source.live:
                time_s = time.monotonic() - began if i else 0.0
                began = began if i else time.monotonic()
            else:
                time_s = source.time_s if math.isfinite(source.time_s) else i / source.rate
            yield time_s, bgr
            if limit and i + 1 >= limit:
                return


@contextlib.contextmanager
def _until_interrupted(wanted: bool) -> Iterator[list[int]]:
    """A list that is no longer empty after a first Ctrl-C; a second one is as ever."""
    stopped: list[int] = []
    if not wanted:
        yield stopped
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _read(path: Path) -> np.ndarray:
    """An image (h, w, 3) uint8 BGR. Raises PredictError."""
    try:
        return decode_file(path.read_bytes())
    except (OSError, ImageError) as err:
        raise PredictError(f"{path}: is no image that can be read: {err}") from err


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
    add = parser.add_argument
    add(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="an image, a folder of images, a video, a camera's number (0), or a URL",
    )
    output = parser.add_argument_group("what is written; by default --json and --overlay")
    add = output.add_argument
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
    video = parser.add_argument_group("videos and cameras")
    add = video.add_argument
    add("--frames", type=int, default=0, metavar="N", help="stop after N frames")
    add(
        "--detect-every",
        type=int,
        default=1,
        metavar="N",
        help="detect people on every N-th frame, and follow them between; default: 1",
    )
    add("--smooth", action="store_true", help="smooth the points over time; they then lag")
    _add_estimator(parser.add_argument_group("estimator, as the pose node's parameters"))
    return parser


def _add_estimator(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--backend",
        default="auto",
        choices=backends.BACKENDS,
        help="auto (default): DWPose where its weights are, else MediaPipe",
    )
    add("--model", default="", help=f"a name or an ONNX file; default: {backends.MODEL}")
    add("--detector", default="", help=f"a name or an ONNX file; default: {backends.DETECTOR}")
    for name, choices in (("runtime", RUNTIMES), ("device", DEVICES), ("precision", PRECISIONS)):
        default = getattr(ExecutionTarget(), name)
        add(f"--{name}", default=default, choices=choices, help=f"default: {default}")
    add(
        "--no-subpixel",
        dest="subpixel",
        action="store_false",
        help="points at the bins of the networks' maps, not between them",
    )
    add(
        "--detector-size",
        type=int,
        default=0,
        metavar="PX",
        help="side of the detector's input, where its file leaves that open; default: 640",
    )
    add("--download", action="store_true", help="fetch missing weights first")


def main(argv: Sequence[str] | None = None, prog: str = "predict") -> int:
    """Run the command. Exit codes are in its help."""
    parser = _parser(prog)
    args = parser.parse_args(argv)
    if args.frames < 0:
        parser.error(f"--frames is {args.frames}; wanted 1 or more, or 0 for all")
    if args.detect_every < 1:
        parser.error(f"--detect-every is {args.detect_every}; wanted 1 or more")
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
