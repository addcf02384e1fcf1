"""Launch files."""

from __future__ import annotations

from rosless import missing

from launch.launch_description_source import (InvalidLaunchFileError, LaunchDescriptionSource,
                                              load_python_launch_file)
from launch.some_substitutions_type import SomeSubstitutionsType


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file in Python."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(location=launch_file_path)


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file; any but Python raises InvalidLaunchFileError when it is read."""


get_launch_description_from_python_launch_file = load_python_launch_file
get_launch_description_from_any_launch_file = load_python_launch_file

__all__ = ["AnyLaunchDescriptionSource", "InvalidLaunchFileError", "LaunchDescriptionSource",
           "PythonLaunchDescriptionSource", "get_launch_description_from_any_launch_file",
           "get_launch_description_from_python_launch_file"]
__getattr__ = missing("launch.launch_description_sources")
