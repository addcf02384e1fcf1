# SPDX-License-Identifier: Apache-2.0
"""Draws a scene with OpenGL, on EGL and so without a display; Mesa's llvmpipe needs no GPU.

The picture is drawn 1.5 times as large as wanted and averaged, which costs half of what
multisampling costs in llvmpipe.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tools.people import shaders
from tools.people.camera import Camera, metres
from tools.people.errors import PeopleError
from tools.people.garments import TEXTURE, read_texture

LARGER = 1.5  # the drawn picture's size over the wanted one's
SHADOW_SIZE = 768  # px of the sun's view
FEW = 1000  # triangles
LARGE = 640  # px of pictures from which the finest textures of clothes are worth it
INSTALL = "apt-get install libegl1 libgl1-mesa-dri libgles2"
PIP = "pip install moderngl"
# What is drawn, beside whose it is: the number in the second target is 16 * person + kind, with
# people from 1 and 0 for what is nobody's.
SKIN, CLOTH, HAIR, EYE, WORN, HELD, FURNITURE = range(1, 8)
STRANDS = 6  # the pattern of strands with gaps: pattern_color's red is the share that they cover
OWN_BODY = (SKIN, EYE)
WHITE = np.ones((8, 3))  # tints that leave the texture's colours


class Light(NamedTuple):
    """A sun that casts shadows, a lamp that casts none, and light from all around."""

    sun: np.ndarray
    """(3,) unit direction to it, as of `lamp`."""
    sun_color: np.ndarray
    """(3,) RGB, 1 is white on white, as of all colours here."""
    lamp: np.ndarray
    lamp_color: np.ndarray
    ground: np.ndarray
    sky: np.ndarray
    shadow: float
    """How dark the shadow on the floor is, 0..1."""


class Item(NamedTuple):
    """One mesh of the scene."""

    positions: np.ndarray
    """(n, 3) m."""
    normals: np.ndarray
    """(n, 3)."""
    uv: np.ndarray
    part: np.ndarray
    """(n,) which of the tints each vertex has, 0..7."""
    triangles: np.ndarray
    """(t, 3) int32."""
    texture: Path | None
    """None is white."""
    tints: np.ndarray
    """(8, 3) RGB factors."""
    person: int
    """From 1; 0 is nobody's."""
    kind: int
    cut: float = 0.3
    """Less opaque parts of the texture are holes."""
    shine: float = 0.03
    pattern: int = 0
    pattern_color: tuple[float, float, float] = (1, 1, 1)
    pattern_size: float = 20


class Drawn(NamedTuple):
    """What was drawn, `LARGER` than the picture except for the colours."""

    rgba: np.ndarray
    """(h, w, 4) uint8, of the wanted size; colours are multiplied with alpha."""
    depth: np.ndarray
    """(H, W) float32 m along the camera's axis."""
    person: np.ndarray
    """(H, W) uint8, whose it is: from 1, or 0."""
    kind: np.ndarray
    """(H, W) uint8, what it is; 0 is the background."""


