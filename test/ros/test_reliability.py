# SPDX-License-Identifier: Apache-2.0
"""Images arrive from whoever publishes them; a reader that hangs slows nobody."""

from __future__ import annotations

import os
import signal
from statistics import median
from types import SimpleNamespace
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from harness import wait_until
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from dwpose_ros.ros import subscription
from dwpose_ros.ros.conversions import stamp_ns
from dwpose_ros.ros.diagnostics import lost_trouble
from dwpose_ros.ros.middleware import own_vendor
from dwpose_ros.ros.subscription import best_offered
from dwpose_ros.ros.topic_stats import TopicStats

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT


def test_images_are_read_as_reliably_as_all_publish_them(peer, run, tmp_path):
    """Whoever comes later is heard, too."""
    run("capture", folder=tmp_path)

    def asked_for() -> ReliabilityPolicy | None:
        found = peer.node.get_subscriptions_info_by_topic("/image_raw")
        return found[0].qos_profile.reliability if len(found) == 1 else None

    wait_until(lambda: asked_for() == BEST_EFFORT)  # which hears everybody
    driver = peer.node.create_publisher(
        Image, "image_raw", QoSProfile(depth=1, reliability=RELIABLE)
    )
    wait_until(lambda: asked_for() == RELIABLE)
    other = peer.node.create_publisher(
        Image, "image_raw", QoSProfile(depth=1, reliability=BEST_EFFORT)
    )
    wait_until(lambda: asked_for() == BEST_EFFORT)
    wait_until(lambda: driver.get_subscription_count() == other.get_subscription_count() == 1)
    peer.node.destroy_publisher(other)
    wait_until(lambda: asked_for() == RELIABLE)


class Publisher(NamedTuple):
    topic_type: str
    qos_profile: QoSProfile


@pytest.mark.parametrize(
    "offered, best",
    [
        ([], BEST_EFFORT),
        ([RELIABLE, RELIABLE], RELIABLE),
        ([RELIABLE, BEST_EFFORT], BEST_EFFORT),
        ([BEST_EFFORT], BEST_EFFORT),
    ],
)
def test_the_best_that_all_offer(offered, best):
    image, other = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
    publishers = [Publisher(image, QoSProfile(depth=1, reliability=one)) for one in offered]
    # One of another type is nobody's who could be heard.
    publishers.append(Publisher(other, QoSProfile(depth=1, reliability=BEST_EFFORT)))
    assert best_offered(publishers, image) == best


def test_a_reader_that_hangs_does_not_hold_back_the_camera(peer, run, tmp_path):
    """Nor does the camera wait for it, nor are its images kept for it."""
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((720, 1280, 3), np.uint8))
    images = peer.listen(Image, "image_raw", QoSProfile(depth=1, reliability=BEST_EFFORT))
    reader = run("capture", folder=tmp_path)
    run("camera", source=tmp_path / "still.png", rate=20.0)
    wait_until(lambda: images)
    wait_until(
        lambda: (
            [
                i.qos_profile.reliability
                for i in (peer.node.get_subscriptions_info_by_topic("/image_raw"))
            ].count(RELIABLE)
            == 1
        )
    )
    os.killpg(reader.popen.pid, signal.SIGSTOP)
    try:
        images.clear()
        wait_until(lambda: len(images) > 60)
        stamps = [stamp_ns(m.header) / 1e9 for m in images]
        assert median(np.diff(stamps)) < 0.15  # of 0.05; who waits for a reader takes 0.1 more
    finally:
        os.killpg(reader.popen.pid, signal.SIGCONT)


def test_where_a_middleware_tells_of_no_losses_there_is_a_subscription_all_the_same(monkeypatch):
    class Unsupported(Exception):
        pass

    monkeypatch.setattr(subscription, "SubscriptionEventCallbacks", SimpleNamespace, raising=False)
    monkeypatch.setattr(subscription, "UnsupportedEventTypeError", Unsupported, raising=False)

    def make(event_callbacks=None):
        if event_callbacks is not None:
            raise Unsupported
        return "a subscription"

    stats = TopicStats("/image_raw", type_name="sensor_msgs/msg/Image")
    assert subscription.counting_losses(make, stats) == "a subscription"


@pytest.mark.parametrize("lost, told", [(0, ""), (10, ""), (100, "25 % of the messages on /im")])
def test_that_images_get_lost_is_told_with_the_cure(lost, told):
    stats = TopicStats("/image_raw", type_name="sensor_msgs/msg/Image")
    for i in range(300):
        stats.tick(i / 30)
    stats.lost(lost)
    assert lost_trouble(stats).startswith(told) and bool(lost_trouble(stats)) == bool(told)
    assert ("large images get lost" in lost_trouble(stats)) == bool(told)


def images(numbers: list[int | None]) -> TopicStats:
    stats = TopicStats("/image_raw", type_name="sensor_msgs/msg/Image")
    for i, number in enumerate(numbers):
        stats.tick(i / 30, number=number)
    return stats


@pytest.mark.parametrize(
    "numbers, told",
    [
        pytest.param(list(range(300)), "", id="all"),
        pytest.param([i for i in range(300) if i % 50], "", id="one in fifty is missing"),
        pytest.param(
            [i for i in range(400) if i % 4], "24 % of the images on /im", id="a quarter"
        ),
        pytest.param([*range(100), *range(300, 500)], "40 % of the images on /im", id="a hole"),
        pytest.param([*range(100), *range(9000, 9200)], "", id="from another publisher"),
        pytest.param([*range(1000, 1150), *range(150)], "", id="the driver was started again"),
        pytest.param([n for i in range(150) for n in (i, 5000 + i)], "", id="two in turns"),
        pytest.param(
            [n for i in range(0, 150, 2) for n in (i, i + 1, 5000 + i, 5001 + i)],
            "",
            id="in pairs",
        ),
        pytest.param([None] * 300, "", id="not told"),
    ],
)
def test_images_that_do_not_come_are_told_with_the_cure(numbers, told):
    """On Fast DDS no event tells of images that a reliable publisher gave up to send newer ones."""
    trouble = lost_trouble(images(numbers))
    assert trouble.startswith(told) and bool(trouble) == bool(told)
    assert ("large images get lost" in trouble) == bool(told)


def test_what_was_missed_is_forgotten_once_all_come_again():
    numbers = [*range(0, 400, 4), *range(400, 800)]
    assert lost_trouble(images(numbers[:100])) and not lost_trouble(images(numbers))


def test_messages_are_numbered_where_the_middleware_counts_them(peer):
    numbers: list[int | None] = []
    heard = peer.node.create_subscription(
        Image,
        "/numbered",
        subscription.with_number(lambda msg, number: numbers.append(number)),
        10,
    )
    publisher = peer.node.create_publisher(Image, "/numbered", 10)
    wait_until(lambda: publisher.get_subscription_count() == 1)
    for _ in range(3):
        publisher.publish(Image())
    wait_until(lambda: len(numbers) >= 3)
    counts = own_vendor() == "Fast DDS"
    assert numbers == [1, 2, 3] or numbers == [None] * 3 and not counts
    peer.node.destroy_subscription(heard)
