"""DWPose with networks whose answer is known; see conftest.py for what they look for."""

import logging

import cv2
import numpy as np
import onnxruntime
import pytest
from onnx import helper

from dwpose_ros.pose import ModelError
from dwpose_ros.pose.dwpose import DWPose, decode, frame, warp

SIZES = [(288, 384), (192, 256)]
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
    estimator = DWPose(pose_model(*size, batch), detector_model(BOXES, [0.9, 0.8]), "cpu")
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
    """A box as large as the network's input, so that a bin is a pixel; no rounding to hide in."""
    box = np.array([400, 200, 400 + size[0] / 1.25, 200 + size[1] / 1.25]) / SCALE
    estimator = DWPose(pose_model(*size), detector_model([box], [1]), "cpu")
    xy = [estimator(room((x, 330, 4, 4, RED))).xy[0, 0] for x in (470, 471, 472)]
    np.testing.assert_allclose(np.diff(xy, axis=0), [[1, 0], [1, 0]], atol=0.51)
    np.testing.assert_allclose(xy[0], [470, 330], atol=0.51)


def test_batch_1_and_all_at_once_give_the_same(pose_model, detector_model, seen):
    image = room((523, 411, 8, 8, RED), (200, 430, 5, 5, BLUE))
    boxes = detector_model(BOXES, [0.9, 0.8])
    one = DWPose(pose_model(batch=1, name="one.onnx"), boxes, "cpu")(image)
    singles = [a.shape[0] for a in seen if a.shape[2] == 384]
    seen.clear()
    dynamic = DWPose(pose_model(name="all.onnx"), boxes, "cpu")(image)
    together = [a.shape[0] for a in seen if a.shape[2] == 384]
    assert singles == [1, 1, 1] and together == [1, 2]  # the first is the trial run at start
    for a, b in zip(one, dynamic):
        np.testing.assert_array_equal(a, b)


def test_the_network_sees_normalised_rgb(pose_model, detector_model, seen):
    estimator = DWPose(pose_model(), detector_model(BOXES[:1], [1]), "cpu")
    estimator(np.full((720, 1280, 3), (200, 100, 50), np.uint8))
    at_centre = seen[-1][0, :, 192, 144]
    expected = (np.array([200, 100, 50]) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    np.testing.assert_allclose(at_centre, expected, rtol=1e-5)
    assert seen[-1].dtype == np.float32


def test_the_score_is_the_lower_peak(pose_model, detector_model):
    """What is 9 wide and 33 high in the crop peaks at 33 / 64 in x and at 9 / 64 in y."""
    box = np.array([400, 200, 400 + 288 / 1.25, 200 + 384 / 1.25]) / SCALE
    estimator = DWPose(pose_model(), detector_model([box], [1]), "cpu")
    people = estimator(room((510, 350, 4, 16, RED), (510, 450, 16, 4, GREEN)))
    np.testing.assert_allclose(people.scores[0, :2], 9 / 64, rtol=0.2)


def test_scores_stay_between_0_and_1(pose_model, detector_model):
    boxes = detector_model(BOXES[:1], [1])
    image = room((523, 411, 60, 60, RED))
    loud = DWPose(pose_model(bias=3, name="loud.onnx"), boxes, "cpu")(image)
    assert (loud.scores == 1).all()
    silent = DWPose(pose_model(bias=-3, name="silent.onnx"), boxes, "cpu")(image)
    assert (silent.scores == 0).all()
    assert np.isfinite(silent.xy).all()


def test_an_empty_room_gives_nobody_and_costs_no_pose(pose_model, detector_model, seen):
    estimator = DWPose(pose_model(), detector_model(BOXES, [0.2, 0.29]), "cpu")
    seen.clear()
    assert len(estimator(room()).xy) == 0
    assert [a.shape[2:] for a in seen] == [(320, 320)]


def test_equal_to_the_description_written_out(pose_model, detector_model):
    """The top-down recipe in plain numpy: pad by 1.25, fix the aspect, resample, peak, go back."""
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (720, 1280, 3), np.uint8), (0, 0), 2)
    image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
    corner = rng.uniform(-20, [250, 120], (12, 2))
    boxes = np.hstack([corner, corner + rng.uniform(4, 120, (12, 2))]).astype(np.float32)
    people = DWPose(pose_model(192, 256), detector_model(boxes, np.ones(12)), "cpu")(image)
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


