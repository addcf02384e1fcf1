# SPDX-License-Identifier: Apache-2.0
"""Rewritten networks see and say what they did before."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.conventions import MEAN, STD
from dwpose_ros.estimation.graph_rewrite import detector_network, pose_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

SIZE = (48, 64)  # width, height: as small as the network below can be


@pytest.fixture
def small(save):
    """small(batch, opset, bias) -> a random SimCC network with RTMPose's parts, at 48 x 64."""

    def _make(batch="batch", opset=17, scale=1.0, name="small.onnx"):
        rng = np.random.default_rng(3)
        node = helper.make_node
        return save(
            name,
            [
                node("Conv", ["image", "kernel"], ["seen"], strides=[8, 8]),
                node("Sigmoid", ["seen"], ["gate"]),
                node("Mul", ["seen", "gate"], ["lit"]),
                node("Reshape", ["lit", "flat"], ["bins"]),  # a name that is one of ours
                node("MatMul", ["bins", "to_x"], ["simcc_x"]),
                node("MatMul", ["bins", "to_y"], ["simcc_y"]),
            ],
            [("image", [batch, 3, 64, 48])],
            [("simcc_x", [batch, 133, 96]), ("simcc_y", [batch, 133, 128])],
            {
                "kernel": rng.normal(0, 0.1, (133, 3, 8, 8)).astype(np.float32) * scale,
                "flat": np.array([1 if batch == 1 else 0, 133, 48]),
                "to_x": rng.normal(0, 0.2, (48, 96)).astype(np.float32),
                "to_y": rng.normal(0, 0.2, (48, 128)).astype(np.float32),
            },
            opset=opset,
        )

    return _make


@pytest.fixture
def crops():
    return np.random.default_rng(4).integers(0, 256, (5, SIZE[1], SIZE[0], 3), np.uint8)


def maps_of(path, crops):
    """What the file itself says, fed as its authors do: float RGB, normalised, one by one."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    planes = ((crops - MEAN) / STD).transpose(0, 3, 1, 2).astype(np.float32)
    found = [session.run(None, {"image": plane[None]}) for plane in planes]
    return [np.concatenate(axis) for axis in zip(*found)]


@pytest.mark.parametrize("batch", ["batch", 1])
@pytest.mark.parametrize("opset", [11, 17, 18])
def test_it_says_the_same_as_before(small, crops, batch, opset):
    path = small(batch, opset)
    bins, scores = open_network(pose_network(path))({"crops": crops})
    x, y = maps_of(path, crops)
    np.testing.assert_array_equal(bins, np.stack([x.argmax(-1), y.argmax(-1)], -1))
    np.testing.assert_allclose(scores, np.minimum(x.max(-1), y.max(-1)), rtol=1e-4)
    assert bins.dtype == np.int32 and scores.dtype == np.float32


def test_subpixel_gives_the_top_of_the_parabola(small, crops):
    path = small(opset=11)
    bins, _, offsets = open_network(pose_network(path, subpixel=True))({"crops": crops})
    for axis, simcc in enumerate(maps_of(path, crops)):
        at = bins[..., axis]
        inner = (at > 0) & (at < simcc.shape[-1] - 1)
        left, middle, right = (
            np.take_along_axis(simcc, np.clip(at + d, 0, simcc.shape[-1] - 1)[..., None], -1)[
                ..., 0
            ]
            for d in (-1, 0, 1)
        )
        wanted = (right - left) / (2 * (2 * middle - left - right))
        np.testing.assert_allclose(offsets[inner][:, axis], wanted[inner], atol=1e-3)
        assert (offsets[~inner][:, axis] == 0).all() and (~inner).any()
    assert np.abs(offsets).max() <= 0.5 and np.abs(offsets).max() > 0.4


def gaussian_maps(count, noise, form):
    """SimCC maps (count, 576) of known places, as DWPose's training wants them (sigma 4.9)."""
    rng = np.random.default_rng(5)
    places = rng.uniform(20, 550, count)
    distance = (np.arange(576) - places[:, None]) / 4.9
    # Trained by the divergence of softmax(10 * map) from a Gaussian, or by the Gaussian itself.
    maps = 1 - distance**2 / 20 if form == "logits" else np.exp(-(distance**2) / 2)
    return places, (maps + rng.normal(0, noise, maps.shape)).astype(np.float32)


@pytest.mark.parametrize("form", ["logits", "gaussian"])
@pytest.mark.parametrize("noise, gain", [(0.0, 20), (0.001, 1.5)])
def test_subpixel_is_nearer_to_the_truth(form, noise, gain):
    """What decides: on maps whose true place is known, with and without noise, it errs less."""
    places, maps = gaussian_maps(2000, noise, form)
    at = maps.argmax(-1)
    left, middle, right = (np.take_along_axis(maps, at[:, None] + d, 1)[:, 0] for d in (-1, 0, 1))
    between = at + (right - left) / (2 * (2 * middle - left - right))
    assert np.abs(at - places).mean() > gain * np.abs(between - places).mean()


