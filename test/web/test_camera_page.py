# SPDX-License-Identifier: Apache-2.0
"""The browser as the camera: its pictures, their times, and what goes wrong."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from web_fixtures import until

CAMERA = {"permissions": ["camera"]}
HOURS_OFF = """const origin = performance.timeOrigin + 7200e3;
Object.defineProperty(performance, 'timeOrigin', {value: origin});"""
RAW = """(name) => new Promise((done) => {
    const s = new WebSocket(location.origin.replace('http', 'ws') + '/camera'); let told = [];
    const garbage = new Uint8Array(500).fill(7), big = new Uint8Array(10_000_000);
    s.onclose = ({code}) => done([code, told]);
    s.onmessage = ({data}) => { const m = JSON.parse(data);
        if (m.kind === 'clock' && m.number === 0) {
            s.send(JSON.stringify({number: 0, ms: Date.now()}));
            s.send(name === 'big' ? big : garbage);
        } else if (m.kind === 'got') { told.push(m.why); s.close(1000); } };
})"""


def test_pictures_arrive_with_their_times(serve, browse):
    served = serve()
    page = browse(served.url, **CAMERA)
    page.click("#use-camera")
    until(lambda: len(served.backend.pictures) > 15)
    data, _ = served.backend.pictures[-1]
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert bgr.shape[2] == 3 and bgr.shape[1] * 3 == bgr.shape[0] * 4
    assert (bgr[10, 10] - [0, 0, 255]).max() < 90 and bgr[10, 10, 2] > 180  # not mirrored
    assert all(0 <= age < 1.0 for _, age in served.backend.pictures)
    assert served.site.camera.feed.clock.error_s < 0.1
    assert page.evaluate("document.getElementById('self').videoWidth") > 0
    until(lambda: "picture" not in served.backend.kinds)  # it sees itself without the server
    assert "mirrored" in page.get_attribute("#self", "class")


def test_a_clock_that_is_hours_off(serve, browse):
    served = serve()
    page = browse(served.url, before=HOURS_OFF, **CAMERA)
    page.click("#use-camera")
    until(lambda: len(served.backend.pictures) > 5)
    assert all(0 <= age < 1.0 for _, age in served.backend.pictures)


def test_a_second_page_takes_the_camera_only_if_it_is_told_to(serve, browse):
    served = serve()
    pages = [browse(served.url, **CAMERA) for _ in range(2)]
    pages[0].click("#use-camera")
    until(lambda: served.site.camera.connected)
    first = served.site.camera.feed
    pages[1].wait_for_selector("#use-camera", state="hidden")
    pages[1].click("#open-settings")
    pages[1].click("#camera-start")
    until(lambda: served.site.camera.feed is not first and served.site.camera.feed.received)
    pages[0].wait_for_selector("#self", state="hidden")  # it has given its camera back
    pages[1].click("#camera-stop")
    until(lambda: not served.site.camera.connected)
    pages[0].wait_for_selector("#use-camera")
    assert "Another page is the camera." not in pages[0].inner_text("body")
    pages[0].click("#use-camera")
    until(lambda: served.site.camera.connected)


def test_a_camera_that_is_not_allowed(serve, browse):
    served = serve()
    page = browse(served.url)  # without the permission
    page.click("#use-camera")
    page.wait_for_selector("text=The browser blocks the camera.")
    assert not served.site.camera.connected


@pytest.mark.parametrize(
    "script, told",
    [
        ("delete Navigator.prototype.mediaDevices", "too old"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false});"
         "delete Navigator.prototype.mediaDevices", "only to pages by https"),
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject("
         "new DOMException('', 'NotReadableError'))", "Another program uses the camera"),
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject("
         "new DOMException('', 'NotFoundError'))", "no camera of that kind"),
    ],
)  # fmt: skip
def test_a_browser_without_a_camera(serve, browse, script, told):
    page = browse(serve().url, before=script)
    page.click("#use-camera")
    page.wait_for_selector(f"text={told}")


def test_garbage_is_refused_and_told(serve, browse):
    served = serve()
    page = browse(served.url)
    code, why = page.evaluate(RAW, "garbage")
    assert code == 1000 and why == ["a message of 500 bytes is no JPEG with its time"]
    until(lambda: served.backend.told and "no JPEG" in served.backend.told[0])
    assert not served.backend.pictures


def test_ten_megabytes_close_the_connection_and_the_next_is_taken(serve, browse):
    served = serve()
    page = browse(served.url, **CAMERA)
    code, _ = page.evaluate(RAW, "big")
    assert code in (1006, 1009)
    until(lambda: not served.site.camera.connected)
    page.click("#use-camera")
    until(lambda: served.backend.pictures)


def test_where_the_camera_is_no_browser_there_is_no_way_in(serve, browse):
    page = browse(serve(camera=False).url)
    assert (
        page.evaluate("""() => new Promise((done) => {
        const s = new WebSocket(location.origin.replace('http', 'ws') + '/camera');
        s.onclose = ({code}) => done(code); })""")
        == 1006
    )


def test_the_pace_follows_the_connection(serve, browse):
    page = browse(serve().url)
    assert page.evaluate("""async () => {
        const {Pace, LEVELS} = await import('/static/camera.js');
        const pace = new Pace(), seen = [];
        for (let i = 0; i < 200; i++) pace.note(i % 2 === 0);
        seen.push(pace.level === LEVELS.length - 1);
        for (let i = 0; i < 2000; i++) pace.note(true);
        seen.push(pace.level === 0);
        return seen }""") == [True, True]


def test_over_https_with_the_token_of_the_address(serve, browse):
    served = serve(host="0.0.0.0")
    url = f"https://127.0.0.1:{(served.url, served.server.port)[1]}/"
    page = browse(f"{url}?token={served.server.token}", **CAMERA)
    page.click("#use-camera")
    until(lambda: served.backend.pictures)
    assert "token" not in page.url and not page.evaluate("document.cookie")
    page.goto(url + "captures")
    page.wait_for_selector("text=no picture was taken yet")
    stranger = browse(url)
    assert "needs the token" in stranger.inner_text("body")
