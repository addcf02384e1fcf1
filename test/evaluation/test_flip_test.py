# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from dwpose_ros.core.keypoints import COUNT, INDEX
from dwpose_ros.estimation.runtimes.target import ExecutionTarget
from dwpose_ros.evaluation import flip_test


def test_the_flip_test_averages_maps_of_the_mirrored_crop(monkeypatch, tmp_path):
    given = []

    class Fake:
        size, runs_on = (48, 64), ExecutionTarget()

        def __init__(self, path, device):
            pass

        def __call__(self, crops):
            given.append(np.array(crops))
            x, y = np.zeros((1, COUNT, 96)), np.ones((1, COUNT, 128)) * 0.1
            y[:, :, 40] = 2
            if len(given) == 1:
                x[0, INDEX["left_eye"], 10] = 1.0
            else:  # the mirrored left eye is a right eye on the other side
                x[0, INDEX["right_eye"], 95 - 10] = 0.5
            return x, y

    monkeypatch.setattr(flip_test, "SimccNetwork", Fake)
    (tmp_path / "model.onnx").touch()
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    flipped = flip_test.Flipped(str(tmp_path / "model.onnx"), "cpu")
    xy, scores = flipped.estimate(image, np.array([[100, 40, 200, 190]], np.float32))
    assert np.array_equal(given[1], given[0][:, :, ::-1]) and given[0].shape == (1, 64, 48, 3)
    eye = INDEX["left_eye"]
    assert scores[0, eye] == pytest.approx(0.75) and scores[0, INDEX["right_eye"]] == 0
    scale = 150 * 1.25 / 64  # image pixels a crop pixel; the box is as high as 187.5 px
    assert xy[0, eye] == pytest.approx([150 + (5 - 24) * scale, 115 + (20 - 32) * scale])
