# SPDX-License-Identifier: Apache-2.0
"""Reading people: what is annotated comes out, and what is broken is said in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "test" / "tools")]

from people_fixtures import outside  # noqa: E402, F401  a fixture

from dwpose_ros.evaluation.coco import PARTS  # noqa: E402
from training.data import DataError, coco, collect, generated, read, unlabelled  # noqa: E402

WIDTH, HEIGHT = 120, 160


def annotation(number, image, box=(20, 30, 60, 100), **more):
    """Somebody whose points lie on a line, all seen."""
    rows = np.column_stack([np.linspace(20, 80, 133), np.linspace(30, 130, 133), np.full(133, 2)])
    fields = {field: rows[part].ravel().tolist() for field, part, _ in PARTS}
    return {"id": number, "image_id": image, "category_id": 1, "bbox": list(box), "area": 1,
            "iscrowd": 0, **fields, **more}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """folder(annotations) -> (file, pictures); picture 1 is red and 2 is blue."""
    images = tmp_path / "images"
    images.mkdir()
    for number, rgb in ((1, (200, 0, 0)), (2, (0, 0, 200))):
        picture = np.full((HEIGHT, WIDTH, 3), rgb[::-1], np.uint8)
        cv2.imwrite(str(images / f"{number}.png"), picture)

    def _write(annotations):
        data = {
            "images": [{"id": n, "file_name": f"{n}.png", "width": WIDTH, "height": HEIGHT}
                       for n in (1, 2)],
            "categories": [{"id": 1, "name": "person"}], "annotations": annotations,
        }  # fmt: skip
        path = tmp_path / "annotations.json"
        path.write_text(json.dumps(data))
        return path, images

    return _write


def test_what_is_annotated_is_read_with_red_first(folder):
    people = coco(*folder([annotation(1, 2), annotation(2, 1)]))
    assert len(people) == 2 and people.labelled
    blue, red = people
    assert blue.image[0, 0].tolist() == [0, 0, 200] and red.image[0, 0].tolist() == [200, 0, 0]
    assert blue.image.shape == (HEIGHT, WIDTH, 3)
    assert blue.box.tolist() == [20, 30, 80, 130]
    np.testing.assert_allclose(blue.xy[[0, 132]], [[20, 30], [80, 130]])
    assert (blue.weights == 1).all()


def test_absent_points_and_those_outside_the_picture_have_weight_0(folder):
    one = annotation(1, 1)
    one["keypoints"][2] = 0  # nose: absent
    one["keypoints"][5] = 1  # left eye: hidden, and known
    one["keypoints"][6:8] = [-3, 40]  # right eye: outside
    one["righthand_kpts"][-3:] = [WIDTH + 2, 40, 2]
    one["face_kpts"][2] = 0.3  # the face's flags are scores
    weights = coco(*folder([one]))[0].weights
    assert np.flatnonzero(weights == 0).tolist() == [0, 2, 132]
    assert set(weights.tolist()) == {0, 1}


def test_crowds_boxes_without_area_and_people_without_points_are_left_out(folder):
    nothing = {field: [0] * (3 * (part.stop - part.start)) for field, part, _ in PARTS}
    found = [annotation(1, 1, iscrowd=1), annotation(2, 1, (5, 5, 0, 9)),
             annotation(3, 1, **nothing), annotation(4, 2)]  # fmt: skip
    assert len(coco(*folder(found))) == 1
    with pytest.raises(DataError, match="nobody with a box and an annotated point"):
        coco(*folder(found[:3]))


def test_every_second_picture(folder):
    path, images = folder([annotation(1, 1), annotation(2, 2)])
    people = coco(path, images, 2)
    assert [p.image[0, 0, 0] for p in people] == [200]
    assert len(read([f"{path},{images},2", f"{path},{images}"])) == 3
    with pytest.raises(DataError, match="every 0: wanted 1 or more"):
        coco(path, images, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keypoints": [float("nan"), 1, 2] * 17}, "annotation 7: has a number that is not fin"),
        ({"bbox": [0, 0, float("inf"), 3]}, "annotation 7: has a number that is not finite"),
        ({"keypoints": [1, 1, 9] * 17}, "annotation 7: has the visibility 9; wanted 0 to 2"),
        ({"keypoints": [1, 1, -1] * 17}, "annotation 7: has the visibility -1; wanted 0 to 2"),
        ({"keypoints": [1, 1]}, "annotation 7: keypoints has 2, wanted 51"),
        ({"image_id": 3}, "annotation 7 is of image 3, which is not in images"),
    ],
)
def test_a_broken_annotation_is_one_line_that_names_it(folder, change, said):
    with pytest.raises(ValueError, match=said) as raised:
        coco(*folder([{**annotation(7, 1), **change}]))
    assert "\n" not in str(raised.value)


def test_absent_and_broken_pictures_are_named(folder):
    path, images = folder([annotation(1, 1), annotation(2, 2)])
    (images / "2.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match="2.png: cannot be decoded"):
        coco(path, images)[1]
    (images / "2.png").unlink()
    with pytest.raises(DataError, match="1 of 2 pictures of .* are not in .* the first is 2.png"):
        coco(path, images)


def test_pictures_without_annotations(folder, tmp_path):
    images = folder([])[1]
    people = unlabelled(images)
    assert [p.box.tolist() for p in people] == [[0, 0, WIDTH, HEIGHT]] * 2
    assert not people.labelled and not people[0].weights.any()
    boxes = tmp_path / "boxes.json"
    found = {"image_id": 1, "category_id": 1, "bbox": [5, 6, 20, 30], "score": 0.9}
    boxes.write_text(json.dumps([found]))
    (one,) = unlabelled(images, boxes)
    assert one.box.tolist() == [5, 6, 25, 36] and one.image[0, 0, 2] == 200
    boxes.write_text(json.dumps([{**found, "image_id": 2}]))
    with pytest.raises(DataError, match="image_id 2; .* has 0 to 1"):
        unlabelled(images, boxes)
    with pytest.raises(DataError, match="wanted a folder of pictures"):
        unlabelled(tmp_path / "none")


def test_generated_people_stay_in_memory(folder):
    coded = (folder([])[1] / "1.png").read_bytes()
    people = collect([(coded, []), (coded, [annotation(1, 2), annotation(2, 2)])])
    assert len(people) == 2 and people[1].image[0, 0, 0] == 200
    with pytest.raises(DataError, match="nobody is in 1 pictures"):
        collect([(coded, [])])


def test_synthetic_people_are_those_of_the_generator(outside):  # noqa: F811
    from tools.people import People

    settings = {**outside, "seed": 4, "people": (1, 2), "size": (160, 208)}
    people = generated(settings, range(3), workers=2)
    maker = People(**settings)
    wanted = [(image, one) for image, found in map(maker.sample, range(3)) for one in found]
    maker.close()
    assert len(people) == len(wanted)
    for person, (image, one) in zip(people, wanted):
        assert person.image.shape == image.shape
        assert np.abs(person.image.astype(int) - image[..., ::-1]).mean() < 6  # JPEG between
        x, y, width, height = one["bbox"]
        np.testing.assert_allclose(person.box, [x, y, x + width, y + height], atol=1e-3)
        seen = np.array(one["keypoints"]).reshape(-1, 3)
        np.testing.assert_array_equal(person.weights[:17], seen[:, 2] > 0)
        np.testing.assert_allclose(person.xy[:17], seen[:, :2], atol=1e-3)


@pytest.mark.parametrize("source", ["a.json", "a.json,b,c", "a.json,b,1,2"])
def test_what_is_no_source_is_said(source):
    with pytest.raises(DataError, match="is no source; wanted ANNOTATIONS.json,IMAGES"):
        read([source])


def test_the_datasets_own_annotations_are_read(data):
    people = coco(data / "coco_wholebody_2.json", data)
    assert len(people) >= 2 and people.labelled
    for person in people:
        seen = person.xy[person.weights > 0]
        assert (seen >= 0).all() and (seen < np.array(person.image.shape[1::-1])).all()
