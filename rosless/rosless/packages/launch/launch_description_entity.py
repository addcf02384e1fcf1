"""Where the base of all entities is in ROS 2."""

from launch.action import LaunchDescriptionEntity as LaunchDescriptionEntity
