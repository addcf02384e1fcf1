# SPDX-License-Identifier: Apache-2.0
"""Weights by mmpose's names: what fits is taken, and what does not is listed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.checkpoints import CheckpointError  # noqa: E402
from training.export import build  # noqa: E402
from training.rtmpose import SIZES, RTMPose  # noqa: E402
from training.weights import WeightsError, load_all, load_fitting, teacher  # noqa: E402


def conv(name, inputs, outputs, kernel=1, groups=1):
    """A convolution with its batch normalisation, as mmcv's ConvModule names them."""
    shapes = {f"{name}.conv.weight": (outputs, inputs // groups, kernel, kernel)}
    for part in ("weight", "bias", "running_mean", "running_var"):
        shapes[f"{name}.bn.{part}"] = (outputs,)
    return {**shapes, f"{name}.bn.num_batches_tracked": ()}


def csp(name, channels, blocks):
    half = channels // 2
    shapes = {**conv(f"{name}.main_conv", channels, half), **conv(f"{name}.short_conv", channels, half),
              **conv(f"{name}.final_conv", channels, channels)}  # fmt: skip
    for b in range(blocks):
        block = f"{name}.blocks.{b}"
        shapes |= conv(f"{block}.conv1", half, half, 3)
        shapes |= conv(f"{block}.conv2.depthwise_conv", half, half, 5, half)
        shapes |= conv(f"{block}.conv2.pointwise_conv", half, half)
    fc = f"{name}.attention.fc"
    return {**shapes, f"{fc}.weight": (channels, channels, 1, 1), f"{fc}.bias": (channels,)}


def mmpose_shapes():
    """The names and shapes of RTMPose-t's whole-body file: width 0.375, depth 0.167."""
    shapes = {**conv("backbone.stem.0", 3, 12, 3), **conv("backbone.stem.1", 12, 12, 3),
              **conv("backbone.stem.2", 12, 24, 3)}  # fmt: skip
    for stage, (inputs, outputs) in enumerate(((24, 48), (48, 96), (96, 192), (192, 384)), 1):
        shapes |= conv(f"backbone.stage{stage}.0", inputs, outputs, 3)
        shapes |= csp(f"backbone.stage{stage}.{2 if stage == 4 else 1}", outputs, 1)
    shapes |= conv("backbone.stage4.1.conv1", 384, 192) | conv("backbone.stage4.1.conv2", 768, 384)
    return {
        **shapes, "head.final_layer.weight": (133, 384, 7, 7), "head.final_layer.bias": (133,),
        "head.mlp.0.g": (1,), "head.mlp.1.weight": (256, 48), "head.gau.gamma": (2, 128),
        "head.gau.beta": (2, 128), "head.gau.o.weight": (256, 512), "head.gau.ln.g": (1,),
        "head.gau.uv.weight": (1152, 256), "head.gau.res_scale.scale": (256,),
        "head.cls_x.weight": (384, 256), "head.cls_y.weight": (512, 256),
    }  # fmt: skip


@pytest.fixture
def weights():
    """Random weights of RTMPose-t by mmpose's names."""
    torch.manual_seed(0)
    return {n: torch.rand(s) if s else torch.tensor(5) for n, s in mmpose_shapes().items()}


@pytest.fixture
def write(tmp_path):
    def _write(data, name="a.pth"):
        torch.save(data, tmp_path / name)
        return tmp_path / name

    return _write


def holds(model, weights):
    own = model.state_dict()
    return all(torch.equal(own[n], t) for n, t in weights.items())


def test_every_weight_of_mmposes_file_is_taken(weights, write):
    model = RTMPose(SIZES["t"])
    assert model.state_dict().keys() == weights.keys()
    # The data set's description lies beside the weights, in NumPy's arrays.
    meta = {"dataset_meta": {"sigmas": np.ones(133), "ids": np.arange(3), "n": np.float64(2)}}
    load_all(model, write({"meta": meta, "state_dict": weights}))
    assert holds(model, weights)


def test_older_files_without_counters_and_with_foreign_parts(weights, write):
    old = {f"module.{n}": t for n, t in weights.items() if "num_batches" not in n}
    model = RTMPose(SIZES["t"])
    load_all(model, write({**old, "data_preprocessor.mean": torch.zeros(3)}))
    assert holds(model, {n.removeprefix("module."): t for n, t in old.items()})


def test_the_student_of_a_first_stage_is_taken(weights, write):
    student = {f"student.{n}": t for n, t in weights.items()}
    larger = {"teacher.backbone.stem.0.conv.weight": torch.zeros(32, 3, 3, 3),
              "distill_losses.loss_fea.align.weight": torch.zeros(1024, 384, 1, 1)}  # fmt: skip
    model = RTMPose(SIZES["t"])
    load_all(model, write({"state_dict": {**student, **larger}}))
    assert holds(model, weights)


def test_of_a_second_stage_the_backbone_is_the_teachers(weights, write):
    both = {f"teacher.{n}": t for n, t in weights.items()}
    for name, tensor in weights.items():
        both[f"student.{name}"] = tensor + 1
    model = RTMPose(SIZES["t"])
    load_all(model, write({"state_dict": both}))
    wanted = {n: t + 1 if n.startswith("head.") else t for n, t in weights.items()}
    assert holds(model, wanted)


def test_what_is_missing_unknown_or_of_another_shape_is_one_line(weights, write):
    del weights["head.gau.o.weight"], weights["head.cls_x.weight"]
    weights["neck.conv.weight"] = torch.zeros(1)
    weights["head.mlp.1.weight"] = torch.zeros(256, 108)
    model = RTMPose(SIZES["t"])
    before = {n: t.clone() for n, t in model.state_dict().items()}
    with pytest.raises(WeightsError) as raised:
        load_all(model, write(weights))
    said = str(raised.value)
    assert "a.pth: does not fit a network of 192x256, depth 0.167, width 0.375: " in said
    assert "missing head.gau.o.weight, head.cls_x.weight; unknown neck.conv.weight; " in said
    assert "other shapes head.mlp.1.weight (256, 108), wanted (256, 48)" in said
    assert "\n" not in said and holds(model, before)


def test_a_long_list_is_cut(weights, write):
    few = {n: t for n, t in weights.items() if "stem" not in n}
    with pytest.raises(WeightsError, match=r"missing (backbone\.stem\S+ ){8}and 7 more$"):
        load_all(RTMPose(SIZES["t"]), write(few))


def test_a_backbone_alone_is_a_beginning(weights, write):
    backbone = {n: t for n, t in weights.items() if n.startswith("backbone.")}
    other = {**backbone, "head.fc.weight": torch.zeros(1000, 384)}
    model = RTMPose(SIZES["t"])
    stay = load_fitting(model, write(other))
    assert holds(model, backbone)
    assert stay == [n for n in model.state_dict() if n.startswith("head.")]
    with pytest.raises(WeightsError, match="has no weight that fits; it has head.fc.weight$"):
        load_fitting(model, write({"head.fc.weight": torch.zeros(1000, 384)}))


def test_a_teacher_is_told_its_size(weights, write):
    path = write(weights)
    assert holds(teacher(path, "t"), weights)
    with pytest.raises(CheckpointError, match="of a .pth with mmpose's names the size must be"):
        teacher(path)
    with pytest.raises(WeightsError, match="does not fit a network of 288x384, depth 1"):
        teacher(path, "l-384")


class Intruder:
    def __reduce__(self):
        return (print, ("run",))


def test_code_in_a_file_is_not_run(write, capsys):
    with pytest.raises(CheckpointError, match="is no PyTorch file with weights alone"):
        load_all(RTMPose(SIZES["t"]), write({"state_dict": {}, "meta": Intruder()}))
    assert not capsys.readouterr().out


@pytest.mark.parametrize("data", [[1], {}, {"state_dict": {"a": 1}}, {"meta": {"a": "b"}}])
def test_a_file_without_weights_is_said(data, write):
    with pytest.raises(WeightsError, match="holds no weights by name; wanted a state_dict"):
        load_all(RTMPose(SIZES["t"]), write(data))


def test_the_export_takes_them_too(weights, write):
    assert holds(build("t", write({"state_dict": weights})), weights)
