# SPDX-License-Identifier: Apache-2.0
"""Subscriptions."""

from __future__ import annotations

import inspect
import time
from enum import Enum
from functools import partial
from typing import Any, Callable

from rosless.messages import Message, deserialize


class Input:
    """Waits for samples; base class of subscriptions, services and clients."""

    def __init__(self, node, topic: str, typename: str, qos, callback_group) -> None:
        self.callback_group = callback_group
        self._logger = node.get_logger()
        self.reader = node.context.participant.reader(topic, typename, qos.to_dds())
        self.condition, self.ready = self.reader.condition, self.reader.ready

    def take(self) -> Callable | None:
        """Return the callback for the oldest sample, or None if there is none."""
        return next((self._call(*sample) for sample in self.reader.take()), None)

    def _call(self, data: bytes, info) -> Callable | None:
        raise NotImplementedError

    def _deserialize(self, data: bytes, msg_type: type[Message]) -> Any:
        try:
            return deserialize(data, msg_type)
        except ValueError as err:
            self._logger.error(
                f"a message was ignored, since its sender has another definition "
                f"of its type: {err}",
                throttle_duration_sec=5.0,
            )
            return None

    def destroy(self) -> None:
        self.reader.end()


class Subscription(Input):
    """Calls back with each message of a topic."""

    class CallbackType(Enum):
        """The arguments that a callback takes."""

        MessageOnly = 0
        WithMessageInfo = 1

    def __init__(
        self, node, msg_type, topic, callback: Callable, qos_profile, callback_group, raw: bool
    ) -> None:
        super().__init__(node, "rt" + topic, msg_type._TYPENAME, qos_profile, callback_group)
        self.msg_type, self.callback, self.raw = msg_type, callback, raw
        self.topic, self.topic_name, self.qos_profile = topic, topic, qos_profile
        self._callback_type = self._type_of(callback)

    @classmethod
    def _type_of(cls, callback: Callable) -> CallbackType:
        try:
            wanted = [
                p
                for p in inspect.signature(callback).parameters.values()
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
            ]
        except ValueError:  # a function written in C
            return cls.CallbackType.MessageOnly
        return cls.CallbackType(len(wanted) == 2)

    def _call(self, data: bytes, info) -> Callable | None:
        message = data if self.raw else self._deserialize(data, self.msg_type)
        if message is None:
            return None
        if self._callback_type is self.CallbackType.WithMessageInfo:
            about = {
                "source_timestamp": info.source_timestamp,
                "received_timestamp": time.time_ns(),
                "publication_sequence_number": None,  # DDS does not tell
                "reception_sequence_number": None,
            }
            return partial(self.callback, message, about)
        return partial(self.callback, message)

    def get_publisher_count(self) -> int:
        """Return the number of publishers that match."""
        return self.reader.matched()
