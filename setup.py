# SPDX-License-Identifier: Apache-2.0
"""The pip package: the same nodes, launch files and interfaces where no ROS 2 is.

Data files land below the environment's prefix as colcon would lay them out: share, the ament
index marker, and the executables in lib/dwpose_ros.
"""

from pathlib import Path

from setuptools import setup

NAME = "dwpose_ros"
SHARED = ("launch", "config", "msg", "srv", "action")


def data_files() -> list[tuple[str, list[str]]]:
    """Pairs of a folder below the prefix, and the files that go there."""
    files = [
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"lib/{NAME}", sorted(str(p) for p in Path("scripts").iterdir() if p.name != "dwpose")),
    ]
    for top in SHARED:
        for folder in [Path(top), *sorted(p for p in Path(top).rglob("*") if p.is_dir())]:
            inside = sorted(str(p) for p in folder.iterdir() if p.is_file() and p.suffix != ".pyc")
            if inside:
                files.append((f"share/{NAME}/{folder.as_posix()}", inside))
    return files


setup(data_files=data_files())
