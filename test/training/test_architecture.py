# SPDX-License-Identifier: Apache-2.0
"""The networks in training/ are those of the paper. Skipped where PyTorch is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.export import build, export  # noqa: E402
from training.rtmpose import SIZES, TEACHERS, RTMPose, gflops  # noqa: E402


@pytest.mark.parametrize("name", [*SIZES, "x-384"])
def test_cost_is_within_a_tenth_of_the_papers(name):
    # The paper gives one decimal: half of its last digit is no difference.
    wanted = TEACHERS[name].gflops
    assert gflops(RTMPose(TEACHERS[name])) == pytest.approx(wanted, abs=0.1 * wanted + 0.05)


def test_the_largest_has_as_many_weights_as_the_published_file():
    # dw-ll_ucoco_384.onnx has 134,399,116 bytes, of 4 a weight; the graph itself is small. Batch
    # normalisation is folded into the convolutions there, as it is in the export.
    parameters = sum(p.numel() for n, p in build("l-384").named_parameters() if ".bn." not in n)
    assert 4 * parameters == pytest.approx(134_399_116, rel=0.01)


def test_the_file_gives_what_the_network_gives(tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = build("t")
    export(model, tmp_path / "t.onnx")
    crops = torch.rand(2, 3, 256, 192)
    with torch.no_grad():
        wanted = model(crops)
    session = onnxruntime.InferenceSession(str(tmp_path / "t.onnx"))
    found = session.run(["simcc_x", "simcc_y"], {"input": crops.numpy()})
    assert [f.shape for f in found] == [(2, 133, 384), (2, 133, 512)]
    for a, b in zip(found, wanted):
        assert np.abs(a - b.numpy()).max() < 1e-3 * float(b.abs().max())


def test_the_export_is_taken_by_the_estimator(tmp_path, detector_model):
    from dwpose_ros.estimation.dwpose import DWPose
    from dwpose_ros.estimation.runtimes.target import ExecutionTarget

    export(build("t"), tmp_path / "t.onnx")
    detector = detector_model([[80, 20, 240, 220]], [0.9])
    people = DWPose(tmp_path / "t.onnx", detector, ExecutionTarget(device="cpu"))(
        np.full((480, 640, 3), 90, np.uint8)
    )
    assert people.xy.shape == (1, 133, 2) and np.isfinite(people.xy).all()
