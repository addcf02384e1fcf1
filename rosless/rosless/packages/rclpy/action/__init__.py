# SPDX-License-Identifier: Apache-2.0
"""Actions: goals that take time, give feedback and can be cancelled."""

from rclpy.action.client import ActionClient  # noqa: F401
from rclpy.action.graph import (
    get_action_client_names_and_types_by_node,  # noqa: F401
    get_action_names_and_types,
    get_action_server_names_and_types_by_node,
)
from rclpy.action.server import ActionServer, CancelResponse, GoalResponse  # noqa: F401
