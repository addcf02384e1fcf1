"""Fixtures that several folders share."""

from person_fixtures import custom, person, profile  # noqa: F401
