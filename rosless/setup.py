# SPDX-License-Identifier: Apache-2.0
"""Packaging: `rosless.pth` must be installed next to the package, in site-packages."""

from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py


class BuildWithPth(build_py):
    """Also copies `rosless.pth`, with which Python activates rosless when it starts."""

    def run(self) -> None:
        super().run()
        self.copy_file("rosless.pth", str(Path(self.build_lib) / "rosless.pth"))


setup(
    name="rosless",
    version="0.1.0",
    description="The part of the ROS 2 Python API that runs on Eclipse Cyclone DDS, "
    "for machines without ROS 2",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_namespace_packages(include=["rosless", "rosless.*"]),
    package_data={"rosless": [f"share/**/*.{kind}" for kind in ("msg", "srv", "action", "json")]},
    install_requires=["cyclonedds>=11.0.1", "rosbags>=0.11.9", "numpy", "pyyaml"],
    entry_points={"console_scripts": ["ros2 = rosless.ros2:main"]},
    cmdclass={"build_py": BuildWithPth},
)
