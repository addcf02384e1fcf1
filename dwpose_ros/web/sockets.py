# SPDX-License-Identifier: Apache-2.0
"""The two WebSockets: `/live`, what a page is shown and asks for, and `/camera`, the pictures of a
browser's camera.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from dwpose_ros.core.images import ImageError
from dwpose_ros.core.text import printable
from dwpose_ros.web.camera_feed import LARGEST, CameraFeed
from dwpose_ros.web.live import Viewer
from dwpose_ros.web.security import RateLimit
from dwpose_ros.web.site import SPEAKERS, Site, message

HEARTBEAT_S = 10.0  # a page that does not answer for half of it is gone
LARGEST_TEXT = 4096
ASK_CLOCK_S = (0.2, 0.2, 0.2, 0.5, 0.5, 1.0, 1.0, 5.0)  # between questions; the last goes on
TAKEN, FULL = 4001, 4002  # close codes: another page is the camera; max_pages are open
REFUSED_S = 5.0  # between two lines of the log about refused pictures


class Live:
    """Serves `/live`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open: set[web.WebSocketResponse] = set()
        self._speaking: Viewer | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        viewer = self._site.hub.join()
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_TEXT, compress=False
        )
        if viewer is None:  # a refusal by HTTP could not be read by the page
            await socket.prepare(request)
            await socket.close(code=FULL, message=b"Too many pages are open: close one of them.")
            return socket
        try:
            await socket.prepare(request)
            self._open.add(socket)
            sending = asyncio.ensure_future(self._send(viewer, socket))
            try:
                await self._listen(viewer, socket)
            finally:
                sending.cancel()
        finally:
            self._open.discard(socket)
            self._site.hub.leave(viewer)
            self._speaks(viewer, False)
        return socket

    async def close(self) -> None:
        for socket in list(self._open):
            with contextlib.suppress(Exception):
                await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _send(self, viewer: Viewer, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):  # closed meanwhile
            await viewer.send(socket)

    async def _listen(self, viewer: Viewer, socket: web.WebSocketResponse) -> None:
        limit = RateLimit(rate=100.0, burst=200.0)
        async for msg in socket:
            if msg.type is not WSMsgType.TEXT or not limit.allows("", time.monotonic()):
                continue
            with contextlib.suppress(ValueError, RecursionError):
                asked = json.loads(msg.data)
                if isinstance(asked, dict):
                    self._do(viewer, asked)

    def _do(self, viewer: Viewer, asked: dict[str, Any]) -> None:
        """Carry out what a page asks for; what it cannot ask for is ignored."""
        site = self._site
        kind, value = asked.get("kind"), asked.get("value")
        if kind == "got":
            viewer.confirm()
        elif kind == "want" and isinstance(value, list):
            site.hub.want(viewer, [one for one in value if isinstance(one, str)])
        elif kind == "voice":
            viewer.has_voice = value is True
        elif kind == "speaking":
            self._speaks(viewer, value is True)
        elif kind == "speaker" and value in SPEAKERS:
            self._speak_here(viewer, str(value))
        elif kind == "start":
            profile, language = str(asked.get("profile")), str(asked.get("language"))
            if profile in site.settings.profiles and language in site.settings.phrases:
                site.backend.start(profile, site.settings.phrases[language])
        elif kind == "cancel":
            site.backend.cancel()

    def _speaks(self, viewer: Viewer, speaks: bool) -> None:
        """Note that the page that is the voice speaks, and that it has ended, even if another page
        has become the voice in mid-sentence."""
        if speaks and self._site.hub.voice() is viewer:
            self._speaking = viewer
        elif not speaks and self._speaking is viewer:
            self._speaking = None
        else:
            return
        self._site.backend.speaking(speaks)

    def _speak_here(self, viewer: Viewer, who: str) -> None:
        """Let the page that chose itself speak, rather than one that came before."""
        viewers = self._site.hub.viewers
        if who in ("page", "both"):
            viewers.remove(viewer)
            viewers.insert(0, viewer)
        self._site.backend.speaker(who)


class CameraSocket:
    """Serves `/camera`: one browser at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._socket: web.WebSocketResponse | None = None
        self._told = -float("inf")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self._site.settings.camera:
            raise web.HTTPNotFound(text="the camera is no browser's: see source:=browser")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LARGEST, compress=False)
        await socket.prepare(request)
        if self._socket is not None and request.query.get("take") != "1":
            await socket.close(code=TAKEN, message=b"another page is the camera")
            return socket
        before, self._socket = self._socket, socket
        if before is not None:
            await before.close(code=TAKEN, message=b"another page is the camera now")
        await self._serve(socket)
        return socket

    async def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(Exception):
                await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        feed = CameraFeed()
        camera = self._site.camera
        camera.feed, camera.connected = feed, True
        self._site.tell_camera()
        asked: dict[int, float] = {}
        asking = asyncio.ensure_future(self._ask(socket, asked))
        try:
            async for msg in socket:
                if msg.type is WSMsgType.BINARY:
                    await self._take(socket, feed, msg.data)
                elif msg.type is WSMsgType.TEXT:
                    self._answered(feed, asked, msg.data)
            if isinstance(error := socket.exception(), Exception):
                self._tell(f"the browser's camera was cut off: {printable(str(error), 200)}")
        finally:
            asking.cancel()
            if self._socket is socket:
                self._socket, camera.connected = None, False
                self._site.tell_camera()

    async def _ask(self, socket: web.WebSocketResponse, asked: dict[int, float]) -> None:
        """Ask for the browser's time again and again."""
        number = 0
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                asked.clear()  # an answer that takes so long is worth nothing
                asked[number] = time.monotonic()
                await socket.send_str(message("clock", number=number))
                await asyncio.sleep(ASK_CLOCK_S[min(number, len(ASK_CLOCK_S) - 1)])
                number += 1

    def _answered(self, feed: CameraFeed, asked: dict[int, float], text: str) -> None:
        now = time.monotonic()
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            answer = json.loads(text)
            feed.clock.add(asked.pop(answer["number"]), float(answer["ms"]) / 1e3, now)

    async def _take(self, socket: web.WebSocketResponse, feed: CameraFeed, data: bytes) -> None:
        why = ""
        try:
            picture = feed.take(data, time.monotonic())
        except ImageError as err:
            why = str(err)
            self._tell(f"a picture of the browser's camera is refused: {why}")
        else:
            self._site.backend.picture(picture.jpeg, picture.age_s)
        with contextlib.suppress(ConnectionError, RuntimeError):
            await socket.send_str(message("got", why=why))

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if now - self._told > REFUSED_S:
            self._told = now
            self._site.backend.log(text)
