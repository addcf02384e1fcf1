# SPDX-License-Identifier: Apache-2.0
"""The base of all events."""


class Event:
    """Something that happened, or is asked for."""

    name = "launch.Event"
