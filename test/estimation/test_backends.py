# SPDX-License-Identifier: Apache-2.0
import hashlib
import sys
from pathlib import Path

import pytest
from holistic_models import link_into, needs_holistic

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.backends import load
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

CPU = ExecutionTarget(device="cpu")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pair(pose_model, detector_model):
    """A pose model and a detector as files."""
    return str(pose_model()), str(detector_model([[1, 1, 9, 9]], [1]))


@pytest.fixture
def filled_cache(pair, monkeypatch):
    """A cache that holds DWPose's own pair, by name, size and SHA-256."""
    models.cache_dir().mkdir()
    for name, file in zip(("dw-ll_ucoco_384", "yolox_l"), pair):
        content = Path(file).read_bytes()
        path = models.cached(models.named(name))
        path.write_bytes(content)
        small = models.MODELS[name]._replace(
            size=len(content), sha256=hashlib.sha256(content).hexdigest()
        )
        monkeypatch.setitem(models.MODELS, name, small)


def test_paths(pair):
    estimator, why = load(model=pair[0], detector=pair[1], target=CPU)
    assert (estimator.name, estimator.runs_on) == ("colours", ("onnxruntime", "cpu", "fp32"))
    assert why == "DWPose colours, as asked"


def test_auto_takes_dwpose_where_its_weights_are(filled_cache):
    estimator, why = load(target=CPU)
    assert estimator.name == "dw-ll_ucoco_384"
    assert why == "DWPose dw-ll_ucoco_384, weights are there"


def test_a_name_and_a_path_together(filled_cache, pair):
    estimator, _ = load(model="dw-ll_ucoco_384", detector=pair[1], target=CPU)
    assert estimator.name == "dw-ll_ucoco_384"


@needs_holistic
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_auto_takes_holistic_where_they_are_not_and_says_why(device):
    models.cache_dir().mkdir()
    link_into(models.cache_dir())
    estimator, why = load(target=ExecutionTarget(device=device))
    assert estimator.name == "holistic"
    assert estimator.runs_on == ("litert", "cpu", "fp32")
    assert why.startswith("holistic, since DWPose cannot be had: ")
    assert "dw-ll_ucoco_384.onnx is absent: `ros2 run dwpose_ros models fetch" in why
    estimator.close()


@needs_holistic
@pytest.mark.parametrize("backend", ["auto", "holistic"])
@pytest.mark.parametrize("name", models.BODIES)
def test_holistic_runs_the_network_for_bodies_that_is_named(monkeypatch, backend, name):
    """The three have the same inputs and outputs; one stands for each here."""
    models.cache_dir().mkdir()
    link_into(models.cache_dir())
    full = models.cached(models.named(models.BODY))
    if name != models.BODY:
        other = models.named(name)._replace(
            size=full.stat().st_size, sha256=models.named(models.BODY).sha256
        )
        monkeypatch.setitem(models.MODELS, name, other)
        with pytest.raises(
            ModelError, match=rf"{name}\.tflite is absent: .* models fetch {name}`"
        ):
            load(backend, name)
        models.cached(other).write_bytes(full.read_bytes())
    estimator, why = load(backend, name)
    assert why == "holistic, as asked"
    assert estimator.name == "holistic" + (f" with {name}" if name != models.BODY else "")
    estimator.close()


def test_downloads_of_holistic_are_its_own_networks_and_the_one_for_bodies(monkeypatch):
    asked = []
    monkeypatch.setattr(models, "fetch", lambda model, progress=None: asked.append(model.name))
    with pytest.raises(ModelError, match="absent"):
        load("holistic", "pose_landmark_lite", download=True)
    assert asked == [model.name for model in models.group("holistic")] + ["pose_landmark_lite"]


def test_nothing_can_be_had():
    with pytest.raises(
        ModelError,
        match=r"neither.*DWPose: .*is absent.*holistic: .*pose_detection\.tflite is absent: "
        r".*fetch holistic",
    ):
        load()


@needs_holistic
def test_without_litert_it_says_what_to_install(monkeypatch):
    models.cache_dir().mkdir()
    link_into(models.cache_dir())
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ModelError, match="runtime 'litert' cannot be had.*install ai-edge-litert"):
        load(backend="holistic")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(backend="openpose"), "backend 'openpose' is unknown; use one of auto, dwpose, holi"),
        (dict(backend="dwpose"), r"dw-ll_ucoco_384\.onnx is absent: .*put https://.* there"),
        (dict(model="dw-xl"), "model 'dw-xl' is unknown; there are dw-ll_ucoco_384, yolox_l"),
        (dict(model="/no/where.onnx"), r"/no/where\.onnx: no such model file"),
        (dict(detector="yolox_l"), "dw-ll_ucoco_384.onnx is absent"),
        (
            dict(backend="holistic", model="dw-ll_ucoco_384"),
            "backend 'holistic' has networks of its own, so model 'dw-ll_ucoco_384' cannot be",
        ),
        (dict(backend="holistic", detector="a.onnx"), "so model 'a.onnx' cannot be used"),
        (
            dict(backend="holistic", model="pose_landmark_lite", detector="yolox_l"),
            r"'yolox_l' cannot be used; .*\(model may be pose_landmark_lite, pose_landmark_full, ",
        ),
        (dict(target=ExecutionTarget(device="cuda")), "neither backend can be had"),
    ],
)
def test_what_cannot_be_had_is_one_clear_line(arguments, message):
    with pytest.raises(ModelError, match=message) as error:
        load(**arguments)
    assert "\n" not in str(error.value)


def test_named_weights_that_are_broken_are_an_error_not_a_reason_for_another(pair, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"bad\.onnx: not a usable ONNX model"):
        load(model=str(tmp_path / "bad.onnx"), detector=pair[1])


def test_download_fetches_first(monkeypatch, pair):
    asked = []

    def fetch(model, progress=None, mirror=""):
        asked.append(model.name)
        return pair[len(asked) - 1]

    monkeypatch.setattr(models, "fetch", fetch)
    estimator, _ = load(target=CPU, download=True)
    assert asked == ["dw-ll_ucoco_384", "yolox_l"] and estimator.name == "colours"
