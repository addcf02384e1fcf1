# SPDX-License-Identifier: Apache-2.0
"""The screen: from a browser's camera through all nodes to a picture in the gallery."""

from __future__ import annotations

import asyncio
import io
import math
import os
import re
import socket
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness import send_until, wait_until
from holistic_models import needs_holistic
from PIL import Image as Picture
from rcl_interfaces.srv import GetParameters
from screen_fixtures import film, launch_browser, need_browser
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool, String

from dwpose_ros.core.images import to_bgr
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.qos import LATCHED, NEWEST_IMAGE

pytest.importorskip("aiohttp", reason="the screen needs aiohttp: pip install aiohttp")

from dwpose_ros.ros.screen_backend import MOST_NODES, ScreenBackend  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MS = 60e3
SPEAKS = """
window.said = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(window, 'speechSynthesis', {value: {
  getVoices: () => [{lang: 'en-US', name: 'a'}], addEventListener: () => {}, cancel: () => {},
  speak: (one) => { said.push(one.text); setTimeout(() => one.onend?.(), 400); }}});
Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: true}});
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = launch_browser(playwright, film(tmp_path_factory.mktemp("film") / "film.mjpeg"))
        yield made
        made.close()


@pytest.fixture
def browse(chromium):
    """browse(url) -> a page."""
    contexts = []

    def open_page(url: str, before: str = "", **options):
        contexts.append(chromium.new_context(ignore_https_errors=True, **options))
        contexts[-1].set_default_timeout(LIMIT_MS)
        page = contexts[-1].new_page()
        if before:
            page.add_init_script(before)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def screen(run, peer):
    """screen(host='0.0.0.0') -> the node as a process, and the address it tells."""

    def start(**parameters):
        process = run("screen", port=0, **parameters)
        output = process.says("the screen is at ")
        return process, re.search(r"the screen is at (\S+)", output)[1]

    return start


def diagnosed(statuses: list[DiagnosticArray], name: str) -> dict[str, str]:
    """What a node last told of itself, with its level and message."""
    for array in reversed(statuses):
        for status in array.status:
            if status.name == name:
                values = {pair.key: pair.value for pair in status.values}
                return {**values, "level": status.level, "message": status.message}
    return {}


def test_who_tells_of_itself_is_known_however_many_have_gone():
    backend = ScreenBackend.__new__(ScreenBackend)
    backend._statuses, backend._status_at = {}, math.inf
    names = [f"gone{i}" for i in range(MOST_NODES)]
    for name in [*names, "pose", "camera", "pose"]:
        backend._on_diagnostics(DiagnosticArray(status=[DiagnosticStatus(name=name)]))
    assert list(backend._statuses) == [*names[2:], "pose", "camera"]


@pytest.mark.parametrize(
    "value, why",
    [
        (10**20, "100000000000000000000 is too large: the largest integer is 9223372036854775807"),
        (-(10**400), " is too large: the largest integer is"),
        ("\ud800", "has characters that cannot be sent"),
        (None, "a parameter is a truth value, a number or a text"),
    ],
    ids=["large", "very small", "half a character", "none"],
)
def test_a_value_that_no_message_can_hold_is_refused_at_once(value, why):
    backend = ScreenBackend.__new__(ScreenBackend)
    backend._statuses = {"speech": None}
    assert why in asyncio.run(backend.set_parameter("speech", "rate", value))


@needs_holistic
@pytest.mark.parametrize("composed", ["true", "false"])
def test_the_whole_way(peer, command, browse, tmp_path, composed):
    """As `make try`: a browser is opened on the page, and a person is guided and photographed."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    images = peer.listen(Image, "image_raw", NEWEST_IMAGE)
    stamps: list[tuple[int, int]] = []
    peer.node.create_subscription(
        CompressedImage,
        "browser_image/compressed",
        lambda msg: stamps.append((stamp_ns(msg.header), peer.node.get_clock().now().nanoseconds)),
        NEWEST_IMAGE,
    )
    statuses = peer.listen(DiagnosticArray, "/diagnostics", 50)
    speaking = peer.listen(Bool, "speaking", LATCHED)
    process = command(
        sys.executable, ROOT / "tools" / "try.py", "--log", tmp_path / "log", "port:=0",
        f"composed:={composed}", f"folder:={tmp_path / 'captures'}",
        env={"BROWSER": str(browser)},
    )  # fmt: skip
    opened = wait_until(lambda: (tmp_path / "opened").is_file() and tmp_path / "opened", 60.0)
    url = wait_until(lambda: opened.read_text().strip())

    viewer = browse(url)
    page = browse(url, before=SPEAKS, permissions=["camera"])
    page.click("#use-camera")
    page.click("#start")
    # The film shows somebody too far away, then where they are wanted.
    page.wait_for_selector("text=/Hello|closer|hold still/i")
    wait_until(lambda: images and len(stamps) > 1)
    mirrored(viewer)
    assert (to_bgr(images[-1])[10, 10].astype(int) - [0, 0, 255] < 90).all()
    ages_s = [(came - stamp) / 1e9 for stamp, came in stamps[1:]]
    assert min(ages_s) >= 0 and np.median(ages_s) < 1.5  # on a busy machine some wait
    told = wait_until(
        lambda: (
            (found := diagnosed(statuses, "screen")).get("browser's clock ahead (ms)") and found
        )
    )
    # Both are on this machine, so the clocks are the same one.
    error_ms = float(told["error of that (ms)"])
    assert abs(float(told["browser's clock ahead (ms)"])) <= error_ms + 1 and error_ms < 1000
    assert int(told["pictures received"]) > 0

    page.wait_for_selector("#thumbs img")
    page.wait_for_selector("text=The picture was taken.")
    said = page.evaluate("said")
    assert "Perfect, hold still." in said and "Your picture will be kept." in said
    assert any(msg.data for msg in speaking)
    page.goto(url + "captures")
    page.locator(".tiles button").first.click()
    with page.expect_download() as got:
        page.locator("#one").get_by_text("Download", exact=True).click()
    taken = Picture.open(got.value.path())
    width, height = taken.size  # smaller than 640 where the machine does not keep up
    assert width <= 640 and width * 3 == height * 4
    assert np.asarray(taken.convert("RGB"))[10, 10, 0] > 180  # as the camera saw it
    process.stop()
    assert "Traceback" not in (tmp_path / "log").read_text()


