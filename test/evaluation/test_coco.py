# SPDX-License-Identifier: Apache-2.0
"""AP against cases counted by hand, and the files it is made of."""

import json
import sys
import types

import numpy as np
import pytest
from walkers import together

from dwpose_ros.core.keypoints import COUNT, INDEX
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.evaluation import coco
from dwpose_ros.evaluation.coco import COLUMNS, CocoError

counted = pytest.mark.usefixtures("xtcocotools")


def ap(folder, estimator):
    """AP by part of what an estimator makes of the folder's images."""
    found = [
        one
        for image in (7, 8)
        for one in coco.results(image, estimator(np.full((240, 320, 3), image, np.uint8)))
    ]
    return coco.average_precision(folder[1], found, [7, 8])


@counted
def test_the_truth_has_an_ap_of_1(folder, told):
    assert ap(folder, told(folder[1])) == pytest.approx(dict.fromkeys(COLUMNS, 1.0))


@counted
def test_a_known_displacement_costs_what_oks_says(folder, told):
    by = np.zeros((COUNT, 2))
    by[:17] = 12, 0
    # OKS = mean of exp(-d^2 / (2 area (2 sigma)^2)), by hand, with d = 12 and area = 10 000:
    # nose .0697; twice eyes .0561, ears .2301, shoulders .7494, elbows .7066, wrists .6261,
    # hips .8545, knees .7884, ankles .7967; in all 9.69 / 17 = .570: above 0.50 and 0.55 of ten.
    values = ap(folder, told(folder[1], by))
    assert values["body"] == pytest.approx(0.2)
    assert values["foot"] == values["face"] == values["hand"] == pytest.approx(1)
    by[:17] = 11, 0  # .605 by the same sum
    assert ap(folder, told(folder[1], by))["body"] == pytest.approx(0.3)


@counted
def test_the_hand_is_the_mean_of_both(folder, told):
    by = np.zeros((COUNT, 2))
    by[91:112] = 500
    assert ap(folder, told(folder[1], by))["hand"] == pytest.approx(0.5)


@counted
def test_who_is_not_found_is_missed(folder, told):
    values = ap(folder, told(folder[1], only=(1,)))
    # One of three: precision 1 up to a recall of 1/3, which are 34 of the 101 recalls 0, 0.01...
    assert values["whole"] == pytest.approx(34 / 101)


@counted
def test_nothing_found_is_0(folder, told):
    assert ap(folder, told(folder[1], only=(9,))) == dict.fromkeys(COLUMNS, 0.0)


@counted
def test_someone_where_nobody_is_counts_against(folder, told):
    path, data = folder
    data["annotations"] = data["annotations"][2:]
    there = coco.results(8, told(data)(np.full((240, 320, 3), 8, np.uint8)))
    ghost = [{**there[0], "image_id": 7, "score": 2.0}]
    values = coco.average_precision(data, there + ghost, [7, 8])
    assert values["body"] == pytest.approx(0.5)  # the surer half of two is wrong
    assert coco.average_precision(data, there + ghost, [8])["body"] == pytest.approx(1)


@counted
def test_a_part_that_nobody_has_annotated_has_no_ap(folder, told):
    for one in folder[1]["annotations"]:
        one["foot_kpts"] = [0] * 18
    values = ap(folder, told(folder[1]))
    assert np.isnan(values["foot"]) and values["whole"] == pytest.approx(1)


def test_sigmas_are_cocos():
    body = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]
    assert coco.SIGMAS.shape == (COUNT,)
    assert np.allclose(coco.SIGMAS[:17] * 1000, body)
    assert np.allclose(coco.SIGMAS[91:112], coco.SIGMAS[112:])
    assert np.isclose(coco.SIGMAS[INDEX["face-47"]], 0.034)  # the one annotators differ on


def person(score=1.0, at=0.0):
    xy = np.random.default_rng(5).uniform(0, 100, (1, COUNT, 2)) + at
    return PersonPoses.of(xy, np.ones((1, COUNT)), [[at, at, at + 80, at + 100]], [score])


