"""Subscriptions."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Callable

from rosbags.serde import SerdeError

from rosless.dds import any_sample
from rosless.interfaces import Message, deserialize


class Reader:
    """Something that waits for samples: what subscriptions, services and clients share."""

    def __init__(self, node, topic: str, typename: str, qos, callback_group) -> None:
        self.callback_group = callback_group
        self._logger = node.get_logger()
        self.dds = node.context.participant.reader(topic, typename, qos.to_dds())
        self.condition = any_sample(self.dds)
        self.gid = self.dds.get_guid().bytes

    def _take_sample(self):
        return next((s for s in self.dds.take(1) if s.sample_info.valid_data), None)

    def _deserialize(self, data: bytes, msg_type: type[Message]) -> Message | None:
        try:
            return deserialize(data, msg_type)
        except (SerdeError, ValueError) as err:
            self._logger.error(f"a {msg_type._typename} of another definition was ignored: {err}",
                               throttle_duration_sec=5.0)
            return None

    def destroy(self) -> None:
        self.dds._delete(self.dds._ref)


class Subscription(Reader):
    """Calls back with each message of a topic."""

    def __init__(self, node, msg_type, topic, callback: Callable, qos_profile, callback_group,
                 raw: bool) -> None:
        super().__init__(node, "rt" + topic, msg_type._typename, qos_profile, callback_group)
        self.msg_type, self.callback, self.raw = msg_type, callback, raw
        self.topic, self.topic_name, self.qos_profile = topic, topic, qos_profile
        try:
            self._with_info = len([
                p for p in inspect.signature(callback).parameters.values()
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
                and p.default is p.empty]) == 2
        except ValueError:  # a callable written in C
            self._with_info = False

    def _take(self) -> Callable | None:
        sample = self._take_sample()
        if sample is None:
            return None
        message = sample.raw if self.raw else self._deserialize(sample.raw, self.msg_type)
        if message is None:
            return None
        if self._with_info:
            info = {"source_timestamp": sample.sample_info.source_timestamp}
            return partial(self.callback, message, info)
        return partial(self.callback, message)

    def get_publisher_count(self) -> int:
        return len(self.dds.get_matched_publications())
