# SPDX-License-Identifier: Apache-2.0
"""TFLite networks: only the wanted outputs are computed, and bad files are one clear line."""

from __future__ import annotations

import numpy as np
import pytest
from holistic_models import FILES, needs_holistic

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.runtimes import open_network, open_tflite
from dwpose_ros.estimation.runtimes.target import ExecutionTarget

POSE = next(file for file in FILES if file.stem == "pose_landmark_full")
OUTPUTS = ("Identity", "Identity_1", "Identity_3")

pytestmark = needs_holistic


@pytest.fixture
def image():
    return {"input_1": np.random.default_rng(0).random((1, 256, 256, 3), np.float32)}


@pytest.mark.parametrize("runtime", ["litert", "openvino"])
def test_outputs_come_in_the_order_they_are_asked_for_with_the_values_of_the_whole_network(
    runtime, image
):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    from ai_edge_litert.interpreter import Interpreter

    whole = Interpreter(str(POSE))
    whole.allocate_tensors()
    whole.set_tensor(whole.get_input_details()[0]["index"], image["input_1"])
    whole.invoke()
    wanted = {d["name"]: whole.get_tensor(d["index"]) for d in whole.get_output_details()}
    target = ExecutionTarget(runtime, "cpu", "fp32")
    for outputs in (OUTPUTS, OUTPUTS[::-1], ("Identity_1",)):
        network = open_tflite(POSE, outputs, target)
        assert network.outputs == outputs and network.target == (runtime, "cpu", "fp32")
        assert network.inputs == {"input_1": (1, 256, 256, 3)}
        for name, value in zip(outputs, network(image)):
            np.testing.assert_allclose(value, wanted[name], rtol=1e-3, atol=5e-3)


def test_what_only_other_outputs_need_is_left_out():
    from dwpose_ros.estimation.runtimes.lite_rt import pruned

    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model = POSE.read_bytes()

    def operators(content):
        return len(schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0].operators)

    assert operators(pruned(model, OUTPUTS)) < operators(model)
    assert operators(pruned(model, ("Identity_1",))) < operators(pruned(model, OUTPUTS))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "not a usable TFLite model"),
        (b"nonsense", "not a usable TFLite model"),
        (POSE.read_bytes()[: 1 << 20] if POSE.is_file() else b"", "not a usable TFLite model"),
    ],
    ids=["empty", "nonsense", "cut off"],
)
def test_a_broken_file_is_one_clear_line(tmp_path, content, message):
    path = tmp_path / "bad.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"bad\.tflite: {message}") as error:
        open_tflite(path, OUTPUTS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "target, message",
    [
        (ExecutionTarget("onnxruntime"), "'onnxruntime' does not run .tflite networks; use one of "
                                         "auto, litert, openvino"),
        (ExecutionTarget(device="cuda"), "device 'cuda' is not one of litert's; use one of auto, "),
        (ExecutionTarget(precision="fp16"), "precision 'fp16' cannot be had with litert"),
    ],
)  # fmt: skip
def test_what_it_cannot_run_on(target, message):
    with pytest.raises(ModelError, match=message):
        open_tflite(POSE, OUTPUTS, target)


def test_an_output_that_it_has_not():
    with pytest.raises(ModelError, match="has no output 'heat', only Identity, Identity_1"):
        open_tflite(POSE, ("heat",))


def test_onnx_networks_are_not_for_it(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match="'litert' does not run .onnx networks; use one of auto"):
        open_network(tmp_path / "a.onnx", ExecutionTarget("litert"))
