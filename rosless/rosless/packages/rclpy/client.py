# SPDX-License-Identifier: Apache-2.0
"""Clients of services."""

from rclpy.service import Client  # noqa: F401
