"""Events: things that happen, or are asked for."""

from launch.event import Event
from launch.events import process  # noqa: F401


class Shutdown(Event):
    """Everything is to end."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason, self.due_to_sigint = reason, due_to_sigint
