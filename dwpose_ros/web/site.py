# SPDX-License-Identifier: Apache-2.0
"""What all parts of the web server share: its settings, its pages' wishes, and who carries them
out.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dwpose_ros.capture.archive import Archive
from dwpose_ros.web.camera_feed import CameraFeed
from dwpose_ros.web.live import Hub

SPEAKERS = ("page", "speech", "both", "none")


class Backend(Protocol):
    """Carries out what pages ask for. All methods are called in the server's thread and must be
    quick.
    """

    def wanted(self, kinds: frozenset[str]) -> None:
        """Begin to send what pages want, and end what they no longer do."""

    def start(self, profile: str, phrases: str) -> None:
        """Guide somebody to the pictures of a profile, with the phrases that are named."""

    def cancel(self) -> None:
        """End that."""

    def speaker(self, who: str) -> None:
        """Let one of SPEAKERS speak."""

    def speaking(self, speaks: bool) -> None:
        """Note whether a page is speaking."""

    def picture(self, jpeg: bytes, age_s: float) -> None:
        """Take a picture of a browser's camera."""

    async def keep_hours(self) -> float | None:
        """Return after how many hours captures are removed, 0 for never; None if the node that
        does so does not answer."""

    async def parameters(self, node: str) -> list[dict[str, Any]]:
        """Return the parameters of a node. Raises LookupError: there is no such node."""

    async def set_parameter(self, node: str, name: str, value: Any) -> str:
        """Set a parameter, and return why it was refused; empty if it was not. Raises
        LookupError.
        """

    def log(self, text: str) -> None:
        """Tell the operator what happened."""


@dataclass
class Settings:
    """What the server is told at its start.

    Raises nothing by itself: all of it was checked before.
    """

    host: str
    port: int  # 0: any that is free
    cache: Path  # folder for the token and the certificate
    folder: Path  # of the captures
    keep_hours: float  # as the backend's, where nobody answers
    texts: Mapping[str, Mapping[str, str]]  # of the pages, by language
    phrases: Mapping[str, str]  # what a goal names for each language: a name, or the user's file
    language: str
    profiles: Sequence[str]
    profile: str
    mirrored: bool  # whether the camera's image is mirrored already
    camera: bool  # whether the camera is to be a browser's
    camera_size: tuple[int, int]  # to ask a browser for
    most_pages: int
    certificate: str = ""  # the user's own, PEM
    key: str = ""


@dataclass
class CameraState:
    """The browser that is the camera now. Written in the server's thread, read in any."""

    feed: CameraFeed = field(default_factory=CameraFeed)
    connected: bool = False


class Site:
    """The state of a running server."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self.settings, self.backend = settings, backend
        self.hub = Hub(backend.wanted, settings.most_pages)
        self.archive = Archive(settings.folder)
        self.archive_lock = threading.Lock()  # its work is done in threads
        self.camera = CameraState()
        self.tell_camera()
        self.hub.keep("settings", self.about())

    def about(self) -> str:
        """Return what pages need to know of the settings."""
        s = self.settings
        return message(
            "settings",
            languages={code: texts["language_name"] for code, texts in s.texts.items()},
            language=s.language,
            profiles=list(s.profiles),
            profile=s.profile,
            mirrored=s.mirrored,
            camera=s.camera,
            camera_size=list(s.camera_size),
            folder=str(s.folder),
        )

    def tell_camera(self) -> None:
        """Tell all pages whether a browser is the camera."""
        self.hub.keep("camera", message("camera", connected=self.camera.connected))


def message(kind: str, **fields: Any) -> str:
    """Return a message for pages. Numbers must be finite."""
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, allow_nan=False)
