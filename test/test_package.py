# SPDX-License-Identifier: Apache-2.0
"""`import dwpose_ros` as users meet it: light, complete, and also beside a clone."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

import dwpose_ros

ROOT = Path(__file__).resolve().parents[1]


def python(code: str, folder: Path) -> str:
    """What a script with this code in a folder prints."""
    (folder / "script.py").write_text(code)
    answer = subprocess.run(
        [sys.executable, folder / "script.py"], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_the_import_is_light(tmp_path):
    code = (
        "import sys; before = set(sys.modules); import dwpose_ros\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(new & {'numpy', 'cv2', 'onnx', 'onnxruntime', 'rclpy', 'ai_edge_litert'}))"
    )
    assert python(code, tmp_path) == "[]"


def test_an_estimator_needs_no_ros(tmp_path):
    code = (
        "import sys; from dwpose_ros import *\n"
        "print(WholeBody.__name__, 'rclpy' in sys.modules, 'dwpose_ros.msg' in sys.modules)"
    )
    assert python(code, tmp_path) == "WholeBody False False"


@pytest.mark.parametrize("name", dwpose_ros.__all__)
def test_each_name_is_there(name):
    assert getattr(dwpose_ros, name) is not None and name in dir(dwpose_ros)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'dwpose_ros' has no attribute 'Nonsense'"):
        dwpose_ros.Nonsense  # noqa: B018
    with pytest.raises(ImportError):
        from dwpose_ros import nonsense  # noqa: F401


def test_type_checkers_are_told_the_same_names():
    """The lazy imports stand twice: for Python, and for type checkers."""
    source = (ROOT / "dwpose_ros" / "__init__.py").read_text()
    told = source[source.index("if TYPE_CHECKING") : source.index("__version__")]
    assert all(name in told for name in dwpose_ros.__all__)
    assert set(dwpose_ros._HOMES) == set(dwpose_ros.__all__)
    for name, home in dwpose_ros._HOMES.items():
        line = next(x for x in told.splitlines() if f"dwpose_ros.{home} import" in x)
        assert name in line


def test_the_marker_for_type_checkers_is_installed(tmp_path):
    code = (
        "import dwpose_ros; from pathlib import Path\n"
        "print((Path(dwpose_ros.__file__).parent / 'py.typed').is_file())"
    )
    assert python(code, tmp_path) == "True"


def test_messages_are_found_in_the_folder_that_holds_the_clone(tmp_path):
    """The clone's own folder `msg`, with its .msg files, comes before the installed package."""
    pytest.importorskip("rclpy")
    clone = tmp_path / "dwpose_ros"
    clone.mkdir()
    for name in ("msg", "srv", "action", "dwpose_ros"):
        (clone / name).symlink_to(ROOT / name)
    code = (
        "from dwpose_ros.msg import WholeBodyPose\n"
        "from dwpose_ros.srv import Capture\n"
        "from dwpose_ros.action import Guide\n"
        "print(len(WholeBodyPose().persons), Capture.Request.__name__, Guide.Goal.__name__)"
    )
    assert python(code, tmp_path) == "0 Capture_Request Guide_Goal"


def test_one_version():
    assert xml.parse(ROOT / "package.xml").findtext("version") == dwpose_ros.__version__
