# SPDX-License-Identifier: Apache-2.0
"""What the person detector learns, from which images, and that it comes out as an ONNX file."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from dwpose_ros.core.boxes import iou  # noqa: E402
from dwpose_ros.core.errors import ModelError  # noqa: E402
from dwpose_ros.estimation.detectors import open_detector  # noqa: E402
from training.detector.export import export  # noqa: E402
from training.detector.lesson import corrected, giou, grid, loss  # noqa: E402
from training.detector.pictures import Picture, PicturesError, compose, read  # noqa: E402
from training.detector.teacher import Teacher  # noqa: E402
from training.detector.train import main  # noqa: E402
from training.start import from_rtmdet  # noqa: E402

SIZE = 64
PLACES, STRIDES = grid((SIZE, SIZE))
PERSON = np.float32([[10, 6, 34, 58]])


def taught(box, score: float) -> tuple[np.ndarray, np.ndarray]:
    """A teacher that sees one box at the place nearest to its middle."""
    scores, boxes = np.zeros(len(PLACES), np.float32), np.zeros((len(PLACES), 4), np.float32)
    middle = (np.float32(box[:2]) + np.float32(box[2:])) / 2
    place = np.hypot(*(PLACES - middle).T).argmin()
    scores[place], boxes[place] = score, box
    return scores, boxes


def everywhere(value: bool) -> np.ndarray:
    return np.full((SIZE, SIZE), value)


class TestCorrected:
    def test_the_teachers_box_becomes_the_exact_one(self):
        scores, boxes = taught([12, 8, 32, 56], 0.8)
        found = corrected(scores, boxes, PERSON, everywhere(True))
        place = scores.argmax()
        assert found.scores[place] == np.float32(0.8) and (found.boxes[place] == PERSON[0]).all()

    def test_whoever_is_not_there_is_unlearnt(self):
        scores, boxes = taught([44, 40, 60, 60], 0.8)
        assert corrected(scores, boxes, PERSON[:0], everywhere(True)).scores.max() <= 0.05

    def test_where_nothing_is_known_the_teacher_is_right(self):
        scores, boxes = taught([44, 40, 60, 60], 0.8)
        found = corrected(scores, boxes, PERSON[:0], everywhere(False))
        assert (found.scores == scores).all() and (found.boxes == boxes).all()

    def test_whom_the_teacher_missed_is_learnt_all_the_same(self):
        scores, boxes = np.zeros(len(PLACES), np.float32), np.zeros((len(PLACES), 4), np.float32)
        found = corrected(scores, boxes, PERSON, everywhere(True))
        there = found.scores > 0.5
        assert there.any() and (found.boxes[there] == PERSON[0]).all()
        assert (STRIDES[there] == 8).all()  # a person of 52 px


def test_giou_of_equal_and_of_distant_boxes():
    one = torch.tensor([[0.0, 0, 10, 10]])
    assert giou(one, one).item() == pytest.approx(1)
    # Areas of 100 each within 100 x 10, of which 800 are nobody's.
    assert giou(one, torch.tensor([[90.0, 0, 100, 10]])).item() == pytest.approx(-0.8)


def test_the_loss_is_least_at_the_answer():
    scores, boxes = (torch.from_numpy(a)[None] for a in taught(PERSON[0], 0.8))
    right = torch.logit(scores.clamp(1e-4, 1 - 1e-4))
    assert loss(right, boxes, scores, boxes) < 0.01
    assert loss(-right, boxes, scores, boxes) > 0.5
    assert loss(right, boxes + 5, scores, boxes) > 0.2


def picture(boxes=PERSON) -> Picture:
    """A white person on black."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    for x1, y1, x2, y2 in PERSON.astype(int):
        image[y1:y2, x1:x2] = 255
    return Picture(cv2.imencode(".png", image)[1].tobytes(), boxes)


def test_boxes_move_with_the_pictures():
    compared = 0
    for seed in range(40):
        sample = compose(np.random.default_rng(seed), [[picture()]], 96)
        assert sample.rgb.shape == (96, 96, 3) and sample.known.all()
        bright = sample.rgb.min(2) > (int(sample.rgb.max()) + 114) / 2 + 15
        if len(sample.exact) == 1 and bright.any():
            rows, columns = np.nonzero(bright)
            seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            compared += iou(np.float32([seen]), sample.exact)[0, 0] > 0.7
    assert compared >= 5


def test_unlabelled_pictures_are_not_known():
    sample = compose(np.random.default_rng(0), [[picture(None)]], 96)
    assert not sample.known.any() and not len(sample.exact)


def test_sources_that_cannot_be_read(tmp_path):
    with pytest.raises(PicturesError, match="has no pictures"):
        read(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(PicturesError, match="no video"):
        read(tmp_path / "a.mp4")


def test_a_file_that_is_no_teacher(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot be read as ONNX"):
        Teacher(tmp_path / "a.onnx")


@pytest.fixture
def rtmdet(data):
    return data / "rtmdet_nano_person.onnx"


def test_a_run_goes_on_and_comes_out_as_a_detector(rtmdet, tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((90, 120, 3), 90, np.uint8))
    out = tmp_path / "run"
    told = ["--teacher", str(rtmdet), "--data", str(tmp_path), "--out", str(out), "--batch", "2"]
    assert main([*told, "--steps", "1"]) == 0
    assert main([*told, "--steps", "2"]) == 1  # there is a run already
    assert main([*told, "--steps", "2", "--resume"]) == 0
    export(rtmdet, out / "last.pth", tmp_path / "d.onnx", 128)
    boxes, scores = open_detector(tmp_path / "d.onnx", min_score=1e-6)(
        np.zeros((100, 100, 3), np.uint8)
    )
    assert len(boxes) and np.isfinite(boxes).all() and scores.max() < 0.2


def test_the_backbone_of_rtmdet_is_taken_as_it_is(rtmdet, data):
    from training.rtmpose import SIZES, RTMPose

    model = RTMPose(SIZES["nano"])
    from_rtmdet(model.backbone, rtmdet)
    bgr = cv2.resize(cv2.imread(str(data / "000000000785.jpg")), (192, 256))
    wanted = Teacher(rtmdet)(np.ascontiguousarray(bgr[None, ..., ::-1])).features[2]
    mean, std = np.float32([103.53, 116.28, 123.675]), np.float32([57.375, 57.12, 58.395])
    image = torch.from_numpy(((bgr - mean) / std).transpose(2, 0, 1)[None])
    with torch.no_grad():
        found = model.backbone.eval()(image).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-3)