def mirrored(page) -> None:
    """Check that the red square on the left of the camera's picture is on the right."""
    wait_until(lambda: page.evaluate("screenStats.pictures > 3"))

    def on_the_right() -> bool:
        shot = page.locator("#mirror").screenshot()
        pixels = np.asarray(Picture.open(io.BytesIO(shot)).convert("RGB")).astype(int)
        red = np.argwhere((pixels[..., 0] > 180) & (pixels[..., 1:] < 80).all(-1))
        # A skeleton over the picture has some red, too.
        return len(red) > 500 and (red[:, 1] > pixels.shape[1] / 2).mean() > 0.9

    wait_until(on_the_right)  # a page counts a picture a moment before it shows it


def test_what_a_page_wants_last_holds_however_fast_it_changes_its_mind(peer, screen, browse):
    """rclpy's executors do the last of several tasks first."""
    images = peer.node.create_publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.node.create_publisher(WholeBodyPose, "wholebody_pose", 1)
    process, url = screen()
    browse(f"{url}/captures").evaluate(
        """() => { const s = new WebSocket(location.origin.replace('http', 'ws') + '/live');
        s.onopen = () => { const say = (...value) => s.send(JSON.stringify({kind: 'want', value}));
        for (let i = 0; i < 40; i++) { say('picture'); say(); }
        say('picture', 'pose'); say('pose'); }; }"""
    )
    wait_until(lambda: poses.get_subscription_count() and not images.get_subscription_count())


def test_nothing_is_subscribed_to_while_nobody_looks(peer, screen, browse, image):
    images = peer.node.create_publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.node.create_publisher(WholeBodyPose, "wholebody_pose", 1)
    told = peer.node.create_publisher(Guidance, "guidance", 1)
    statuses = peer.listen(DiagnosticArray, "/diagnostics", 50)
    process, url = screen()
    topics = (images, poses, told)
    wait_until(lambda: diagnosed(statuses, "screen").get("address") == url)
    assert [topic.get_subscription_count() for topic in topics] == [0, 0, 0]
    page = browse(url)
    for topic in topics:
        wait_until(topic.get_subscription_count)

    def looked() -> bool:
        images.publish(image(np.full((48, 64, 3), 90, np.uint8)))
        told.publish(Guidance(state=1, code="move_back", text="Take a step back."))
        return page.evaluate("screenStats.pictures > 2") and "step back" in page.inner_text("body")

    wait_until(looked)
    page.close()
    for topic in topics:
        wait_until(lambda: topic.get_subscription_count() == 0)

    def encoded() -> int:
        """Publish images until the screen tells of itself again; then what it has encoded."""
        statuses.clear()

        def told_again() -> dict[str, str]:
            images.publish(image(np.full((48, 64, 3), 90, np.uint8)))
            return diagnosed(statuses, "screen")

        return int(wait_until(told_again)["pictures encoded"])

    encoded()  # what is told first may have been counted before
    before = encoded()
    assert encoded() == before > 0
    assert process.stop() == 0


