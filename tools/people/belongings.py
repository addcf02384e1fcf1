# SPDX-License-Identifier: Apache-2.0
"""What somebody holds and sits on, put where the hands and the seat are."""

from __future__ import annotations

import numpy as np

from tools.people.anny import Body
from tools.people.outfit import Outfit
from tools.people.renderer import FURNITURE, HELD, Item
from tools.people.rig import Posed, Rig, cross
from tools.people.skin import Skin
from tools.people.things import Shape, chair, held, wheelchair

HAND = 0.09  # m from a grown-up's wrist to the root of the middle finger
_METAL, _RUBBER = (0.3, 0.3, 0.32), (0.01, 0.01, 0.01)


def shape_item(shape: Shape, colors: tuple, person: int, kind: int) -> Item:
    """Return a thing as an item, its parts in these colours of light."""
    tints = np.ones((8, 3))
    tints[: min(len(colors), 8)] = colors[:8]
    return Item(
        shape.vertices, shape.normals(), np.zeros((len(shape.vertices), 2)), shape.part,
        shape.triangles, None, tints, person, kind,
    )  # fmt: skip


def held_items(
    random: np.random.Generator,
    body: Body,
    rig: Rig,
    rest: np.ndarray,
    posed: Posed,
    outfit: Outfit,
) -> list[Item]:
    """Return what an outfit says that somebody holds.

    Args:
        random: the source of chance, for the things' sizes.
        body: whose bones there are.
        rig: that was posed.
        rest: the body's vertices (n, 3) m.
        posed: its posture.
        outfit: what is held, and its colours.
    """
    items = []
    for side, sign, what in zip("LR", (1, -1), outfit.holds):
        if not what:
            continue
        wrist, index, middle, little = (
            rest[body.bones[rig.at[f"{name}.{side}"]].head].mean(0)
            for name in ("wrist", "finger2-1", "finger3-1", "finger5-1")
        )
        size = np.linalg.norm(middle - wrist) / HAND
        along = (middle - wrist) / np.linalg.norm(middle - wrist)
        palm = -sign * cross(index - wrist, little - wrist)
        palm /= np.linalg.norm(palm)
        frame = np.stack([along, palm, cross(along, palm)], 1)
        place = wrist + 0.95 * (middle - wrist) + 0.006 * palm
        motion = posed.motion[rig.at[f"wrist.{side}"]]
        thing = held(random, what).moved(frame * min(size, 1.1), place)
        thing = thing.moved(motion[:, :3], motion[:, 3])
        items.append(shape_item(thing, outfit.extra_colors, 1, HELD))
    return items


def seat_item(
    random: np.random.Generator, skin: Skin, skinned: np.ndarray, posed: Posed, rig: Rig, kind: str
) -> Item:
    """Return the chair or wheelchair below somebody, where the body is.

    Args:
        random: the source of chance, for its form and colours.
        skin: the body's surfaces.
        skinned: the body's vertices (n, 3) m.
        posed: its posture.
        rig: that was posed.
        kind: "chair" or "wheelchair".
    """
    hips, knees = (
        np.array([posed.heads[rig.at[f"{bone}.{side}"]] for side in "LR"])
        for bone in ("upperleg01", "lowerleg01")
    )
    thigh = np.linalg.norm(knees - hips, axis=1).mean()
    seated = skinned[skin.vertices[skin.covered[skin.vertices]]]
    near = seated[np.abs(seated[:, 2] - hips[:, 2].mean()) < thigh * 0.4]
    under = float(near[:, 1].min()) + 0.01
    feet = float(skinned[skin.vertices, 1].min())
    floor = feet - (0.02 if kind == "chair" else 0.12)
    height = max(under - floor, 0.15)
    width = max(0.4, np.ptp(near[:, 0]) * 1.05)
    deep = float(np.clip(thigh * 1.15, 0.3, 0.5))
    if kind == "chair":
        made = chair(random, height, width, deep)
    else:
        made = wheelchair(height, width, deep)
    middle = hips.mean(0)
    place = np.array([middle[0], floor, middle[2] - 0.14 + deep / 2])
    seat, frame = (tuple(random.uniform(0.02, 0.7, 3)) for _ in range(2))
    colors = (seat, _METAL if random.random() < 0.5 else frame, _RUBBER)
    return shape_item(made.moved(np.eye(3), place), colors, 0, FURNITURE)
