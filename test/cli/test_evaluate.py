# SPDX-License-Identifier: Apache-2.0
"""The command on a COCO-WholeBody folder that the tests draw, with an estimator that knows."""

import json

import numpy as np
import pytest
from holistic_models import needs_holistic

from dwpose_ros.cli import evaluate
from dwpose_ros.core.errors import ModelError
from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation import backends as backend
from dwpose_ros.evaluation import coco
from dwpose_ros.evaluation.coco import COLUMNS, Boxes

counted = pytest.mark.usefixtures("xtcocotools")


def save(folder):
    path, data = folder
    (path / "a.json").write_text(json.dumps(data))
    return [str(path / "a.json"), str(path / "images")]


@counted
@pytest.mark.parametrize("given", [False, True])
def test_the_truth_has_an_ap_of_1(folder, told, given):
    path, data = folder
    boxes = coco.truth(data) if given else None
    found, images = evaluate.evaluate(told(data), data, path / "images", boxes)
    values = coco.average_precision(data, found, images)
    assert values == pytest.approx(dict.fromkeys(COLUMNS, 1.0))


def test_boxes_that_are_given(folder, told):
    path, data = folder
    boxes = {7: Boxes.of([(20, 20, 80, 160)], [0.25]), 99: Boxes.of([(1, 1, 9, 9)], [0.9])}
    found, images = evaluate.evaluate(told(data), data, path / "images", boxes)
    assert images == [7, 8] and [one["score"] for one in found] == [0.25]


def test_a_part_without_ap_is_a_dash():
    values = {**dict.fromkeys(COLUMNS, 1.0), "foot": np.nan}
    assert evaluate.table("x", values).splitlines()[1].split() == [
        "x", "100.0", "-", "100.0", "100.0", "100.0"]  # fmt: skip


def test_an_estimator_without_boxes_sees_each_as_an_image():
    shapes = []

    def middle(rgb):
        shapes.append(rgb.shape)
        height, width = rgb.shape[:2]
        xy = np.full((1, COUNT, 2), (width / 2, height / 2))
        return PersonPoses.of(xy, np.ones((1, COUNT)), [[0, 0, 1, 1]], [0.5])

    boxes = Boxes.of([(100, 40, 80, 160), (310, 230, 20, 8), (400, 10, 10, 10)], [0.9, 0.8, 0.7])
    found = evaluate.people_in(middle, np.zeros((240, 320, 3), np.uint8), boxes)
    assert shapes == [(200, 100, 3), (10, 13, 3)]  # padded by 1.25, cut at the border
    assert found.xy[0, 0].tolist() == [140, 120] and found.xy[1, 0].tolist() == [313.5, 234]
    assert found.scores[2].max() == 0  # outside the image nobody is seen
    assert found.box_scores.tolist() == pytest.approx([0.9, 0.8, 0.7])


def without_image(folder):
    (folder[0] / "images" / "8.png").unlink()
    return save(folder)


def damaged_image(folder):
    (folder[0] / "images" / "8.png").write_bytes(b"no image")
    return save(folder)


def other_size(folder):
    folder[1]["images"][0]["width"] += 1
    return save(folder)


def nobody(folder):
    folder[1]["annotations"] = []
    return save(folder)


@counted
@pytest.mark.parametrize(
    "make, says",
    [
        (without_image, "lacks 1 of 2 images, the first is 8.png"),
        (damaged_image, "8.png: is not an image"),
        (other_size, "7.png: is 320x240, annotated at 321x240"),
        (nobody, "none of the 2 images has an annotated person"),
        (lambda folder: ["absent.json", "images"], "absent.json: cannot be read: No such file"),
    ],
)
def test_bad_input_is_one_line(folder, told, make, says, monkeypatch, capsys):
    monkeypatch.setattr(backend, "load", lambda *a, **k: (told(folder[1]), "told"))
    assert evaluate.main(make(folder)) == 1
    out, err = capsys.readouterr()
    # after the progress bar, which is wiped
    assert says in err and not out and len(err.split("\r")[-1].splitlines()) == 1


@counted
def test_boxes_of_other_images(folder, told, monkeypatch, capsys):
    monkeypatch.setattr(backend, "load", lambda *a, **k: (told(folder[1]), "told"))
    (folder[0] / "b.json").write_text(
        '[{"image_id": 5, "category_id": 1, "score": 1, "bbox": [1, 2, 3, 4]}]'
    )
    assert evaluate.main([*save(folder), "--boxes", str(folder[0] / "b.json")]) == 1
    assert "none of the 2 images has a box" in capsys.readouterr().err