def test_a_persons_score_is_the_boxs_times_the_mean_of_seen_points():
    scores = np.full((1, COUNT), 0.1)
    scores[:, :60] = 0.8
    scores[:, 0] = 0.2  # at the threshold is not above it
    (one,) = coco.results(3, person(0.5).replace(scores=scores.astype(np.float32)))
    assert one["score"] == pytest.approx(0.4)
    assert one["image_id"] == 3 and one["category_id"] == 1
    assert one["keypoints"][5] == pytest.approx(0.8) and len(one["face_kpts"]) == 204


def test_of_two_that_are_one_the_better_stays():
    apart = together(person(0.5), person(0.9, 0.05), person(0.7, 300))
    kept = [round(one["score"], 3) for one in coco.results(1, apart)]
    assert kept == [0.9, 0.7]
    # 2 px on an area of (1.25 * 100)^2 * 3 / 4: e.g. sigma 0.035 gives exp(-0.07), the face less
    near = together(person(0.5), person(0.9, 2))
    assert len(coco.results(1, near)) == 2
    assert coco.results(1, PersonPoses.none()) == []


def test_oks_by_hand():
    xy = np.zeros((COUNT, 2))
    other = xy.copy()
    other[0] = 3, 4  # 25 px^2, sigma of the nose 0.026, area 1000
    expected = (132 + np.exp(-25 / (2 * 0.026) ** 2 / 1000 / 2)) / 133
    assert coco.oks(xy, other[None], np.array([1000.0]))[0] == pytest.approx(expected)


def test_annotated_boxes_leave_out_crowds_and_cut_at_the_border(folder, annotate):
    data = folder[1]
    data["annotations"] += [
        annotate(4, 8, (0, 0, 50, 50), iscrowd=1),
        annotate(5, 8, (0, 0, 50, 50), keypoints=[0] * 51),
        annotate(6, 8, (-10, 200, 60, 90)),
    ]
    boxes = coco.truth(data)
    assert boxes[8].xyxy.tolist() == [[60, 30, 150, 210], [0, 200, 50, 239]]
    assert boxes[8].scores.tolist() == [1, 1]


def test_boxes_of_a_file(tmp_path):
    path = tmp_path / "boxes.json"
    path.write_text(
        json.dumps(
            [
                {"image_id": 7, "category_id": 1, "bbox": [20, 20, 80, 160], "score": 0.25},
                {"image_id": 7, "category_id": 3, "bbox": [1, 1, 9, 9], "score": 0.9},
                {"image_id": 7, "category_id": 1, "bbox": [5, 5, 0, 9], "score": 0.9},
                {"image_id": 99, "category_id": 1, "bbox": [1, 1, 9, 9], "score": 0.9},
            ]
        )
    )
    boxes = coco.load_boxes(path)
    assert boxes[7].xyxy.tolist() == [[20, 20, 100, 180]]  # not the car, not the empty one
    assert boxes[7].scores.tolist() == [0.25] and sorted(boxes) == [7, 99]


@pytest.mark.parametrize(
    "text, says",
    [
        ("{}", "wanted COCO detection results"),
        ('[{"image_id": 7, "category_id": 1, "score": 1}]', "detection 7 lacks bbox"),
        (
            '[{"image_id": 7, "category_id": 1, "score": 1, "bbox": [1, 2]}]',
            "not x y width height",
        ),
    ],
)
def test_bad_boxes(tmp_path, text, says):
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(CocoError, match=f"b.json: .*{says}"):
        coco.load_boxes(tmp_path / "b.json")


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda one: one["face_kpts"].pop(), "annotation 2: face_kpts has 203, wanted 204"),
        (lambda one: one.pop("foot_kpts"), "annotation 2 lacks foot_kpts"),
        (lambda one: one.update(bbox=None), "annotation 2: bbox has None, wanted 4"),
        (lambda one: one.update(image_id=5), "of image 5, which is not in images"),
        (lambda one: one.update(id=1), "several annotations have id 1; each must have its own"),
        (lambda one: one.update(id=[1]), r"annotation has id \[1\], wanted a number"),
        (
            lambda one: one.update(category_id=3),
            "annotation 2 is of category 3; .* only 1, people",
        ),
    ],
)
def test_bad_annotations(folder, change, says):
    path, data = folder
    change(data["annotations"][1])
    (path / "a.json").write_text(json.dumps(data))
    with pytest.raises(CocoError, match=f"a.json: .*{says}"):
        coco.load_annotations(path / "a.json")


