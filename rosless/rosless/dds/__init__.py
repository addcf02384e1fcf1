# SPDX-License-Identifier: Apache-2.0
"""ROS 2's names, types and graph on Eclipse Cyclone DDS, laid out as in rmw_cyclonedds."""

from cyclonedds.core import DDSException

from rosless.dds.endpoints import Gone, Reader, WaitSet, Writer
from rosless.dds.participant import Participant
from rosless.dds.settings import configuration, domain_id_from_environment

__all__ = [
    "DDSException",
    "Gone",
    "Participant",
    "Reader",
    "WaitSet",
    "Writer",
    "configuration",
    "domain_id_from_environment",
]
