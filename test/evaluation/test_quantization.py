# SPDX-License-Identifier: Apache-2.0
"""Quantisation of small networks that the test makes: what is written and refused."""

import sys

import numpy as np
import onnx
import pytest
from networks import needs_quantizer, operators
from onnx import helper

from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.evaluation.frames import Sample
from dwpose_ros.evaluation.quantization import QuantizeError, check_float, quantize, split
from dwpose_ros.evaluation.simcc import SimccNetwork


def sample(i):
    return Sample(str(i), np.zeros((1, 1, 1, 3), np.uint8), np.ones(1))


def test_every_third_frame_is_held_out_and_none_is_in_both():
    learn, held = split([sample(i) for i in range(10)])
    assert [s.name for s in held] == ["2", "5", "8"]
    assert not {s.name for s in learn} & {s.name for s in held} and len(learn) == 7
    with pytest.raises(QuantizeError, match="5 frames with people were found, wanted 6"):
        split([sample(i) for i in range(5)])


@needs_quantizer
@pytest.mark.parametrize("opset, batch", [(17, "batch"), (11, 1)])
def test_int8_is_int8_with_the_same_ends(network, crops, tmp_path, opset, batch):
    path, out = network(opset=opset, batch=batch), tmp_path / "int8.onnx"
    quantize(path, "image", crops, out)
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators(out)
    before, after = onnx.load(str(path)), onnx.load(str(out))
    kinds = {i.name: i.data_type for i in after.graph.initializer if "quantized" in i.name}
    assert onnx.TensorProto.INT8 in kinds.values()
    assert not any("wx" in name for name in kinds)  # the SimCC layers stay float32
    scales = [i for i in after.graph.initializer if i.name.startswith("w2") and "scale" in i.name]
    assert scales[0].dims == [COUNT]  # per channel
    for field in ("input", "output"):
        ends = [[(e.name, e.type.tensor_type.elem_type) for e in getattr(m.graph, field)]
                for m in (before, after)]  # fmt: skip
        assert ends[0] == ends[1]
    x, y = SimccNetwork(path)(crops)
    q, _ = SimccNetwork(out)(crops)
    assert 0 < np.linalg.norm(q - x) < 0.1 * np.linalg.norm(x)


@needs_quantizer
def test_nothing_to_quantise(save, tmp_path):
    path = save("plain.onnx", [helper.make_node("Relu", ["image"], ["out"])],
                [("image", [1, 3, 8, 8])], [("out", [1, 3, 8, 8])])  # fmt: skip
    with pytest.raises(QuantizeError, match="no convolution"):
        quantize(path, "image", [np.zeros((8, 8, 3), np.uint8)], tmp_path / "o.onnx")


def test_without_the_quantiser_the_line_says_how_to_get_it(network, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(QuantizeError, match="pip install 'dwpose_ros.quantize.'"):
        check_float(network())
