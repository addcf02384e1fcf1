# SPDX-License-Identifier: Apache-2.0
"""What an estimator sees is learned from: people, the points it is sure of, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dwpose_ros  # noqa: E402
from dwpose_ros.core.errors import DwposeError  # noqa: E402
from dwpose_ros.core.keypoints import COUNT  # noqa: E402
from dwpose_ros.core.person_poses import PersonPoses  # noqa: E402
from dwpose_ros.evaluation.coco import load_annotations  # noqa: E402
from training.label import annotations, label  # noqa: E402


def test_points_of_which_it_is_not_sure_are_not_annotated():
    scores = np.linspace(0, 1, COUNT)
    poses = PersonPoses.of(np.full((1, COUNT, 2), 7.0), scores[None], [[1, 2, 11, 22]], [0.9])
    (one,) = annotations(poses, image_id=4, first_id=9, least=0.5)
    assert (one["id"], one["image_id"], one["bbox"]) == (9, 4, [1, 2, 10, 20])
    assert one["keypoints"] == [0] * 51 and one["num_keypoints"] == 0
    assert one["righthand_kpts"] == [7, 7, 2] * 21
    assert np.count_nonzero(one["face_kpts"]) == 3 * (scores[23:91] >= 0.5).sum()


@needs_holistic
def test_what_is_written_is_what_is_seen(tmp_path):
    bgr = np.ascontiguousarray(pytest.importorskip("skimage.data").astronaut()[..., ::-1])
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "a.png"), bgr)
    cv2.imwrite(str(tmp_path / "pictures" / "nobody.png"), np.zeros_like(bgr))
    with dwpose_ros.WholeBody(backend="holistic") as estimator:
        assert label([tmp_path / "pictures"], tmp_path / "out", estimator) == 1
        seen = estimator(bgr)
    data = load_annotations(tmp_path / "out" / "annotations.json")
    assert len(data["images"]) == len(list((tmp_path / "out" / "images").iterdir())) == 1
    rows = np.reshape(data["annotations"][0]["face_kpts"], (-1, 3))
    sure = seen.scores[0, 23:91] >= 0.5
    assert sure.any() and np.array_equal(rows[:, 2] == 2, sure)
    assert np.allclose(rows[sure, :2], seen.xy[0, 23:91][sure], atol=0.01)


@needs_holistic
def test_nobody_leaves_nothing_behind(tmp_path):
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "nobody.png"), np.zeros((90, 120, 3), np.uint8))
    with dwpose_ros.WholeBody(backend="holistic") as estimator:
        with pytest.raises(DwposeError, match="sees nobody"):
            label([tmp_path / "pictures"], tmp_path / "out", estimator)
        assert not (tmp_path / "out").exists()
        with pytest.raises(DwposeError, match="cannot be decoded"):
            (tmp_path / "pictures" / "broken.png").write_bytes(b"x")
            label([tmp_path / "pictures"], tmp_path / "out", estimator)
    assert not (tmp_path / "out").exists()


@needs_holistic
def test_pictures_of_the_same_name_are_all_kept(tmp_path):
    bgr = np.ascontiguousarray(pytest.importorskip("skimage.data").astronaut()[..., ::-1])
    folders = [tmp_path / a / "pictures" for a in "ab"]
    for folder, image in zip(folders, (bgr, np.ascontiguousarray(bgr[:, ::-1]))):
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "0.png"), image)
    with dwpose_ros.WholeBody(backend="holistic") as estimator:
        assert label(folders, tmp_path / "out", estimator) == 2
    data = load_annotations(tmp_path / "out" / "annotations.json")
    written = [
        cv2.imread(str(tmp_path / "out" / "images" / i["file_name"])) for i in data["images"]
    ]
    assert len(written) == 2 and np.abs(written[0] - written[1][:, ::-1].astype(float)).mean() < 3


@needs_holistic
def test_it_ends_when_it_is_asked_to_and_keeps_what_there_is(tmp_path):
    bgr = np.ascontiguousarray(pytest.importorskip("skimage.data").astronaut()[..., ::-1])
    for a in "ab":
        (tmp_path / a).mkdir()
        for number in range(3):
            cv2.imwrite(str(tmp_path / a / f"{number}.png"), bgr)
    said: list[str] = []
    with dwpose_ros.WholeBody(backend="holistic") as estimator:
        folders = [tmp_path / a for a in "ab"]
        count = label(folders, tmp_path / "out", estimator, ended=lambda: said, say=said.append)
    assert count == 1 and said == ["a: 1 people in 1 pictures"]
    assert len(load_annotations(tmp_path / "out" / "annotations.json")["images"]) == 1
