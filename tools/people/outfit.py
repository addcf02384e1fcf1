# SPDX-License-Identifier: Apache-2.0
"""What somebody wears and holds, and the colours of skin, hair and clothes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tools.people.garments import BROWS, HAIR, SHOES, SHORT_HAIR, SUITS, TWO_PARTS, Wardrobe
from tools.people.physique import Physique
from tools.people.things import HELD
from tools.people.wear import HATS

Color = tuple[float, float, float]
"""RGB factors of light, 0..1 or a little more: squares of what is seen."""

_HAIR_COLORS = {  # linear RGB, and what part of fair-skinned people has it
    "black": ((0.012, 0.01, 0.009), 0.2), "dark": ((0.035, 0.02, 0.012), 0.3),
    "brown": ((0.1, 0.05, 0.025), 0.22), "blond": ((0.42, 0.27, 0.12), 0.15),
    "red": ((0.22, 0.06, 0.02), 0.06), "dyed": ((0.2, 0.1, 0.4), 0.07),
}  # fmt: skip
_GREY = (0.4, 0.4, 0.41)


class Outfit(NamedTuple):
    """What somebody wears; names are those of the garments."""

    suit: str
    bottom: str | None
    """Another suit, of which the lower half is worn; None is the suit's own."""
    shoes: str | None
    hair: str | None
    brows: str
    beard: str | None
    hat: str | None
    glasses: str | None
    mask: bool
    holds: tuple[str | None, str | None]
    """In the left and the right hand."""
    skin: Path
    eyes: Path
    skin_tint: Color
    hair_color: Color
    dyes: tuple[Color | None, ...]
    """For each of the suit's eight parts its colour; None leaves the texture's own."""
    pattern: int
    """0 plain; see the fragment shader."""
    pattern_color: Color
    pattern_size: float
    extra_colors: tuple[Color, ...]
    """Of hat, mask, glasses, shoes and what is held."""


def draw_outfit(random: np.random.Generator, physique: Physique, wardrobe: Wardrobe) -> Outfit:
    """Draw what somebody wears: always a suit, mostly shoes, and whatever else there is."""
    man = physique.male > 0.5
    suits = wardrobe.some(SUITS)
    own = [s for s in suits if s.startswith("male" if man else "female")]
    suit = str(random.choice(own if own and random.random() < (0.97 if man else 0.6) else suits))
    if man and suit.startswith("female"):
        suit = str(random.choice(own or suits))
    bottom = None
    if suit in TWO_PARTS and random.random() < 0.6:
        others = wardrobe.some(TWO_PARTS)
        fitting = [s for s in others if not (man and s.startswith("female"))]
        bottom = str(random.choice(fitting or others))
    hat = _hat(random, wardrobe)
    hair = _hair(random, man, hat, wardrobe)
    glasses = None
    if random.random() < (0.16 if physique.age < 45 else 0.35):
        glasses = "sunglasses" if random.random() < 0.25 else "glasses"
    holds = [str(random.choice(HELD)) if random.random() < 0.07 else None for _ in "LR"]
    same = random.random() < 0.3
    dye = _color(random)
    dyes = [dye if same else _color(random) for _ in range(8)]
    if random.random() < 0.35:
        dyes = [None] * 8
    return Outfit(
        suit=suit,
        bottom=bottom,
        shoes=str(random.choice(wardrobe.some(SHOES))) if random.random() < 0.93 else None,
        hair=hair,
        brows=str(random.choice(wardrobe.some(BROWS))),
        beard=_beard(random, physique),
        hat=hat,
        glasses=glasses,
        mask=random.random() < 0.06,
        holds=(holds[0], holds[1]),
        skin=_skin(random, physique, wardrobe.skins),
        eyes=_eyes(random, physique, wardrobe.eyes),
        skin_tint=_skin_tint(random, physique),
        hair_color=_hair_color(random, physique),
        dyes=tuple(dyes),
        pattern=int(random.integers(1, 6)) if random.random() < 0.2 else 0,
        pattern_color=_color(random),
        pattern_size=float(random.uniform(8, 45)),
        extra_colors=tuple(_color(random) for _ in range(5)),
    )


