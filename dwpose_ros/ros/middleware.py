"""What differs between the middlewares that ROS 2 runs on."""

from __future__ import annotations

try:
    from rclpy.utilities import get_rmw_implementation_identifier
except ImportError:  # without ROS 2 it is Cyclone DDS

    def get_rmw_implementation_identifier() -> str:
        return "rmw_cyclonedds_cpp"


def image_cure() -> str:
    """Why large images get lost on the middleware in use, and what helps."""
    return (f"{_on_one_machine(get_rmw_implementation_identifier())}; if they come from another "
            "machine, see \"On two machines\" in the README")


def _on_one_machine(name: str) -> str:
    if "fastrtps" in name:
        return ("large images get lost where Fast DDS's shared memory is small, which is its "
                "default: where they are published, set FASTRTPS_DEFAULT_PROFILES_FILE (Kilted "
                "and later: FASTDDS_DEFAULT_PROFILES_FILE) to config/fastdds.xml of dwpose_ros")
    if "cyclonedds" in name:
        return ("large images get lost where the socket buffer is small, see net.core.rmem_max in "
                "the README")
    return f"large images may get lost on {name}: try image_transport:=compressed"
