# SPDX-License-Identifier: Apache-2.0
"""The gallery's data: captures in the folder, their files, sessions as zip files, and deletion."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import cv2
import numpy as np
from aiohttp import web

from dwpose_ros.capture.archive import LARGEST_POSE, Archived, ArchiveError, number
from dwpose_ros.core.image_files import read_image
from dwpose_ros.core.images import encode
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.visualization.openpose import to_openpose
from dwpose_ros.web.site import Site

_T = TypeVar("_T")
THUMBNAIL = 480  # px, of the longer side
THUMBNAILS = 200  # kept in memory, of some 20 kB each
CHUNK = 1 << 18
STALLED_S = 30.0  # without reading, until a download is ended
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".json": "application/json"}


class Gallery:
    """Serves `/api/captures` and `/api/sessions`. What touches the disk is done in threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._thumbnails: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._zipping = asyncio.Semaphore(1)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/captures", self._list),
            web.get("/api/captures/{name}/{kind}", self._file),
            web.delete("/api/captures/{name}", self._delete),
            web.get("/api/sessions/{newest}/{oldest}/zip", self._zip),
            web.delete("/api/sessions/{newest}/{oldest}", self._delete_session),
        ]

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        def locked() -> _T:
            with self._site.archive_lock:
                return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(None, locked)
        except ArchiveError as err:
            raise web.HTTPNotFound(text=str(err)) from err

    async def _list(self, request: web.Request) -> web.Response:
        archive = self._site.archive
        found = await self._in_thread(archive.sessions)
        sessions = [[_about(one) for one in session] for session in found]
        return web.json_response({"sessions": sessions, "folder": str(archive.folder)})

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = request.match_info["name"], request.match_info["kind"]
        kinds = {"image", "pose", "overlay", "posemap", "openpose", "thumbnail"}
        if kind not in kinds:
            raise web.HTTPNotFound(text=f"there are {', '.join(sorted(kinds))}")
        content, file = await self._in_thread(lambda: self._content(name, kind))
        headers = {}
        if "download" in request.query:
            headers["Content-Disposition"] = f'attachment; filename="{file}"'
        return web.Response(body=content, content_type=TYPES[Path(file).suffix], headers=headers)

    def _content(self, name: str, kind: str) -> tuple[bytes, str]:
        """Return a file's content and name. Raises ArchiveError."""
        archive = self._site.archive
        capture = archive.find(name)
        if kind == "thumbnail":
            return self._thumbnail(capture), f"{name}.jpg"
        if kind == "openpose" and "openpose" not in capture.files:
            return _openpose(archive.path(capture, "pose")), f"{name}_openpose.json"
        path = archive.path(capture, kind)
        try:
            return path.read_bytes(), path.name
        except OSError as err:
            raise ArchiveError(f"{path.name} cannot be read: {err.strerror or err}") from err

    def _thumbnail(self, capture: Archived) -> bytes:
        path = self._site.archive.path(capture, "image")
        try:
            key = capture.name, path.stat().st_mtime_ns
        except OSError as err:
            raise ArchiveError(f"{path.name} cannot be read: {err.strerror or err}") from err
        if key not in self._thumbnails:
            bgr = read_image(path)
            if bgr is None:
                raise ArchiveError(f"{path.name} is damaged")
            scale = min(1.0, THUMBNAIL / max(bgr.shape[:2]))
            small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self._thumbnails[key] = encode(small, "jpg", 85)
        self._thumbnails.move_to_end(key)
        while len(self._thumbnails) > THUMBNAILS:
            self._thumbnails.popitem(last=False)
        return self._thumbnails[key]

    async def _delete(self, request: web.Request) -> web.Response:
        archive = self._site.archive
        name = request.match_info["name"]
        await self._in_thread(lambda: archive.remove(archive.find(name)))
        return web.json_response({})

    async def _delete_session(self, request: web.Request) -> web.Response:
        archive, ends = self._site.archive, _ends(request)

        def remove() -> None:
            for capture in archive.between(*ends):
                archive.remove(capture)

        await self._in_thread(remove)
        return web.json_response({})

    async def _zip(self, request: web.Request) -> web.StreamResponse:
        """Send a session's files: packed on disk, so that they need no memory."""
        newest, oldest = _ends(request)
        archive, loop = self._site.archive, asyncio.get_running_loop()
        async with self._zipping:
            with tempfile.TemporaryFile() as file:

                def pack() -> None:
                    captures = archive.between(newest, oldest)
                    _pack(
                        file, [archive.folder / f for one in captures for f in one.files.values()]
                    )

                await self._in_thread(pack)
                length = file.tell()
                file.seek(0)
                response = web.StreamResponse(
                    headers={
                        "Content-Type": "application/zip",
                        "Content-Length": str(length),
                        "Content-Disposition": f'attachment; filename="{newest}.zip"',
                    }
                )
                try:
                    await response.prepare(request)
                    while chunk := await loop.run_in_executor(None, file.read, CHUNK):
                        await asyncio.wait_for(response.write(chunk), STALLED_S)
                except asyncio.TimeoutError:  # others wait for their turn
                    if request.transport is not None:
                        request.transport.abort()
        return response


def _pack(file: IO[bytes], paths: list[Path]) -> None:
    """Write a zip file of files, without those that were removed meanwhile.

    Raises:
        ArchiveError: it cannot be made, or nothing is left.
    """
    try:  # a machine without a clock dates files before what the format can hold
        with zipfile.ZipFile(file, "w", strict_timestamps=False) as packed:
            for path in paths:
                with suppress(FileNotFoundError):  # the capture node removes old ones at any time
                    packed.write(path, path.name)
    except OSError as err:
        raise ArchiveError(f"the zip file cannot be made: {err.strerror or err}") from err
    if not packed.namelist():
        raise ArchiveError("these pictures are no longer there")


def _ends(request: web.Request) -> tuple[str, str]:
    """Return the names of the newest and the oldest capture that somebody saw of a session."""
    return request.match_info["newest"], request.match_info["oldest"]


def _openpose(path: Path) -> bytes:
    """Return OpenPose's JSON of a pose file. Raises ArchiveError."""
    try:
        if path.stat().st_size > LARGEST_POSE:
            raise ValueError
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = np.array([p["keypoints"] for p in document["persons"]], np.float32)
        rows = rows.reshape(-1, 133, 3)
        people = PersonPoses.of(
            rows[..., :2],
            rows[..., 2],
            [p["box"] for p in document["persons"]],
            [p["score"] for p in document["persons"]],
            [p["id"] for p in document["persons"]],
        )
        done = to_openpose(people, int(document["width"]), int(document["height"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as err:
        raise ArchiveError(f"{path.name} cannot be read as a pose") from err
    return json.dumps(done).encode()


def _rounded(score: float) -> int | None:
    return round(score) if math.isfinite(score) else None


def _about(capture: Archived) -> dict[str, Any]:
    """Return what the gallery shows of a capture."""
    return {
        "name": capture.name,
        "label": capture.label,
        "time_s": capture.time_s,
        "kinds": sorted(capture.files),
        "quality": _rounded(capture.quality),
        "measures": {
            name: score
            for name, one in capture.measures.items()
            if (score := _rounded(number(one.get("score")))) is not None
        },
        "rejected": capture.rejected,
    }
