# SPDX-License-Identifier: Apache-2.0
"""Dresses a posed body: suit, shoes, hair, hat, mask, glasses, each in its colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.people import renderer as kinds
from tools.people.anny import Body
from tools.people.face import Expression
from tools.people.garments import Garment, Wardrobe, fit, read_texture
from tools.people.outfit import Color, Outfit
from tools.people.renderer import WHITE, Item
from tools.people.rig import Posed, Rig
from tools.people.skin import hip_height
from tools.people.wear import HATS, HeadWear

TROUSERS = 0.16  # m above the hips, below which trousers, shorts and skirts end
WAIST = (-0.1, 0.17)  # m from the hips: where one half may end before the other begins
OPEN = 0.04  # share of an open jaw from which teeth can be seen
LARGE = 4  # parts of a suit that are dyed; smaller ones are buttons and seams, and dark
DARKEST = 0.1  # the underlayer's brightest colour: it can be taken for leggings, never for skin


class Dresser:
    """Makes the items of what is worn."""

    def __init__(self, body: Body, rig: Rig, wardrobe: Wardrobe) -> None:
        self._body, self._rig, self._wardrobe = body, rig, wardrobe
        self._head_wear = HeadWear(body)
        self._own: dict[str, Garment] = {}
        self._weights: dict[str, Any] = {}
        self._colors: dict[str, np.ndarray] = {}

    def hidden(self, outfit: Outfit) -> np.ndarray:
        """Return which of the body's vertices (n,) the clothes hide."""
        found = np.zeros(len(self._body.mesh.vertices), bool)
        found[self._wardrobe.get(outfit.suit).hides] = True
        if outfit.bottom:
            other = np.zeros(len(found), bool)
            other[self._wardrobe.get(outfit.bottom).hides] = True
            # Around the waist neither half hides what is below the other: the underlayer stays.
            above = self._body.mesh.vertices[:, 1] - hip_height(self._body)
            found = (found & (above > WAIST[1])) | (other & (above < WAIST[0]))
        if outfit.shoes:
            found[self._wardrobe.get(outfit.shoes).hides] = True
        return found

    def items(
        self, rest: np.ndarray, posed: Posed, outfit: Outfit, expression: Expression
    ) -> list[Item]:
        """Return all that is worn, and the teeth of an open mouth.

        Args:
            rest: the body's vertices (n, 3) m.
            posed: its posture.
            outfit: what is worn.
            expression: of the face.
        """
        get = self._wardrobe.get
        items = self._halves(rest, posed, outfit)
        if outfit.shoes:
            items.append(self._item(rest, posed, get(outfit.shoes), kinds.CLOTH, WHITE))
        for name, color in self._hairs(outfit):
            tints = WHITE * color / np.maximum(self._color(get(name)).mean(), 0.02)
            hair = self._item(rest, posed, get(name), kinds.HAIR, tints)
            items.append(hair._replace(cut=0.45, shine=0.1))
        if dict(expression.units).get("jawOpen", 0) > OPEN:
            for name in self._wardrobe.some(("teeth_base", "tongue01")):
                items.append(self._item(rest, posed, get(name), kinds.SKIN, WHITE))
        for name, color in self._on_head(outfit):
            tints = WHITE * color
            if name == "sunglasses":
                tints[1:] = 0.01  # the lenses
            items.append(self._item(rest, posed, self._head(name), kinds.WORN, tints))
        return items

    def underlayer(self, outfit: Outfit) -> np.ndarray:
        """Return tints (8, 3): dark shades of the suit's colour, 0 above the hips, 1 below."""
        found = np.ones((8, 3))
        halves = ((outfit.suit, outfit.dyes), (outfit.bottom or outfit.suit, outfit.dyes))
        for i, (name, dyes) in enumerate(halves):
            suit = self._wardrobe.get(name)
            dyes = dyes[::-1] if i and outfit.bottom else dyes
            tints = self._dyed(suit, dyes, outfit) * self._color(suit)
            use = (self._height(suit) < 0) == bool(i)
            part = suit.surface.part[use].astype(int)
            found[i] = tints[part].mean(0) if use.any() else tints.mean(0)
        return found * np.minimum(1, DARKEST / np.maximum(found.max(1, keepdims=True), 1e-3))

    def _halves(self, rest: np.ndarray, posed: Posed, outfit: Outfit) -> list[Item]:
        """The suit, or the upper half of it and the lower half of another."""
        suit = self._wardrobe.get(outfit.suit)
        dyed = self._dyed(suit, outfit.dyes, outfit)
        item = self._item(rest, posed, suit, kinds.CLOTH, dyed)._replace(
            pattern=outfit.pattern,
            pattern_color=outfit.pattern_color,
            pattern_size=outfit.pattern_size,
        )
        if not outfit.bottom:
            return [item]
        other = self._wardrobe.get(outfit.bottom)
        dyed = self._dyed(other, outfit.dyes[::-1], outfit)
        lower = self._item(rest, posed, other, kinds.CLOTH, dyed)
        return [
            item._replace(triangles=item.triangles[~self._is_low(suit)]),
            lower._replace(triangles=lower.triangles[self._is_low(other)]),
        ]

    def _is_low(self, suit: Garment) -> np.ndarray:
        """Which of a suit's triangles belong to its lower half: parts that end at the waist."""
        height = self._height(suit)
        part = suit.surface.part
        tops = [height[part == p].max() if (part == p).any() else 0 for p in range(8)]
        low = np.array(tops) < TROUSERS
        return low[part[suit.surface.triangles[:, 0]].astype(int)]

    def _height(self, suit: Garment) -> np.ndarray:
        """How high above the hips the vertices of a suit are on the base mesh, m."""
        vertices = self._body.mesh.vertices
        return fit(suit, vertices)[suit.surface.index, 1] - hip_height(self._body)

    def _hairs(self, outfit: Outfit) -> list[tuple[str, Color]]:
        brows = tuple(0.5 * x for x in outfit.hair_color)
        found = [(outfit.hair, outfit.hair_color), (outfit.brows, brows)]
        found += [(n, (0.01, 0.01, 0.01)) for n in self._wardrobe.some(("eyelashes01",))]
        return [(name, color) for name, color in found if name]

    @staticmethod
    def _on_head(outfit: Outfit) -> list[tuple[str, Color]]:
        names = (outfit.hat, "mask" if outfit.mask else None, outfit.glasses)
        return [(name, color) for name, color in zip(names, outfit.extra_colors) if name]

    def _head(self, name: str) -> Garment:
        """A thing for the head: our own, or a hat of the wardrobe."""
        if name not in self._own:
            make = self._head_wear
            if name in HATS:
                self._own[name] = make.hat(name)
            elif name == "mask":
                self._own[name] = make.mask()
            elif name in ("glasses", "sunglasses"):
                self._own[name] = make.glasses(name == "sunglasses")
            else:
                self._own[name] = self._wardrobe.get(name)
        return self._own[name]

    def _item(
        self, rest: np.ndarray, posed: Posed, garment: Garment, kind: int, tints: np.ndarray
    ) -> Item:
        if garment.name not in self._weights:
            shares = np.abs(garment.shares)
            shares /= shares.sum(1, keepdims=True)
            self._weights[garment.name] = sum(
                self._rig.weights[garment.anchors[:, k]].multiply(shares[:, k : k + 1])
                for k in range(3)
            ).tocsr()
        moved = self._rig.skin(posed, fit(garment, rest), self._weights[garment.name])
        surface = garment.surface
        return Item(
            moved[surface.index], surface.normals(moved)[surface.index], surface.uv, surface.part,
            surface.triangles, garment.texture, tints, 1, kind,
        )  # fmt: skip

    def _color(self, garment: Garment) -> np.ndarray:
        """The mean colour (8, 3) of light of each part of a garment's texture."""
        if garment.name not in self._colors:
            means = np.ones((8, 3))
            if garment.texture:
                rgba = read_texture(garment.texture, 128)
                high, wide = rgba.shape[:2]
                u, v = np.mod(garment.surface.uv, 1).T
                rows = ((1 - v) * (high - 1)).astype(int)
                seen = rgba[rows, (u * (wide - 1)).astype(int)]
                light = (seen[:, :3] / 255.0) ** 2
                for part in range(8):
                    use = (garment.surface.part == part) & (seen[:, 3] > 100)
                    means[part] = light[use].mean(0) if use.any() else 1
            self._colors[garment.name] = means
        return self._colors[garment.name]

    def _dyed(self, suit: Garment, dyes: tuple[Color | None, ...], outfit: Outfit) -> np.ndarray:
        """The tints (8, 3) that give a suit's parts their colours."""
        grey = self._color(suit).mean(1)
        own = suit.texture is not None and not suit.texture.stem.endswith("_ao")
        tints = np.ones((8, 3))
        for part, dye in enumerate(dyes):
            if part >= LARGE and (dye or not own):
                tints[part] = DARKEST / 3 / max(grey[part], 0.05)
            elif dye is not None or not own:
                color = dye or outfit.extra_colors[part % len(outfit.extra_colors)]
                tints[part] = np.array(color) / max(grey[part], 0.05)
        return tints
