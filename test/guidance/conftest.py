# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several folders share."""

from person_fixtures import custom, only_listed_transitions, person, profile  # noqa: F401
