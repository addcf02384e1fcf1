# SPDX-License-Identifier: Apache-2.0
"""Launch files describe what to start, and how; `LaunchService` starts it."""

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