class Renderer:
    """An OpenGL context and its programs; for one size of picture.

    Raises:
        PeopleError: moderngl or EGL is missing, or cannot draw; says what to install.
    """

    def __init__(self, width: int, height: int) -> None:
        try:
            import moderngl
        except ImportError as err:
            raise PeopleError(f"moderngl is not installed ({err}): {PIP}") from err
        try:
            self._gl = moderngl.create_context(standalone=True, backend="egl", require=330)
        except Exception as err:  # the library's own, OSError and ImportError, by what is missing
            raise PeopleError(f"EGL cannot be used ({err}): {INSTALL}") from err
        self._flags = moderngl
        self.size = (width, height)
        self._drawn_size = large = (round(width * LARGER), round(height * LARGER))
        gl = self._gl
        self._paint = gl.program(shaders.VERTEX, shaders.FRAGMENT)
        self._depths = gl.program(shaders.DEPTH_VERTEX, shaders.DEPTH_FRAGMENT)
        self._floor = gl.program(shaders.FLOOR_VERTEX, shaders.FLOOR_FRAGMENT)
        self._target = gl.framebuffer(
            [gl.renderbuffer(large, 4), gl.renderbuffer(large, 1, dtype="u1")],
            gl.depth_texture(large),
        )
        self._shadow = gl.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self._shadow.compare_func = "<="
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_target = gl.framebuffer([], self._shadow)
        self._textures: dict = {}
        self._corners = gl.buffer(reserve=48)
        self._plane = gl.vertex_array(self._floor, [(self._corners, "3f", "position")])

    def close(self) -> None:
        """Give the context back."""
        self._gl.release()

    def draw(self, camera: Camera, light: Light, items: list[Item]) -> Drawn:
        """Draw the items on a floor at height 0 that catches their shadows."""
        gl, flags = self._gl, self._flags
        buffers = [_Buffers(gl, item) for item in items]
        try:
            shade = self._draw_shadows(light, items, buffers)
            self._target.use()
            self._target.clear(0, 0, 0, 0)
            gl.enable_only(flags.NOTHING)
            self._shadow.use(1)
            for program in (self._paint, self._floor):
                _write(program, "clip", camera.matrix())
                _write(program, "shade", shade)
                program["shadow"].value = 1
                program["texel"].value = 0.7 / SHADOW_SIZE
            self._floor["strength"].value = light.shadow
            self._corners.write(_shadowed(light, items))
            self._plane.render(flags.TRIANGLE_STRIP)
            gl.enable_only(flags.DEPTH_TEST)
            self._set_light(camera, light)
            for item, buffer in zip(items, buffers):
                self._set_item(item)
                # Of a closed body half is never seen; clothes are seen from inside, too.
                closed = item.kind in OWN_BODY
                gl.enable_only(flags.DEPTH_TEST | (flags.CULL_FACE if closed else 0))
                buffer.render(gl, self._paint, "3f 3f", "position", "normal")
        finally:
            for buffer in buffers:
                buffer.release()
        return self._read()

    def _draw_shadows(
        self, light: Light, items: list[Item], buffers: list[_Buffers]
    ) -> np.ndarray:
        """Draw the sun's view, and return its matrix (4, 4) from the world."""
        points = np.concatenate([item.positions[::7] for item in items] or [np.zeros((1, 3))])
        middle = (points.min(0) + points.max(0)) / 2
        reach = np.linalg.norm(points - middle, axis=1).max() + 0.1
        side = np.cross([0.3, 1, 0.2], light.sun)
        side /= np.linalg.norm(side)
        view = np.stack([side, np.cross(light.sun, side), -light.sun]) / reach
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = view, -view @ middle
        self._shadow_target.use()
        self._shadow_target.clear(depth=1)
        self._gl.enable_only(self._flags.DEPTH_TEST)
        self._gl.polygon_offset = 4.0, 8.0
        _write(self._depths, "clip", matrix)
        for item, buffer in zip(items, buffers):
            if len(item.triangles) < FEW and item.kind in (HAIR, EYE):  # brows, lashes, eyeballs
                continue
            self._use_texture(item)
            self._depths["cut"].value = item.cut if item.texture else 0.0
            buffer.render(self._gl, self._depths, "3f 12x", "position")
        self._gl.polygon_offset = 0, 0
        return matrix

    def _set_light(self, camera: Camera, light: Light) -> None:
        self._paint["eye"].value = tuple(camera.position)
        for name in ("sun", "sun_color", "lamp", "lamp_color", "ground", "sky"):
            self._paint[name].value = tuple(getattr(light, name))

    def _set_item(self, item: Item) -> None:
        paint = self._paint
        self._use_texture(item)
        paint["tints"].write(np.ascontiguousarray(item.tints, "f4").tobytes())
        paint["what"].value = 16 * item.person + item.kind
        paint["shine"].value, paint["cut"].value = item.shine, item.cut
        paint["pattern"].value = item.pattern
        paint["pattern_color"].value = tuple(item.pattern_color)
        paint["pattern_size"].value = item.pattern_size

    def _use_texture(self, item: Item) -> None:
        if item.texture not in self._textures:
            white = np.full((1, 1, 4), 255, np.uint8)
            # A face may fill the picture; cloth is never seen from so near.
            finest = TEXTURE if item.kind in OWN_BODY or max(self.size) > LARGE else TEXTURE // 2
            rgba = white if item.texture is None else read_texture(item.texture, finest)
            data = np.ascontiguousarray(rgba[::-1]).tobytes()
            texture = self._gl.texture((rgba.shape[1], rgba.shape[0]), 4, data)
            texture.build_mipmaps()
            self._textures[item.texture] = texture
        self._textures[item.texture].use(0)

    def _read(self) -> Drawn:
        wide, high = self._drawn_size
        rgba = np.frombuffer(self._target.read(components=4), np.uint8).reshape(high, wide, 4)
        raw = self._target.read(components=1, attachment=1, dtype="u1", alignment=1)
        number = np.frombuffer(raw, np.uint8).reshape(high, wide)[::-1]
        depth = np.frombuffer(self._target.depth_attachment.read(alignment=1), np.float32)
        small = cv2.resize(rgba[::-1], self.size, interpolation=cv2.INTER_AREA)
        depth = metres(depth.reshape(high, wide)[::-1])
        return Drawn(small, depth, number >> 4, number & 15)


class _Buffers:
    """A mesh in OpenGL's memory, for as long as one picture is drawn."""

    def __init__(self, gl, item: Item) -> None:
        moving = np.concatenate([item.positions, item.normals], 1).astype("f4")
        fixed = np.concatenate([item.uv, item.part[:, None]], 1).astype("f4")
        self._all = [gl.buffer(np.ascontiguousarray(a).tobytes())
                     for a in (moving, fixed, item.triangles.astype("i4"))]  # fmt: skip

    def render(self, gl, program, layout: str, *names: str) -> None:
        moving, fixed, index = self._all
        second = (fixed, "2f 1f", "uv", "part") if "normal" in names else (fixed, "2f 4x", "uv")
        array = gl.vertex_array(program, [(moving, layout, *names), second], index)
        array.render()
        array.release()

    def release(self) -> None:
        for buffer in self._all:
            buffer.release()


def _shadowed(light: Light, items: list[Item]) -> bytes:
    """The corners of the part of the floor that the items' shadows may fall on."""
    points = np.concatenate([item.positions[::7] for item in items] or [np.zeros((1, 3))])
    down = points - light.sun * (points[:, 1:2] / light.sun[1])
    (x0, _, z0), (x1, _, z1) = down.min(0) - 0.1, down.max(0) + 0.1
    return np.array([[x0, 0, z0], [x1, 0, z0], [x0, 0, z1], [x1, 0, z1]], "f4").tobytes()


def _write(program, name: str, matrix: np.ndarray) -> None:
    program[name].write(np.ascontiguousarray(matrix.T, "f4").tobytes())
