# SPDX-License-Identifier: Apache-2.0
"""The three lessons: what each learns from, and where gradients go."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.distillation import Lesson, lesson  # noqa: E402
from training.losses import ALPHA, BETA, logit_loss  # noqa: E402
from training.rtmpose import RTMPose, Size  # noqa: E402

SMALL, LARGER = Size(0.167, 0.0625, 64, 64, 0), Size(0.167, 0.125, 64, 64, 0)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    weights = torch.ones(2, 133)
    weights[0, :50] = 0
    return torch.randn(2, 3, 64, 64), 64 * torch.rand(2, 133, 2), weights


def networks(mode):
    torch.manual_seed(1)
    return RTMPose(SMALL), RTMPose(SMALL if mode == "stage2" else LARGER)


def with_gradient(module):
    return {n for n, p in module.named_parameters() if p.grad is not None and p.grad.any()}


def test_plain_learns_everywhere(batch):
    student, _ = networks("plain")
    lesson("plain", student, None)(*batch, 1, 2).backward()
    assert with_gradient(student) == {n for n, _ in student.named_parameters()}


@pytest.mark.parametrize(("epoch", "share"), [(1, 1), (4, 0.25)])
def test_the_first_stage_adds_the_teachers_losses_with_their_weight(batch, epoch, share):
    student, teacher = networks("stage1")
    both = lesson("stage1", student, teacher).eval()
    images, xy, weights = batch
    features, wanted = student.backbone(images), teacher.backbone(images)
    maps = student.head(features)
    labels = Lesson(student).labels(maps, xy, weights)
    distance = ((both.features.align(features) - wanted) ** 2).sum() / 2
    told = ALPHA * distance + BETA * logit_loss(maps, teacher.head(wanted))
    total = both(*batch, epoch, 4)
    assert total.item() == pytest.approx((labels + share * told).item(), rel=1e-5)
    assert (ALPHA, BETA) == (5e-5, 0.1)


def test_the_first_stage_trains_student_and_adapter_and_no_teacher(batch):
    student, teacher = networks("stage1")
    both = lesson("stage1", student, teacher)
    statistics = {n: b.clone() for n, b in teacher.named_buffers()}
    both.train()
    both(*batch, 1, 2).backward()
    assert with_gradient(both) == {n for n, _ in both.named_parameters()}
    assert not with_gradient(teacher)
    assert all((b == statistics[n]).all() for n, b in teacher.named_buffers())
    assert not any("teacher" in name for name in both.state_dict())


def test_without_labels_the_teacher_alone_teaches(batch):
    student, teacher = networks("stage1")
    images, xy, weights = batch
    lesson("stage1", student, teacher)(images, xy, 0 * weights, 1, 2).backward()
    assert "head.cls_x.weight" in with_gradient(student)


def test_the_second_stage_trains_the_new_head_alone(batch):
    student, teacher = networks("stage2")
    second = lesson("stage2", student, teacher)
    second.train()
    statistics = {n: b.clone() for n, b in student.backbone.named_buffers()}
    second(*batch, 1, 2).backward()
    heads = {f"head.{n}" for n, _ in student.head.named_parameters()}
    assert with_gradient(student) == heads and not with_gradient(teacher)
    for (name, new), old in zip(student.backbone.named_buffers(), teacher.backbone.buffers()):
        assert (new == statistics[name]).all() and (new == old).all()


def test_the_second_stage_is_the_logits_loss_alone_in_every_epoch(batch):
    student, teacher = networks("stage2")
    second = lesson("stage2", student, teacher).eval()
    images, xy, weights = batch
    wanted = logit_loss(student(images), teacher(images)).item()
    for epoch in (1, 4):
        assert second(images, xy, 0 * weights, epoch, 4).item() == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("mode", "teacher", "said"),
    [
        ("stage3", None, "mode 'stage3': wanted one of plain, stage1, stage2"),
        ("stage1", None, "mode stage1 has no teacher"),
        ("plain", LARGER, "mode plain has a teacher"),
        ("stage1", LARGER._replace(height=96), "must have the student's input"),
        ("stage2", LARGER, "must be of the student's size"),
    ],
)
def test_teachers_that_do_not_fit_are_said(mode, teacher, said):
    with pytest.raises(ValueError, match=said):
        lesson(mode, RTMPose(SMALL), teacher and RTMPose(teacher))
