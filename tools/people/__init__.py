# SPDX-License-Identifier: Apache-2.0
"""Synthetic people, clothed and diverse, with exact truth. See docs/how-to/people.md.

from tools.people import People

image, annotations = People("makehuman_cc0", seed=1).sample()
"""

from tools.people.errors import PeopleError
from tools.people.generator import People, Sample

__all__ = ["People", "PeopleError", "Sample"]
