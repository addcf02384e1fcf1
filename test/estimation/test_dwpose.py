# SPDX-License-Identifier: Apache-2.0
"""DWPose with networks whose answer is known; see conftest.py for what they look for."""

import cv2
import numpy as np
import pytest
from onnx import helper

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.dwpose import DWPose, decode
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

SIZES = [(288, 384), (192, 256)]
CPU = ExecutionTarget(device="cpu")
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BOXES = [[100, 20, 180, 170], [10, 100, 150, 120]]  # tall and wide, in the detector's 320 px
SCALE = 4  # of the 1280 x 720 image to the detector's input


def room(*markers):
    """A grey 1280 x 720 image with diamonds (x, y, half width, half height, RGB).

    A diamond, so that one column and one row of it are the longest: 2 * half + 1.
    """
    image = np.full((720, 1280, 3), 90, np.uint8)
    rows, columns = np.mgrid[:720, :1280]
    for x, y, w, h, color in markers:
        image[abs(columns - x) / w + abs(rows - y) / h <= 1] = color
    return image


def bin_px(box, size):
    """How many pixels of the image one pixel of the network's input is, computed by hand."""
    width, height = (box[2] - box[0]) * SCALE * 1.25, (box[3] - box[1]) * SCALE * 1.25
    return max(width / size[0], height / size[1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch", ["batch", 1])
def test_a_marker_is_found_where_it_is(pose_model, detector_model, size, batch):
    estimator = DWPose(pose_model(*size, batch), detector_model(BOXES, [0.9, 0.8]), CPU)
    assert estimator.name == "colours"
    places = [(523, 411), (600, 603), (430, 133)]
    people = estimator(
        room(*((*place, 8, 8, color) for place, color in zip(places, (RED, GREEN, BLUE))))
    )
    np.testing.assert_allclose(people.boxes, np.float32(BOXES) * SCALE)
    np.testing.assert_allclose(people.box_scores, [0.9, 0.8])
    assert people.xy.shape == (2, 133, 2)
    for point in range(133):
        off = np.abs(people.xy[0, point] - places[point % 3])
        assert (off <= bin_px(BOXES[0], size)).all(), (point, people.xy[0, point])
        assert people.scores[0, point] > 0.05


@pytest.mark.parametrize("size", SIZES)
def test_a_marker_moves_one_pixel_and_so_does_the_point(pose_model, detector_model, size):
    """A box as large as the network's input, so that a bin is a pixel; no rounding to hide in.

    This network's maps are steps, which have no top to be found between bins.
    """
    box = np.array([400, 200, 400 + size[0] / 1.25, 200 + size[1] / 1.25]) / SCALE
    estimator = DWPose(pose_model(*size), detector_model([box], [1]), CPU, subpixel=False)
    xy = [estimator(room((x, 330, 4, 4, RED))).xy[0, 0] for x in (470, 471, 472)]
    np.testing.assert_allclose(np.diff(xy, axis=0), [[1, 0], [1, 0]], atol=0.51)
    np.testing.assert_allclose(xy[0], [470, 330], atol=0.51)


@pytest.mark.parametrize("size, runs", [((192, 256), [2]), ((288, 384), [1, 1])])
def test_batch_1_and_all_at_once_give_the_same(pose_model, detector_model, seen, size, runs):
    """A graph for one image is opened for more; where it cannot be, people go one by one.

    So do large crops on a CPU, since that is faster.
    """
    image = room((523, 411, 8, 8, RED), (200, 430, 5, 5, BLUE))
    boxes = detector_model(BOXES, [0.9, 0.8])
    shut = DWPose(pose_model(*size, batch=1, name="one.onnx", shut=True), boxes, CPU)
    opened = DWPose(pose_model(*size, batch=1, name="opened.onnx"), boxes, CPU)
    dynamic = DWPose(pose_model(*size, name="all.onnx"), boxes, CPU)

    def batches(estimator):
        seen.clear()
        people = estimator(image)
        return people, [len(a) for a in seen if a.shape[1] == size[1]]

    one, singles = batches(shut)
    assert singles == [1, 1]
    for estimator in (opened, dynamic):
        people, found = batches(estimator)
        assert found == runs
        for name in ("xy", "scores", "boxes", "box_scores"):
            np.testing.assert_array_equal(getattr(one, name), getattr(people, name))


def test_the_network_is_given_rgb_as_it_was_cut(pose_model, detector_model, seen):
    estimator = DWPose(pose_model(), detector_model(BOXES[:1], [1]), CPU)
    estimator(np.full((720, 1280, 3), (200, 100, 50), np.uint8))
    assert seen[-1][0, 192, 144].tolist() == [200, 100, 50]
    assert seen[-1].dtype == np.uint8


def test_the_score_is_the_lower_peak(pose_model, detector_model):
    """What is 9 wide and 33 high in the crop peaks at 33 / 64 in x and at 9 / 64 in y."""
    box = np.array([400, 200, 400 + 288 / 1.25, 200 + 384 / 1.25]) / SCALE
    estimator = DWPose(pose_model(), detector_model([box], [1]), CPU)
    people = estimator(room((510, 350, 4, 16, RED), (510, 450, 16, 4, GREEN)))
    np.testing.assert_allclose(people.scores[0, :2], 9 / 64, rtol=0.2)


def test_scores_stay_between_0_and_1(pose_model, detector_model):
    boxes = detector_model(BOXES[:1], [1])
    image = room((523, 411, 60, 60, RED))
    loud = DWPose(pose_model(bias=3, name="loud.onnx"), boxes, CPU)(image)
    assert (loud.scores == 1).all()
    silent = DWPose(pose_model(bias=-3, name="silent.onnx"), boxes, CPU)(image)
    assert (silent.scores == 0).all()
    assert np.isfinite(silent.xy).all()


def test_an_empty_room_gives_nobody_and_costs_no_pose(pose_model, detector_model, seen):
    estimator = DWPose(pose_model(), detector_model(BOXES, [0.2, 0.29]), CPU)
    seen.clear()
    assert len(estimator(room()).xy) == 0
    assert [a.shape for a in seen] == [(1, 320, 320, 3)]


def test_equal_to_the_description_written_out(pose_model, detector_model):
    """The top-down recipe in plain numpy: pad by 1.25, fix the aspect, resample, peak, go back."""
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (720, 1280, 3), np.uint8), (0, 0), 2)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    corner = rng.uniform(-20, [250, 120], (12, 2))
    boxes = np.hstack([corner, corner + rng.uniform(4, 120, (12, 2))]).astype(np.float32)
    people = DWPose(pose_model(192, 256), detector_model(boxes, np.ones(12)), CPU)(image)
    for xy, scores, box in zip(people.xy, people.scores, boxes * SCALE):
        w, h = (box[2] - box[0]) * 1.25, (box[3] - box[1]) * 1.25
        w, h = max(w, h * 0.75), max(h, w / 0.75)
        left, top = (box[0] + box[2] - w) / 2, (box[1] + box[3] - h) / 2
        columns, rows = left + np.arange(192) * w / 192, top + np.arange(256) * h / 256
        crop = bilinear(image, columns, rows)
        for point in (0, 1, 2):
            pure = np.clip(2 * crop[..., point] - crop.sum(-1), 0, None) / 255 / 64
            x, y = pure.sum(0), pure.sum(1)
            # cv2 resamples in steps of 1/32 pixel, so that near-ties may fall either way.
            assert abs(scores[point] - min(x.max(), y.max(), 1)) < 0.03
            for axis, sums, at, step in ((0, x, columns, w / 192), (1, y, rows, h / 256)):
                got = sums[round(float((xy[point, axis] - at[0]) / step))]
                assert got > sums.max() - 0.05


