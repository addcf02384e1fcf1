"""Frames in, the best image out, safely on disk. No ROS, no clock."""

from dwpose_ros.capture.quality import Quality, measure
from dwpose_ros.capture.ring import Ring, Shot
from dwpose_ros.capture.store import CaptureError, Files, check_label, save, unwritable

__all__ = ["CaptureError", "Files", "Quality", "Ring", "Shot", "check_label", "measure", "save",
           "unwritable"]
