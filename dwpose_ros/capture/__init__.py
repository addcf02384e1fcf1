# SPDX-License-Identifier: Apache-2.0
"""Choose the best of the recent frames and save it. No ROS, no clock."""

from dwpose_ros.capture.frame_buffer import BufferedFrame, FrameBuffer
from dwpose_ros.capture.retention import Retention, remove_old, remove_unfinished
from dwpose_ros.capture.selection import Candidate, Choice, choose
from dwpose_ros.capture.storage import (
    CaptureError,
    Files,
    WriteError,
    check_label,
    discard,
    save,
    stem_of,
    unwritable,
)
from dwpose_ros.quality import Quality, Subject, assess

__all__ = [
    "Candidate",
    "CaptureError",
    "Choice",
    "Files",
    "Quality",
    "Retention",
    "FrameBuffer",
    "BufferedFrame",
    "Subject",
    "WriteError",
    "assess",
    "check_label",
    "choose",
    "discard",
    "remove_old",
    "remove_unfinished",
    "save",
    "stem_of",
    "unwritable",
]
