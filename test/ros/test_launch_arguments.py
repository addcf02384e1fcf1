# SPDX-License-Identifier: Apache-2.0
"""What a launch file says of arguments that cannot be meant."""

from __future__ import annotations

import pytest
import supervised


def launch(file: str, *arguments: str, seconds: float = 60.0) -> str:
    """Return the output of a launch that ends by itself."""
    done = supervised.run(
        ["ros2", "launch", "dwpose_ros", f"{file}.launch.py", *arguments], seconds
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "argument, right",
    [
        ("seed:=abc", "the launch argument seed is 'abc'; it must be a whole number"),
        ("light:=dark", "the launch argument light is 'dark'; it must be a number"),
        (
            "exit_when_done:=yes_please",
            "the launch argument exit_when_done is 'yes_please'; it must be true or false",
        ),
    ],
)
def test_a_value_of_another_type_is_told_by_its_name(argument, right):
    assert right in launch("guide", "source:=sim", "speech:=false", argument)


@pytest.mark.parametrize(
    "file, sources", [("guide", ["source"]), ("two_cameras", ["source_a", "source_b"])]
)
def test_a_mistyped_argument_is_told_once(file, sources):
    absent = [f"{name}:=none.mp4" for name in sources]
    told = launch(file, *absent, "speech:=false", "rvize:=true", "room_of_mine:=5")
    assert told.count("our launch files have no argument rvize: did you mean rviz?") == 1
    assert (
        told.count("our launch files have no argument") == 1
    )  # others may be those of an own file
