# SPDX-License-Identifier: Apache-2.0
"""The web server in a thread of its own.

aiohttp, since it is one library for pages and WebSockets in both directions, and Debian, Ubuntu
and rosdep have it; Starlette would need a server and a WebSocket library beside it.
"""

from __future__ import annotations

import asyncio
import datetime
import errno
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from dwpose_ros.web import certificate
from dwpose_ros.web.address import address, announcement, names_of_this_machine
from dwpose_ros.web.gallery import Gallery
from dwpose_ros.web.pages import guarded, page_routes, static_files
from dwpose_ros.web.security import Access, is_loopback, load_token
from dwpose_ros.web.site import Settings, Site
from dwpose_ros.web.sockets import CameraSocket, Live

AGAIN_S = 3.0  # between attempts to listen
LARGEST_REQUEST = 16_384  # bytes
END_S = 3.0


class WebServer:
    """Serves the pages from `start` to `stop`.

    Args:
        listening: called in the server's thread once pages can be had.
        trouble: called likewise with why it cannot listen, once; it is tried again and again.

    Raises:
        SecurityError, CertificateError: it cannot be made safe.
    """

    def __init__(
        self,
        site: Site,
        listening: Callable[[], None],
        trouble: Callable[[str], None],
    ) -> None:
        settings = site.settings
        self.site = site
        self.port = settings.port
        self.public = not is_loopback(settings.host)
        self.token = load_token(settings.cache) if self.public else ""
        self.certificate = (
            _certificate(settings) if self.public or settings.certificate or settings.key else None
        )
        self._context = self.certificate.context() if self.certificate else None
        self._listening, self._trouble = listening, trouble
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)

    @property
    def secure(self) -> bool:
        """Whether the pages are served by HTTPS."""
        return self._context is not None

    @property
    def address(self) -> str:
        """The address to open, without the token."""
        return address(self.site.settings.host, self.port, self.secure)

    def announcement(self) -> str:
        """Return what the user is told once, with the token."""
        made_here = self.certificate is not None and not self.site.settings.certificate
        fingerprint = self.certificate.fingerprint if self.certificate and made_here else ""
        return announcement(self.address, self.token, fingerprint)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> bool:
        """End the server; return whether it has ended in time."""
        self.call(self._ending.set)
        self._thread.join(END_S)
        return not self._thread.is_alive()

    def call(self, function: Callable[..., None], *args: object) -> None:
        """Call a function in the server's thread, from any other."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            pass  # it has ended

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        site = await self._listen()
        if site is None:
            return
        live, camera = Live(self.site), CameraSocket(self.site)
        access = Access(self.token, self.port, self.secure)
        routes = [
            *page_routes(self.site),
            *Gallery(self.site).routes(),
            *_node_routes(self.site),
            web.get("/live", live.handle),
            web.get("/camera", camera.handle),
        ]
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.add_routes(guarded(routes, access, static_files()["refused.html"][0]))
        # No access log: it would hold the token.
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            await web.SockSite(  # aiohttp 3.8 (Ubuntu 22.04) takes shutdown_timeout only here
                runner, site, ssl_context=self._context, shutdown_timeout=1.0
            ).start()
            self._listening()
            await self._ending.wait()
            await live.close()
            await camera.close()
        finally:
            await runner.cleanup()

    async def _listen(self) -> socket.socket | None:
        """Return a socket, once the port is free; None if the server is to end before."""
        told = ""
        while not self._ending.is_set():
            try:
                bound = _bind(self.site.settings.host, self.site.settings.port)
                self.port = bound.getsockname()[1]
                return bound
            except OSError as err:
                why = _why(self.site.settings, err)
            if why != told:
                told = why
                self._trouble(why)
            try:
                await asyncio.wait_for(self._ending.wait(), AGAIN_S)
            except asyncio.TimeoutError:
                pass
        return None


def _bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _why(settings: Settings, err: OSError) -> str:
    where = f"port {settings.port} of {settings.host}"
    if err.errno == errno.EADDRINUSE:
        return (
            f"{where} is taken by another program: end that, or choose another by "
            f"port:={settings.port + 1}; it is tried again every {AGAIN_S:g} s"
        )
    return f"the screen cannot listen on {where}: {err.strerror or err}"


def _certificate(settings: Settings) -> certificate.Certificate:
    if settings.certificate or settings.key:
        for name, other in (("certificate", "key"), ("key", "certificate")):
            if not getattr(settings, name):
                raise certificate.CertificateError(
                    f"{other} is {getattr(settings, other)}, but {name} is empty: give both PEM "
                    "files, or neither"
                )
        return certificate.given(Path(settings.certificate), Path(settings.key))
    now = datetime.datetime.now(datetime.timezone.utc)
    return certificate.own(settings.cache, names_of_this_machine(settings.host), now)


def _node_routes(site: Site) -> list[web.RouteDef]:
    """Return the routes of the nodes' parameters."""

    async def listed(request: web.Request) -> web.Response:
        try:
            return web.json_response(await site.backend.parameters(request.match_info["node"]))
        except LookupError as err:
            raise web.HTTPNotFound(text=str(err.args[0])) from err

    async def changed(request: web.Request) -> web.Response:
        try:
            asked = json.loads(await request.text())
            name, value = asked["name"], asked["value"]
            if asked.get("type") == "double":  # JavaScript writes 30.0 as 30
                value = float(value)
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as err:
            raise web.HTTPBadRequest(text="a change needs a name and a value") from err
        try:
            why = await site.backend.set_parameter(request.match_info["node"], name, value)
        except LookupError as err:
            raise web.HTTPNotFound(text=str(err.args[0])) from err
        return web.json_response({"refused": why})

    return [
        web.get("/api/nodes/{node}/parameters", listed),
        web.post("/api/nodes/{node}/parameters", changed),
    ]
