# SPDX-License-Identifier: Apache-2.0
"""The screen's web server without ROS, and a browser that all tests of this folder share."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from screen_fixtures import film, launch_browser, need_browser

from dwpose_ros.guidance import load_phrases  # noqa: E402
from dwpose_ros.web.server import WebServer  # noqa: E402
from dwpose_ros.web.site import Settings, Site, message  # noqa: E402

PHRASES = Path(__file__).resolve().parents[2] / "config" / "phrases"
LIMIT_S = 30.0


class Recorder:
    """A backend that keeps what pages ask for."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.pictures: list[tuple[bytes, float]] = []
        self.kinds: frozenset[str] = frozenset()
        self.told: list[str] = []
        self.hours: float | None = None

    def wanted(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds

    def start(self, profile: str, phrases: str) -> None:
        self.asked.append(("start", profile, phrases))

    def cancel(self) -> None:
        self.asked.append(("cancel",))

    def speaker(self, who: str) -> None:
        self.asked.append(("speaker", who))

    def speaking(self, speaks: bool) -> None:
        self.asked.append(("speaking", speaks))

    def picture(self, jpeg: bytes, age_s: float) -> None:
        self.pictures = [*self.pictures[-99:], (jpeg, age_s)]

    async def keep_hours(self) -> float | None:
        return self.hours

    async def parameters(self, node: str) -> list[dict[str, Any]]:
        if node != "left/pose":
            raise LookupError(f"no node {node!r}")
        about = {"unit": "s", "description": "What it is for.", "choices": []}
        return [
            {**about, "name": "max_age", "type": "double", "value": 0.5, "minimum": 0.0,
             "maximum": 9.0, "editable": True},
            {**about, "name": "model", "type": "string", "value": "x", "minimum": None,
             "maximum": None, "editable": False},
        ]  # fmt: skip

    async def set_parameter(self, node: str, name: str, value: Any) -> str:
        self.asked.append(("set", node, name, value))
        return "it is too much" if value == 8.0 else ""

    def log(self, text: str) -> None:
        self.told.append(text)


class Served:
    """A running server and its backend."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.backend, self.troubles, self.ready = Recorder(), [], []
        texts = {path.stem: dict(load_phrases(path).screen) for path in PHRASES.glob("*.yaml")}
        texts["he"] = {**texts["en"], "language_name": "עברית", "title": "התמונה שלך"}
        given = {
            "host": "127.0.0.1",
            "port": 0,
            "cache": folder / "cache",
            "folder": folder / "captures",
            "keep_hours": 0.0,
            "texts": texts,
            "phrases": {name: f"{name}.yaml" for name in texts},
            "language": "en",
            "profiles": ["face", "upper_body"],
            "profile": "upper_body",
            "mirrored": False,
            "camera": True,
            "camera_size": (640, 480),
            "most_pages": 20,
        }
        self.site = Site(Settings(**{**given, **changes}), self.backend)
        self.server = WebServer(self.site, lambda: self.ready.append(True), self.troubles.append)
        self.server.start()
        self._told: dict[str, tuple[str, str]] = {}
        self._over = threading.Event()
        self._telling = threading.Thread(target=self._go_on, daemon=True)
        self._telling.start()

    @property
    def url(self) -> str:
        until(lambda: self.ready)
        return self.server.address

    def tell(self, want: str, kind: str, **fields: Any) -> None:
        """Send a message to the pages."""
        self.server.call(self.site.hub.tell, want, kind, message(kind, **fields))

    def keep(self, kind: str, **fields: Any) -> None:
        self.server.call(self.site.hub.keep, kind, message(kind, **fields))

    def tell_on(self, want: str, kind: str, **fields: Any) -> None:
        """Send a message to the pages again and again, as nodes do, until another one of its kind,
        or `end`."""
        self._told[kind] = want, message(kind, **fields)
        self.tell(want, kind, **fields)

    def end(self, kind: str) -> None:
        """Send no more messages of a kind, as where its node has ended."""
        del self._told[kind]

    def _go_on(self) -> None:
        while not self._over.wait(1.0):
            for kind, (want, text) in list(self._told.items()):
                self.server.call(self.site.hub.tell, want, kind, text)

    def guide(self, state: str, text: str, code: str, **fields: Any) -> None:
        """Send an instruction, again and again."""
        self.tell_on("page", "guidance", **{
            "state": state, "text": text, "code": code, "profile": "upper_body", "step": "",
            "part": "", "grade": "", "count": 0, "progress": 0.5, "hold": 0.0, "checks": [],
            **fields,
        })  # fmt: skip

    def stop(self) -> None:
        self._over.set()
        self._telling.join()
        assert self.server.stop()


class Network:
    """Carries connections to a server, and can be cut: then nothing comes, and nothing closes."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._in_thread(self._accept)

    @staticmethod
    def _in_thread(target, *args) -> None:
        threading.Thread(target=target, args=args, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
                self._in_thread(self._carry, near, far)
                self._in_thread(self._carry, far, near)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._whole.wait()
                sink.sendall(data)
        self._whole.wait()  # that one side has gone is not heard on the other, either
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def until(condition, timeout_s: float = LIMIT_S):
    """The condition's first true value. Fails the test if there is none in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    pytest.fail(f"waited {timeout_s} s in vain")


def seen(page, expression: str) -> None:
    """Wait until an expression is true on a page. Not by `wait_for_function`, whose evaluation
    the pages' security policy forbids.
    """
    until(lambda: page.evaluate(expression))


@pytest.fixture
def serve(tmp_path):
    """serve(host=...) -> a server, which ends with the test."""
    made = []

    def start(**changes: Any) -> Served:
        made.append(Served(tmp_path, **changes))
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture(scope="module")  # while it is there, asyncio cannot be used in this thread
def chromium(tmp_path_factory):
    """A browser with a film as its camera."""
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = launch_browser(playwright, film(tmp_path_factory.mktemp("film") / "film.mjpeg"))
        yield made
        made.close()


@pytest.fixture
def browse(chromium):
    """browse(url, viewport=...) -> a page in a context of its own, which fails on errors."""
    contexts, errors = [], []

    def open_page(url: str, before=None, **options):
        context = chromium.new_context(**{"ignore_https_errors": True, **options})
        context.set_default_timeout(LIMIT_S * 1e3)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def captured(tmp_path):
    """captured('face', stamp_s) -> writes a capture as the capture node does; its name."""
    import cv2
    import numpy as np

    from dwpose_ros.capture.storage import stem_of

    folder = tmp_path / "captures"

    def write(label: str, stamp_s: int, **more: Any) -> str:
        folder.mkdir(exist_ok=True)
        stem = stem_of(label, stamp_s * 10**9)
        bgr = np.full((90, 120, 3), (200, 80, 40), np.uint8)
        cv2.imwrite(str(folder / f"{stem}.png"), bgr)
        cv2.imwrite(str(folder / f"{stem}_overlay.jpg"), bgr)
        person = {"id": 3, "score": 0.9, "box": [0, 0, 90, 80], "keypoints": [[5, 6, 0.9]] * 133}
        document = {
            "header": {"stamp": {"sec": stamp_s, "nanosec": 0}, "frame_id": "camera"},
            "width": 120,
            "height": 90,
            "persons": [person],
            "quality": {
                "score": 71.4,
                "measures": {
                    "eyes_open": {"value": 0.3, "score": 97.2, "unit": "1"},
                    "head_yaw": {"value": None, "score": None, "unit": "deg"},
                },
            },
            "rejected": ["-0.20 s: cut_off 0.8, at least 1"],
            **more,
        }
        (folder / f"{stem}.json").write_text(json.dumps(document))
        return stem

    return write