@pytest.mark.parametrize(
    "box, scale",
    [
        ([0, 0, 100, 300], [281.25, 375]),  # tall: the width follows
        ([0, 0, 300, 100], [375, 500]),  # wide: the height follows
        ([10, 20, 310, 420], [375, 500]),  # just right
    ],
)
def test_frame(box, scale):
    centers, scales = frame(np.float32([box]), (288, 384))
    np.testing.assert_allclose(centers, [[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
    np.testing.assert_allclose(scales, [scale])


def test_warp_of_the_whole_image_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    crop = warp(image, np.float32([24, 32]), np.float32([48, 64]), (48, 64))
    np.testing.assert_array_equal(crop, image)


def test_decode():
    x, y = np.full((1, 133, 576), -1.0), np.full((1, 133, 768), -1.0)
    x[0, 0, 101], y[0, 0, 200] = 0.7, 0.4
    x[0, 1, 5], y[0, 1, 6] = 0.9, np.nan
    points, scores = decode(x, y)
    assert points[0, 0].tolist() == [50.5, 100]
    assert scores[0, :3].tolist() == [0.4, 0, 0]
    assert points[0, 2].tolist() == [-0.5, -0.5]


class TestBadFiles:
    def test_missing(self, tmp_path, detector_model):
        with pytest.raises(ModelError, match=r"nowhere\.onnx: no such model file"):
            DWPose(tmp_path / "nowhere.onnx", detector_model(BOXES, [1, 1]), "cpu")

    @pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x08\x07" * 4000])
    def test_corrupt(self, tmp_path, content, detector_model):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(ModelError, match=r"bad\.onnx: not a usable ONNX model") as error:
            DWPose(tmp_path / "bad.onnx", detector_model(BOXES, [1, 1]), "cpu")
        assert "\n" not in str(error.value)

    def test_cut_short(self, pose_model, detector_model):
        path = pose_model()
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(ModelError, match="not a usable ONNX model"):
            DWPose(path, detector_model(BOXES, [1, 1]), "cpu")

    def test_a_detector_instead_of_a_pose_model(self, detector_model):
        path = detector_model(BOXES, [1, 1])
        with pytest.raises(
            ModelError, match=r"outputs are \(1, 2, 5\), \(1, 2\); wanted simcc_x \(1, 133, 640\)"
        ):
            DWPose(path, path, "cpu")

    @pytest.mark.parametrize(
        "shape, found",
        [
            ([4, 3, 384, 288], r"input is \(batch 4, 3, 384, 288\)"),
            (["n", 3, "h", "w"], r"input is \(batch any, 3, any, any\)"),
            ([1, 1, 384, 288], r"inputs are image \[1, 1, 384, 288\]"),
            ([1, 3, 384], r"inputs are image \[1, 3, 384\]"),
        ],
    )
    def test_another_input(self, save, detector_model, shape, found):
        path = save(
            "odd.onnx", [helper.make_node("Identity", ["image"], ["out"])],
            [("image", shape)], [("out", shape)],
        )  # fmt: skip
        with pytest.raises(ModelError, match=found):
            DWPose(path, detector_model(BOXES, [1, 1]), "cpu")


class TestDevice:
    def test_unknown(self, pose_model, detector_model):
        with pytest.raises(ModelError, match="device 'gpu' is unknown; use one of auto, cpu, c"):
            DWPose(pose_model(), detector_model(BOXES, [1, 1]), "gpu")

    @pytest.mark.skipif(
        "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="has CUDA"
    )
    def test_cuda_that_cannot_be_had_is_an_error(self, pose_model, detector_model):
        with pytest.raises(ModelError, match="device 'cuda' cannot be had: this onnxruntime off"):
            DWPose(pose_model(), detector_model(BOXES, [1, 1]), "cuda")

    @pytest.mark.skipif(
        "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="has CUDA"
    )
    def test_auto_warns_and_says_where_it_runs(self, pose_model, detector_model, caplog):
        with caplog.at_level(logging.WARNING):
            estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), "auto")
        assert estimator.runs_on == "cpu"
        assert [r.message for r in caplog.records] == [
            "no CUDA in this onnxruntime: colours runs on cpu"
        ]

    def test_a_provider_that_gives_way_in_silence_is_found_out(
        self, pose_model, detector_model, monkeypatch
    ):
        """onnxruntime falls back to the CPU by itself where CUDA's libraries are missing."""
        monkeypatch.setattr(
            onnxruntime, "get_available_providers",
            lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
        )  # fmt: skip
        monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
        make = onnxruntime.InferenceSession
        monkeypatch.setattr(
            onnxruntime, "InferenceSession",
            lambda path, options, providers: make(path, options, ["CPUExecutionProvider"]),
        )  # fmt: skip
        with pytest.raises(ModelError, match=r"colours\.onnx would run on cpu"):
            DWPose(pose_model(), detector_model(BOXES, [1, 1]), "cuda")


def test_an_image_of_another_type_is_refused(pose_model, detector_model):
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), "cpu")
    with pytest.raises(ValueError, match="float32, wanted"):
        estimator(np.zeros((720, 1280, 3), np.float32))


def test_close_twice(pose_model, detector_model):
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), "cpu")
    estimator.close()
    estimator.close()


def test_views_and_read_only_images_are_taken(pose_model, detector_model):
    """A message's image is a read-only buffer, bgr8 turned to RGB a view with a negative step."""
    estimator = DWPose(pose_model(), detector_model(BOXES, [1, 1]), "cpu")
    image = room((523, 411, 8, 8, RED))
    view = np.ascontiguousarray(image[..., ::-1])[..., ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(estimator(view).xy, estimator(image).xy)