@pytest.mark.parametrize("name", ["sv", "fr"])  # the latter is a shipped one's, too
def test_a_page_asks_for_the_users_own_phrases(peer, screen, browse, run, tmp_path, name):
    own = tmp_path / f"{name}.yaml"
    english = (ROOT / "config" / "phrases" / "en.yaml").read_text(encoding="utf-8")
    own.write_text(english.replace("Step in front of the camera.", "Kom fram."), encoding="utf-8")
    run("guidance", on_demand=True, language=own)
    _, url = screen(language=own)
    poses = peer.publisher(WholeBodyPose, "wholebody_pose", 1)
    told = peer.listen(Guidance, "guidance")
    browse(url, locale="en-US").click("#start")
    send_until(
        lambda: poses.publish(WholeBodyPose(width=640, height=480)),
        lambda: any(msg.text == "Kom fram." for msg in told),
    )


def test_a_port_that_is_taken_is_told_and_the_node_goes_on(peer, run):
    statuses = peer.listen(DiagnosticArray, "/diagnostics", 50)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = run("screen", port=other.getsockname()[1])
        process.says("is taken by another program")
        wait_until(lambda: "is taken" in diagnosed(statuses, "screen").get("message", ""))
    process.says("the screen is at http://127.0.0.1:")
    wait_until(lambda: diagnosed(statuses, "screen")["message"] == "running")
    assert process.stop() == 0 and "Traceback" not in process.output


def test_for_other_machines_the_token_is_printed(screen):
    process, url = screen(host="0.0.0.0")
    assert url.startswith("https://") and "?token=" in url
    assert "█" in process.output and "SHA-256" in process.output
    token = Path(os.environ["DWPOSE_ROS_CACHE"]) / "screen" / "token"
    assert token.read_text() in url and stat.S_IMODE(token.stat().st_mode) == 0o600
    assert process.stop() == 0


def test_a_certificate_that_cannot_be_read_is_one_line(run, tmp_path):
    process = run("screen", port=0, certificate=tmp_path / "none.pem", key=tmp_path / "none.key")
    assert process.ended() == 2
    (line,) = (line for line in process.told() if "none.pem" in line)  # not always the last one
    assert "PEM" in line and "Traceback" not in process.output


def test_a_sentence_goes_to_the_page_that_speaks(peer, screen, browse, run, life):
    speech = peer.node.create_publisher(String, "speech", 10)
    speaking = peer.listen(Bool, "speaking", LATCHED)
    run("speech", speaker="speech")
    process, url = screen(speaker="page")

    def speaker() -> str:
        found = peer.call(GetParameters, "/speech/get_parameters", names=["speaker"])
        return found.values[0].string_value

    wait_until(lambda: speaker() == "page")  # the speech node is told to be silent
    page = browse(url, before=SPEAKS)
    wait_until(lambda: speech.get_subscription_count() >= 2)

    # Each sentence is over at once, and a reader that is late gets no more than the last message.
    send_until(
        lambda: speech.publish(String(data="Take a step back.")),
        lambda: any(msg.data for msg in speaking),
    )
    assert "Take a step back." in page.evaluate("said")
    wait_until(lambda: speaking[-1].data is False)

    # A page that the screen leaves speaks no more, and the speech node does instead.
    page.evaluate("speechSynthesis.speak = () => {}")  # which never ends
    send_until(
        lambda: speech.publish(String(data="Hold still.")), lambda: speaking[-1].data is True
    )
    life("screen", "deactivate")
    assert life.succeeded
    wait_until(lambda: speaking[-1].data is False and speaker() == "speech")
    assert process.stop() == 0
