# SPDX-License-Identifier: Apache-2.0
"""The base class of events."""


class Event:
    """Something that happened, or that is requested."""

    name = "launch.Event"
