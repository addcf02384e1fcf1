# SPDX-License-Identifier: Apache-2.0
"""Fixtures of several files."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("aiohttp", reason="the screen needs aiohttp: pip install aiohttp")

from web_fixtures import browse, captured, chromium, serve  # noqa: E402, F401
