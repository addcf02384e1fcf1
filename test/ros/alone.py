# SPDX-License-Identifier: Apache-2.0
"""A ROS domain of the tests' own, on this machine alone: import it before anything joins one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "rosless" / "test"))

from domains import own_domain  # noqa: E402

os.environ["ROS_DOMAIN_ID"] = own_domain()
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
if os.environ.get("ROS_DISTRO") == "humble":  # which does not know that; later ones warn of this
    os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
os.environ.setdefault(
    "CYCLONEDDS_URI", (Path(__file__).resolve().parents[2] / "config" / "cyclonedds.xml").as_uri()
)
