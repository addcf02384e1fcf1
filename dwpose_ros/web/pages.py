# SPDX-License-Identifier: Apache-2.0
"""The pages and their files, and what every request goes through first."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from aiohttp import web

from dwpose_ros.web.security import COOKIE_S, HEADERS, Access, RateLimit
from dwpose_ros.web.site import Site

PAGES = {"/": "person", "/captures": "captures", "/status": "status", "/privacy": "privacy"}
_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def static_files() -> dict[str, tuple[bytes, str]]:
    """Return the content and type of all files of the pages, by name. They are read once, so that
    no name in a request can lead to another file.
    """
    return {
        path.name: (path.read_bytes(), _TYPES[path.suffix])
        for path in _FOLDER.iterdir()
        if path.suffix in _TYPES
    }


def page_routes(site: Site) -> list[web.RouteDef]:
    """Return the routes of the pages, their files and texts."""
    files = static_files()

    def answer(name: str) -> web.Response:
        if name not in files:
            raise web.HTTPNotFound(text="there is no such file")
        content, kind = files[name]
        return web.Response(body=content, content_type=kind, charset="utf-8")

    def page(name: str) -> _Handler:
        async def handle(request: web.Request) -> web.Response:
            return answer(f"{name}.html")

        return handle

    async def file(request: web.Request) -> web.Response:
        return answer(request.match_info["name"])

    async def texts(request: web.Request) -> web.Response:
        found = site.settings.texts.get(request.match_info["language"])
        if found is None:
            raise web.HTTPNotFound(text="there are no texts in that language")
        return web.json_response(dict(found))

    async def kept(request: web.Request) -> web.Response:
        hours = await site.backend.keep_hours()
        s = site.settings
        told = s.keep_hours if hours is None else hours
        return web.json_response({"folder": str(s.folder), "keep_hours": told})

    return [
        *(web.get(path, page(name)) for path, name in PAGES.items()),
        web.get("/static/{name}", file),
        web.get("/api/kept", kept),
        web.get("/api/texts/{language}", texts),
    ]


def guarded(routes: Iterable[web.RouteDef], access: Access, refused: bytes) -> list[web.RouteDef]:
    """Return routes whose requests are checked first, and one for all other paths.

    Not as a middleware: aiohttp keeps in a global cache what it makes of each with a handler, and
    so all that these refer to, for ever.

    Args:
        refused: the page for who has no token.
    """
    requests = RateLimit(rate=50.0, burst=300.0)
    strangers = RateLimit(rate=0.5, burst=20.0)

    def guard(handler: _Handler) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                response = await checked(request, handler)
            except web.HTTPException as err:
                response = web.Response(status=err.status, text=err.text)
            except ConnectionError:  # the browser has gone, and nobody gets this
                response = web.Response(status=400)
            if not response.prepared:
                response.headers.update(HEADERS)
            return response

        return handle

    async def checked(request: web.Request, handler: _Handler) -> web.StreamResponse:
        who, now = request.remote or "", time.monotonic()
        if not requests.allows(who, now):
            return web.Response(status=429, text="too many requests: wait a moment")
        shown = request.query.get("token", "")
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        why = access.refusal(request.method, request.headers, request.cookies, shown, websocket)
        if why:
            if not strangers.allows(who, now):
                return web.Response(status=429, text="too many requests: wait a moment")
            if access.token and request.path in PAGES:
                return web.Response(
                    status=403, body=refused, content_type="text/html", charset="utf-8"
                )
            return web.Response(status=403, text=why)
        response = await handler(request)
        # Anew with each page, so that it does not end while pages are loaded.
        page = request.path in PAGES or request.path.startswith("/api/texts/")
        if access.token and (page or access.enters(shown)) and not response.prepared:
            response.set_cookie(
                access.cookie,
                access.token,
                max_age=COOKIE_S,
                httponly=True,
                secure=access.secure,
                samesite="Strict",
            )
        return response

    async def unknown(request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound(text="there is no such page")

    return [
        web.RouteDef(route.method, route.path, guard(route.handler), route.kwargs)
        for route in (*routes, web.route("*", "/{rest:(?s:.*)}", unknown))
    ]