@pytest.mark.parametrize(
    "change, says",
    [
        ({"id": 7}, "several images have id 7; each must have its own"),
        ({"file_name": "7.png"}, "several images have file_name '7.png'; each must have its own"),
        ({"file_name": 7}, "image has file_name 7, wanted text"),
        ({"id": None}, "image has id None, wanted a number"),
    ],
)
def test_bad_images(folder, change, says):
    path, data = folder
    assert data["images"][0]["file_name"] == "7.png"
    data["images"][1].update(change)
    (path / "a.json").write_text(json.dumps(data))
    with pytest.raises(CocoError, match=f"a.json: .*{says}"):
        coco.load_annotations(path / "a.json")


def test_crowds_and_what_else_published_files_hold_are_read(folder, annotate):
    path, data = folder
    data["annotations"].append(
        {
            **annotate(900100000007, 7, (0, 0, 50, 50), iscrowd=1),
            "num_keypoints": 0,
            "segmentation": {"counts": [1, 2], "size": [240, 320]},
            "face_valid": False,
        }
    )
    data["categories"] = [{"id": 1, "name": "person", "supercategory": "person"}]
    (path / "a.json").write_text(json.dumps(data))
    assert coco.load_annotations(path / "a.json")["annotations"][-1]["iscrowd"] == 1


@counted
@pytest.mark.parametrize("ids", [(-3, -2, -1), ("a", "b", "c")])
def test_any_ids_of_annotations_give_the_same_ap(folder, told, ids):
    for number, one in zip(ids, folder[1]["annotations"]):
        one["id"] = number
    assert ap(folder, told(folder[1], only=ids))["whole"] == pytest.approx(1)


@pytest.mark.parametrize(
    "text, says",
    [
        ('{"images": [1], "annotations": [], "categories": []}', "image 1 lacks id"),
        ('{"images": [], "annotations": [], "categories": [1]}', "categories lack 1"),
        ('{"images": [', "is not JSON"),
        ('{"images": []}', "wanted a COCO-WholeBody file"),
        ('{"images": [], "annotations": [], "categories": [{"id": 2}]}', "categories lack 1"),
        ("", "is not JSON"),
    ],
)
def test_not_a_file_of_annotations(tmp_path, text, says):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CocoError, match=f"a.json: {says}"):
        coco.load_annotations(tmp_path / "a.json")
    with pytest.raises(CocoError, match="absent.json: cannot be read: No such file"):
        coco.load_annotations(tmp_path / "absent.json")


def test_without_xtcocotools_the_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "xtcocotools.coco", None)
    monkeypatch.setitem(sys.modules, "xtcocotools", types.ModuleType("xtcocotools"))
    with pytest.raises(CocoError, match=r"pip install 'dwpose_ros\[evaluate\]'") as error:
        coco.xtcocotools()
    assert "\n" not in str(error.value)


def test_with_numpy_2_the_line_says_so(monkeypatch, capsys, tmp_path):
    (tmp_path / "xtcocotools").mkdir()
    (tmp_path / "xtcocotools" / "__init__.py").write_text("")
    (tmp_path / "xtcocotools" / "coco.py").write_text(
        "import sys\nsys.stderr.write('A module that was...\\n')\n"
        "raise ValueError('numpy.dtype size changed')"
    )
    for name in [n for n in sys.modules if n.split(".")[0] == "xtcocotools"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "xtcocotools", None)  # so that what follows is undone
    del sys.modules["xtcocotools"]
    with pytest.raises(CocoError) as error:
        coco.xtcocotools()
    assert "built for numpy 1: pip install 'numpy<2' (numpy.dtype size changed)" in str(
        error.value
    )
    assert "\n" not in str(error.value) and not capsys.readouterr().err
