# SPDX-License-Identifier: Apache-2.0
"""Sources of launch descriptions: launch files."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from launch.launch_description import LaunchDescription
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class InvalidLaunchFileError(RuntimeError):
    """Raised for a launch file that cannot be read."""


class LaunchDescriptionSource:
    """A launch description, or the path of a launch file."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "",
    ) -> None:
        self._description = launch_description
        self._location = normalize_to_list_of_substitutions(location)

    def locate(self, context: LaunchContext) -> str:
        """Return the path of the launch file, or "" if there is none."""
        return perform_substitutions(context, self._location)

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        return self._description or load_python_launch_file(self.locate(context))


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file in Python."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(location=launch_file_path)


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file; if it is not in Python, reading it raises InvalidLaunchFileError."""


def load_python_launch_file(path: str) -> LaunchDescription:
    """Return a launch file's description.

    Raises InvalidLaunchFileError, which names the file and the line.
    """
    if not path.endswith(".py"):
        raise InvalidLaunchFileError(
            f"launch file {path!r}: rosless reads only launch files in Python (.launch.py); "
            "a full ROS 2 also reads XML and YAML"
        )
    module = ModuleType(Path(path).stem)
    module.__file__ = path
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        exec(code, vars(module))
        if not hasattr(module, "generate_launch_description"):
            raise InvalidLaunchFileError(
                f"launch file {path!r} has no function generate_launch_description()"
            )
        description = module.generate_launch_description()
    except OSError as err:
        if err.filename != path:
            raise
        raise InvalidLaunchFileError(f"launch file {path!r} cannot be read: {err}") from err
    except InvalidLaunchFileError:
        raise
    except Exception as err:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(err.__traceback__)
            if frame.filename == path
        ]
        if isinstance(err, SyntaxError) and err.filename == path:
            lines = [err.lineno]
        place = f"{path}:{lines[-1]}" if lines else path
        raise InvalidLaunchFileError(f"{place}: {type(err).__name__}: {err}") from err
    if not isinstance(description, LaunchDescription):
        raise InvalidLaunchFileError(
            f"launch file {path!r}: generate_launch_description() must "
            f"return a LaunchDescription, not {description!r}"
        )
    return description
