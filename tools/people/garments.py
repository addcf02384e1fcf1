# SPDX-License-Identifier: Apache-2.0
"""What people wear, from MakeHuman's .mhclo files: found, read, and fitted to a body.

Each vertex of such a mesh hangs on three vertices of the body by weights and an offset, which
grows with the body. `delete_verts` lists the body's vertices that the garment hides.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tools.people.errors import PeopleError
from tools.people.mesh import METRES, Surface, read_obj

# Suits that cover chest, belly, hips and thighs by themselves. female_sportsuit01 bares the belly,
# so it is not among them. The first letter says for whom they are cut.
SUITS = (
    "female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "male_casualsuit01",
    "male_casualsuit02", "male_casualsuit03", "male_casualsuit04", "male_casualsuit05",
    "male_casualsuit06", "male_elegantsuit01", "male_worksuit01",
)  # fmt: skip
# Those of them whose upper and lower half may be worn with others' halves.
TWO_PARTS = (
    "female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "male_casualsuit02",
    "male_casualsuit03", "male_casualsuit04", "male_casualsuit05", "male_casualsuit06",
    "male_elegantsuit01",
)  # fmt: skip
SHOES = tuple(f"shoes{i:02}" for i in range(1, 7))
HAIR = (
    "afro01", "bob01", "bob02", "braid01", "long01", "ponytail01", "short01", "short02", "short03",
    "short04",
)  # fmt: skip
SHORT_HAIR = ("short02", "short04")  # lies close enough to the head for a hat
BROWS = tuple(f"eyebrow{i:03}" for i in range(1, 13))
TEXTURE = 1024  # px, the largest that is kept


class Garment(NamedTuple):
    """Something worn, as it is read."""

    name: str
    surface: Surface
    anchors: np.ndarray
    """(n, 3) int32: the body's vertices that each vertex hangs on."""
    shares: np.ndarray
    """(n, 3) float32: their weights."""
    offsets: np.ndarray
    """(n, 3) float32 m, for a body of the reference sizes."""
    sizes: tuple[tuple[int, int, float], ...]
    """For x, y and z: two of the body's vertices, and their distance that offsets are made for."""
    hides: np.ndarray
    """Indices of the body's vertices that it hides."""
    texture: Path | None


def fit(garment: Garment, body: np.ndarray) -> np.ndarray:
    """Return the garment's vertices (n, 3) float32 on a body's vertices (m, 3), both at rest."""
    scale = np.array(
        [abs(body[a, i] - body[b, i]) / d for i, (a, b, d) in enumerate(garment.sizes)]
    )
    on_body = np.einsum("nk,nkc->nc", garment.shares, body[garment.anchors])
    return (on_body + garment.offsets * scale).astype(np.float32)


