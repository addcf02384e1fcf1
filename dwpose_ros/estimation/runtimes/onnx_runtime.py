# SPDX-License-Identifier: Apache-2.0
"""Networks in onnxruntime: on the CPU, or on NVIDIA GPUs with CUDA or TensorRT."""

from __future__ import annotations

import ctypes
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.model_registry import cache_dir
from dwpose_ros.estimation.runtimes.target import (
    MAX_BATCH,
    OFFERED,
    ExecutionTarget,
    Unavailable,
    line,
)

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
# Node types that should run on the GPU. Shape calculations and a detector's NMS may stay on the
# CPU.
HEAVY = ("Conv", "MatMul", "Gemm", "FusedConv", "FusedMatMul", "GridSample", "TopK")

_log = logging.getLogger(__name__)


class OnnxRuntime:
    """Implementation of `Network` with an onnxruntime session."""

    best = ("cuda",)

    def __init__(self, path: Path | str, target: ExecutionTarget) -> None:
        device = target.device
        precision = (
            OFFERED["onnxruntime"][device][0] if target.precision == "auto" else (target.precision)
        )
        providers = _providers(device, precision, Path(path))
        try:
            self._session = session(str(path), providers)
        except Exception as err:  # onnxruntime's own exceptions share no narrower base
            raise ModelError(f"{path}: not a usable ONNX model: {line(err)}") from err
        if PROVIDERS[device] not in self._session.get_providers():
            raise Unavailable(f"device {device!r} cannot be had: {_explain()}")
        self.target = ExecutionTarget("onnxruntime", device, precision)
        self.inputs = {
            i.name: tuple(d if isinstance(d, int) else 0 for d in i.shape)
            for i in self._session.get_inputs()
        }
        self.outputs = tuple(o.name for o in self._session.get_outputs())
        strays = {op: n for op, n in self.assigned().get("cpu", {}).items() if op in HEAVY}
        if device != "cpu" and strays:
            _log.warning(
                "%s: these nodes run on the cpu, not on %s: %s",
                Path(path).stem,
                device,
                ", ".join(f"{n} {op}" for op, n in strays.items()),
            )

    def __call__(self, feed: Mapping[str, Any]) -> list[np.ndarray]:
        if all(isinstance(value, np.ndarray) for value in feed.values()):
            return self._session.run(None, dict(feed))
        # Some inputs are already on the GPU.
        binding = self._session.io_binding()
        for name, value in feed.items():
            if isinstance(value, np.ndarray):
                binding.bind_cpu_input(name, value)
            else:
                binding.bind_ortvalue_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, "cpu")
        self._session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    def assigned(self) -> dict[str, Counter[str]]:
        """Return, for each device, the number of nodes of each type that run on it.

        Empty with onnxruntime older than 1.24, which does not report it.
        """
        if not hasattr(self._session, "get_provider_graph_assignment_info"):
            return {}
        found: dict[str, Counter[str]] = {}
        names = {provider: device for device, provider in PROVIDERS.items()}
        for part in self._session.get_provider_graph_assignment_info():
            nodes = Counter(node.op_type for node in part.get_nodes())
            found.setdefault(names.get(part.ep_name, part.ep_name), Counter()).update(nodes)
        return found


def session(model: str | bytes, providers: list) -> ort.InferenceSession:
    """Open a session with the options that all sessions of this package use."""
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors only; this package raises or logs what matters
    # Threads that have nothing to do would spin, in a run too: on two cores that other programs
    # share, a frame would take twice the CPU time, and half as long again.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return ort.InferenceSession(model, options, providers=providers)


def _providers(device: str, precision: str, path: Path) -> list:
    available = ort.get_available_providers()
    if PROVIDERS[device] not in available:
        offered = [d for d, provider in PROVIDERS.items() if provider in available]
        raise Unavailable(
            f"device {device!r} cannot be had: this onnxruntime offers {', '.join(offered)}; "
            "install onnxruntime-gpu, or use device 'cpu'"
        )
    if device == "cpu":
        return [PROVIDERS["cpu"]]
    if hasattr(ort, "preload_dlls"):  # since 1.21: finds CUDA and cuDNN in pip's nvidia packages
        ort.preload_dlls()
    # The default is an exhaustive search, which is repeated for each new number of people.
    cuda = (PROVIDERS["cuda"], {"cudnn_conv_algo_search": "HEURISTIC"})
    if device == "cuda":
        return [cuda, PROVIDERS["cpu"]]
    return [(PROVIDERS["tensorrt"], _tensorrt(precision, path)), cuda, PROVIDERS["cpu"]]


def _tensorrt(precision: str, path: Path) -> dict[str, Any]:
    """Return TensorRT's options: engines are built once, for any number of people, and cached."""
    folder = cache_dir() / "tensorrt"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "trt_fp16_enable": precision == "fp16",
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_engine_cache_prefix": path.stem,
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    dims = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    if dims and dims[0] == 0:
        for name, count in (("min", 1), ("opt", 1), ("max", MAX_BATCH)):
            shape = "x".join(map(str, (count, *dims[1:])))
            options[f"trt_profile_{name}_shapes"] = f"{graph.input[0].name}:{shape}"
    return options


def _explain() -> str:
    """Say on one line why CUDA did not load: the versions required and those found."""
    from onnxruntime.capi import build_and_package_info as built

    cuda, cudnn = (getattr(built, name, "") for name in ("cuda_version", "cudnn_version"))
    return (
        f"onnxruntime {ort.__version__} wants CUDA {cuda or '12'} and cuDNN {cudnn or '9'}; found "
        f"{_cuda('libcuda.so.1', 'cuDriverGetVersion')} in the driver, "
        f"{_cuda('libcudart.so', 'cudaRuntimeGetVersion', (13, 12, 11))} and {_cudnn()}; "
        "pip install 'onnxruntime-gpu[cuda,cudnn]' brings both, or use device 'cpu'"
    )


def _cuda(library: str, function: str, majors: tuple[int, ...] = ()) -> str:
    """Return the CUDA version of a library, which reports it as 1000 * major + 10 * minor."""
    for name in [f"{library}.{major}" for major in majors] or [library]:
        number = ctypes.c_int()
        try:
            if getattr(ctypes.CDLL(name), function)(ctypes.byref(number)) == 0:
                return f"CUDA {number.value // 1000}.{number.value % 1000 // 10}"
        except OSError:
            continue
    return f"no {library}"


def _cudnn() -> str:
    """Return the version of the installed cuDNN.

    cuDNN reports it as 10000 * major + 100 * minor; before version 9, as 1000 * major + ...
    """
    for name in ("libcudnn.so.9", "libcudnn.so.8"):
        try:
            number = int(ctypes.CDLL(name).cudnnGetVersion())
        except OSError:
            continue
        big = 10000 if number >= 90000 else 1000
        return f"cuDNN {number // big}.{number % big // 100}"
    return "no libcudnn.so"