def bilinear(image, columns, rows):
    """image at every (column, row); outside is black."""
    padded = np.pad(image.astype(float), ((600, 600), (600, 600), (0, 0)))
    x, y = columns + 600, rows + 600
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0)[None, :, None], (y - y0)[:, None, None]
    upper = padded[y0][:, x0] * (1 - fx) + padded[y0][:, x0 + 1] * fx
    lower = padded[y0 + 1][:, x0] * (1 - fx) + padded[y0 + 1][:, x0 + 1] * fx
    return upper * (1 - fy) + lower * fy


def test_decode():
    bins = np.array([[[101, 200], [5, 6], [7, 8]]], np.int32)
    points, scores = decode(bins, np.float32([[0.4, -1, np.nan]]))
    np.testing.assert_allclose(points[0], [[50.5, 100], [-0.5, -0.5], [-0.5, -0.5]])
    np.testing.assert_allclose(scores[0], [0.4, 0, 0])
    between, _ = decode(bins, np.float32([[0.4, -1, 1]]), np.float32([[[0.5, -0.2]] * 3]))
    np.testing.assert_allclose(between[0], [[50.75, 99.9], [-0.5, -0.5], [3.75, 3.9]])


def test_a_map_that_holds_nan_is_a_point_that_was_not_seen(pose_model, detector_model):
    boxes = detector_model(BOXES[:1], [1])
    path = pose_model(bias=np.where(np.arange(133) % 2, np.nan, 0)[:, None], name="nan.onnx")
    people = DWPose(path, boxes, CPU)(room((523, 411, 9, 9, RED)))
    assert (people.scores[0, 1::2] == 0).all() and np.isfinite(people.xy).all()
    assert people.scores[0, 0] > 0.1 and (people.xy[0, 1::2] == people.xy[0, 1]).all()


