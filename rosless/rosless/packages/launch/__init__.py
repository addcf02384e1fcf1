"""Launch files: describe what to start, and how; `LaunchService` starts it."""

from rosless import missing

from launch.action import Action, LaunchDescriptionEntity
from launch.conditions import Condition
from launch.event import Event
from launch.event_handlers import EventHandler
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.launch_description_sources import LaunchDescriptionSource
from launch.launch_service import LaunchService
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch import (actions, conditions, event_handlers, events, launch_description_sources,
                    logging, substitutions)

__all__ = [
    "Action", "Condition", "Event", "EventHandler", "LaunchContext", "LaunchDescription",
    "LaunchDescriptionEntity", "LaunchDescriptionSource", "LaunchService",
    "SomeSubstitutionsType", "Substitution", "actions", "conditions", "event_handlers", "events",
    "launch_description_sources", "logging", "substitutions"]

__getattr__ = missing("launch")
