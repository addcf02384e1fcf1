# SPDX-License-Identifier: Apache-2.0
"""A calibration for images of another size than it was made at."""

from __future__ import annotations

import math

import numpy as np
import pytest

CameraInfo = pytest.importorskip("sensor_msgs.msg").CameraInfo
RegionOfInterest = pytest.importorskip("sensor_msgs.msg").RegionOfInterest

from dwpose_ros.ros.calibration import fitted, focal_in_widths  # noqa: E402


def calibration(**more) -> CameraInfo:
    """Of a camera of 1280 x 720, the right one of a stereo pair."""
    return CameraInfo(
        width=1280,
        height=720,
        distortion_model="plumb_bob",
        d=[0.1, -0.2, 0.0, 0.0, 0.0],
        k=[1100.0, 0.0, 630.0, 0.0, 1110.0, 370.0, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[1000.0, 0.0, 620.0, -60.0, 0.0, 1000.0, 365.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        **more,
    )


def test_a_point_in_space_is_seen_at_the_same_place_of_the_picture():
    whole, half = calibration(), fitted(calibration(), 640, 360)
    assert (half.width, half.height) == (640, 360)
    point = np.array([0.3, -0.2, 2.0, 1.0])

    def pixel(matrix, shape):
        x, y, z = np.array(matrix).reshape(shape) @ point[: shape[1]]
        return np.array([x, y]) / z

    for name, shape in (("k", (3, 3)), ("p", (3, 4))):
        assert pixel(getattr(half, name), shape) == pytest.approx(
            pixel(getattr(whole, name), shape) / 2
        )
    assert list(half.d) == list(whole.d) and list(half.r) == list(whole.r)
    assert half.distortion_model == "plumb_bob" and list(half.k)[8] == 1.0
    assert list(whole.k)[0] == 1100.0  # what was given is left alone


def test_a_region_of_interest_is_scaled_and_stays_inside():
    roi = RegionOfInterest(x_offset=101, y_offset=50, width=1179, height=670, do_rectify=True)
    half = fitted(calibration(roi=roi), 640, 360).roi
    assert (half.x_offset, half.y_offset, half.do_rectify) == (50, 25, True)
    assert half.x_offset + half.width in (639, 640) and half.y_offset + half.height == 360
    assert fitted(calibration(), 640, 360).roi == RegionOfInterest()


def test_the_same_size_is_left_as_it_is():
    info = calibration()
    assert fitted(info, 1280, 720) is info


@pytest.mark.parametrize("width, height", [(640, 360), (854, 480), (427, 240), (2560, 1440)])
def test_rounded_sizes_show_the_same(width, height):
    assert fitted(calibration(), width, height).width == width


@pytest.mark.parametrize("width, height", [(640, 480), (720, 1280), (1280, 768), (0, 0)])
def test_another_aspect_ratio_shows_another_part(width, height):
    with pytest.raises(ValueError, match=f"for 1280x720 pixels and does not fit {width}x{height}"):
        fitted(calibration(), width, height)
    with pytest.raises(ValueError):
        fitted(CameraInfo(), 640, 480)


@pytest.mark.parametrize("size", [(1280, 720), (640, 360)])
def test_the_focal_length_is_in_widths_of_the_picture(size):
    assert focal_in_widths(calibration(), *size) == pytest.approx(1100 / 1280)
    unsized = calibration()
    unsized.width = unsized.height = 0  # as some drivers leave it
    assert focal_in_widths(unsized, *size) == pytest.approx(1100 / size[0])


@pytest.mark.parametrize("focal", [math.nan, math.inf, -3.0, 0.0, 1e-6, 1e9])
def test_what_is_no_calibration_tells_no_focal_length(focal):
    info = calibration()
    assert math.isnan(focal_in_widths(info, 640, 480))  # shows another part
    assert math.isnan(focal_in_widths(None, 1280, 720))
    k = list(info.k)
    k[0] = focal
    info.k = k
    assert math.isnan(focal_in_widths(info, 1280, 720))
