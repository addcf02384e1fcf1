# SPDX-License-Identifier: Apache-2.0
"""The middleware's environment variables, and whether it can start with them.

Imports no ROS package: if RMW_IMPLEMENTATION names a middleware that is not installed, importing
rclpy ends the process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

FAST_DDS_VARIABLES = (
    "FASTRTPS_DEFAULT_PROFILES_FILE",  # of Fast DDS 2: Humble, Jazzy
    "FASTDDS_DEFAULT_PROFILES_FILE",
)  # of Fast DDS 3: Kilted and later
FAST_DDS_2 = ("humble", "iron", "jazzy")  # distributions that have it
# Our profiles, in config.
SHARED_MEMORY, UDP, NETWORK = "fastdds.xml", "fastdds_udp.xml", "fastdds_network.xml"
LEAST_SHM = 300_000_000  # bytes, for those of our nodes that publish images
FULL_SHM = 16_000_000  # bytes; what Fast DDS writes beyond the end kills its process (SIGBUS)
TRACING_SHM = 16_384
SEGMENT = 105_000_000  # bytes, of our profile: in a smaller /dev/shm it cannot be made
_SHM_CURE = "docker run --shm-size=1g"


class FastDds(NamedTuple):
    """What is to be set for Fast DDS."""

    profile: str  # of ours that is to be set; empty: what is set stays
    told: str  # what the user should know; empty: nothing


def cannot_begin(shm: str = "/dev/shm", environ: Mapping[str, str] = os.environ) -> str:
    """Return why importing rclpy would end the process, with the cure; empty if it would
    not.
    """
    if fault := missing_rmw(environ):
        return fault
    # ROS 2's tracing makes two small files there, and dies where they cannot be filled. Humble's
    # binaries have none.
    traced = (
        bool(installed(environ))
        and environ.get("ROS_DISTRO") != "humble"
        and not list(Path(shm).glob("lttng-ust-wait-*"))
    )
    free, size = _space(shm)
    if traced and size and free < TRACING_SHM:
        return (
            f"{shm} is full ({free / 1e6:.0f} MB left), of which ROS 2 dies: free some of it "
            f"({_SHM_CURE})"
        )
    return ""


def missing_rmw(environ: Mapping[str, str] = os.environ) -> str:
    """Return a line if the middleware of RMW_IMPLEMENTATION is not installed; else an empty
    text.
    """
    name = environ.get("RMW_IMPLEMENTATION", "")
    there = installed(environ)
    if not name or not there or name in there:
        return ""
    package = f"ros-{environ.get('ROS_DISTRO', '$ROS_DISTRO')}-{name.replace('_', '-')}"
    cure = f"apt install {package}, or " if name.startswith("rmw_") else ""
    return (
        f"RMW_IMPLEMENTATION is {name!r}, which is not installed: {cure}set it to one that "
        f"is ({', '.join(sorted(there))})"
    )


def installed(environ: Mapping[str, str]) -> set[str]:
    """Return the middlewares of a real ROS 2; empty without one."""
    indices = [
        Path(prefix, "share/ament_index/resource_index/rmw_typesupport")
        for prefix in environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
        if prefix
    ]
    found = {file.name for index in indices if index.is_dir() for file in index.iterdir()}
    return found - {"rmw_implementation"}  # which loads the others


def file_fault(path: Path, roots: tuple[str, ...]) -> str:
    """Return why a file is not XML with one of these root elements; empty if it is."""
    try:
        root = ElementTree.fromstring(path.read_bytes()).tag.rpartition("}")[2]
    except FileNotFoundError:
        return "is not there"
    except (ElementTree.ParseError, LookupError, ValueError) as err:  # an unknown encoding
        return f"is not XML ({err})"
    except OSError as err:
        return f"cannot be read ({err.strerror})"
    return (
        ""
        if root in roots
        else (f"has the root element <{root}>, where <{'> or <'.join(roots)}> is right")
    )


def cyclone_fault(environ: Mapping[str, str] = os.environ) -> str:
    """Return why Cyclone DDS cannot use CYCLONEDDS_URI, with the cure; empty if it can.

    The variable is a list of files and XML. Some faults Cyclone DDS ignores silently; with others
    it does not start.
    """
    value = environ.get("CYCLONEDDS_URI", "")
    cure = "; mend it, or unset it to have dwpose_ros's own settings"
    if "<" in value:  # its own reader of XML takes more than ours, as end tags left out
        return ""
    for file in filter(None, map(str.lstrip, value.split(","))):
        if fault := file_fault(Path(file.removeprefix("file://")), ("CycloneDDS",)):
            return f"CYCLONEDDS_URI names {file!r}, which {fault}{cure}"
    return ""


def fast_dds(
    config: Path, shm: str = "/dev/shm", environ: Mapping[str, str] = os.environ
) -> FastDds:
    """Choose the profile for Fast DDS, a file of the folder `config`.

    The user's own profile is kept, unless it is unusable: Fast DDS would go on with its defaults
    and lose large images.

    Raises:
        ValueError: Fast DDS would write to shared memory that is full, which kills it.
    """
    given = {name: Path(value) for name in FAST_DDS_VARIABLES if (value := environ.get(name))}
    found = {name: file_fault(path, ("profiles", "dds")) for name, path in given.items()}
    faults = [f"{name} names '{given[name]}', which {f}" for name, f in found.items() if f]
    users = [path for path in given.values() if path.parent.resolve() != config.resolve()]
    sound = [given[name] for name, f in found.items() if not f and given[name] in users]
    free, size = _space(shm)
    if size and free < FULL_SHM and (confined := _on_this_machine(environ)):
        raise ValueError(
            f"{shm} is full ({free / 1e6:.0f} MB left), of which Fast DDS dies: free "
            f"some of it ({_SHM_CURE}), or do without {confined}, with which Fast DDS always "
            "uses it"
        )
    if sound:  # Fast DDS reads one of the variables only: 2.x the first, 3.x the second
        return FastDds(
            "",
            ""
            if free >= FULL_SHM
            else (
                f"{shm} has {free / 1e6:.0f} MB left: where your profile for Fast DDS uses shared "
                "memory, Fast DDS ends the process with `Bus error`; free some of it"
            ),
        )
    told = [f"{fault}: dwpose_ros's own profile is used; mend it, or unset it" for fault in faults]
    # Whoever launched has looked already, before the images' publishers took their share.
    chosen = bool(given) and not faults and size >= SEGMENT
    if free >= (FULL_SHM if chosen else LEAST_SHM):
        return FastDds("" if chosen else SHARED_MEMORY, "; ".join(told))
    if not faults and any(path.name == UDP for path in given.values()):
        return FastDds("", "")
    replaced = "".join(f"; {name} is replaced" for name, p in given.items() if p.name == NETWORK)
    told.append(
        f"{shm} has {free / 1e6:.0f} MB left, of {LEAST_SHM / 1e6:.0f} MB that Fast DDS "
        "needs for images in shared memory: they go by UDP, where some may get lost "
        f"({_SHM_CURE}, or image_transport:=compressed){replaced}"
    )
    return FastDds(UDP, "; ".join(told))


def fast_dds_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the variables that name a profile to this ROS 2's Fast DDS: all that are set, and the
    one that it reads; both if the distribution is unknown.

    Fast DDS 3 also reads that of 2, but then each process warns of it.
    """
    old, new = FAST_DDS_VARIABLES
    distribution = environ.get("ROS_DISTRO", "")
    read = {old} if distribution in FAST_DDS_2 else {new} if distribution else {old, new}
    return [name for name in FAST_DDS_VARIABLES if name in read or environ.get(name)]


def _on_this_machine(environ: Mapping[str, str]) -> str:
    """Return the setting that limits discovery to this machine; empty if there is none.

    With it rmw_fastrtps adds shared memory to the transports of every profile.
    """
    if environ.get("ROS_LOCALHOST_ONLY") == "1":
        return "ROS_LOCALHOST_ONLY=1"
    if environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "").upper() == "LOCALHOST":
        return "ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST"
    return ""


def _space(folder: str) -> tuple[int, int]:
    """Return the free and the total bytes; 0 if nothing can be written."""
    try:
        system = os.statvfs(folder)
    except OSError:
        return 0, 0
    if not os.access(folder, os.W_OK):
        return 0, 0
    return system.f_bavail * system.f_frsize, system.f_blocks * system.f_frsize
