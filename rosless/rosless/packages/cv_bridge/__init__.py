# SPDX-License-Identifier: Apache-2.0
"""ROS images to OpenCV's arrays and back."""

from cv_bridge.core import CvBridge, CvBridgeError
