"""onnxruntime, opened the one way the house wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from dwpose_ros.pose.people import ModelError

DEVICES = ("auto", "cpu", "cuda")


class Session:
    """One ONNX network with one image input, (batch, 3, height, width) float32.

    ``size`` is (width, height) and ``batch`` the number of images a run takes, each 0 where the
    file leaves it open. ``runs_on`` is what onnxruntime answers, not what was asked for. Raises
    ModelError for a missing or corrupt file, another input, or a ``cuda`` that cannot be had.
    """

    def __init__(self, path: Path | str, device: str = "auto") -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ModelError(f"{self.path}: no such model file")
        providers = _providers(device)
        options = ort.SessionOptions()
        options.log_severity_level = 3  # errors only: what matters is raised or logged by us
        # Two idle sessions in a process would spin against each other's work.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._session = ort.InferenceSession(str(self.path), options, providers=providers)
        except Exception as err:  # onnxruntime's own exceptions share no narrower base
            raise ModelError(f"{self.path}: not a usable ONNX model: {_line(err)}") from err
        self.runs_on = _short(self._session.get_providers()[0])
        if device == "cuda" and self.runs_on != "cuda":
            raise ModelError(
                f"device 'cuda' cannot be had: {self.path.name} would run on {self.runs_on}; "
                "CUDA 12 and cuDNN 9 must be found by onnxruntime, or use device 'cpu'"
            )
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or inputs[0].type != "tensor(float)":
            found = ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs)
            raise ModelError(
                f"{self.path}: inputs are {found}; wanted one, (batch, 3, height, width) float"
            )
        self._input = inputs[0].name
        batch, _, height, width = (d if isinstance(d, int) and d > 0 else 0 for d in shape)
        self.batch, self.size = batch, (width, height)

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Run (n, 3, height, width) float32 through the network; gives all its outputs."""
        return self._session.run(None, {self._input: images})

    def probe(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """The outputs' real shapes for one black image; also takes the slow first run."""
        try:
            return [a.shape for a in self(np.zeros((1, 3, size[1], size[0]), np.float32))]
        except Exception as err:
            raise ModelError(
                f"{self.path}: does not run on an input of (1, 3, {size[1]}, {size[0]}): "
                f"{_line(err)}"
            ) from err


def _providers(device: str) -> list[str]:
    if device not in DEVICES:
        raise ModelError(f"device {device!r} is unknown; use one of {', '.join(DEVICES)}")
    available = ort.get_available_providers()
    if device == "cuda" and "CUDAExecutionProvider" not in available:
        raise ModelError(
            "device 'cuda' cannot be had: this onnxruntime offers "
            f"{', '.join(map(_short, available))}; install onnxruntime-gpu, or use device 'cpu'"
        )
    if device == "cpu" or "CUDAExecutionProvider" not in available:
        return ["CPUExecutionProvider"]
    if hasattr(ort, "preload_dlls"):  # since 1.21: finds CUDA and cuDNN in pip's nvidia packages
        ort.preload_dlls()
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _short(provider: str) -> str:
    return provider.replace("ExecutionProvider", "").lower()


def _line(err: Exception) -> str:
    return " ".join(str(err).split())[:300]
