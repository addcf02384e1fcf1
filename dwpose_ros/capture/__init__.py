"""Frames in, the best image out, safely on disk. No ROS, no clock."""

from dwpose_ros.capture.choice import Candidate, Choice, choose
from dwpose_ros.capture.quality import Quality, Subject, assess
from dwpose_ros.capture.retention import remove_old, remove_unfinished
from dwpose_ros.capture.ring import Ring, Shot
from dwpose_ros.capture.store import (CaptureError, Files, WriteError, check_label, discard, save,
                                      stem_of, unwritable)

__all__ = ["Candidate", "CaptureError", "Choice", "Files", "Quality", "Ring", "Shot", "Subject",
           "WriteError", "assess", "check_label", "choose", "discard", "remove_old",
           "remove_unfinished", "save", "stem_of", "unwritable"]
