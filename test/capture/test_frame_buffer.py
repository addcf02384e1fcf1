# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from dwpose_ros.capture import BufferedFrame, CaptureError, FrameBuffer

S = 10**9
START = 1_700_000_000 * S


def filled(length_s: float = 1.0, frames: int = 10, **kwargs) -> FrameBuffer:
    """Frames 'f0', 'f1', ... with poses 'p0', ... at 10 Hz."""
    buffer = FrameBuffer(length_s, **kwargs)
    for i in range(frames):
        buffer.add_frame(START + i * S // 10, f"f{i}")
        buffer.add_pose(START + i * S // 10, f"p{i}")
    return buffer


def test_empty():
    assert len(FrameBuffer(1.0)) == 0 and FrameBuffer(1.0).buffered_frames() == []


def test_shots_are_pairs_oldest_first():
    assert filled(frames=2).buffered_frames() == [
        BufferedFrame(START, "f0", "p0"),
        BufferedFrame(START + S // 10, "f1", "p1"),
    ]


@pytest.mark.parametrize("length_s, kept", [(0.0, 3), (0.25, 3), (0.3, 4), (1.0, 11), (99.0, 40)])
def test_only_recent_frames_are_kept(length_s, kept):
    buffer = filled(length_s, frames=40)
    assert len(buffer) == kept
    assert [s.frame for s in buffer.buffered_frames()] == [f"f{i}" for i in range(40 - kept, 40)]


def test_of_a_slow_camera_some_frames_are_kept_but_none_of_long_ago():
    buffer = FrameBuffer(1.1)
    for i in range(10):
        buffer.add_frame(START + i * 3 * S // 2, i)  # every 1.5 s
    assert list(buffer._frames.values()) == [8, 9]
    buffer.add_frame(START + 16 * S, "after a stall")  # 2.5 s after the last
    assert list(buffer._frames.values()) == ["after a stall"]


def test_the_period_is_that_of_the_stamps():
    assert FrameBuffer(1.0).period_s == filled(frames=1).period_s == 0.0
    assert filled(frames=7).period_s == pytest.approx(0.1)
    buffer = filled(99.0, frames=7)
    buffer.add_frame(START + 5 * S, "after a pause")
    assert buffer.period_s == pytest.approx(0.1)


def test_never_more_than_the_most():
    """A camera that stamps all frames alike, or far too fast, does not fill the memory."""
    buffer = filled(99.0, frames=40, most=5)
    assert len(buffer) == 5
    assert [s.pose for s in buffer.buffered_frames()] == ["p35", "p36", "p37", "p38", "p39"]


def test_the_poses_of_dropped_frames_are_dropped():
    buffer = filled(0.2, frames=500)
    assert len(buffer._poses) == len(buffer) == 3


def test_frames_that_were_stamped_on_arrival_find_their_poses():
    """The pose node got the same image a little earlier, or later."""
    buffer = FrameBuffer(1.0)
    buffer.tolerance_ns = S // 20
    for i in range(5):
        buffer.add_pose(START + i * S // 10 + (-1) ** i * S // 50, f"p{i}")
        buffer.add_frame(START + i * S // 10, f"f{i}")
    buffer.add_frame(START + S, "f9")  # which was skipped
    assert [(s.frame, s.pose) for s in buffer.buffered_frames()] == [
        (f"f{i}", f"p{i}") for i in range(5)
    ]


def test_frames_without_a_pose_are_no_shots():
    buffer = FrameBuffer(1.0)
    for i in range(5):
        buffer.add_frame(START + i, f"f{i}")
    buffer.add_pose(START + 3, "p3")
    buffer.add_pose(START + 1, "p1")  # poses may come out of order
    assert [(s.frame, s.pose) for s in buffer.buffered_frames()] == [("f1", "p1"), ("f3", "p3")]


@pytest.mark.parametrize("stamp", [START + 1, START - 10 * S, START + 99 * S, 0])
def test_a_pose_belongs_to_the_frame_with_its_stamp_only(stamp):
    buffer = FrameBuffer(1.0)
    buffer.add_frame(START, "f")
    buffer.add_pose(stamp, "p")
    assert buffer.buffered_frames() == []


def test_a_pose_may_overtake_its_frame():
    """They come on two topics, and the frame is much larger."""
    buffer = FrameBuffer(1.0)
    buffer.add_pose(START, "p0")
    buffer.add_frame(START, "f0")
    buffer.add_pose(START + 1, "p1")
    assert buffer.buffered_frames() == [BufferedFrame(START, "f0", "p0")]
    buffer.add_frame(START + 1, "f1")
    assert buffer.buffered_frames()[1:] == [BufferedFrame(START + 1, "f1", "p1")]


@pytest.mark.parametrize("stamp", [START - 10 * S, 0])
def test_a_pose_of_a_frame_that_is_gone_is_dropped(stamp):
    buffer = filled()
    buffer.add_pose(stamp, "p")
    assert len(buffer._poses) == 10


@pytest.mark.parametrize("with_frames", [False, True])
def test_poses_whose_frames_never_come_are_not_kept_for_ever(with_frames):
    buffer = FrameBuffer(0.1, most=20)
    for i in range(1000):
        if with_frames and i % 3 == 0:
            buffer.add_frame(START + i * S // 100, "f")
        buffer.add_pose(START + i * S // 100 + 1, "p")
    assert 5 <= len(buffer._poses) <= 20 and buffer.buffered_frames() == []


@pytest.mark.parametrize("back_s", [0.15, 0.95, 5, 1_600_000_000])
def test_a_stamp_that_jumps_back_empties_the_ring(back_s):
    """Frames of before a replay or a corrected clock would pass for recent ones."""
    buffer = filled()
    stamp = START + 9 * S // 10 - int(back_s * S)
    buffer.add_frame(stamp, "again")
    assert len(buffer) == 1
    buffer.add_pose(stamp, "p")
    assert buffer.buffered_frames() == [BufferedFrame(stamp, "again", "p")]


def test_a_stamp_that_jumps_forward_leaves_only_the_new_frame():
    buffer = filled()
    buffer.add_frame(START + 999 * S, "later")
    assert len(buffer) == 1 and buffer.buffered_frames() == []


def test_clear():
    buffer = filled()
    buffer.clear()
    assert len(buffer) == 0 and buffer.buffered_frames() == []


def test_a_long_window_of_a_fast_camera_is_kept_whole():
    buffer = FrameBuffer(6.0)
    for i in range(60 * 10):
        buffer.add_frame(START + i * S // 60, "f", 10**9)
    assert buffer.length_s == pytest.approx(6.0) and len(buffer) == 361 and not buffer.full


def test_frames_have_no_more_bytes_than_the_most():
    buffer = FrameBuffer(6.0, most_bytes=100)
    for i in range(30):
        buffer.add_frame(START + i * S // 10, f"f{i}", 9)
        buffer.add_pose(START + i * S // 10, "p")
        assert buffer.size == 9 * len(buffer) <= 100
    assert buffer.full and buffer.length_s == pytest.approx(1.0)
    buffer.add_frame(START + 29 * S // 10, "again", 5)  # in place of the newest
    assert buffer.size == 95
    buffer.add_frame(START + 3 * S, "huge", 10**6)  # the newest is always kept
    assert (len(buffer), buffer.size) == (1, 10**6)
    buffer.clear()
    assert (buffer.size, buffer.full, buffer.length_s) == (0, False, 0.0)


def test_frames_until_a_time():
    buffer = filled(frames=4)  # at 0.0 to 0.3 s
    names = [b.frame for b in buffer.frames_until(START + S // 4, 0.1)]
    assert names == ["f0", "f1", "f2"]  # those before the window, too


@pytest.mark.parametrize(
    "frames, now, says",
    [
        (0, START, "no frame with a pose in the last 0.7 s: the newest is not there at all"),
        (
            4,
            START + S * 13 // 10,
            "no frame with a pose in the last 0.7 s: the newest is 1.0 s old",
        ),
        (4, START - S, "the oldest is 1.0 s newer; do the clocks differ?"),
    ],
)
def test_no_frame_until_a_time(frames, now, says):
    with pytest.raises(CaptureError) as error:
        filled(length_s=9.0, frames=frames).frames_until(now, 0.7)
    assert says in str(error.value)
