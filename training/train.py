# SPDX-License-Identifier: Apache-2.0
"""Train a whole-body pose network, with DWPose's two-stage distillation.

    python -m training.train --data people --val people_val --size t --out runs/t
    python -m training.train --data people --mode stage1 --teacher runs/l/last.pth --out runs/t1
    python -m training.train --data people --mode stage2 --teacher runs/t1/last.pth --out runs/t2

SIGINT and SIGTERM end it after the step, with a checkpoint; --resume goes on from there, to the
bit on the same machine.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from dwpose_ros.core.errors import DwposeError
from training.augment import NONE, Augmentation
from training.batches import Batch, Crops, batches, order
from training.checkpoints import BEST, LAST, check_folder, load, save
from training.console import Stop, progress
from training.data import Joined, Person, read
from training.distillation import lesson
from training.evaluation import evaluate
from training.rtmpose import RTMPose
from training.schedule import Average, groups, rate
from training.settings import FREE, Settings, SettingsError, parse
from training.start import begin
from training.weights import teacher

BASE_BATCH = 512  # for which `Settings.rate` is meant


class TrainingError(DwposeError):
    """Training cannot go on; the message says why."""


class Trainer:
    """One run: what is learnt, from whom, and how far it is.

    Args:
        settings: of the run; `data`, `val` and `teacher` in it are not read here.
        people: to learn from.
        val: people to measure on after each epoch, or nobody.
        teacher: for the first and the second stage.

    Raises:
        DwposeError: a setting is wrong, the teacher does not fit, or the device is not there.
    """

    def __init__(
        self,
        settings: Settings,
        people: Sequence[Person],
        val: Sequence[Person] = (),
        teacher: RTMPose | None = None,
    ) -> None:
        self.settings, self.people, self.val = settings, people, val
        self.device = _device(settings.device)
        torch.manual_seed(settings.seed)
        student = RTMPose(settings.network)
        if settings.start:
            begin(student, Path(settings.start))
        # Channels last is faster on GPUs, and a little on CPUs.
        layout = {"device": self.device, "memory_format": torch.channels_last}
        self.lesson = _lesson(settings.mode, student, teacher and teacher.to(**layout))
        self.lesson.to(**layout)
        self.average = Average(self.lesson.student)
        scaled = settings.rate * settings.batch / BASE_BATCH
        self.optimizer = torch.optim.AdamW(groups(self.lesson, settings.weight_decay), lr=scaled)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = scaled
        self.half = _half(self.device)
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.half == torch.float16)
        augmentation = Augmentation() if settings.augment else NONE
        size = (settings.network.width, settings.network.height)
        self.crops = Crops(people, size, augmentation, settings.seed)
        self.each = len(order(len(people), settings.batch, settings.seed, 1))
        self.step, self.loss, self.best = 0, math.nan, -math.inf
        self.history: list[dict[str, Any]] = []

    @property
    def steps(self) -> int:
        """How many there are in all."""
        return self.each * self.settings.epochs

    def run(
        self,
        stop: Stop | None = None,
        out: Path | None = None,
        say: Callable[[str], None] | None = None,
    ) -> bool:
        """Train to the end, or until told to stop.

        Args:
            stop: asked after each step.
            out: the folder of the checkpoints; without it none is written.
            say: is given the progress, a line of text, after each step.

        Returns:
            Whether the end was reached.
        """
        saved = time.monotonic()
        while self.step < self.steps:
            epoch, first = divmod(self.step, self.each)
            places = order(len(self.people), self.settings.batch, self.settings.seed, epoch + 1)
            self.lesson.train()
            for batch in batches(self.crops, places[first:], self.device, self.settings.workers):
                self._learn(batch, epoch + 1)
                if self.step % self.each == 0:
                    self._measure(epoch + 1, out)
                if say:
                    say(self.line(epoch + 1))
                if stop and stop.asked and self.step < self.steps:
                    self._save(out)
                    return False
                if time.monotonic() - saved > 60 * self.settings.save_minutes:
                    self._save(out)
                    saved = time.monotonic()
        self._save(out)
        return True

    def line(self, epoch: int) -> str:
        """Return the progress in one line."""
        measured = self.history[-1] if self.history else {}
        found = f", found {measured['whole']:.3f}" if "whole" in measured else ""
        return (
            f"epoch {epoch}/{self.settings.epochs}, step {self.step}/{self.steps}, "
            f"loss {self.loss:.4f}, rate {self.optimizer.param_groups[0]['lr']:.1e}{found}"
        )

    def _learn(self, batch: Batch, epoch: int) -> None:
        factor = rate(self.step, self.steps, self.settings.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        images, xy, weights = batch
        with torch.autocast(self.device.type, self.half, enabled=self.half is not None):
            loss = self.lesson(images, xy, weights, epoch, self.settings.epochs)
        self.loss = float(loss.detach())
        if not math.isfinite(self.loss):
            raise TrainingError(
                f"step {self.step + 1}: the loss is {self.loss}; the last checkpoint is from "
                "before. A lower rate, or --clip, may help"
            )
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        trained = [p for g in self.optimizer.param_groups for p in g["params"]]
        torch.nn.utils.clip_grad_norm_(trained, self.settings.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update(self.lesson.student)
        self.step += 1

    def _measure(self, epoch: int, out: Path | None) -> None:
        if len(self.val):
            found = evaluate(self.average.model, self.val, self.settings.batch)
            self.history.append({"epoch": epoch, "loss": self.loss, **found})
            if found["whole"] > self.best:
                self.best = found["whole"]
                if out is not None:
                    save(out / BEST, self.state())
            self.lesson.train()

    def _save(self, out: Path | None) -> None:
        if out is not None:
            save(out / LAST, self.state())

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on."""
        return {
            "state_dict": self.average.model.state_dict(),
            "size": list(self.settings.network),
            "settings": dataclasses.asdict(self.settings),
            "lesson": self.lesson.state_dict(),
            "averaged": self.average.steps,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": torch.get_rng_state(),
            "people": len(self.people),
            "step": self.step,
            "best": self.best,
            "history": self.history,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            SettingsError: it is of a run with other settings or other people.
        """
        now, before = dataclasses.asdict(self.settings), state["settings"]
        other = [n for n in now if n not in FREE and now[n] != before.get(n)]
        if other:
            told = ", ".join(f"{n} was {before.get(n)!r} and is {now[n]!r}" for n in other)
            raise SettingsError(f"the checkpoint is of another run: {told}")
        if state["people"] != len(self.people):
            raise SettingsError(
                f"the checkpoint is of {state['people']} people; the data has {len(self.people)}"
            )
        if state["step"] > self.steps or state["lesson"].keys() != self.lesson.state_dict().keys():
            raise SettingsError("the checkpoint is of another network or teacher")
        self.lesson.load_state_dict(state["lesson"])
        self.average.model.load_state_dict(state["state_dict"])
        self.average.steps = state["averaged"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        self.step, self.best = state["step"], state["best"]
        self.history = list(state["history"])


def main(arguments: list[str] | None = None) -> int:
    try:
        settings, resume = parse(arguments)
        out = Path(settings.out)
        check_folder(out)
        if not resume and (out / LAST).exists():
            raise SettingsError(f"{out / LAST} is there; wanted --resume or another --out")
        people = read(settings.data)
        if not people.labelled and settings.mode == "plain":
            raise SettingsError("nobody in the data is annotated; plain wants annotations")
        val: Joined | tuple = read(settings.val) if settings.val else ()
        wise = settings.teacher and teacher(Path(settings.teacher), settings.teacher_size)
        trainer = Trainer(settings, people, val, wise or None)
        if resume:
            trainer.load_state(load(out / LAST))
        stop = Stop()
        finished = trainer.run(stop, out, progress())
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if not finished:
            print(f"training: stopped at step {trainer.step}; --resume goes on", file=sys.stderr)
            return 128 + stop.asked
    except DwposeError as err:
        print(f"training: {err}", file=sys.stderr)
        return 1
    last = trainer.history[-1] if trainer.history else {}
    measured = "".join(f", {n} {v:.3f}" for n, v in last.items() if n not in ("epoch", "loss"))
    print(f"{out / LAST}: {trainer.step} steps, loss {trainer.loss:.4f}{measured}")
    return 0


def _lesson(mode: str, student: RTMPose, teacher: RTMPose | None) -> Any:
    try:
        return lesson(mode, student, teacher)
    except ValueError as err:
        raise SettingsError(str(err)) from err


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device cuda: PyTorch finds none; wanted auto or cpu")
    return torch.device(name)


def _half(device: torch.device) -> torch.dtype | None:
    """What the backbone is computed in: 16 bits on a GPU, 32 on a CPU, where 16 are slower."""
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


if __name__ == "__main__":
    sys.exit(main())
