# SPDX-License-Identifier: Apache-2.0
"""Quantisation of small networks that the test makes: what is measured, written and refused."""

import sys

import cv2
import numpy as np
import onnx
import pytest
from onnx import helper

from dwpose_ros.cli import quantize
from dwpose_ros.cli.quantize import QuantizeError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.estimation.dwpose import DWPose
from dwpose_ros.evaluation.drift import Drift
from dwpose_ros.evaluation.frames import Sample
from dwpose_ros.evaluation.simcc import SimccNetwork

needs_quantizer = pytest.mark.skipif(
    "not __import__('importlib.util').util.find_spec('ml_dtypes')",
    reason="ml_dtypes, which onnxruntime.quantization imports, is absent",
)


def operators(path):
    return {n.op_type for n in onnx.load(str(path)).graph.node}


def sample(i):
    return Sample(str(i), np.zeros((1, 1, 1, 3), np.uint8), np.ones(1))


def test_every_third_frame_is_held_out_and_none_is_in_both():
    learn, held = quantize.split([sample(i) for i in range(10)])
    assert [s.name for s in held] == ["2", "5", "8"]
    assert not {s.name for s in learn} & {s.name for s in held} and len(learn) == 7
    with pytest.raises(QuantizeError, match="5 frames with people were found, wanted 6"):
        quantize.split([sample(i) for i in range(5)])


@needs_quantizer
@pytest.mark.parametrize("opset, batch", [(17, "batch"), (11, 1)])
def test_int8_is_int8_with_the_same_ends(network, crops, tmp_path, opset, batch):
    path, out = network(opset=opset, batch=batch), tmp_path / "int8.onnx"
    quantize.quantize(path, "image", crops, out)
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


def arguments(network, pictures, detector, out, *more):
    return [str(network), str(pictures), "--detector", detector, "--output", str(out),
            "--min-score", "0", *more]  # fmt: skip


@needs_quantizer
def test_the_command_reports_and_writes(network, pictures, detector, tmp_path, capsys):
    out = tmp_path / "out.onnx"
    code = quantize.main(arguments(network(), pictures, detector, out, "--limit-drift", "999"))
    text = capsys.readouterr().out
    assert code == 0 and "QuantizeLinear" in operators(out)
    assert "9 frames, 9 with people" in text and "12 people of 6 frames set the ranges" in text
    assert [line.split("/")[-1] for line in text.splitlines() if "held out" in line] == [
        "2.png", "5.png", "8.png"]  # fmt: skip
    row = next(line for line in text.splitlines() if line.startswith("left hand")).split()
    assert row[2] == "126"  # 21 points of the two people of three pictures
    assert "times as fast" in text and " MB" in text and text.endswith("out.onnx written\n")
    assert sorted(p.name for p in tmp_path.glob("out*")) == ["out.onnx"]
    # The product takes it by its path as any other.
    rgb = cv2.imread(str(pictures / "1.png"))
    estimator = DWPose(out, detector)
    xy, scores = estimator.estimate(rgb, np.array([[10, 10, 70, 110]], np.float32))
    assert xy.shape == (1, COUNT, 2) and np.isfinite(xy).all()


@needs_quantizer
def test_too_far_writes_nothing_unless_forced(network, pictures, detector, tmp_path, capsys,
                                              monkeypatch):  # fmt: skip
    far = {"left_hand": Drift(21, 10.0, 10.0, 0.25, 1.0, 1.0, 0.0, 0.0)}
    monkeypatch.setattr(quantize, "compare", lambda *a: far)
    out = tmp_path / "out.onnx"
    given = arguments(network(), pictures, detector, out)
    assert quantize.main(given) == 1
    text, err = capsys.readouterr()
    # 1 % of a person who is 64 / 1.25 px high
    assert "within 0.5 px and still be seen" in err and not out.exists()
    assert "95 % of the left hand are within 10.0 px" in err
    assert "left hand       21" in text  # the report is there all the same
    assert not list(tmp_path.glob("out*"))
    out.write_bytes(b"old")
    assert quantize.main(given) == 1 and out.read_bytes() == b"old"
    assert "out.onnx exists; give another --output, or --force" in capsys.readouterr().err
    assert quantize.main([*given, "--force"]) == 0 and "QuantizeLinear" in operators(out)
    assert "though it drifts too far" in capsys.readouterr().out


@needs_quantizer
def test_stopped_nothing_is_written(network, pictures, detector, tmp_path, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(quantize, "speed", stop)
    assert quantize.main(arguments(network(), pictures, detector, tmp_path / "out.onnx")) == 130
    assert "nothing was written" in capsys.readouterr().err and not list(tmp_path.glob("out*"))


@needs_quantizer
def test_refused_before_the_long_work(network, crops, pictures, detector, detector_model,
                                      tmp_path, capsys, monkeypatch):  # fmt: skip
    path, out = network(), tmp_path / "out.onnx"
    int8 = tmp_path / "int8.onnx"
    quantize.quantize(path, "image", crops, int8)
    nobody = str(detector_model([[1, 1, 9, 9]], [0.01], name="nobody.onnx"))
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "a.png").write_bytes(b"no image")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(quantize, "quantize", lambda *a: pytest.fail("too late"))
    for given, says in (
        (arguments(int8, pictures, detector, out), "is quantised already"),
        (arguments(detector, pictures, detector, out), "outputs are"),
        (arguments("dw-none", pictures, detector, out), "model 'dw-none' is unknown"),
        (arguments(path, pictures, detector, path), "is the float32 network itself"),
        (arguments(path, pictures, detector, tmp_path / "no" / "out.onnx"), "cannot be written"),
        (arguments(path, pictures, detector, tmp_path), "cannot be written there"),
        (arguments(path, pictures, "absent.onnx", out), "absent.onnx: no such model file"),
        (arguments(path, pictures, nobody, out), "0 frames with people were found, wanted 6"),
        (arguments(path, pictures / "1.png", detector, out), "1 frames with people were found"),
        (arguments(path, damaged, detector, out), "a.png: is not an image that can be read"),
        (arguments(path, empty, detector, out), "empty: has no image"),
        (arguments(path, tmp_path / "absent", detector, out), "does not exist"),
    ):
        assert quantize.main(given) == 1, given
        err = capsys.readouterr().err.split("\r")[-1]
        assert says in err and len(err.splitlines()) == 1
        assert not out.exists()


@needs_quantizer
def test_nothing_to_quantise(save, tmp_path):
    path = save("plain.onnx", [helper.make_node("Relu", ["image"], ["out"])],
                [("image", [1, 3, 8, 8])], [("out", [1, 3, 8, 8])])  # fmt: skip
    with pytest.raises(QuantizeError, match="no convolution"):
        quantize.quantize(path, "image", [np.zeros((8, 8, 3), np.uint8)], tmp_path / "o.onnx")


def test_without_the_quantiser_the_line_says_how_to_get_it(network, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(QuantizeError, match="pip install 'dwpose_ros.quantize.'"):
        quantize.check_float(network())


@pytest.mark.parametrize(
    "more", [["--images", "0"], ["--limit-drift", "-1"], ["--limit-drift", "nan"], ["--topic"]]
)
def test_wrong_usage(more):
    with pytest.raises(SystemExit) as end:
        quantize.main(["a.onnx", "pictures", "--output", "b.onnx", *more])
    assert end.value.code == 2
    with pytest.raises(SystemExit):
        quantize.main(["a.onnx", "pictures"])  # no --output
