# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite networks in LiteRT, on CPUs."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation.runtimes.target import ExecutionTarget, Unavailable, line

THREADS = min(os.cpu_count() or 1, 4)  # more do not make these small networks faster
_CHATTER = b"INFO: Created TensorFlow Lite"


class LiteRt:
    """Implementation of `Network` with LiteRT's interpreter and XNNPACK.

    Args:
        path: the TFLite file.
        outputs: names of the outputs that are wanted. What only the others need is not computed.

    Raises:
        ModelError: the file is not such a network.
        Unavailable: LiteRT is not installed.
    """

    best = ()  # there is only the CPU
    target = ExecutionTarget("litert", "cpu", "fp32")

    def __init__(self, path: Path | str, _: ExecutionTarget, outputs: tuple[str, ...]) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as err:
            raise Unavailable(
                f"runtime 'litert' cannot be had: {err}; pip install ai-edge-litert"
            ) from err
        try:
            with _quiet():
                self._interpreter = Interpreter(
                    model_content=pruned(Path(path).read_bytes(), outputs), num_threads=THREADS
                )
                self._interpreter.allocate_tensors()
                self._interpreter.invoke()  # the slow first run
        except ModelError as err:
            raise ModelError(f"{path}: {err}") from err
        except Exception as err:  # LiteRT raises RuntimeError and ValueError, flatbuffers its own
            raise ModelError(f"{path}: not a usable TFLite model: {line(err)}") from err
        inputs = self._interpreter.get_input_details()
        index = {d["name"]: d["index"] for d in self._interpreter.get_output_details()}
        self.inputs = {d["name"]: tuple(int(n) for n in d["shape"]) for d in inputs}
        self.outputs = outputs
        self._inputs = {d["name"]: d["index"] for d in inputs}
        self._outputs = [index[name] for name in outputs]

    def __call__(self, feed: Mapping[str, Any]) -> list[np.ndarray]:
        for name, array in feed.items():
            self._interpreter.set_tensor(self._inputs[name], array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def pruned(model: bytes, outputs: tuple[str, ...]) -> bytes:
    """Return a TFLite model that has these outputs only, and only the operators they need.

    LiteRT itself always computes all outputs.

    Raises:
        ModelError: there is no such output.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = parsed.subgraphs[0]
    by_name = {graph.tensors[t].name.decode(): t for t in graph.outputs}
    missing = [name for name in outputs if name not in by_name]
    if missing:
        raise ModelError(f"has no output {missing[0]!r}, only {', '.join(by_name)}")
    graph.outputs = [by_name[name] for name in outputs]
    needed, kept = set(graph.outputs), []
    for operator in reversed(graph.operators):
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            kept.append(operator)
    graph.operators = kept[::-1]
    parsed.signatureDefs = None  # they name the outputs that are gone
    builder = flatbuffers.Builder(len(model))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress LiteRT's start-up message, which its C++ code writes to descriptor 2.

    Other output to that descriptor is collected and written afterwards.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            caught.seek(0)
            kept = b"".join(line for line in caught if not line.startswith(_CHATTER))
            if kept:
                os.write(2, kept)
