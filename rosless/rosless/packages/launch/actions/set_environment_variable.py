# SPDX-License-Identifier: Apache-2.0
"""The action that sets an environment variable."""

from __future__ import annotations

from launch.actions.set_launch_configuration import SetLaunchConfiguration
from launch.launch_context import LaunchContext


class SetEnvironmentVariable(SetLaunchConfiguration):
    """Sets an environment variable for the launch and for the processes that it starts later."""

    def _target(self, context: LaunchContext):
        return context.environment
