# SPDX-License-Identifier: Apache-2.0
"""Where networks run, and that it is said; a GPU is stood in for at its libraries."""

import ctypes
import logging

import numpy as np
import onnxruntime
import pytest

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.dwpose import DWPose
from dwpose_ros.estimation.graph_rewrite import pose_network
from dwpose_ros.estimation.runtimes import open_network
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

BOXES = [[100, 20, 180, 170]]
no_cuda = pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="has CUDA"
)


@pytest.fixture
def network(pose_model):
    return pose_network(pose_model(192, 256))


@pytest.fixture
def pair(pose_model, detector_model):
    return pose_model(), detector_model(BOXES, [1])


@pytest.mark.parametrize(
    "target, message",
    [
        (
            ExecutionTarget("tflite"),
            "runtime 'tflite' does not run .onnx networks; use one of auto, onnxruntime, openvino",
        ),
        (
            ExecutionTarget(device="gpu"),
            "device 'gpu' is not one of onnxruntime's; use one of auto, cpu, cuda",
        ),
        (
            ExecutionTarget("openvino", "cuda"),
            "device 'cuda' is not one of openvino's; use one of auto, cpu, g",
        ),
        (
            ExecutionTarget(device="cpu", precision="fp16"),
            "'fp16' cannot be had with onnxruntime on cpu; use one of auto, fp32",
        ),
        (
            ExecutionTarget(precision="bf16"),
            "'bf16' cannot be had with onnxruntime; use one of auto, fp16, fp3",
        ),
        (ExecutionTarget("openvino", "npu"), "device 'npu' cannot be had: OpenVINO finds cpu"),
        (
            ExecutionTarget("openvino", "npu", "fp32"),
            "'fp32' cannot be had with openvino on npu; use one of au",
        ),
    ],
)
def test_targets_that_are_not_available(network, target, message):
    if target.device == "npu" and target.precision == "auto":
        pytest.importorskip("openvino")
    with pytest.raises(ModelError, match=message):
        open_network(network, target)


@no_cuda
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_that_cannot_be_had_is_an_error(pair, device):
    with pytest.raises(ModelError, match=f"device '{device}' cannot be had: this onnxruntime off"):
        DWPose(*pair, ExecutionTarget(device=device))


@no_cuda
def test_auto_warns_once_and_says_where_it_runs(pair, caplog):
    with caplog.at_level(logging.WARNING):
        estimator = DWPose(*pair)
    assert estimator.runs_on == ExecutionTarget("onnxruntime", "cpu", "fp32")
    assert str(estimator.runs_on) == "onnxruntime cpu fp32"
    assert [r.message for r in caplog.records] == [
        "device 'auto' is the cpu here: device 'cuda' cannot be had: this onnxruntime offers cpu; "
        "install onnxruntime-gpu, or use device 'cpu'"
    ]


@pytest.fixture
def broken_cuda(monkeypatch):
    """An onnxruntime-gpu that falls back to the CPU by itself, as where libraries are missing."""
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, providers: make(path, options, ["CPUExecutionProvider"]),
    )
    from onnxruntime.capi import build_and_package_info as built

    monkeypatch.setattr(built, "cuda_version", "12.8", raising=False)
    monkeypatch.setattr(built, "cudnn_version", "9.8", raising=False)


class TestCuda:
    def test_that_gives_way_in_silence_is_found_out(self, pair, broken_cuda, monkeypatch):
        """One line says what is wanted and what is there."""

        class Driver:
            def cuDriverGetVersion(self, number):  # noqa: N802
                number._obj.value = 12040
                return 0

        class Cudnn:
            def cudnnGetVersion(self):  # noqa: N802
                return 8907

        libraries = {"libcuda.so.1": Driver(), "libcudnn.so.8": Cudnn()}

        def load(name, *rest):
            if name not in libraries:
                raise OSError(f"{name}: cannot open shared object file")
            return libraries[name]

        monkeypatch.setattr(ctypes, "CDLL", load)
        with pytest.raises(ModelError) as error:
            DWPose(*pair, ExecutionTarget(device="cuda"))
        assert (
            "wants CUDA 12.8 and cuDNN 9.8; found CUDA 12.4 in the driver, no libcudart.so "
            "and cuDNN 8.9; pip install"
        ) in str(error.value)

    def test_of_which_nothing_is_there(self, pair, broken_cuda, monkeypatch):
        def load(name, *rest):
            raise OSError(f"{name}: cannot open shared object file")

        monkeypatch.setattr(ctypes, "CDLL", load)
        with pytest.raises(ModelError, match="found no libcuda.so.1 in the driver, no libcudart"):
            DWPose(*pair, ExecutionTarget(device="cuda"))

    def test_auto_warns_and_goes_on(self, pair, broken_cuda, caplog):
        with caplog.at_level(logging.WARNING):
            assert DWPose(*pair).runs_on.device == "cpu"
        assert "wants CUDA 12.8" in caplog.records[0].message

    def test_half_precision_is_not_given_up_in_silence(self, pair, broken_cuda):
        with pytest.raises(ModelError, match="wants CUDA 12.8"):
            DWPose(*pair, ExecutionTarget(precision="fp16"))

    def test_tensorrt_keeps_engines_and_takes_any_number_of_people(
        self, network, cache, monkeypatch
    ):
        """What the session is asked for, as far as it can be seen without a GPU."""
        asked = []
        monkeypatch.setattr(
            onnxruntime,
            "get_available_providers",
            lambda: ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
        )
        monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
        monkeypatch.setattr(
            onnxruntime,
            "InferenceSession",
            lambda path, options, providers: asked.extend(providers),
        )
        with pytest.raises(AttributeError):  # what came back is no session
            open_network(network, ExecutionTarget(device="tensorrt"))
        assert [p if isinstance(p, str) else p[0] for p in asked] == [
            "TensorrtExecutionProvider",
            "CUDAExecutionProvider",
            "CPUExecutionProvider",
        ]
        options = asked[0][1]
        assert options["trt_fp16_enable"] is True and options["trt_engine_cache_enable"] is True
        assert options["trt_engine_cache_path"] == str(cache / "tensorrt")
        assert options["trt_profile_min_shapes"] == "crops:1x256x192x3"
        assert options["trt_profile_max_shapes"] == "crops:8x256x192x3"


