# SPDX-License-Identifier: Apache-2.0
"""The command on small networks that the test makes: what is measured, written and refused."""

import cv2
import numpy as np
import pytest
from networks import needs_quantizer, operators

from dwpose_ros.cli import quantize
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.estimation.dwpose import DWPose
from dwpose_ros.evaluation.drift import Drift


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


@pytest.mark.parametrize(
    "more", [["--images", "0"], ["--limit-drift", "-1"], ["--limit-drift", "nan"], ["--topic"]]
)
def test_wrong_usage(more):
    with pytest.raises(SystemExit) as end:
        quantize.main(["a.onnx", "pictures", "--output", "b.onnx", *more])
    assert end.value.code == 2
    with pytest.raises(SystemExit):
        quantize.main(["a.onnx", "pictures"])  # no --output
