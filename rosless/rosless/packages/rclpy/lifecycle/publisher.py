# SPDX-License-Identifier: Apache-2.0
"""Publishers of managed nodes."""

from __future__ import annotations

from rclpy.lifecycle.managed_entity import SimpleManagedEntity
from rclpy.publisher import Publisher


class LifecyclePublisher(SimpleManagedEntity, Publisher):
    """Publishes while its node is active, and does nothing otherwise."""

    def __init__(self, *args, **kwargs) -> None:
        SimpleManagedEntity.__init__(self)
        Publisher.__init__(self, *args, **kwargs)

    @SimpleManagedEntity.when_enabled
    def publish(self, msg) -> None:
        """Publish a message, or its CDR, if the node is active."""
        Publisher.publish(self, msg)
