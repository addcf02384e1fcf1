# SPDX-License-Identifier: Apache-2.0
"""What a run of training is told, from the command line and a YAML file. The defaults are those
of RTMPose's whole-body configurations: 270 epochs, AdamW, a flat and then cosine rate."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from dwpose_ros.core.errors import DwposeError
from training.distillation import MODES
from training.rtmpose import SIZES, TEACHERS, Size


class SettingsError(DwposeError):
    """A setting is wrong; the message says which, and what would be right."""


@dataclass(frozen=True)
class Settings:
    """One run."""

    data: list[str] = field(default_factory=list)
    """Sources, as `training.data.read` takes them."""
    val: list[str] = field(default_factory=list)
    """Sources that are not learnt from."""
    out: str = "runs/training"
    """Folder of the checkpoints."""
    mode: str = "plain"
    """plain, stage1 or stage2."""
    teacher: str = ""
    """A checkpoint, for stage1 and stage2; or, with `teacher_size`, a .pth of mmpose's names."""
    teacher_size: str = ""
    """nano, t, s, m, l, l-384, x or x-384, of a teacher that is no checkpoint of ours."""
    start: str = ""
    """A checkpoint or a .pth of mmpose's names whose weights that fit are the beginning; or an
    ONNX file of RTMDet-nano, whose backbone is nano's."""
    size: str = "t"
    """nano, t, s, m, l or l-384."""
    input: str = ""
    """WIDTHxHEIGHT px, if not the size's."""
    deepen: float = 0.0
    """Factor of the backbone's depth, if not the size's."""
    widen: float = 0.0
    """Factor of the backbone's width, if not the size's."""
    epochs: int = 270
    """Passes over the data; of stage2 the paper has a fifth of stage1's."""
    batch: int = 64
    """People in each step."""
    rate: float = 4e-3
    """Learning rate for a batch of 512; it is scaled to the batch in proportion."""
    warm_up: int = 1000
    """Steps in which the rate rises."""
    weight_decay: float = 0.05
    """Of AdamW."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    augment: bool = True
    """Whether crops are changed at random."""
    seed: int = 0
    """The same seed gives the same run on the same machine."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    workers: int = 0
    """Processes that make crops; what they make does not depend on it."""
    save_minutes: float = 10.0
    """How often a checkpoint is written."""

    @property
    def network(self) -> Size:
        """The network's size."""
        base = SIZES[self.size]
        width, height = _input(self.input) if self.input else (base.width, base.height)
        return base._replace(
            deepen=self.deepen or base.deepen, widen=self.widen or base.widen,
            width=width, height=height,
        )  # fmt: skip

    def check(self) -> None:
        """Raises SettingsError: a value is out of its range."""
        if self.mode not in MODES:
            raise SettingsError(f"mode {self.mode!r}: wanted one of {', '.join(MODES)}")
        if self.size not in SIZES:
            raise SettingsError(f"size {self.size!r}: wanted one of {', '.join(SIZES)}")
        if self.teacher_size not in ("", *TEACHERS):
            raise SettingsError(
                f"teacher_size {self.teacher_size!r}: wanted one of {', '.join(TEACHERS)}"
            )
        if self.device not in ("auto", "cpu", "cuda"):
            raise SettingsError(f"device {self.device!r}: wanted auto, cpu or cuda")
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} {getattr(self, name)}: wanted 1 or more")
        for name in ("rate", "clip", "save_minutes"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SettingsError(f"{name} {getattr(self, name)}: wanted a number above 0")
        for name in ("warm_up", "weight_decay", "seed", "workers", "deepen", "widen"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise SettingsError(f"{name} {getattr(self, name)}: wanted 0 or more")
        if self.input:
            _input(self.input)


# What may differ between a run and the one that it goes on from.
FREE = ("out", "device", "workers", "save_minutes", "val", "teacher", "teacher_size", "start")


def parse(arguments: list[str] | None = None) -> tuple[Settings, bool]:
    """Return the settings of a command line, and whether to go on from the last checkpoint.

    Raises:
        SettingsError: the YAML file cannot be read, or a value is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m training.train")
    parser.add_argument(
        "--config", type=Path, nargs="+", default=[], help="YAML files of these options"
    )
    parser.add_argument("--resume", action="store_true", help="go on from OUT/last.pth")
    for one in fields(Settings):
        kind: dict[str, Any] = {"type": type(_default(one)), "help": f"default: {_default(one)!r}"}
        if isinstance(_default(one), list):
            kind = {"nargs": "+"}
        elif isinstance(_default(one), bool):
            kind = {"action": argparse.BooleanOptionalAction}
        parser.add_argument(f"--{one.name.replace('_', '-')}", default=None, **kind)
    given = vars(parser.parse_args(arguments))
    configs, resume = given.pop("config"), given.pop("resume")
    values: dict[str, Any] = {}
    for config in configs:
        values |= from_file(config)
    told = {name: value for name, value in given.items() if value is not None}
    settings = Settings(**{**values, **told})
    settings.check()
    return settings, resume


def from_file(path: Path) -> dict[str, Any]:
    """Return the settings in a YAML file.

    Raises:
        SettingsError: it cannot be read, or has a key or a type that is wrong.
    """
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        line = " ".join(str(err).split())
        raise SettingsError(f"{path}: cannot be read as YAML: {line}") from err
    known = {one.name: _default(one) for one in fields(Settings)}
    if not isinstance(values, dict) or not set(values) <= set(known):
        wrong = sorted(map(str, set(values) - set(known))) if isinstance(values, dict) else values
        raise SettingsError(f"{path}: has {wrong}; wanted some of {', '.join(known)}")
    for name, value in values.items():
        kind = (int, float) if isinstance(known[name], float) else type(known[name])
        boolean = isinstance(value, bool) and not isinstance(known[name], bool)
        if not isinstance(value, kind) or boolean:
            raise SettingsError(f"{path}: {name} is {value!r}; wanted like {known[name]!r}")
        if isinstance(value, list) and not all(isinstance(v, str) for v in value):
            raise SettingsError(f"{path}: {name} is {value!r}; wanted a list of texts")
    return values


def _default(one: Any) -> Any:
    return getattr(Settings(), one.name)


def _input(text: str) -> tuple[int, int]:
    try:
        width, height = map(int, text.split("x"))
    except ValueError:
        width = height = 0
    if min(width, height) < 32 or width % 32 or height % 32:
        raise SettingsError(f"input {text!r}: wanted WIDTHxHEIGHT in multiples of 32 px")
    return width, height