def test_half_precision_is_near(small, crops):
    path = small()
    half = pose_network(path, half=True)
    types = {t.data_type for t in onnx.load(str(half)).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in types
    bins, scores = open_network(half)({"crops": crops})
    exact, exact_scores = open_network(pose_network(path))({"crops": crops})
    assert (bins == exact).mean() > 0.98
    np.testing.assert_allclose(scores, exact_scores, rtol=0.02)


def test_nan_is_told_wherever_it_is_in_a_map(pose_model):
    for place in (0, 100, 383):
        bias = np.zeros((133, 384), np.float32)
        bias[7, place] = np.nan
        path = pose_model(192, 192, bias=bias, name=f"nan{place}.onnx")
        dark = np.full((2, 192, 192, 3), 9, np.uint8)
        _, scores = open_network(pose_network(path))({"crops": dark})
        assert (scores[:, 7] == -1).all() and (np.delete(scores, 7, 1) >= 0).all()


def test_detectors_see_bgr_as_they_were_trained(save):
    """An 'RTMDet' and a 'YOLOX' that say what they see at their first pixel."""
    pixel = np.zeros((1, 320, 320, 3), np.uint8)
    pixel[0, 0, 0] = 200, 100, 50  # RGB
    node = helper.make_node
    rtmdet = save(
        "rtmdet.onnx",
        [
            node("Slice", ["image", "zeros", "ends"], ["first"]),
            node("Reshape", ["first", "flat"], ["bgr"]),
            node("Concat", ["bgr", "more"], ["boxes"], axis=2),
            node("Identity", ["kinds"], ["classes"]),
        ],
        [("image", [1, 3, 320, 320])],
        [("boxes", [1, 1, 5]), ("classes", [1, 1])],
        {
            "zeros": np.zeros(4, int),
            "ends": np.array([1, 3, 1, 1]),
            "flat": np.array([1, 1, 3]),
            "more": np.ones((1, 1, 2), np.float32),
            "kinds": np.zeros((1, 1), np.float32),
        },
    )
    dets, labels = open_network(detector_network(rtmdet))({"image": pixel})
    mean, std = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
    wanted = (np.array([50, 100, 200]) - mean) / std
    np.testing.assert_allclose(dets[0, 0, :3], wanted, rtol=1e-5)
    assert labels.shape == (1, 1)
    cells = 40 * 40 + 20 * 20 + 10 * 10
    yolox = save(
        "yolox.onnx",
        [
            node("Slice", ["image", "zeros", "ends"], ["first"]),
            node("Reshape", ["first", "flat"], ["bgr"]),
            node("Expand", ["bgr", "many"], ["all"]),
            node("Concat", ["all", "more"], ["raw"], axis=2),
        ],
        [("image", [1, 3, 320, 320])],
        [("raw", [1, cells, 85])],
        {
            "zeros": np.zeros(4, int),
            "ends": np.array([1, 3, 1, 1]),
            "flat": np.array([1, 1, 3]),
            "many": np.array([1, cells, 3]),
            "more": np.full((1, cells, 82), 0.5, np.float32),
        },
    )
    (out,) = open_network(detector_network(yolox))({"image": pixel})
    assert out.shape == (1, cells, 5)
    assert out[0, 0].tolist() == [50, 100, 200, 0.5, 0.25]  # raw, and objectness times person


class TestCache:
    def test_the_same_content_is_made_once(self, small, cache):
        made = pose_network(small())
        assert made.parent == cache / "networks"
        before = made.stat().st_mtime_ns
        assert pose_network(small()) == made and made.stat().st_mtime_ns == before

    def test_other_content_under_the_same_name_is_another_file(self, small, crops):
        first = pose_network(small())
        second = pose_network(small(scale=2.0))
        assert first != second
        a, b = (open_network(path)({"crops": crops})[1] for path in (first, second))
        assert not np.allclose(a, b)

    def test_a_folder_that_cannot_be_written(self, small, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path / "file"))
        with pytest.raises(ModelError, match="cannot be written: .*set DWPOSE_ROS_CACHE"):
            pose_network(small())

    def test_nothing_is_left_of_a_file_that_was_refused(self, save, cache):
        path = save(
            "odd.onnx",
            [helper.make_node("Relu", ["image"], ["out"])],
            [("image", [1, 3, 64, 48])],
            [("out", [1, 3, 64, 48])],
        )
        before = sorted(cache.rglob("*"))
        with pytest.raises(ModelError, match=r"outputs are \(1, 3, 64, 48\); wanted simcc_x"):
            pose_network(path)
        assert sorted(cache.rglob("*")) == before


@pytest.mark.parametrize(
    "target", [ExecutionTarget("onnxruntime", "cpu"), ExecutionTarget("openvino", "cpu", "fp32")]
)
def test_every_runtime_says_the_same(small, crops, target):
    if target.runtime == "openvino":
        pytest.importorskip("openvino")
    path = small()
    bins, scores = open_network(pose_network(path), target)({"crops": crops})
    x, y = maps_of(path, crops)
    wanted = np.stack([x.argmax(-1), y.argmax(-1)], -1)
    assert (bins == wanted).mean() > 0.999
    np.testing.assert_allclose(scores, np.minimum(x.max(-1), y.max(-1)), rtol=1e-3)


def test_a_network_that_was_seen_before_needs_no_onnx(pose_model, detector_model):
    """Which would take memory as long as a node runs, and time at its start."""
    pose, detector = pose_model(), detector_model([[100, 20, 180, 170]], [1])
    made = pose_network(pose), detector_network(detector)
    program = (
        "import sys; from dwpose_ros.estimation.graph_rewrite import *; "
        f"print(pose_network({str(pose)!r}), detector_network({str(detector)!r})); "
        "sys.exit('onnx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert done.stdout.split() == [str(path) for path in made]
