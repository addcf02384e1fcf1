"""Clients of services."""

from rclpy.service import Client  # noqa: F401
