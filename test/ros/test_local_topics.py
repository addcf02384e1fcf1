# SPDX-License-Identifier: Apache-2.0
"""Messages between nodes of one process, without any middleware."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from dwpose_ros.core.images import to_bgr, to_rgb
from dwpose_ros.ros import local_topics
from dwpose_ros.ros.local_topics import InExecutor, LocalImage, Publisher, Reader


@pytest.fixture
def publisher():
    made = Publisher("/image_raw", "/camera")
    yield made
    made.close()


def test_messages_go_by_reference_to_readers_of_the_topic(publisher):
    heard: list = []
    reader = Reader("/image_raw", heard.append, lambda: None)
    other = Reader("/overlay", heard.append, lambda: None)
    message = object()
    for one in publisher.readers():
        one.receive(message)
    assert heard == [message]
    reader.close()
    other.close()
    assert publisher.readers() == []


def test_readers_learn_of_publishers_that_come_and_go():
    changes: list[set[str]] = []
    reader = Reader("/x", print, lambda: changes.append(local_topics.publishers("/x")))
    first = Publisher("/x", "/a")
    Publisher("/y", "/b").close()
    first.close()
    reader.close()
    Publisher("/x", "/a").close()
    assert changes == [{"/a"}, set()]


def test_a_closed_reader_hears_nothing_and_waits_for_what_is_under_way():
    begun, go_on, heard = threading.Event(), threading.Event(), []

    def slow(message) -> None:
        begun.set()
        go_on.wait(60.0)
        heard.append(message)

    reader = Reader("/x", slow, lambda: None)
    receiving = threading.Thread(target=reader.receive, args=["first"])
    receiving.start()
    begun.wait(60.0)
    closing = threading.Thread(target=reader.close)
    closing.start()
    assert closing.is_alive()
    go_on.set()
    for thread in (receiving, closing):
        thread.join(60.0)
        assert not thread.is_alive()
    reader.receive("second")
    assert heard == ["first"]


def test_a_publisher_knows_which_share_of_its_messages_is_used(publisher):
    assert publisher.every() == 1  # nobody has come yet
    third = Reader("/image_raw", print, lambda: None, every=lambda: 3)
    others = Reader("/image_raw", print, lambda: None, every=None)
    assert publisher.every() == 3
    all_of_them = Reader("/image_raw", print, lambda: None)
    assert publisher.every() == 1
    for reader in (third, all_of_them):
        reader.close()
    assert publisher.every() == 1  # nobody says which
    others.close()


def test_an_image_shares_its_pixels_and_they_cannot_be_changed():
    bgr = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    image = LocalImage.of("header", bgr)
    seen = to_bgr(image)
    assert np.shares_memory(seen, bgr) and (seen == bgr).all()
    assert (to_rgb(image) == bgr[..., ::-1]).all()
    with pytest.raises(ValueError):
        seen[0] = 0
    with pytest.raises(TypeError):
        image.data[0] = 0


def test_an_executor_gets_the_newest_messages_once():
    tasks, heard = [], []
    node = SimpleNamespace(executor=SimpleNamespace(create_task=tasks.append))
    deliver = InExecutor(node, heard.append, 2)
    for message in range(5):
        deliver(message)
    assert len(tasks) == 1 and heard == []
    tasks.pop()()
    assert heard == [3, 4]
    deliver(5)
    tasks.pop()()
    assert heard == [3, 4, 5]


def test_messages_keep_their_order_where_the_last_task_is_done_first():
    """As rclpy's executors do."""
    tasks, heard = [], []
    node = SimpleNamespace(executor=SimpleNamespace(create_task=tasks.append))
    deliver = InExecutor(node, heard.append, None)
    for message in range(20):
        deliver(message)
    while tasks:
        tasks.pop()()
    assert heard == [*range(20)]


def test_what_was_not_called_back_for_is_dropped_at_the_end():
    tasks: list = []
    node = SimpleNamespace(executor=SimpleNamespace(create_task=tasks.append))
    deliver = InExecutor(node, pytest.fail, 2)
    deliver("message")
    deliver.close()
    tasks.pop()()


def test_a_callback_that_fails_loses_one_message():
    tasks, heard = [], []

    def callback(message) -> None:
        heard.append(message)
        if message == 0:
            raise LookupError("this one")

    node = SimpleNamespace(executor=SimpleNamespace(create_task=tasks.append))
    deliver = InExecutor(node, callback, 5)
    deliver(0)
    deliver(1)
    with pytest.raises(LookupError):
        tasks.pop()()
    tasks.pop()()  # those that wait need no other message
    assert heard == [0, 1]
    deliver(2)
    tasks.pop()()
    assert heard == [0, 1, 2]


def test_a_node_without_an_executor_gets_nothing():
    InExecutor(SimpleNamespace(executor=None), pytest.fail, 1)("message")