@counted
def test_the_command(folder, told, monkeypatch, capsys):
    monkeypatch.setattr(backend, "load", lambda *a, **k: (told(folder[1]), "told so"))
    results = folder[0] / "r.json"
    assert evaluate.main([*save(folder), "--results", str(results)]) == 0
    out, err = capsys.readouterr()
    assert "told on auto" in out and "2 images, 3 poses" in out
    rows = {line.rpartition("  ")[0].split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["measured"][1:] == ["100.0"] * 5
    assert rows["DWPose-l 384x288"][2:] == ["72.2", "70.4", "88.7", "62.1", "66.5"]
    assert "Accumulating" not in out + err and "loading" not in out
    assert "2 images instead of val2017's 5000" in out and "no flip test" in out
    assert "0/2" in err  # the progress bar
    assert len(json.loads(results.read_text())) == 3
    assert sorted(p.name for p in folder[0].iterdir()) == ["a.json", "images", "r.json"]
    results.write_text("old")
    assert evaluate.main([*save(folder), "--results", str(results)]) == 1
    assert "r.json exists; give another --results, or --force" in capsys.readouterr().err
    assert results.read_text() == "old"
    assert evaluate.main([*save(folder), "--results", str(results), "--force"]) == 0
    assert len(json.loads(results.read_text())) == 3


@counted
def test_limit(folder, told, monkeypatch, capsys):
    monkeypatch.setattr(backend, "load", lambda *a, **k: (told(folder[1], only=(1, 2)), ""))
    assert evaluate.main([*save(folder), "--limit", "1"]) == 0  # 8.png's person is not missed
    out = capsys.readouterr().out
    assert "1 images, 2 poses" in out and out.count("100.0") == 5


@counted
def test_stopped_nothing_is_evaluated(folder, told, monkeypatch, capsys):
    class Stopped(told):
        def __call__(self, rgb):
            if rgb[0, 0, 0] == 8:
                raise KeyboardInterrupt
            return super().__call__(rgb)

    monkeypatch.setattr(backend, "load", lambda *a, **k: (Stopped(folder[1]), ""))
    results = folder[0] / "r.json"
    assert evaluate.main([*save(folder), "--results", str(results)]) == 130
    out, err = capsys.readouterr()
    assert "nothing was evaluated" in err and not out and not results.exists()


def test_results_have_a_place_before_the_long_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(coco, "xtcocotools", lambda: None)
    assert evaluate.main([*save(folder), "--results", str(folder[0] / "no" / "r.json")]) == 1
    assert (
        "r.json: cannot be written there; wanted a file's name in a folder that exists"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--limit", "-1"],
        ["--flip", "--backend", "holistic"],
        ["--flip", "--runtime", "openvino"],
        ["--boxes"],
    ],
)
def test_wrong_usage(arguments):
    with pytest.raises(SystemExit) as end:
        evaluate.main(["a.json", "images", *arguments])
    assert end.value.code == 2


@counted
@pytest.mark.parametrize("given, subpixel", [([], True), (["--no-subpixel"], False)])
def test_peaks_between_bins_are_as_the_products_and_said(folder, told, given, subpixel,
                                                         monkeypatch, capsys):  # fmt: skip
    asked = {}

    def load(*_, **options):
        asked.update(options)
        return told(folder[1]), ""

    monkeypatch.setattr(backend, "load", load)
    assert evaluate.main([*save(folder), *given]) == 0
    assert asked == {"subpixel": subpixel, "video": False}
    said = "Not as in the paper: peaks between bins." in capsys.readouterr().out
    assert said == subpixel


@counted
def test_given_boxes_need_no_detector(folder, pose_model, monkeypatch, capsys):
    monkeypatch.setenv("DWPOSE_ROS_CACHE", str(folder[0] / "cache"))
    given = [*save(folder), "--model", str(pose_model(192, 256))]
    assert evaluate.main([*given, "--boxes", "truth"]) == 0
    assert "2 images, 3 poses" in capsys.readouterr().out
    assert evaluate.main(given) == 1
    assert "yolox_l.onnx is absent" in capsys.readouterr().err


def test_without_a_detector_nobody_is_detected(pose_model):
    estimator, _ = backend.load(model=str(pose_model(192, 256)), detector=None)
    image = np.zeros((240, 320, 3), np.uint8)
    for look in (estimator, estimator.detect):
        with pytest.raises(ModelError, match="without a detector"):
            look(image)
    assert estimator.estimate(image, np.array([[10, 10, 90, 90]]))[0].shape == (1, COUNT, 2)


@counted
@needs_holistic
def test_holistic_on_photographs(data, capsys):
    annotations = data / "coco_wholebody_2.json"
    assert evaluate.main([str(annotations), str(data), "--boxes", "truth",
                          "--backend", "holistic"]) == 0  # fmt: skip
    out = capsys.readouterr().out
    assert "peaks between bins" not in out
    row = next(r for r in out.splitlines() if r.startswith("measured"))
    body, _, face, _, whole = map(float, row.split()[1:])
    assert body > 50 and face > 70 and whole > 40


@counted
def test_an_oracle_on_photographs_with_and_without_the_flip_test(
    data, pose_model, detector_model, capsys
):
    annotations = str(data / "coco_wholebody_2.json")
    model, boxes = pose_model(192, 256), detector_model([[10, 10, 200, 200]], [0.9])
    for flip in ([], ["--flip"]):
        assert evaluate.main([annotations, str(data), "--model", str(model), *flip,
                              "--detector", str(boxes)]) == 0  # fmt: skip
        out = capsys.readouterr().out
        assert "2 images, 2 poses" in out and ("peaks between bins" in out) == (not flip)
