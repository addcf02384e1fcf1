# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from dwpose_ros.core.errors import ModelError
from dwpose_ros.evaluation.simcc import SimccNetwork, prepare


def test_the_network_gets_normalised_rgb():
    crop = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    blob = prepare([crop])
    assert blob.shape == (1, 3, 2, 2) and blob.dtype == np.float32
    assert blob[0, :, 0, 0] == pytest.approx(
        [(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375]
    )


def test_not_a_simcc_network(network, tmp_path):
    with pytest.raises(ModelError, match=r"outputs are \(1, 133, 96\); wanted simcc_x \(1, 133, "
                                         r"96\) and simcc_y \(1, 133, 128\)"):  # fmt: skip
        SimccNetwork(network(outputs=False))
    with pytest.raises(ModelError, match="no such model file"):
        SimccNetwork(tmp_path / "absent.onnx")
