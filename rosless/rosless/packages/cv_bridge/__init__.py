"""ROS images to OpenCV's arrays and back."""

from rosless import missing

from cv_bridge.core import CvBridge, CvBridgeError

__all__ = ["CvBridge", "CvBridgeError"]

__getattr__ = missing("cv_bridge")
