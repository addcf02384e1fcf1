"""A condition that the program triggers itself, to wake an executor."""

from __future__ import annotations

from rosless import dds


class GuardCondition:
    """Wakes whatever waits for it; its context triggers it on shutdown."""

    def __init__(self, context) -> None:
        self.dds = dds.GuardCondition(context.participant.dds)
        context._guards.add(self)

    def trigger(self) -> None:
        self.dds.set(True)

