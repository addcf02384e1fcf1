# SPDX-License-Identifier: Apache-2.0
"""Base class of nodes that visualise poses: they work only while somebody subscribes."""

from __future__ import annotations

import time
from typing import Any

from dwpose_ros.core.person_poses import THRESHOLD
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.ros.latest_only_worker import LatestOnlyWorker
from dwpose_ros.ros.managed_node import ManagedNode
from dwpose_ros.ros.pose_input import pose_input
from dwpose_ros.ros.steady import STEADY

LOOK_S = 0.5  # between two looks at whether anybody subscribes


class OnDemandNode(ManagedNode):
    """Draws the newest pose while somebody subscribes.

    Create outputs in `configure`, and override the first four methods as needed.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parameter(
            "threshold",
            THRESHOLD,
            "keypoints with a score up to this are not drawn",
            minimum=0.0,
            maximum=1.0,
            change=True,
        )

    def listen(self) -> None:
        """Create inputs besides poses and guidance."""

    def forget(self) -> None:
        """Drop what was kept: nobody subscribes any more."""

    def companion(self, pose: WholeBodyPose) -> Any:
        """Return what is to be drawn together with a pose that has just arrived."""

    def draw(self, pose: WholeBodyPose, companion: Any) -> None:
        """Draw a pose. Runs in its own thread; a pose that waits is replaced by the next."""
        raise NotImplementedError

    @property
    def guidance(self) -> Guidance:
        """The newest instruction; empty if the guidance has gone silent."""
        silent = self._told.silent_s(time.monotonic()) > self.value("stale_after")
        return Guidance() if silent else self._guidance

    def activate(self) -> None:
        self._guidance = Guidance()
        self._looking = False
        self._worker = LatestOnlyWorker(self._draw, self.get_logger(), self.get_name())
        self._timer = self.create_timer(LOOK_S, self._look, clock=STEADY)

    def deactivate(self) -> None:
        self.destroy_timer(self._timer)
        self._worker.stop()
        self.forget()

    def _draw(self, item: tuple) -> None:
        try:
            self.draw(*item)
        except Exception as err:
            self.last_error = f"nothing was drawn: {' '.join(str(err).split())}"
            raise  # the worker logs it
        self.last_error = ""

    def _look(self) -> None:
        """Subscribe once somebody subscribes to us, and unsubscribe with the last."""
        wanted = any(output.subscriptions() for output in self._outputs)
        if wanted and not self._looking:
            self.listen()
            pose_input(self, self._on_pose, 1)
            self._told = self.input(Guidance, "guidance", self._on_guidance, 1, steady=False)
        elif self._looking and not wanted:
            self.drop_inputs()
            self.forget()
        self._looking = wanted

    def _on_guidance(self, msg: Guidance) -> None:
        self._guidance = msg

    def _on_pose(self, msg: WholeBodyPose) -> None:
        self._worker.put((msg, self.companion(msg)))
