# SPDX-License-Identifier: Apache-2.0
"""Sphinx's settings: `make docs` builds these pages, and a warning is an error."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
from generated import ROOT  # noqa: E402 - it is found by the line above

sys.path.insert(0, str(ROOT))

_package = (ROOT / "package.xml").read_text(encoding="utf-8")
project = "dwpose_ros"
release = version = re.search(r"<version>(.+?)</version>", _package)[1]
copyright = "the dwpose_ros authors"  # noqa: A001 - Sphinx's own name

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated"]
exclude_patterns = ["_build", "requirements.txt"]
highlight_language = "bash"  # of blocks that do not say: commands
html_theme = "furo"
html_title = f"dwpose_ros {release}"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4  # links such as limits.md#speech, as GitHub makes them

# rosdoc2 builds a copy of this folder; the build farm's theme is its own.
rosdoc2_settings = {"allow_other_extensions": True, "override_theme": False}

nitpicky = True
# Types of other libraries, and of ours that are not on these pages, have no page to link to.
nitpick_ignore_regex = [(r"py:.*", r".*")]
linkcheck_timeout = 20
linkcheck_anchors = False  # GitHub's are made by scripts

# The package's modules are imported for their docstrings, without ROS and without networks.
autodoc_mock_imports = [
    "ament_index_python",
    "builtin_interfaces",
    "cv2",
    "cv_bridge",
    "diagnostic_msgs",
    "foxglove_msgs",
    "geometry_msgs",
    "hri_msgs",
    "launch",
    "launch_ros",
    "lifecycle_msgs",
    "ai_edge_litert",
    "ml_dtypes",
    "onnx",
    "onnxruntime",
    "openvino",
    "PIL",
    "rcl_interfaces",
    "rclpy",
    "rosbags",
    "sensor_msgs",
    "simplejpeg",
    "std_msgs",
    "tf2_msgs",
    "tf2_ros",
    "tqdm",
    "visualization_msgs",
    "xtcocotools",
]
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
default_role = "code"  # docstrings are read as plain text, too: `name` is code
napoleon_numpy_docstring = False

# Names that the package offers at its top level have two targets; either is right.
suppress_warnings = ["ref.python"]
