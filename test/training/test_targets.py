# SPDX-License-Identifier: Apache-2.0
"""Labels against the formula in numpy, and decoding against the product's own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dwpose_ros.evaluation import simcc  # noqa: E402
from training.targets import decode, sigma, targets  # noqa: E402

SIZE = (192, 256)


def labels_of(xy, weights, size=SIZE):
    return targets(torch.tensor(xy, dtype=torch.float32), torch.tensor(weights), size)


@pytest.mark.parametrize(("side", "wanted"), [(192, 4.9), (256, 5.66), (288, 6.0), (384, 6.93)])
def test_widths_are_those_of_rtmposes_configurations(side, wanted):
    assert sigma(side) == pytest.approx(wanted, abs=0.005)


def test_labels_are_the_gaussians_of_the_paper():
    xy = np.random.default_rng(0).uniform((0, 0), SIZE, (3, 133, 2)).astype(np.float32)
    found = labels_of(xy, np.ones((3, 133), np.float32))
    for axis, (side, wide) in enumerate(zip(SIZE, (192**0.5 / 8**0.5, 256**0.5 / 8**0.5))):
        wanted = np.zeros((3, 133, 2 * side))
        for n in range(3):
            for k in range(133):
                for b in range(2 * side):
                    wanted[n, k, b] = np.exp(-((b - 2 * xy[n, k, axis]) ** 2) / (2 * wide**2))
        np.testing.assert_allclose(found[axis].numpy(), wanted, atol=1e-5)
    assert (found[2] == 1).all()


def test_a_point_that_is_not_annotated_has_no_label():
    xy, weights = np.full((1, 2, 2), 50.0), np.array([[1, 0]], np.float32)
    x, y, found = labels_of(xy, weights)
    assert x[0, 0].max() == 1 and x[0, 1].abs().sum() == 0 and y[0, 1].abs().sum() == 0
    assert found.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("place", "wanted"),
    [((0, 0), 1), ((-7, 100), 1), ((-8, 100), 0), ((199, 100), 1), ((200, 100), 0),
     ((100, -9.5), 0), ((100, 265), 0), ((-1e6, 5), 0)],
)  # fmt: skip
def test_a_point_far_outside_the_crop_has_weight_0(place, wanted):
    x, y, weights = labels_of([[place]], np.ones((1, 1), np.float32))
    assert weights.item() == wanted
    assert torch.isfinite(x).all() and (x.sum() > 0) == (y.sum() > 0) == bool(wanted)


def test_decoding_is_the_products():
    random = np.random.default_rng(1)
    maps = [random.normal(-2.5, 1, (2, 133, 2 * side)).astype(np.float32) for side in SIZE]
    maps[0][0, 3] = -1  # no positive peak
    wanted = simcc.decode(*maps)
    found = decode(*map(torch.tensor, maps))
    assert (wanted[0][0, 3] == -0.5).all()
    for f, w in zip(found, wanted):
        np.testing.assert_array_equal(f.numpy(), w)


def test_what_was_encoded_is_decoded_to_half_a_pixel():
    xy = np.random.default_rng(2).uniform((0, 0), np.array(SIZE) - 1, (4, 133, 2))
    points, scores = decode(*labels_of(xy, np.ones((4, 133), np.float32))[:2])
    assert np.abs(points.numpy() - xy).max() <= 0.25 + 1e-4
    assert scores.min() > 0.99
