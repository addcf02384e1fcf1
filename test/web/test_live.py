# SPDX-License-Identifier: Apache-2.0
"""The newest at the pace of each page, and pictures of browsers' cameras."""

from __future__ import annotations

import asyncio
import math
import struct
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from dwpose_ros.core.images import ImageError
from dwpose_ros.web import live
from dwpose_ros.web.camera_feed import CameraFeed, ClockOffset
from dwpose_ros.web.live import ON_THE_WAY, Hub, Viewer, picture_message

JPEG = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()


class Channel:
    """Takes what is sent, as slowly as the test wants."""

    def __init__(self) -> None:
        self.sent: list = []
        self.open = asyncio.Event()
        self.open.set()

    async def send_str(self, data: str) -> None:
        await self.open.wait()
        self.sent.append(data)

    send_bytes = send_str


def run(coroutine) -> None:
    """Run it to its end in a thread of its own: the tests' browser has a loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, coroutine).result()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def sending(scenario):
    """Run a coroutine of a viewer that wants pictures, and its channel."""

    async def main():
        viewer, channel = Viewer(1), Channel()
        viewer.wants = frozenset(["picture"])
        task = asyncio.ensure_future(viewer.send(channel))
        try:
            await scenario(viewer, channel)
        finally:
            task.cancel()

    run(main())


def test_a_page_that_does_not_confirm_gets_no_more_pictures():
    async def scenario(viewer, channel):
        for i in range(100):
            viewer.show(b"%d" % i)
            await settled()
        assert channel.sent == [b"0", b"1", b"2"] and len(channel.sent) == ON_THE_WAY
        assert viewer.dropped == 96 and not viewer.ready
        viewer.confirm()
        await settled()
        assert channel.sent[-1] == b"99"  # the newest, no old one

    sending(scenario)


def test_a_connection_that_is_stuck_keeps_one_of_each_kind():
    async def scenario(viewer, channel):
        channel.open.clear()
        for i in range(1000):
            viewer.put("guidance", f"g{i}")
            viewer.put("pose", f"p{i}")
            viewer.show(b"%d" % i)
            await settled()
        assert not channel.sent and len(viewer._messages) <= 2
        channel.open.set()
        await settled()
        assert channel.sent[1:] in (["p999", "g999", b"999"], ["g999", "p999", b"999"])

    sending(scenario)


def test_who_hears_nothing_is_told_that_the_connection_stands(monkeypatch):
    monkeypatch.setattr(live, "ALIVE_S", 0.01)

    async def scenario(viewer, channel):
        async def sent(text: str, times: int) -> None:
            while channel.sent.count(text) < times:
                await asyncio.sleep(0.01)

        await asyncio.wait_for(sent(live.ALIVE, 3), 30.0)
        viewer.put("guidance", "now")
        await asyncio.wait_for(sent("now", 1), 30.0)

    sending(scenario)


def test_a_sentence_that_waited_too_long_is_not_said():
    async def scenario(viewer, channel):
        viewer.put("speech", "late", lasts_s=-0.001)
        viewer.put("guidance", "now")
        await settled()
        assert channel.sent == ["now"]

    sending(scenario)


def test_what_pages_want_is_told_when_it_changes():
    async def scenario():
        told: list = []
        hub = Hub(told.append, most=2)
        a, b = hub.join(), hub.join()
        assert hub.join() is None
        hub.want(a, ["page", "picture", "nonsense"])
        hub.want(b, ["page"])
        hub.want(b, ["page", "picture"])
        assert told == [{"page", "picture"}] and hub.hungry
        hub.leave(a)
        hub.leave(b)
        assert told == [{"page", "picture"}, frozenset()] and not hub.hungry
        hub.keep("goal", "kept")
        assert list(hub.join()._messages) == ["goal"]

    run(scenario())


def test_a_picture_carries_its_stamp():
    message = picture_message(1234.5, b"jpeg")
    assert struct.unpack("<d", message[:8]) == (1234.5,) and message[8:] == b"jpeg"


class TestClock:
    def test_the_quickest_answer_counts(self):
        clock = ClockOffset()
        assert not clock.known and math.isnan(clock.offset_s)
        clock.add(10.0, 3610.3, 10.4)  # an hour ahead; 0.2 s either way
        clock.add(20.0, 3620.011, 20.02)
        assert clock.offset_s == pytest.approx(3600.001) and clock.error_s == pytest.approx(0.01)

    def test_a_clock_that_jumps_is_estimated_anew(self):
        clock = ClockOffset()
        clock.add(10.0, 20.0, 10.002)
        clock.add(11.0, 121.0, 11.1)
        assert clock.offset_s == pytest.approx(109.95)

    @pytest.mark.parametrize("answer", [(5.0, math.nan, 5.1), (5.0, math.inf, 5.1), (6, 1, 5)])
    def test_nonsense_is_ignored(self, answer):
        clock = ClockOffset()
        clock.add(*answer)
        assert not clock.known


class TestFeed:
    @pytest.fixture
    def feed(self):
        made = CameraFeed()
        made.clock.add(100.0, 5100.001, 100.002)  # 5000 s ahead
        return made

    def test_a_picture_and_its_age(self, feed):
        picture = feed.take(struct.pack("<d", 5100.9e3) + JPEG, 101.0)
        assert picture.jpeg == JPEG and picture.age_s == pytest.approx(0.1, abs=1e-6)

    @pytest.mark.parametrize(
        "message, why",
        [
            (b"", "no JPEG"),
            (b"12345678", "no JPEG"),
            (struct.pack("<d", 5100.9e3) + b"GIF89a", "no JPEG"),
            (struct.pack("<d", 5090e3) + JPEG, "11.0 s old"),
            (struct.pack("<d", 5102e3) + JPEG, "-1.0 s old"),
            (struct.pack("<d", math.nan) + JPEG, "nan s old"),
            (struct.pack("<d", math.inf) + JPEG, "-inf s old"),
        ],
    )
    def test_what_is_refused(self, feed, message, why):
        with pytest.raises(ImageError, match=why):
            feed.take(message, 101.0)
        assert (feed.received, feed.refused) == (0, 1)

    def test_before_the_clock_is_known_nothing_is_taken(self):
        with pytest.raises(ImageError, match="clock is not known"):
            CameraFeed().take(struct.pack("<d", 0.0) + JPEG, 1.0)

    def test_a_flood_is_cut_to_sixty_a_second(self, feed):
        taken = 0
        for i in range(1000):
            now = 101.0 + i / 1000
            try:
                feed.take(struct.pack("<d", 1e3 * (now + 5000.0)) + JPEG, now)
                taken += 1
            except ImageError:
                pass
        assert 55 <= taken <= 70