class TestBoxes:
    """Boxes come from a detector, or from a tracker's guess."""

    def test_without_an_area_or_a_number_show_nobody(self, pose_model, detector_model):
        estimator = DWPose(pose_model(bias=1), detector_model(BOXES, [1, 1]), CPU)
        boxes = [
            [400, 80, 720, 680],
            [5, 5, 5, 90],
            [90, 90, 10, 10],
            [np.nan, 0, 9, 9],
            [0, 0, np.inf, 9],
            [-3e38, 0, 3e38, 9],
            [40, 400, 600, 480],
        ]
        xy, scores = estimator.estimate(room((523, 411, 8, 8, RED)), np.array(boxes))
        assert (scores.max(1) > 0).tolist() == [True] + [False] * 5 + [True]
        assert np.isfinite(xy).all() and np.isfinite(scores).all()
        assert (xy[1:6] == 0).all()

    def test_outside_the_image_are_black(self, pose_model, detector_model, seen):
        estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), CPU)
        estimator.estimate(np.full((720, 1280, 3), 200, np.uint8), [[2000, 0, 2100, 200]])
        assert not seen[-1].any()

    @pytest.mark.parametrize("count", [0, 1, 8, 9, 64])
    def test_any_number_of_people(self, pose_model, detector_model, count, seen):
        estimator = DWPose(pose_model(192, 256), detector_model(BOXES, [1, 1]), CPU)
        seen.clear()
        boxes = np.array([[10 * i, 300, 10 * i + 90, 500] for i in range(count)])
        xy, scores = estimator.estimate(room((300, 400, 8, 8, RED)), boxes)
        assert xy.shape == (count, 133, 2) and scores.shape == (count, 133)
        assert [len(a) for a in seen] == [8] * (count // 8) + [count % 8] * (count % 8 > 0)
        sees_it = [box[0] - 10 < 300 < box[2] + 10 for box in boxes]
        for person in np.flatnonzero(sees_it):
            assert np.abs(xy[person, 0] - [300, 400]).max() < 1.5

    def test_a_huge_frame(self, pose_model, detector_model):
        """30 megapixels; OpenCV warps up to 32767 a side."""
        image = np.zeros((4000, 8000, 3), np.uint8)
        image[1900:2100, 3900:4100] = RED
        estimator = DWPose(pose_model(192, 256), detector_model([[120, 40, 200, 120]], [1]), CPU)
        people = estimator(image)
        np.testing.assert_allclose(people.boxes, [[3000, 1000, 5000, 3000]])
        assert np.abs(people.xy[0, 0] - [3900, 1900]).max() < 2 * 2500 / 192


def test_a_file_that_is_swapped_on_disk_changes_nothing_until_the_next_start(
    pose_model, detector_model
):
    image = room((523, 411, 8, 8, RED))
    boxes = detector_model(BOXES, [0.9, 0.8])
    estimator = DWPose(pose_model(), boxes, CPU)
    before = estimator(image)
    pose_model(bias=-3)  # the same name
    assert (estimator(image).scores == before.scores).all()
    assert (DWPose(pose_model(bias=-3), boxes, CPU)(image).scores == 0).all()


class TestBadFiles:
    def test_missing(self, tmp_path, detector_model):
        with pytest.raises(ModelError, match=r"nowhere\.onnx: no such model file"):
            DWPose(tmp_path / "nowhere.onnx", detector_model(BOXES, [1, 1]), CPU)

    @pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x08\x07" * 4000])
    def test_corrupt(self, tmp_path, content, detector_model):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(ModelError, match=r"bad\.onnx: not a usable ONNX model") as error:
            DWPose(tmp_path / "bad.onnx", detector_model(BOXES, [1, 1]), CPU)
        assert "\n" not in str(error.value)

    def test_cut_short(self, pose_model, detector_model):
        path = pose_model()
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(ModelError, match="not a usable ONNX model"):
            DWPose(path, detector_model(BOXES, [1, 1]), CPU)

    def test_a_detector_instead_of_a_pose_model(self, detector_model):
        path = detector_model(BOXES, [1, 1])
        with pytest.raises(
            ModelError, match=r"outputs are \(1, 2, 5\), \(1, 2\); wanted simcc_x \(1, 133, 640\)"
        ):
            DWPose(path, path, CPU)

    @pytest.mark.parametrize(
        "shape, found",
        [
            ([4, 3, 384, 288], r"input is \(batch 4, 3, 384, 288\)"),
            (["n", 3, "h", "w"], r"input is \(batch any, 3, any, any\)"),
            ([1, 1, 384, 288], r"inputs are image \(1, 1, 384, 288\) float; wanted one"),
            ([1, 3, 384], r"inputs are image \(1, 3, 384\) float; wanted one, \(batch, 3, h"),
        ],
    )
    def test_another_input(self, save, detector_model, shape, found):
        path = save(
            "odd.onnx", [helper.make_node("Identity", ["image"], ["out"])],
            [("image", shape)], [("out", shape)],
        )  # fmt: skip
        with pytest.raises(ModelError, match=found):
            DWPose(path, detector_model(BOXES, [1, 1]), CPU)


def test_an_image_of_another_type_is_refused(pose_model, detector_model):
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), CPU)
    with pytest.raises(ValueError, match="float32, wanted"):
        estimator(np.zeros((720, 1280, 3), np.float32))


def test_close_twice(pose_model, detector_model):
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), CPU)
    estimator.close()
    estimator.close()


def test_views_and_read_only_images_are_taken(pose_model, detector_model):
    """A message's image is a read-only buffer, bgr8 turned to RGB a view with a negative step."""
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), CPU)
    image = room((523, 411, 8, 8, RED))
    view = np.ascontiguousarray(image[..., ::-1])[..., ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(estimator(view).xy, estimator(image).xy)
