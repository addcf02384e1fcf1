"""Frames in, the best image out, safely on disk. No ROS, no clock."""

from dwpose_ros.capture.choice import Candidate, Choice, choose
from dwpose_ros.capture.quality import Quality, Subject, assess
from dwpose_ros.capture.ring import Ring, Shot
from dwpose_ros.capture.store import (CaptureError, Files, check_label, discard, save,
                                      unwritable)

__all__ = ["Candidate", "CaptureError", "Choice", "Files", "Quality", "Ring", "Shot", "Subject",
           "assess", "check_label", "choose", "discard", "save", "unwritable"]
