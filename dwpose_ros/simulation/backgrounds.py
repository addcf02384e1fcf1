# SPDX-License-Identifier: Apache-2.0
"""Procedural rooms: a floor and a wall in correct perspective, rendered once per camera."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from dwpose_ros.simulation.camera import SimulatedCamera

WALL_M = 8.0  # from the camera to the wall
NAMES = ("wall", "window", "shelves", "plain")


@lru_cache(maxsize=4)
def background(name: str, camera: SimulatedCamera) -> np.ndarray:
    """Return a read-only image of the room, (h, w, 3) uint8 RGB.

    Raises:
        ValueError: the name is not one of NAMES.
    """
    if name not in NAMES:
        raise ValueError(f"background is {name!r}, wanted one of {', '.join(NAMES)} or an image")
    if name == "plain":
        rgb = np.full((camera.height, camera.width, 3), 128, np.uint8)
    else:
        rgb = _room(name, camera)
    rgb.setflags(write=False)
    return rgb


def _room(name: str, camera: SimulatedCamera) -> np.ndarray:
    # Intersect the ray of each pixel with wall and floor: x and z in metres on the wall, x and y
    # on the floor.
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(camera.matrix[:, :3]).T
    x, ahead, up = np.moveaxis(rays, -1, 0)
    reach = np.where(ahead > 1e-6, WALL_M / np.maximum(ahead, 1e-6), np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        fall = np.where(up < 0, -camera.height_m / up, np.inf)
        on_floor = fall < reach
        t = np.where(on_floor, fall, np.minimum(reach, 1e3))
        place_x, place_y, place_z = x * t, ahead * t, camera.height_m + up * t
    wall = {"wall": _paint, "window": _window, "shelves": _shelves}[name](place_x, place_z)
    rgb = np.where(on_floor[..., None], _planks(place_x, place_y), wall)
    grain = np.random.default_rng(7).normal(0, 2.5, rgb.shape[:2] + (1,))
    shade = 1 - 0.12 * ((u / camera.width - 0.5) ** 2 + (v / camera.height - 0.5) ** 2)[..., None]
    rgb = (rgb * shade + grain).clip(0, 255).astype(np.uint8)
    return cv2.GaussianBlur(rgb, (0, 0), 1.2)  # out of focus, as behind a person


def _paint(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    tone = 1 + 0.05 * np.sin(0.7 * x + 0.4) - 0.03 * z
    wall = np.array([196, 190, 178.0]) * tone[..., None]
    wall[z < 0.12] = (226, 224, 220)  # skirting board
    return wall


def _planks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    board = np.floor(np.nan_to_num(x) / 0.14)
    tone = 0.9 + 0.2 * np.modf(np.abs(np.sin(board * 12.9898) * 43758.5453))[0]
    tone *= 1 + 0.03 * np.sin(9 * y + board)
    return np.array([142, 112, 82.0]) * tone[..., None]


def _window(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    wall = _paint(x, z)
    # A window at the image's left, from 3.6 to 1.2 m, with a glow around it.
    glow = np.exp(-(((x + 2.4) / 2.2) ** 2 + ((z - 1.7) / 1.6) ** 2))
    wall = wall * 0.75 + 90 * glow[..., None]
    inside = (np.abs(x + 2.4) < 1.2) & (np.abs(z - 1.7) < 0.8)
    bars = (np.abs(x + 2.4) < 0.04) | (np.abs(z - 1.7) < 0.03)
    wall[inside] = (250, 252, 255)
    wall[inside & bars] = (205, 205, 205)
    return wall


def _shelves(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    wall = _paint(x, z)
    level = np.floor(z / 0.4)
    with np.errstate(invalid="ignore"):
        book = np.floor(np.nan_to_num(x) / 0.07) + 57 * level
    hue = np.stack(
        [np.modf(np.abs(np.sin(book * k) * 43758.5453))[0] for k in (12.9898, 78.233, 37.719)], -1
    )
    tall = 0.22 + 0.12 * hue[..., 0]
    height = z - level * 0.4
    books = (level >= 0) & (level < 6) & (height < tall)
    wall[books] = (60 + 70 * hue + 50 * hue[..., :1])[books]
    wall[(level >= 0) & (level <= 6) & (height < 0.03)] = (96, 72, 50)
    return wall