def _color(random: np.random.Generator) -> Color:
    """A colour of cloth: greys, darks, and all hues but those of skin."""
    if random.random() < 0.35:
        grey = random.choice([0.02, 0.06, 0.2, 0.5, 0.8]) * random.uniform(0.6, 1.1)
        rgb = grey * random.uniform(0.93, 1.07, 3)
    else:
        hue, bright, pale = random.uniform((0, 0.04, 0), (1, 0.75, 0.8))
        rgb = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
        rgb = (rgb * (1 - pale) + pale) * bright
    red, green, blue = (float(x) for x in rgb)
    return (green, red, blue) if like_skin((red, green, blue)) else (red, green, blue)


def like_skin(color: Color) -> bool:
    """Return whether cloth of a colour could be taken for skin: orange to pink, not vivid."""
    red, green, blue = color
    return red > 1.12 * green and red < 4.5 * green and green > 0.7 * blue


def _hat(random: np.random.Generator, wardrobe: Wardrobe) -> str | None:
    if random.random() > 0.13:
        return None
    fedoras = wardrobe.some(("fedora", "fedora_cocked"))
    return str(random.choice([*HATS, *fedoras]))


def _hair(
    random: np.random.Generator, man: bool, hat: str | None, wardrobe: Wardrobe
) -> str | None:
    if hat in HATS:
        return None  # it covers the head
    names = wardrobe.some(SHORT_HAIR if hat else HAIR)
    if man and random.random() < 0.9:
        names = [n for n in names if n.startswith(("short", "afro"))] or names
    bald = 0.18 if man else 0.03
    return str(random.choice(names)) if names and random.random() > bald else None


def _beard(random: np.random.Generator, physique: Physique) -> str | None:
    """Choose a beard for two of five men."""
    if physique.male < 0.7 or physique.age < 18 or random.random() > 0.4:
        return None
    return str(random.choice(["full", "stubble", "goatee", "moustache"], p=[0.35, 0.4, 0.15, 0.1]))


def _skin(random: np.random.Generator, physique: Physique, skins: list[Path]) -> Path:
    """Choose a skin by tone, sex and age, in this order, as far as there are some."""
    tone = "dark" if physique.origin[0] > 0.5 else "light"
    sex = "male" if physique.male > 0.5 else "female"
    age = "young" if physique.age < 38 else "middleage" if physique.age < 60 else "old"
    for part in (f"_{tone}", f"_{sex}_", f"{age}_"):
        chosen = [s for s in skins if part in f"_{s.stem}_".replace(f"_{age}_", f"_{age}_")]
        skins = chosen or skins
    return skins[random.integers(len(skins))]


def _eyes(random: np.random.Generator, physique: Physique, eyes: list[Path]) -> Path:
    """Choose eyes: brown ones for all but a part of the Europeans."""
    brown = [e for e in eyes if e.stem.startswith("brown")]
    if brown and random.random() > 0.75 * max(0, physique.origin[2] - 0.3) / 0.7:
        eyes = brown
    return eyes[random.integers(len(eyes))]


def _skin_tint(random: np.random.Generator, physique: Physique) -> Color:
    """Make skins vary, and the light ones darker for those of part African or Asian origin."""
    african, asian, _ = physique.origin
    tone = random.uniform(0.75, 1.2)
    if african <= 0.5:
        tone *= 1 - 0.9 * african - 0.15 * asian
    warm = np.array([1, 0.97 - 0.15 * african * (african <= 0.5), 0.92 - 0.06 * asian])
    return tuple(float(x) for x in tone * warm * (1 + random.normal(0, 0.03, 3)))  # type: ignore


def _hair_color(random: np.random.Generator, physique: Physique) -> Color:
    african, asian, european = physique.origin
    grey = float(np.clip((physique.age - 40) / 35, 0, 1)) * random.random()
    shares = np.array([share for _, share in _HAIR_COLORS.values()])
    shares[:2] += 2.0 * (african + asian)
    name = str(random.choice(list(_HAIR_COLORS), p=shares / shares.sum()))
    base = np.array(_HAIR_COLORS[name][0])
    if name == "dyed":
        base = np.array(_color(random))
    mixed = base * (1 - grey) + np.array(_GREY) * grey
    return tuple(float(x) for x in mixed * random.uniform(0.7, 1.4))  # type: ignore
