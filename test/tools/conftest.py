# SPDX-License-Identifier: Apache-2.0
"""Fixtures of several files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from people_fixtures import outside, people  # noqa: E402, F401
