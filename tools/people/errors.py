# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as one line for the user."""

from __future__ import annotations

from dwpose_ros.core.errors import DwposeError


class PeopleError(DwposeError):
    """People cannot be made; the message says what is wrong, and what would be right."""
