# SPDX-License-Identifier: Apache-2.0
"""A small SimCC network and pictures for it, and a COCO-WholeBody folder, drawn here."""

import math

import cv2
import numpy as np
import onnx
import pytest
from onnx import helper

from dwpose_ros.core.keypoints import COUNT
from dwpose_ros.core.person_poses import PersonPoses
from dwpose_ros.estimation.runtimes.target import ExecutionTarget
from dwpose_ros.evaluation import coco
from dwpose_ros.evaluation.coco import PARTS, Boxes

WIDTH, HEIGHT = 48, 64  # of the network's input
IMAGE = (320, 240)
AREA = 10_000  # px^2 of every person here


@pytest.fixture
def network(save):
    """network(...) -> a small SimCC network: two convolutions, an older opset's head."""

    def _make(name="small.onnx", opset=17, batch="batch", outputs=True):
        random = np.random.default_rng(1)

        def weights(*shape):
            return random.normal(0, 1 / math.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

        node = helper.make_node
        nodes = [
            node("Conv", ["image", "w1", "b1"], ["a"], strides=[4, 4], pads=[1, 1, 1, 1]),
            node("Relu", ["a"], ["b"]),
            node("Conv", ["b", "w2", "b2"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
            node("Reshape", ["c", "flat"], ["d"]),
            node("ReduceL2", ["d"], ["e"], axes=[-1], keepdims=1),
            node("Div", ["d", "e"], ["f"]),
            node("MatMul", ["f", "wx"], ["simcc_x"]),
            node("MatMul", ["f", "wy"], ["simcc_y" if outputs else "hidden"]),
        ]
        half = (WIDTH // 8) * (HEIGHT // 8)
        path = save(
            name, nodes, [("image", [batch, 3, HEIGHT, WIDTH])],
            [("simcc_x", [batch, COUNT, 2 * WIDTH]), ("simcc_y", [batch, COUNT, 2 * HEIGHT])][
                : 2 if outputs else 1],
            {
                "w1": weights(16, 3, 4, 4), "b1": weights(16), "w2": weights(COUNT, 16, 3, 3),
                "b2": weights(COUNT), "flat": np.array([-1, COUNT, half]),
                "wx": weights(half, 2 * WIDTH) * 7, "wy": weights(half, 2 * HEIGHT) * 7,
            },
        )  # fmt: skip
        if opset != 17:
            model = onnx.load(str(path))
            model.opset_import[0].version = opset
            onnx.save(model, str(path))
        return path

    return _make


@pytest.fixture
def crops():
    """Four pictures as the network takes them, blurred noise."""
    random = np.random.default_rng(3)
    return [cv2.GaussianBlur(random.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 3)
            for _ in range(4)]  # fmt: skip


@pytest.fixture
def pictures(tmp_path):
    """A folder of nine pictures, blurred noise."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(9):
        noise = np.random.default_rng(i).integers(0, 255, (120, 160, 3), np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), cv2.GaussianBlur(noise, (0, 0), 3) * 2)
    return folder


@pytest.fixture
def detector(detector_model):
    """Two people in each picture, of which the second is the larger."""
    return str(detector_model([[10, 10, 70, 110], [150, 10, 290, 220]], [0.9, 0.8]))


@pytest.fixture
def xtcocotools():
    """Skips where it is absent, or made for another numpy."""
    try:
        coco.xtcocotools()
    except coco.CocoError as err:
        pytest.skip(str(err))


@pytest.fixture
def annotate():
    """annotate(number, image, box, **more) -> an annotation with points all over its box."""
    return annotation


@pytest.fixture
def folder(tmp_path):
    """Two images, of two people and of one."""
    (tmp_path / "images").mkdir()
    images = [{"id": i, "file_name": f"{i}.png", "width": IMAGE[0], "height": IMAGE[1]}
              for i in (7, 8)]  # fmt: skip
    for image in images:
        pixels = np.full((*IMAGE[::-1], 3), image["id"], np.uint8)
        cv2.imwrite(str(tmp_path / "images" / image["file_name"]), pixels)
    data = {
        "images": images, "categories": [{"id": 1, "name": "person"}],
        "annotations": [annotation(1, 7, (20, 20, 80, 160)), annotation(2, 7, (180, 40, 100, 150)),
                        annotation(3, 8, (60, 30, 90, 180))],
    }  # fmt: skip
    return tmp_path, data


@pytest.fixture
def told():
    """The class of an estimator that knows."""
    return Told


def annotation(number, image, box, **more):
    x, y, w, h = box
    points = np.random.default_rng(number).uniform((x, y), (x + w, y + h), (COUNT, 2)).round(1)
    points = np.concatenate([points, np.full((COUNT, 1), 2.0)], 1)
    fields = {field: points[which].ravel().tolist() for field, which, _ in PARTS}
    return {"id": number, "image_id": image, "category_id": 1, "bbox": list(box), "area": AREA,
            "iscrowd": 0, **fields, **more}  # fmt: skip


class Told:
    """An estimator that knows: it gives the annotated points, moved by ``by`` (133, 2) pixels."""

    name, runs_on = "told", ExecutionTarget()

    def __init__(self, data, by=0.0, only=None):
        self._data, self._by, self._only = data, np.zeros((COUNT, 2)) + by, only

    def points(self, one):
        flat = [np.reshape(one[field], (-1, 3))[:, :2] for field, _, _ in PARTS]
        return np.concatenate(flat) + self._by

    def people(self, rgb):
        return [
            a
            for a in self._data["annotations"]
            if a["image_id"] == rgb[0, 0, 0] and a["id"] in (self._only or (1, 2, 3))
        ]

    def estimate(self, rgb, boxes):
        told = {(a["bbox"][0], a["bbox"][1]): self.points(a) for a in self.people(rgb)}
        xy = [told[float(b[0]), float(b[1])] for b in boxes]
        return np.array(xy, np.float32).reshape(-1, COUNT, 2), np.ones((len(boxes), COUNT))

    def detect(self, rgb):
        return Boxes.of([a["bbox"] for a in self.people(rgb)], [1.0] * len(self.people(rgb)))

    def __call__(self, rgb):
        boxes = self.detect(rgb)
        return PersonPoses.of(*self.estimate(rgb, boxes.xyxy), *boxes)

    def close(self):
        pass
