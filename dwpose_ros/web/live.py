# SPDX-License-Identifier: Apache-2.0
"""What open pages are shown: the newest of everything, at the pace of each page.

A page has one slot for each kind of message and one for a picture. What is newer replaces what
still waits, so a page that is slow, or asleep, costs no memory and never sees old pictures late. A
page confirms each picture, and only a few are on their way to it at once. All of this runs in the
server's event loop.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

ON_THE_WAY = 3  # pictures that a page has not confirmed yet
FORGOTTEN_S = 5.0  # after which an unconfirmed picture no longer counts
KINDS = ("page", "picture", "pose", "status")
"""What a page can ask for. "page" is the guidance and all that belongs to it."""


class Channel(Protocol):
    """The sending half of a WebSocket."""

    async def send_str(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...


class _Waiting(NamedTuple):
    text: str
    until: float  # monotonic, s: what waits for longer is not sent


class Viewer:
    """One open page."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.wants: frozenset[str] = frozenset()
        self.has_voice = False
        self.dropped = 0
        """Pictures that were replaced before they were sent."""
        self._messages: dict[str, _Waiting] = {}
        self._picture: bytes | None = None
        self._sent: list[float] = []  # when each picture that is on its way was sent
        self._changed = asyncio.Event()

    def put(self, kind: str, text: str, lasts_s: float = float("inf")) -> None:
        """Send a message, unless a newer one of its kind comes first, or it waits too long."""
        self._messages.pop(kind, None)
        self._messages[kind] = _Waiting(text, time.monotonic() + lasts_s)
        self._changed.set()

    def show(self, picture: bytes) -> None:
        """Send a picture, unless a newer one comes first."""
        self.dropped += self._picture is not None
        self._picture = picture
        self._changed.set()

    def confirm(self) -> None:
        """Note that the page has shown a picture."""
        if self._sent:
            self._sent.pop(0)
        self._changed.set()

    @property
    def ready(self) -> bool:
        """Whether it wants a picture, and one would be sent now."""
        return "picture" in self.wants and self._picture is None and self._has_room()

    def _has_room(self) -> bool:
        now = time.monotonic()
        return sum(now - at < FORGOTTEN_S for at in tuple(self._sent)) < ON_THE_WAY

    async def send(self, channel: Channel) -> None:
        """Send what comes, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._messages:
                waiting = self._messages.pop(next(iter(self._messages)))
                if time.monotonic() <= waiting.until:
                    await channel.send_str(waiting.text)
            if self._picture is not None and self._has_room():
                picture, self._picture = self._picture, None
                self._sent = [*self._sent[1 - ON_THE_WAY :], time.monotonic()]
                await channel.send_bytes(picture)


class Hub:
    """All open pages.

    Args:
        changed: called with what the pages want, when that has changed.
        most: open pages at once.
    """

    def __init__(self, changed: Callable[[frozenset[str]], None], most: int) -> None:
        self.viewers: list[Viewer] = []
        self._changed, self._most = changed, most
        self._wanted: frozenset[str] = frozenset()
        self._kept: dict[str, str] = {}
        self._number = 0

    def join(self) -> Viewer | None:
        """Add a page; None if there are too many. It is told what `keep` was called with."""
        if len(self.viewers) >= self._most:
            return None
        self._number += 1
        viewer = Viewer(self._number)
        self.viewers.append(viewer)
        for kind, text in self._kept.items():
            viewer.put(kind, text)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Remove a page."""
        self.viewers.remove(viewer)
        self._tell()

    def want(self, viewer: Viewer, kinds: Iterable[str]) -> None:
        """Note what a page wants; what is unknown is ignored."""
        viewer.wants = frozenset(kinds) & frozenset(KINDS)
        self._tell()

    def _tell(self) -> None:
        wanted = frozenset().union(*(viewer.wants for viewer in self.viewers))
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed(wanted)

    @property
    def hungry(self) -> bool:
        """Whether a picture would be sent to any page now; may be asked in any thread."""
        return any(viewer.ready for viewer in tuple(self.viewers))

    def show(self, picture: bytes) -> None:
        """Send a picture to all pages that want one."""
        for viewer in self.viewers:
            if "picture" in viewer.wants:
                viewer.show(picture)

    def tell(self, want: str, kind: str, text: str) -> None:
        """Send a message to the pages that want such."""
        for viewer in self.viewers:
            if want in viewer.wants:
                viewer.put(kind, text)

    def keep(self, kind: str, text: str) -> None:
        """Send a message to all pages, and to each that comes later."""
        self._kept[kind] = text
        for viewer in self.viewers:
            viewer.put(kind, text)

    def voice(self) -> Viewer | None:
        """Return the page that speaks: of those that have a voice, the one that came first."""
        return next((viewer for viewer in self.viewers if viewer.has_voice), None)


def picture_message(stamp_s: float, jpeg: bytes) -> bytes:
    """Return what a page is sent of a picture: its stamp in s, as a little-endian double, and the
    JPEG.
    """
    return struct.pack("<d", stamp_s) + jpeg
