# SPDX-License-Identifier: Apache-2.0
"""Quality of service that several nodes and their tests share."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

NEWEST_IMAGE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""A subscriber that comes later still gets the last message."""
CAPTURES = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Of a reader of pictures: several come at once, and later the last."""
CALLERS = QoSProfile(depth=100)
"""A service's: so many callers at once all get an answer."""
