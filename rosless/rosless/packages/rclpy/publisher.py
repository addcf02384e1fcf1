# SPDX-License-Identifier: Apache-2.0
"""Publishers."""

from __future__ import annotations

from rosless.messages import Message, serialize

from rclpy.duration import Duration


class Publisher:
    """Publishes messages of one type on one topic."""

    def __init__(self, node, msg_type: type[Message], topic: str, qos_profile) -> None:
        self._context, self._logger = node.context, node.get_logger()
        self.msg_type, self.topic, self.qos_profile = msg_type, topic, qos_profile
        self.topic_name = topic
        self.writer = node.context.participant.writer(
            "rt" + topic, msg_type._TYPENAME, qos_profile.to_dds()
        )

    def publish(self, msg: Message | bytes) -> None:
        """Publish a message, or its CDR. Raises TypeError for anything else."""
        if not self._context.ok():
            raise RuntimeError("Failed to publish: publisher's context is invalid")
        if isinstance(msg, bytes):
            data = msg
        elif isinstance(msg, self.msg_type):
            data = serialize(msg)
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        if not self.writer.write(data):
            self._logger.warning(
                f"a reader of {self.topic_name} is too slow: a message was lost",
                throttle_duration_sec=5.0,
            )

    def get_subscription_count(self) -> int:
        """Return the number of subscriptions that match."""
        return self.writer.matched()

    def wait_for_all_acked(self, timeout: Duration = Duration(seconds=-1)) -> bool:
        """Wait until all reliable subscriptions have got all that was published; return whether
        they have. A negative timeout waits for ever.
        """
        return self.writer.wait_for_acks(timeout.nanoseconds)

    def destroy(self) -> None:
        self.writer.end()
