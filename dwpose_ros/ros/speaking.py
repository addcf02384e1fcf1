# SPDX-License-Identifier: Apache-2.0
"""The topic `speaking`: whether anybody is speaking, also where several may."""

from __future__ import annotations

from std_msgs.msg import Bool

from dwpose_ros.ros.qos import LATCHED


class SpeakingReport:
    """Tells on `speaking` whether this node speaks.

    Who hears that nobody speaks while they do says so, so that the last word on the topic is true
    for all. Create it in `configure`, and call `listen` in `activate`.
    """

    def __init__(self, node) -> None:
        self._node = node
        self._output = node.output(Bool, "speaking", LATCHED, steady=False)
        self._told: bool | None = None

    def listen(self) -> None:
        """Begin, silent."""
        self._told = None
        self.tell(False)
        self._node.input(Bool, "speaking", self._on_others, LATCHED, steady=False)

    def end(self) -> None:
        """Tell that this node is silent, as it is deactivated."""
        if self._told:
            self._told = False
            self._output.publish_last(Bool(data=False))

    def tell(self, speaks: bool) -> None:
        """Publish whether this node speaks, if that has changed."""
        if speaks != self._told:
            self._told = speaks
            self._output.publish(Bool(data=speaks))

    def _on_others(self, msg: Bool) -> None:
        if self._told and not msg.data:
            self._output.publish(Bool(data=True))
