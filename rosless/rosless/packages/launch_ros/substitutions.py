# SPDX-License-Identifier: Apache-2.0
"""Substitutions that find installed packages."""

from __future__ import annotations

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch.launch_context import LaunchContext
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import _Composed


class FindPackagePrefix(_Composed):
    """The prefix in which a package is installed."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        super().__init__(package)

    def perform(self, context: LaunchContext) -> str:
        return get_package_prefix(*self.texts(context))


class FindPackageShare(FindPackagePrefix):
    """The share folder of a package."""

    def perform(self, context: LaunchContext) -> str:
        return get_package_share_directory(*self.texts(context))