class Wardrobe:
    """The garments of a folder with MakeHuman's CC0 assets, each read when it is first wanted.

    Raises:
        PeopleError: the folder is not there, or lacks the clothes or skins without which nobody
            can be shown.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        wanted = "a folder with MakeHuman's CC0 assets: clothes, skins, hair, eyebrows, eyes"
        if not folder.is_dir():
            raise PeopleError(f"{folder}: is no folder; wanted {wanted}")
        self._read: dict[str, Garment] = {}
        self._found = {p.stem: p for p in sorted(folder.rglob("*.mhclo"))}
        skins = sorted((folder / "skins" / "textures").glob("*_diffuse*.*[gp]"))  # PNG or WebP
        self.skins = [p for p in skins if "special" not in p.stem]  # with clothes painted on
        self.eyes = sorted((folder / "eyes" / "materials").glob("*_eye.*[gp]"))
        for kind, names in (("suits", SUITS), ("shoes", SHOES), ("eyebrows", BROWS)):
            if not self.some(names):
                raise PeopleError(
                    f"{folder}: has no {kind} (like {names[0]}.mhclo), and nobody is shown "
                    f"without; wanted {wanted}"
                )
        for kind, found in (("skins/textures", self.skins), ("eyes/materials", self.eyes)):
            if not found:
                raise PeopleError(f"{folder}: has no pictures in {kind}; wanted {wanted}")

    def some(self, names: tuple[str, ...]) -> list[str]:
        """Return those of the names that are here."""
        return [name for name in names if name in self._found]

    def has(self, name: str) -> bool:
        return name in self._found

    def get(self, name: str) -> Garment:
        """Return a garment. Raises PeopleError if it is not here or cannot be read."""
        if name not in self._read:
            if name not in self._found:
                raise PeopleError(f"{self.folder}: has no {name}.mhclo")
            self._read[name] = _garment(self._found[name])
        return self._read[name]


def read_texture(path: Path, largest: int = TEXTURE) -> np.ndarray:
    """Return a picture as (h, w, 4) uint8 RGBA, made smaller if it is larger than wanted.

    Raises:
        PeopleError: it cannot be read.
    """
    try:
        bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error) as err:
        raise PeopleError(f"{path}: cannot be read: {err}") from err
    if bgr is None or bgr.dtype != np.uint8:
        raise PeopleError(f"{path}: is no picture of 8 bits a channel")
    scale = largest / max(bgr.shape[:2])
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    channels = 1 if bgr.ndim == 2 else bgr.shape[2]
    code = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[channels]
    return cv2.cvtColor(bgr, code)


def _garment(path: Path) -> Garment:
    try:
        lines = path.read_text("utf-8", "ignore").splitlines()
    except OSError as err:
        raise PeopleError(f"{path}: cannot be read: {err.strerror}") from err
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    keys = {w[0]: w[1:] for w in words if not _number(w[0])}
    try:
        rows, hidden = _numbers(words)
        values = np.array([_row(row) for row in rows], float).reshape(-1, 3, 3)
        anchors, shares, offsets = values.transpose(1, 0, 2)
        sizes = tuple(
            (int(a), int(b), float(d) * METRES)
            for a, b, d in (keys[f"{axis}_scale"] for axis in "xyz")
        )
        hides = _ranges(" ".join(" ".join(line) for line in hidden))
        obj = path.parent / keys["obj_file"][0]
        mesh = read_obj(obj.read_text("utf-8", "ignore"), str(obj))
    except (OSError, KeyError, ValueError, IndexError) as err:
        raise PeopleError(f"{path}: is no garment of MakeHuman: {err!r}") from err
    if len(mesh.vertices) != len(anchors):
        raise PeopleError(
            f"{path}: places {len(anchors)} vertices, and {obj.name} has {len(mesh.vertices)}"
        )
    offsets = (offsets * METRES).astype(np.float32)
    return Garment(
        path.stem, Surface(mesh, parts=True), anchors.astype(np.int32),
        shares.astype(np.float32), offsets, sizes, hides,
        _texture(path, (keys.get("material") or [""])[0]),
    )  # fmt: skip


def _number(word: str) -> bool:
    return word[0] in "-.0123456789"


def _numbers(words: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """The lines of numbers before `delete_verts`, and those after it. Keys may lie among them."""
    keys = [line[0] for line in words]
    at = keys.index("delete_verts") if "delete_verts" in keys else len(keys)
    rows = [line for line in words[:at] if _number(line[0])]
    return rows, [line for line in words[at:] if _number(line[0])]


def _row(row: list[str]) -> list[float]:
    """Three anchors, three weights, three offsets; a single number is a vertex it sits on."""
    values = [float(x) for x in row]
    if len(values) == 1:
        return [values[0]] * 3 + [1, 0, 0] + [0, 0, 0]
    if len(values) == 9:
        return values
    raise ValueError(f"a line of {len(values)} numbers")


def _ranges(text: str) -> np.ndarray:
    """The numbers of a text like "3 5 - 7": 3, 5, 6, 7."""
    found: list[int] = []
    for piece in text.replace(" - ", "-").split():
        first, _, last = piece.partition("-")
        found += range(int(first), int(last or first) + 1)
    return np.array(found, np.int32)


def _texture(path: Path, material: str) -> Path | None:
    """The picture of a garment's colours: its material's, or the only one that is there."""
    named = [] if not material else _diffuse(path.parent / material)
    pictures = [p for p in sorted(path.parent.iterdir()) if p.suffix in (".webp", ".png")]
    plain = [p for p in pictures if "diffuse" in p.name or p.stem == path.stem]
    shade = [p for p in pictures if p.stem.endswith("_ao")]  # folds in grey: to be dyed
    return (named or plain or shade or [None])[0]


def _diffuse(material: Path) -> list[Path]:
    """The picture that a material names, whichever kind of file it is here."""
    try:
        lines = material.read_text("utf-8", "ignore").splitlines()
    except OSError:
        return []
    names = [line.split()[1] for line in lines if line.startswith("diffuseTexture ")]
    found = [(material.parent / n).with_suffix(s) for n in names for s in (".webp", ".png")]
    return [p for p in found if p.is_file()]
