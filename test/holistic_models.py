# SPDX-License-Identifier: Apache-2.0
"""The networks of the holistic backend, where `make` or the user has fetched them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from dwpose_ros.estimation import model_registry as models

# The user's cache, found before the tests get one of their own.
FILES = [models.cached(model).resolve() for model in models.group("holistic")]
READY = find_spec("ai_edge_litert") is not None and all(file.is_file() for file in FILES)
needs_holistic = pytest.mark.skipif(
    not READY, reason="holistic's networks are absent: `dwpose models fetch holistic`"
)


def link_into(cache: Path) -> None:
    """Put the networks into a cache of the tests' own."""
    if READY:
        for file in FILES:
            (cache / file.name).symlink_to(file)
