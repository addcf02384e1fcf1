# SPDX-License-Identifier: Apache-2.0
"""The losses against the papers' formulas, written out in numpy."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.losses import FeatureLoss, decay, logit_loss, simcc_loss  # noqa: E402

N, K, X, Y = 3, 5, 8, 12


def softmax(values):
    e = np.exp(values - values.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def divergence(wanted, found):
    p, q = softmax(10 * wanted), softmax(10 * found)
    return p * (np.log(p) - np.log(q))


@pytest.fixture
def maps():
    """Logits and labels along x and y, as numpy arrays of float64."""
    random = np.random.default_rng(0)
    return [[random.uniform(0, 1, (N, K, b)) for b in (X, Y)] for _ in range(2)]


def tensors(arrays, grad=False):
    return [torch.tensor(a, requires_grad=grad) for a in arrays]


def test_rtmposes_loss_is_its_formula(maps):
    found, labels = maps
    weights = np.random.default_rng(1).integers(0, 2, (N, K)).astype(float)
    wanted = sum((divergence(q, p).mean(-1) * weights).sum() / K for p, q in zip(found, labels))
    # RTMPose's is a sum over a batch of 64; these are 3.
    loss = simcc_loss(tensors(found), tensors(labels), torch.tensor(weights))
    assert loss.item() == pytest.approx(wanted * 64 / N, rel=1e-9)


def test_points_of_weight_0_have_no_gradient(maps):
    found = tensors(maps[0], grad=True)
    weights = torch.ones(N, K)
    weights[1, 2] = 0
    simcc_loss(found, tensors(maps[1]), weights).backward()
    for map_ in found:
        assert (map_.grad[1, 2] == 0).all() and (map_.grad[1, 3] != 0).all()


def test_the_logit_loss_is_its_formula_over_all_points(maps):
    student, teacher = maps
    wanted = sum(divergence(t, s).sum() / N / K for s, t in zip(student, teacher))
    assert logit_loss(tensors(student), tensors(teacher)).item() == pytest.approx(wanted)


def test_the_logit_losss_gradient_is_the_papers_cross_entropys(maps):
    student, teacher = tensors(maps[0], grad=True), tensors(maps[1], grad=True)
    logit_loss(student, teacher).backward()
    for s, t, a, b in zip(student, teacher, *maps):
        np.testing.assert_allclose(s.grad, 10 * (softmax(10 * a) - softmax(10 * b)) / N / K)
        assert t.grad is None


def test_who_agrees_with_the_teacher_has_no_loss(maps):
    assert logit_loss(tensors(maps[0]), tensors(maps[0])).item() == pytest.approx(0, abs=1e-12)


def test_the_feature_loss_is_its_formula():
    random = np.random.default_rng(2)
    student, teacher = random.normal(size=(2, 4, 3, 2)), random.normal(size=(2, 6, 3, 2))
    loss = FeatureLoss(4, 6).double()
    kernel, bias = (p.detach().numpy() for p in loss.align.parameters())
    aligned = np.einsum("oi,nihw->nohw", kernel[..., 0, 0], student) + bias[:, None, None]
    t = torch.tensor(teacher, requires_grad=True)
    s = torch.tensor(student, requires_grad=True)
    value = loss(s, t)
    value.backward()
    assert value.item() == pytest.approx(((aligned - teacher) ** 2).sum() / 2)
    assert t.grad is None and (s.grad != 0).all() and (loss.align.weight.grad != 0).all()


def test_equal_channels_need_no_convolution():
    assert not list(FeatureLoss(4, 4).parameters())


def test_the_weight_falls_from_1_to_one_epochs_share():
    assert [decay(e, 4) for e in (1, 2, 3, 4)] == [1, 0.75, 0.5, 0.25]
    for epoch in (0, 5):
        with pytest.raises(ValueError, match=f"epoch {epoch}: wanted one of 1 to 4"):
            decay(epoch, 4)