can_tell = pytest.mark.skipif(
    not hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info"),
    reason="onnxruntime is older than 1.24; 1.23 is the last for Python 3.10",
)


@can_tell
def test_nodes_and_where_they_run(network, caplog):
    with caplog.at_level(logging.WARNING):
        assert open_network(network, ExecutionTarget(device="cpu")).assigned()["cpu"]["TopK"] == 2
    assert not caplog.records


@can_tell
def test_a_gpu_that_leaves_work_to_the_cpu_is_told_on(network, caplog, monkeypatch):
    """As far as it can be seen without one: CUDA, as the session says, but nothing on it."""
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    make = onnxruntime.InferenceSession

    def session(path, options, providers):
        made = make(path, options, ["CPUExecutionProvider"])
        monkeypatch.setattr(
            made, "get_providers", lambda: [p if isinstance(p, str) else p[0] for p in providers]
        )
        return made

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with caplog.at_level(logging.WARNING):
        open_network(network, ExecutionTarget(device="cuda"))
    assert "these nodes run on the cpu, not on cuda: " in caplog.records[0].message
    assert "2 TopK" in caplog.records[0].message


class TestOpenVino:
    @pytest.fixture(autouse=True)
    def there(self):
        pytest.importorskip("openvino")

    def test_it_finds_the_same_people(self, pair):
        # A diamond has one longest row and column; of equal peaks OpenVINO may give any.
        rows, columns = np.mgrid[:720, :1280]
        image = np.zeros((720, 1280, 3), np.uint8)
        image[abs(columns - 520) + abs(rows - 410) <= 20] = 255, 0, 0
        ours, theirs = (
            DWPose(*pair, target)(image)
            for target in (
                ExecutionTarget(device="cpu"),
                ExecutionTarget("openvino", "cpu", "fp32"),
            )
        )
        np.testing.assert_allclose(ours.xy[:, ::3], theirs.xy[:, ::3], atol=0.02)  # the red ones
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)

    @pytest.mark.parametrize("precision", ["auto", "fp32"])
    def test_it_says_what_it_really_calculates_in(self, network, precision):
        found = open_network(network, ExecutionTarget("openvino", "cpu", precision)).target
        assert found[:2] == ("openvino", "cpu")
        assert found.precision == precision or found.precision in ("fp32", "bf16", "fp16")

    def test_auto_is_the_cpu_where_there_is_no_gpu(self, pair):
        import openvino

        if any(d.startswith("GPU") for d in openvino.Core().available_devices):
            pytest.skip("has a GPU")
        assert DWPose(*pair, ExecutionTarget("openvino")).runs_on.device == "cpu"

    def test_a_corrupt_file(self, tmp_path):
        (tmp_path / "bad.onnx").write_bytes(b"nonsense")
        with pytest.raises(ModelError, match=r"bad\.onnx: not a usable ONNX model"):
            open_network(tmp_path / "bad.onnx", ExecutionTarget("openvino", "cpu"))

    def test_one_person_and_several_are_seen_alike(self, network):
        run = open_network(network, ExecutionTarget("openvino", "cpu", "fp32"))
        crops = np.random.default_rng(8).integers(0, 256, (3, 256, 192, 3), np.uint8)
        together = run({"crops": crops})
        one_by_one = [np.concatenate(a) for a in zip(*(run({"crops": c[None]}) for c in crops))]
        for a, b in zip(together, one_by_one):
            np.testing.assert_allclose(a, b, rtol=1e-4)

    def test_results_are_kept_from_one_run_to_the_next(self, network):
        run = open_network(network, ExecutionTarget("openvino", "cpu"))
        first = run({"crops": np.full((1, 256, 192, 3), 9, np.uint8)})
        kept = [a.copy() for a in first]
        run({"crops": np.full((3, 256, 192, 3), 200, np.uint8)})
        assert all((a == b).all() for a, b in zip(first, kept))


def test_openvino_that_is_not_installed(network, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(ModelError, match="runtime 'openvino' cannot be had: .*pip install openv"):
        open_network(network, ExecutionTarget("openvino", "cpu"))


def test_threads_of_a_network_do_not_spin(network, monkeypatch):
    """While other programs share the cores, that doubles what a frame takes."""
    opened, opener = [], onnxruntime.InferenceSession

    def note(model, options, **more):
        opened.append(options.get_session_config_entry("session.intra_op.allow_spinning"))
        return opener(model, options, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", note)
    open_network(network, ExecutionTarget(device="cpu"))
    assert opened and set(opened) == {"0"}
