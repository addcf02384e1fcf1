# SPDX-License-Identifier: Apache-2.0
"""The estimator that `import dwpose_ros` offers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

import dwpose_ros
from dwpose_ros.core.keypoints import COUNT

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)  # BGR


@pytest.fixture
def pair(pose_model, detector_model):
    """A network that finds pure colours, and a detector that gives one box in 320 x 240."""
    return {
        "model": str(pose_model(192, 256)),
        "detector": str(detector_model([[60, 20, 240, 220]], [0.9])),
        "device": "cpu",
    }


@pytest.fixture
def image():
    """Black (240, 320, 3) BGR with a red, a green and a blue square."""
    image = np.zeros((240, 320, 3), np.uint8)
    for x, color in ((80, RED), (140, GREEN), (200, BLUE)):
        image[100:130, x : x + 30] = color
    return image


def test_an_image_as_opencv_gives_it(pair, image):
    estimator = dwpose_ros.WholeBody(**pair)
    poses = estimator(image)
    assert poses.xy.shape == (1, COUNT, 2) and poses.scores.shape == (1, COUNT)
    for point, x in enumerate((95, 155, 215)):  # point 0 is where red is, 1 green, 2 blue
        assert poses.xy[0, point] == pytest.approx([x, 115], abs=16)
        assert abs(poses.xy[0, point, 0] - x) < 16 and poses.scores[0, point] > 0.1


def test_an_rgb_image_gives_the_same(pair, image):
    estimator = dwpose_ros.WholeBody(**pair)
    poses = estimator(image)
    same = estimator(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), rgb=True)
    swapped = estimator(image, rgb=True)
    assert np.array_equal(poses.xy, same.xy) and np.array_equal(poses.scores, same.scores)
    assert swapped.xy[0, 0, 0] > swapped.xy[0, 2, 0]  # the test can tell


def test_the_image_stays_as_it_is(pair, image):
    before = image.copy()
    dwpose_ros.WholeBody(**pair)(image)
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((240, 320), np.uint8), np.zeros((240, 320, 4), np.uint8), np.zeros((2, 3, 3))],
    ids=["grey", "with alpha", "floats"],
)
@pytest.mark.parametrize("rgb", [False, True])
def test_what_is_no_image(pair, bad, rgb):
    with pytest.raises(ValueError, match=r"image has shape .* wanted \(h, w, 3\) and uint8"):
        dwpose_ros.WholeBody(**pair)(bad, rgb=rgb)


def test_it_says_what_it_is(pair):
    estimator = dwpose_ros.WholeBody(**pair)
    assert estimator.name == "colours"
    assert estimator.runs_on == ("onnxruntime", "cpu", "fp32")
    assert estimator.reason == "DWPose colours, as asked"
    assert repr(estimator) == f"<WholeBody colours on {estimator.runs_on}>"


def test_arguments_reach_the_estimator(pair, tmp_path):
    with pytest.raises(dwpose_ros.ModelError, match="backend 'openpose' is unknown"):
        dwpose_ros.WholeBody(backend="openpose")
    with pytest.raises(dwpose_ros.ModelError, match="device 'cuda' cannot be had"):
        dwpose_ros.WholeBody(**{**pair, "device": "cuda"})
    with pytest.raises(dwpose_ros.ModelError, match="no.onnx: no such model file"):
        dwpose_ros.WholeBody(**{**pair, "model": str(tmp_path / "no.onnx")})


def test_openvino(pair, image):
    pytest.importorskip("openvino")
    estimator = dwpose_ros.WholeBody(**pair, runtime="openvino", precision="fp32")
    assert estimator.runs_on.runtime == "openvino"
    assert estimator(image).xy[0, :3, 0] == pytest.approx([95, 155, 215], abs=16)


def test_it_is_closed_at_the_end_of_a_with(pair, image):
    with dwpose_ros.WholeBody(**pair) as estimator:
        assert len(estimator(image)) == 1
    with pytest.raises(Exception):  # whatever a network that is gone raises
        estimator(image)


@needs_holistic
def test_holistic_looks_at_each_image_by_itself():
    """Not as in a video, where it looks for the person near where they were."""
    bgr = np.ascontiguousarray(pytest.importorskip("skimage.data").astronaut()[..., ::-1])
    first = dwpose_ros.WholeBody(backend="holistic")
    wanted = first(bgr)
    first(np.roll(bgr, 100, 1))
    again = first(bgr)
    assert np.array_equal(wanted.xy, again.xy) and len(wanted) == 1
    first.close()


class TestDraw:
    @pytest.fixture
    def poses(self):
        xy = np.random.default_rng(3).uniform(50, 200, (1, COUNT, 2))
        return dwpose_ros.PersonPoses.of(xy, np.full((1, COUNT), 0.5), [[50, 50, 200, 200]], [0.9])

    def test_a_copy_is_drawn(self, poses, image):
        before = image.copy()
        drawn = dwpose_ros.draw(image, poses)
        assert np.array_equal(image, before) and drawn.shape == image.shape
        assert (drawn != image).any(2).mean() > 0.01
        assert not (drawn != image)[:, :30].any()

    def test_rgb_is_the_same_picture(self, poses, image):
        drawn = dwpose_ros.draw(image, poses)
        rgb = dwpose_ros.draw(image[..., ::-1], poses, rgb=True)
        assert np.array_equal(rgb, drawn[..., ::-1]) and rgb.flags["C_CONTIGUOUS"]

    def test_points_up_to_the_threshold_are_left_out(self, poses, image):
        assert np.array_equal(dwpose_ros.draw(image, poses, 0.5), image)

    def test_what_is_no_image(self, poses):
        with pytest.raises(ValueError, match=r"shape \(9, 9\) and type uint8, wanted \(h, w, 3"):
            dwpose_ros.draw(np.zeros((9, 9), np.uint8), poses)
