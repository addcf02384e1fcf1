# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from onnx import helper

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.detectors import open_detector


def yolox_raw(*people):
    """YOLOX's raw output with (anchor, x, y, w, h in input pixels, objectness, class, score)."""
    raw = np.zeros((1, 8400, 85))
    for anchor, x, y, w, h, objectness, kind, score in people:
        # Anchors: 80 x 80 of stride 8, then 40 x 40 of 16, then 20 x 20 of 32.
        start, side = next(s for s in ((8000, 20), (6400, 40), (0, 80)) if anchor >= s[0])
        column, row, stride = (anchor - start) % side, (anchor - start) // side, 640 // side
        raw[0, anchor, :5] = (
            x / stride - column, y / stride - row, np.log(w / stride), np.log(h / stride),
            objectness,
        )  # fmt: skip
        raw[0, anchor, 5 + kind] = score
    return raw


class TestYolox:
    @pytest.mark.parametrize("anchor", [0, 81, 6399, 6400, 6442, 8000, 8399])
    def test_decode_of_every_stride(self, yolox_model, anchor):
        detector = open_detector(yolox_model(yolox_raw((anchor, 320, 100, 64, 128, 1, 0, 0.9))))
        boxes, scores = detector(np.zeros((720, 1280, 3), np.uint8))  # shown at half its size
        np.testing.assert_allclose(boxes, [[576, 72, 704, 328]], rtol=1e-5)
        np.testing.assert_allclose(scores, [0.9])

    @pytest.mark.parametrize(
        "objectness, kind, score, found",
        [(1, 0, 0.31, 1), (1, 0, 0.3, 0), (0.5, 0, 0.5, 0), (0.6, 0, 0.6, 1), (1, 1, 1, 0)],
    )
    def test_only_people_and_only_above_0_3(self, yolox_model, objectness, kind, score, found):
        raw = yolox_raw((99, 320, 100, 64, 128, objectness, kind, score))
        boxes, _ = open_detector(yolox_model(raw))(np.zeros((640, 640, 3), np.uint8))
        assert boxes.shape == (found, 4)

    def test_overlap_up_to_0_45_stays_and_the_best_comes_first(self, yolox_model):
        raw = yolox_raw(
            (10, 100, 100, 100, 100, 1, 0, 0.7),
            (20, 110, 100, 100, 100, 1, 0, 0.9),  # IoU 0.82 with the first
            (30, 150, 100, 100, 100, 1, 0, 0.5),  # IoU 0.43 with the second
        )
        boxes, scores = open_detector(yolox_model(raw))(np.zeros((640, 640, 3), np.uint8))
        np.testing.assert_allclose(scores, [0.9, 0.5])
        np.testing.assert_allclose(boxes[:, 0], [60, 100], rtol=1e-5)

    def test_boxes_that_make_no_sense_are_dropped(self, yolox_model):
        raw = yolox_raw((10, 100, 100, 100, 100, 1, 0, 0.7), (20, 99, 99, 99, 99, 1, 0, 0.9))
        raw[0, 20, 2] = 1000  # exp overflows
        raw[0, 30] = np.nan
        boxes, _ = open_detector(yolox_model(raw))(np.zeros((640, 640, 3), np.uint8))
        assert len(boxes) == 1 and np.isfinite(boxes).all()

    def test_it_is_fed_the_letterbox(self, yolox_model, seen):
        detector = open_detector(yolox_model(yolox_raw()))
        boxes, scores = detector(np.full((320, 640, 3), (200, 100, 50), np.uint8))
        assert boxes.shape == (0, 4) and scores.shape == (0,)
        assert seen[-1][0, 0, 0].tolist() == [
            200,
            100,
            50,
        ]  # test_graph_rewrite.py: BGR from there on
        assert seen[-1][0, 320, 0].tolist() == [114, 114, 114]


class TestRtmdet:
    def test_boxes_go_back_to_the_image(self, detector_model):
        detector = open_detector(detector_model([[10, 20, 30, 60]], [0.8]))
        boxes, scores = detector(np.zeros((1280, 640, 3), np.uint8))
        np.testing.assert_allclose(boxes, [[40, 80, 120, 240]])
        np.testing.assert_allclose(scores, [0.8])

    def test_only_people_and_only_above_0_3(self, detector_model):
        file = detector_model([[1, 1, 9, 9]] * 3, [0.9, 0.9, 0.3], labels=[0, 2, 0])
        assert len(open_detector(file)(np.zeros((320, 320, 3), np.uint8))[0]) == 1

    @pytest.mark.parametrize("size", [416, 640])
    def test_real_photographs(self, data, size):
        detector = open_detector(data / "rtmdet_nano_person.onnx", size=size)
        truth = json.loads((data / "coco_wholebody_2.json").read_text())
        files = {image["id"]: image["file_name"] for image in truth["images"]}
        big = [a for a in truth["annotations"] if a["bbox"][3] > 60]
        assert len(big) >= 4
        for person in big:
            image = cv2.imread(str(data / files[person["image_id"]]))
            boxes, _ = detector(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            x, y, w, h = person["bbox"]
            assert iou(boxes, [x, y, x + w, y + h]).max() > 0.6


def iou(boxes, box):
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return common / (area + np.prod(np.subtract(box[2:], box[:2])) - common)


class TestNeither:
    def model(self, save, shape, outputs):
        """A network with one input that gives zeros of these shapes."""
        names = [f"out{i}" for i in range(len(outputs))]
        return save(
            "odd.onnx",
            [helper.make_node("Identity", [f"zeros{i}"], [n]) for i, n in enumerate(names)],
            [("image", shape)], list(zip(names, outputs)),
            {f"zeros{i}": np.zeros(s, np.float32) for i, s in enumerate(outputs)},
        )  # fmt: skip

    @pytest.mark.parametrize(
        "outputs",
        [[(1, 8400, 5)], [(1, 8399, 85)], [(1, 9, 4), (1, 9)], [(1, 9, 5)], [(8400, 85)],
         [(1, 9, 5), (1, 8)], [(1, 9, 5), (1, 9), (1, 9)]],
    )  # fmt: skip
    def test_shapes_found_and_wanted_are_named(self, save, outputs):
        with pytest.raises(ModelError) as error:
            open_detector(self.model(save, [1, 3, 640, 640], outputs))
        assert f"outputs are {', '.join(map(str, outputs))}; wanted YOLOX's" in str(error.value)

    @pytest.mark.parametrize("shape", [[1, 3, 330, 320], [2, 3, 640, 640]])
    def test_input_that_cannot_be_served(self, save, shape):
        with pytest.raises(ModelError, match="wanted batch 1 and height and width mult"):
            open_detector(self.model(save, shape, [(1, 9, 5), (1, 9)]))
