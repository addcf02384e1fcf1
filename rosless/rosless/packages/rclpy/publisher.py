"""Publishers."""

from __future__ import annotations

from rosless.dds import DDSException, Writer
from rosless.interfaces import Message, serialize


class Publisher:
    """Publishes messages of one type on one topic."""

    def __init__(self, node, msg_type: type[Message], topic: str, qos_profile) -> None:
        self._context = node.context
        self.msg_type, self.topic, self.qos_profile = msg_type, topic, qos_profile
        self.topic_name = topic
        self._logger = node.get_logger()
        self._writer: Writer = node.context.participant.writer(
            "rt" + topic, msg_type._typename, qos_profile.to_dds())

    def publish(self, msg: Message | bytes) -> None:
        """Publish a message, or one that is serialised already."""
        if not self._context.ok():
            raise RuntimeError("Failed to publish: publisher's context is invalid")
        if isinstance(msg, bytes):
            data = msg
        elif isinstance(msg, self.msg_type):
            data = serialize(msg)
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        try:
            self._writer.write(data)
        except DDSException as err:
            if err.code != DDSException.DDS_RETCODE_TIMEOUT:
                raise
            self._logger.warning(f"a reader of {self.topic_name} is too slow: a message was lost",
                                 throttle_duration_sec=5.0)

    def get_subscription_count(self) -> int:
        """How many subscriptions match."""
        return len(self._writer.dds.get_matched_subscriptions())

    def destroy(self) -> None:
        self._writer.dds._delete(self._writer.dds._ref)
