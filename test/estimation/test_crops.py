# SPDX-License-Identifier: Apache-2.0
"""How people are cut out: by OpenCV on the CPU, in a graph where networks run on a GPU."""

import numpy as np
import pytest

from dwpose_ros.estimation.crop_geometry import around
from dwpose_ros.estimation.crops import CpuCrops, crops_for
from dwpose_ros.estimation.runtimes.gpu_crops import GpuCrops
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

BOTH = [CpuCrops(), GpuCrops("cpu")]  # the graph is the same on a GPU


def pixels(crops):
    return crops if isinstance(crops, np.ndarray) else crops.numpy()


@pytest.mark.parametrize(
    "box, scale",
    [
        ([0, 0, 100, 300], [281.25, 375]),  # tall: the width follows
        ([0, 0, 300, 100], [375, 500]),  # wide: the height follows
        ([10, 20, 310, 420], [375, 500]),  # just right
    ],
)
def test_around(box, scale):
    centers, scales = around(np.float32([box]), (288, 384))
    np.testing.assert_allclose(centers, [[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
    np.testing.assert_allclose(scales, [scale])


@pytest.mark.parametrize("crops", BOTH)
def test_the_whole_image_is_the_image(crops):
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    found = crops.people(
        crops.upload(image), np.float32([[24, 32]]), np.float32([[48, 64]]), (48, 64)
    )
    np.testing.assert_array_equal(pixels(found), image[None])


@pytest.mark.parametrize("size", [(288, 384), (192, 256)])
def test_both_cut_the_same(size):
    """To two grey levels: OpenCV rounds places to 1/32 pixel."""
    rng = np.random.default_rng(1)
    columns, rows = np.meshgrid(np.arange(640), np.arange(480))
    image = np.stack([columns / 2.6, rows / 2, (columns + rows) / 5], -1).astype(np.uint8)
    corners = rng.uniform(-100, [500, 350], (20, 2))
    boxes = np.hstack([corners, corners + rng.uniform(9, 400, (20, 2))]).astype(np.float32)
    cpu, gpu = (
        pixels(crops.people(crops.upload(image), *around(boxes, size), size)) for crops in BOTH
    )
    assert cpu.shape == gpu.shape == (20, size[1], size[0], 3) and cpu.dtype == gpu.dtype
    assert cpu.any((1, 2, 3)).all()
    far = np.abs(cpu.astype(int) - gpu) > 2
    # Beyond the frame's border a step of grey is as high as the picture is bright.
    assert far.mean() < 0.002


@pytest.mark.parametrize("crops", BOTH)
@pytest.mark.parametrize(
    "shape, fits", [((720, 1280), (360, 640)), ((1280, 720), (640, 360)), ((1, 5000), (1, 640))]
)
def test_letterbox_keeps_the_aspect_and_pads_at_right_and_bottom(crops, shape, fits):
    frame = crops.upload(np.zeros((*shape, 3), np.uint8))
    image, ratio = crops.letterbox(frame, (640, 640))
    image = pixels(image)
    assert image.shape == (1, 640, 640, 3) and image.dtype == np.uint8
    assert ratio == pytest.approx(640 / max(shape))
    if shape[0] > 1:  # a line is shown between grey ones, and the graph blends them
        black = (image[0, ..., 0] == 0).nonzero()
        assert (black[0].max() + 1, black[1].max() + 1) == fits
    assert (image[0, fits[0] + 1 :] == 114).all()


def test_both_letterbox_the_same():
    columns, rows = np.meshgrid(np.arange(640), np.arange(480))
    image = np.stack([columns / 2.6, rows / 2, (columns + rows) / 5], -1).astype(np.uint8)
    cpu, gpu = (pixels(crops.letterbox(crops.upload(image), (416, 416))[0]) for crops in BOTH)
    assert (np.abs(cpu.astype(int) - gpu) > 2).mean() < 0.005


def test_views_can_be_uploaded():
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    frame = GpuCrops("cpu").upload(image[..., ::-1])
    np.testing.assert_array_equal(frame.numpy(), image[..., ::-1])


def test_who_cuts_where():
    assert isinstance(crops_for(ExecutionTarget("onnxruntime", "cpu")), CpuCrops)
    assert isinstance(crops_for(ExecutionTarget("openvino", "gpu")), CpuCrops)
    assert isinstance(crops_for(ExecutionTarget("onnxruntime", "cuda")), GpuCrops)
    assert isinstance(crops_for(ExecutionTarget("onnxruntime", "tensorrt")), GpuCrops)
