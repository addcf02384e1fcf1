# SPDX-License-Identifier: Apache-2.0
"""Screen node: web pages for the person in front of the camera, and for the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from dwpose_ros.core.files import user_path
from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.estimation.model_registry import cache_dir
from dwpose_ros.guidance import load_phrases
from dwpose_ros.nodes.capture import FOLDER
from dwpose_ros.ros.latest_only_worker import StillRunning
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.node_main import run
from dwpose_ros.ros.parameters import SHIPPED
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE
from dwpose_ros.ros.screen_backend import ScreenBackend
from dwpose_ros.ros.shipped_files import configured, share
from dwpose_ros.ros.speaking import SpeakingReport
from dwpose_ros.ros.transport import declare_transport
from dwpose_ros.web.site import SPEAKERS, Settings, Site

if TYPE_CHECKING:
    from dwpose_ros.web.server import WebServer

PORT = 8133  # as many as there are keypoints, and nobody else's
CAMERA_SIZE = (640, 480)


class ScreenNode(ManagedNode):
    """Serves the pages."""

    def __init__(self) -> None:
        super().__init__("screen")
        self._server: WebServer | None = None
        self._backend: ScreenBackend | None = None
        self._fault = ""  # why the server does not listen
        self._declare_server()
        self._declare_pages()
        self._declare_pictures()
        declare_transport(self)

    def _declare_server(self) -> None:
        self.parameter(
            "host",
            "127.0.0.1",
            "address to listen on: 127.0.0.1 is this machine alone; 0.0.0.0 is everybody who has "
            "the token, by HTTPS",
            fixed=True,
        )
        self.parameter(
            "port", PORT, "TCP port; 0: any that is free", minimum=0, maximum=65535, fixed=True
        )
        for name in ("certificate", "key"):
            self.parameter(
                name,
                "",
                f"PEM file of the {name} for HTTPS; empty: of one that the node makes itself",
                no_file="",
                fixed=True,
            )
        self.parameter(
            "max_pages", 20, "pages that may be open at once", minimum=1, maximum=1000, fixed=True
        )

    def _declare_pages(self) -> None:
        self.parameter(
            "folder", FOLDER, "folder of the captures that the gallery shows", fixed=True
        )
        self.parameter(
            "keep_hours",
            0.0,
            "what the person is told where the node `capture` does not answer how long it keeps "
            "captures; 0: for ever",
            unit="h",
            minimum=0.0,
            maximum=1e6,
        )
        self.parameter("profile", "upper_body", "picture that is chosen at first", no_file=SHIPPED)
        self.parameter("language", "en", "language of the pages at first", no_file=SHIPPED)
        self.parameter("mirrored", False, "whether the camera's image is mirrored already")
        self.parameter(
            "speaker",
            "speech",
            "who speaks: a page, the speech node, both or none",
            choices=SPEAKERS,
            change=self._use_speaker,
        )
        self.parameter(
            "timeout",
            300.0,
            "time until a session that a page has started is given up; 0: never",
            unit="s",
            minimum=0.0,
            maximum=86400.0,
            change=True,
        )

    def _declare_pictures(self) -> None:
        self.parameter(
            "camera", False, "take the pictures of a browser's camera, as for source:=browser"
        )
        for name in ("camera_width", "camera_height"):
            self.parameter(
                name,
                0,
                f"{name.removeprefix('camera_')} to ask of a browser's camera; 0: 640x480",
                unit="px",
                minimum=0,
                maximum=16384,
            )
        self.parameter(
            "width",
            960,
            "pictures are shown at most so wide",
            unit="px",
            minimum=16,
            maximum=16384,
            change=True,
        )
        self.parameter(
            "rate",
            30.0,
            "pictures a second that are shown at most",
            unit="Hz",
            minimum=0.1,
            maximum=1000.0,
            change=True,
        )
        self.parameter("jpeg_quality", 75, "of the pictures", minimum=1, maximum=100, change=True)
        self.parameter(
            "threshold",
            THRESHOLD,
            "keypoints with a score up to this are not drawn",
            minimum=0.0,
            maximum=1.0,
            change=True,
        )

    def configure(self) -> None:
        self._server_class()  # better now than at the activation
        self._settings = self._read_settings()
        self._speaking = SpeakingReport(self)
        self._speaker = self.output(String, "speaker", LATCHED, steady=False)
        self._browser_images = (
            self.output(
                CompressedImage,
                "browser_image/compressed",
                NEWEST_IMAGE,
                steady=False,
                local=True,
            )
            if self.value("camera")
            else None
        )

    def activate(self) -> None:
        self._fault = ""
        self._speaking.listen()
        backend = ScreenBackend(self, self._speaking, self._speaker, self._browser_images)
        try:
            site = Site(self._settings, backend)
            server = self._server_class()(site, self._listens, self._cannot_listen)
            backend.begin(site, server.call)
        except Exception:
            backend.stop()
            raise
        self._backend, self._server = backend, server
        server.start()

    def deactivate(self) -> None:
        server, backend = self._server, self._backend
        if backend is not None:
            backend.stop()
        if server is not None and not server.stop():
            raise StillRunning("the web server has not ended yet: try again in some seconds")
        self._server = self._backend = None

    def trouble(self, now: float) -> str:
        return super().trouble(now) or self._fault

    def details(self) -> dict[str, Any]:
        server, backend = self._server, self._backend
        if server is None or backend is None:
            return {}
        site = server.site
        told: dict[str, Any] = {
            "address": server.address,
            "pages": len(site.hub.viewers),
            "pictures encoded": backend.encoded,
        }
        if self._settings.camera:
            feed = site.camera.feed
            told |= {
                "browser's camera": "connected" if site.camera.connected else "none",
                "pictures received": feed.received,
                "pictures refused": feed.refused,
            }
            if feed.clock.known:
                wall_s = feed.clock.offset_s + _monotonic_ahead_s()
                told |= {
                    "browser's clock ahead (ms)": f"{1e3 * wall_s:.1f}",
                    "error of that (ms)": f"{1e3 * feed.clock.error_s:.1f}",
                }
        return told

    def concern(self) -> str:
        server = self._server
        waits = server is not None and self._settings.camera and not server.site.camera.connected
        return "no browser is the camera: open the page and choose its camera" if waits else ""

    @staticmethod
    def _server_class() -> type[WebServer]:
        """Return the server's class. Raises ImportError, which says what to install."""
        try:
            from dwpose_ros.web.server import WebServer
        except ModuleNotFoundError as err:
            raise ImportError(
                f"the screen needs the library {err.name}: apt install python3-aiohttp, "
                "or pip install 'dwpose_ros[screen]'"
            ) from err
        return WebServer

    def _read_settings(self) -> Settings:
        shipped = {name: sorted(share("config", name).glob("*.yaml")) for name in _SHIPPED}
        english = load_phrases(configured("phrases", "en")).screen
        languages = {path.stem: path for path in shipped["phrases"]}
        own = configured("phrases", self.value("language"))
        languages[own.stem] = own
        profile = self.value("profile")
        profiles = [path.stem for path in shipped["profiles"]]
        asked = (self.value("camera_width"), self.value("camera_height"))
        return Settings(
            host=self.value("host"),
            port=self.value("port"),
            cache=cache_dir() / "screen",
            folder=user_path(self.value("folder")),
            keep_hours=self.value("keep_hours"),
            texts={
                name: english | {"language_name": name} | load_phrases(path).screen
                for name, path in languages.items()
            },
            phrases={name: name for name in languages} | {own.stem: self.value("language")},
            language=own.stem,
            profiles=profiles if profile in profiles else [profile, *profiles],
            profile=profile,
            mirrored=self.value("mirrored"),
            camera=self.value("camera"),
            camera_size=asked if all(asked) else CAMERA_SIZE,
            most_pages=self.value("max_pages"),
            certificate=_path(self.value("certificate")),
            key=_path(self.value("key")),
        )

    def _use_speaker(self, who: str) -> None:
        if self._backend is not None:
            self._backend.use_speaker(who)

    # In the server's thread

    def _listens(self) -> None:
        self._fault = ""
        if self._server is not None:
            self.get_logger().info(self._server.announcement())

    def _cannot_listen(self, why: str) -> None:
        self._fault = why
        self.get_logger().error(why)


_SHIPPED = ("phrases", "profiles")


def _path(name: str) -> str:
    return str(user_path(name)) if name else ""


def _monotonic_ahead_s() -> float:
    """Return how far the monotonic clock, which offsets are of, is ahead of the wall clock."""
    import time

    return time.monotonic() - time.time()


def main() -> None:
    run(ScreenNode)
