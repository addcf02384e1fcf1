# SPDX-License-Identifier: Apache-2.0
"""A plan in progress."""

from __future__ import annotations

from collections.abc import Sequence

from dwpose_ros.guidance.allowances import Allowed
from dwpose_ros.guidance.checks import CheckResult, CheckRunner
from dwpose_ros.guidance.coach import Coach
from dwpose_ros.guidance.decision import Decision
from dwpose_ros.guidance.observation import TargetSelector
from dwpose_ros.guidance.scale import ScaleLearner
from dwpose_ros.guidance.session_types import Frame, Plan


class Course:
    """A plan in progress: who is guided, and how far they are."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.first = plan.profile.steps[0]
        self.coach, self._selector = Coach(plan.profile), TargetSelector(self.first)
        self.learner = ScaleLearner(mobility=self.first.mobility)
        self._check_runner = CheckRunner(self.first, learner=self.learner)
        self.noticed = 0  # the coach's session in which the notice was given

    def look(self, frame: Frame, mirrored: bool) -> tuple[Sequence[CheckResult], int]:
        """Return the results of the checks, and the id of the person who is guided; 0 for
        nobody.
        """
        step, before = self.coach.profile, self._selector.person_id
        if self._check_runner.profile is not step:
            self._selector.use(step)
            self._check_runner = CheckRunner(step, learner=self.learner)
        self._check_runner.mirrored = self._selector.mirrored = mirrored
        self.learner.calibrate(frame.focal)
        observation = self._selector.look(frame.people, frame.width, frame.height, frame.now_s)
        if self._selector.person_id != before:
            self._check_runner.reset()
            self.coach.interrupted()
        if self._selector.newcomer:
            self.coach.somebody_else()
            self.learner.forget_person()
        if observation is None:
            return self._check_runner(None), 0
        brightness, sharpness = frame.looks(self._selector.person_id)
        observation = observation._replace(brightness=brightness, sharpness=sharpness)
        return self._check_runner(observation), self._selector.person_id

    @property
    def allowed(self) -> Allowed:
        """What is allowed to the person of the current step's picture."""
        return self._check_runner.allowed

    @property
    def left_out(self) -> tuple[int, ...]:
        """Track ids of those in view that are no people."""
        return self._selector.left_out

    def decided(self, decision: Decision, now: float) -> None:
        """Note what begins to be said: how far they then walk tells the picture's scale."""
        if decision.speak:
            self.learner.told(
                decision.code, decision.magnitude, decision.count, now, decision.body_part
            )
