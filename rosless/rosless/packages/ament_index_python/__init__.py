# SPDX-License-Identifier: Apache-2.0
"""Find installed packages."""

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_package_share_path,
    get_packages_with_prefixes,
    get_search_paths,
)
