# SPDX-License-Identifier: Apache-2.0
"""Train a person detector of nano size, taught by an RTMDet on the features of its backbone.

    python -m training.detector.train --teacher rtmdet.onnx --data people room.mp4 --out runs/d
    python -m training.detector.export --teacher rtmdet.onnx --head runs/d/last.pth --out d.onnx

The backbone stays as it is. SIGINT and SIGTERM end it after the step, with a checkpoint; --resume
goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dwpose_ros.core.errors import DwposeError
from training.checkpoints import LAST, check_folder, load, save
from training.console import Stop, progress
from training.detector.lesson import corrected, loss
from training.detector.network import DetectorHead
from training.detector.pictures import Picture, PicturesError, compose, read
from training.detector.teacher import Teacher
from training.schedule import Average, groups, rate

SIZES = (256, 320, 384)  # of the images of a batch, px
WARM_UP = 200  # steps
CLIP = 10.0  # largest norm of the gradient

Batch = tuple[list[Tensor], Tensor, Tensor]


class Lessons:
    """What is learnt in each step: depends on the seed and the step alone.

    Args:
        teacher: gives features and answers.
        sources: of pictures, each as often as any other.
        batch: images in a step.
        seed: of all that is drawn.
    """

    def __init__(
        self, teacher: Teacher, sources: list[list[Picture]], batch: int, seed: int
    ) -> None:
        self._teacher, self._sources, self._batch, self._seed = teacher, sources, batch, seed

    def __call__(self, step: int) -> Batch:
        """Return features, scores (n, places) and boxes (n, places, 4) of a step."""
        rng = np.random.default_rng((self._seed, step))
        size = int(rng.choice(SIZES))
        samples = [compose(rng, self._sources, size) for _ in range(self._batch)]
        taught = self._teacher(np.stack([s.rgb for s in samples]))
        targets = [
            corrected(scores, boxes, sample.exact, sample.known)
            for scores, boxes, sample in zip(taught.scores, taught.boxes, samples)
        ]
        return (
            [
                torch.from_numpy(f).contiguous(memory_format=torch.channels_last)
                for f in taught.features
            ],
            torch.from_numpy(np.stack([t.scores for t in targets])),
            torch.from_numpy(np.stack([t.boxes for t in targets])),
        )

    def ahead(self, first: int, steps: int) -> Iterator[Batch]:
        """Return the steps' lessons in order, each made while the one before is learnt."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self, first)
            for step in range(first, steps):
                now = coming.result()
                coming = pool.submit(self, min(step + 1, steps - 1))
                yield now


def main(arguments: list[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    try:
        check_folder(args.out)
        if not args.resume and (args.out / LAST).exists():
            raise PicturesError(f"{args.out / LAST} is there; wanted --resume or another --out")
        torch.set_num_threads(args.threads)
        teacher = Teacher(args.teacher, args.threads)
        sources = [
            [picture for path in group.split(",") for picture in read(Path(path))]
            for group in args.data
        ]
        return _train(args, Lessons(teacher, sources, args.batch, args.seed), teacher)
    except DwposeError as err:
        print(f"training: {err}", file=sys.stderr)
        return 1


def _train(args: argparse.Namespace, lessons: Lessons, teacher: Teacher) -> int:
    torch.manual_seed(args.seed)
    channels = [f.shape[1] for f in teacher(np.zeros((1, 64, 64, 3), np.uint8)).features]
    head = DetectorHead(channels).to(memory_format=torch.channels_last)  # a third faster
    average = Average(head)
    optimizer = torch.optim.AdamW(groups(head, 0.05), lr=args.rate)
    step = 0
    if args.resume:
        state = load(args.out / LAST)
        head.load_state_dict(state["head"])
        average.model.load_state_dict(state["state_dict"])
        optimizer.load_state_dict(state["optimizer"])
        step = average.steps = state["step"]
    stop, say, saved = Stop(), progress(), time.monotonic()

    def store() -> None:
        state = {
            "head": head.state_dict(),
            "state_dict": average.model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
            "channels": channels,
        }
        save(args.out / LAST, state)

    mean = 0.0
    for features, scores, boxes in lessons.ahead(step, args.steps):
        for group in optimizer.param_groups:
            group["lr"] = args.rate * rate(step, args.steps, WARM_UP)
        value = loss(*head(features), scores, boxes)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), CLIP)
        optimizer.step()
        average.update(head)
        step += 1
        mean += (float(value.detach()) - mean) / min(step, 50)
        say(f"step {step}/{args.steps}, loss {mean:.4f}")
        if stop.asked:
            break
        if time.monotonic() - saved > 60 * args.save_minutes:
            store()
            saved = time.monotonic()
    store()
    print(f"{args.out / LAST}: step {step} of {args.steps}, loss {mean:.4f}")
    return 128 + stop.asked if stop.asked else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.detector.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--teacher", type=Path, required=True, help="ONNX file of an RTMDet")
    parser.add_argument(
        "--data", nargs="+", required=True,
        help="sources, each as often as any other: folders of tools.people or of pictures, "
        "videos; several joined by a comma are one source",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1, help="of teacher and student, each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-minutes", type=float, default=5.0)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/last.pth")
    return parser


if __name__ == "__main__":
    sys.exit(main())
