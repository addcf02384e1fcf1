# SPDX-License-Identifier: Apache-2.0
"""The gallery's data over HTTP."""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import struct
import zipfile

import cv2
import numpy as np
import pytest
from test_security import ask

from dwpose_ros.capture.archive import Archive
from dwpose_ros.web import gallery

T = 1_700_000_000


def remove(served, path: str) -> int:
    host = served.url.split("/")[2]
    return ask(served, path, "DELETE", Host=host, Origin=f"http://{host}")[0]


def listed(served) -> list:
    return json.loads(ask(served, "/api/captures")[2])["sessions"]


def test_a_capture_with_its_worth(serve, captured):
    name = captured("face", T)
    served = serve()
    [[one]] = listed(served)
    assert (one["name"], one["label"], one["time_s"], one["quality"]) == (name, "face", T, 71)
    assert one["measures"] == {"eyes_open": 97} and one["rejected"]
    assert one["kinds"] == ["image", "overlay", "pose"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_document_with_numbers_that_are_none_keeps_no_picture_back(
    serve, captured, tmp_path, number
):
    captured("face", T)
    name = captured("hands", T + 1)
    file = tmp_path / "captures" / f"{name}.json"
    text = file.read_text().replace("71.4", number).replace("97.2", number)
    file.write_text(text.replace(f'"sec": {T + 1}', f'"sec": {number}'))
    [[first, second]] = listed(serve())
    assert (first["quality"], first["measures"], second["quality"]) == (None, {}, 71)
    assert first["name"] == name and abs(first["time_s"] - file.stat().st_mtime) < 60


def test_all_files_can_be_had(serve, captured):
    name = captured("face", T)
    served = serve()
    path = f"/api/captures/{name}"
    for kind, form in (("image", "png"), ("overlay", "jpeg"), ("thumbnail", "jpeg")):
        status, headers, body = ask(served, f"{path}/{kind}")
        assert status == 200 and headers["Content-Type"] == f"image/{form}"
        assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape == (90, 120, 3)
    _, headers, body = ask(served, f"{path}/pose?download")
    assert f'filename="{name}.json"' in headers["Content-Disposition"]
    assert json.loads(body)["width"] == 120


def test_openpose_is_made_where_no_node_wrote_it(serve, captured):
    served = serve()
    path = f"/api/captures/{captured('face', T)}/openpose"
    document = json.loads(ask(served, path)[2])
    assert document["canvas_width"] == 120
    assert document["people"][0]["pose_keypoints_2d"][:3] == [5.0, 6.0, 1.0]
    damaged = captured("hands", T, persons=[{"keypoints": [[1, 2]]}])
    assert ask(served, f"/api/captures/{damaged}/openpose")[0] == 404


def test_a_session_as_one_zip(serve, captured):
    names = [captured("front", T), captured("left", T + 20)]
    captured("other", T - 5000)
    served = serve()
    _, headers, body = ask(served, f"/api/sessions/{names[1]}/{names[0]}/zip")
    assert int(headers["Content-Length"]) == len(body)
    packed = zipfile.ZipFile(io.BytesIO(body))
    assert packed.testzip() is None
    assert sorted(packed.namelist()) == sorted(
        f"{name}{ending}" for name in names for ending in (".png", ".json", "_overlay.jpg")
    )


@pytest.fixture
def download(captured, tmp_path):
    """download(served) -> a connection on which the zip file of a large capture comes, and its
    path.
    """
    name = captured("face", T)
    with open(tmp_path / "captures" / f"{name}.png", "ab") as file:
        file.truncate(50_000_000)  # more than any buffer takes
    path = f"/api/sessions/{name}/{name}/zip"

    def begin(served) -> tuple[socket.socket, str]:
        host, port = served.url.split("/")[2].split(":")
        connection = socket.create_connection((host, int(port)))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        return connection, path

    return begin


def test_a_download_that_nobody_reads_keeps_nobody_waiting(serve, download, monkeypatch):
    monkeypatch.setattr(gallery, "STALLED_S", 0.5)
    served = serve()
    stalled, path = download(served)
    with stalled:
        assert ask(served, path)[0] == 200


def test_a_download_that_is_ended_is_no_error(serve, download, caplog):
    served = serve()
    ended, path = download(served)
    with ended:
        ended.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    assert ask(served, path)[0] == 200  # which waits for its turn
    assert not caplog.records


@pytest.fixture
def gone(monkeypatch, tmp_path):
    """gone(name) has the files of a capture removed when a session was looked up, as the capture
    node removes old ones at any time.
    """

    def remove(name: str) -> None:
        between = Archive.between

        def removed(archive, newest, oldest):
            found = between(archive, newest, oldest)
            for file in (tmp_path / "captures").glob(f"{name}*"):
                file.unlink()
            return found

        monkeypatch.setattr(Archive, "between", removed)

    return remove


def test_a_picture_that_goes_while_it_is_packed_is_left_out(serve, captured, gone):
    names = [captured("front", T), captured("left", T + 20)]
    gone(names[0])
    status, _, body = ask(serve(), f"/api/sessions/{names[1]}/{names[0]}/zip")
    assert status == 200
    packed = zipfile.ZipFile(io.BytesIO(body))
    assert packed.testzip() is None
    found = {name.split(".")[0].removesuffix("_overlay") for name in packed.namelist()}
    assert found == {names[1]}


def test_a_session_of_which_nothing_is_left_is_not_there(serve, captured, gone):
    name = captured("front", T)
    gone(name)
    assert ask(serve(), f"/api/sessions/{name}/{name}/zip")[0] == 404


def test_pictures_of_a_machine_without_a_clock_can_be_packed(serve, captured, tmp_path):
    name = captured("front", T)
    for file in (tmp_path / "captures").iterdir():
        os.utime(file, (0, 0))
    assert ask(serve(), f"/api/sessions/{name}/{name}/zip")[0] == 200


def test_a_full_disk_is_one_sentence(serve, captured, monkeypatch):
    class Full(io.BytesIO):
        def write(self, content) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    name = captured("front", T)
    monkeypatch.setattr(gallery.tempfile, "TemporaryFile", Full)
    status, _, body = ask(serve(), f"/api/sessions/{name}/{name}/zip")
    assert status == 404 and body == b"the zip file cannot be made: No space left on device"


def test_deletion(serve, captured, tmp_path):
    names = [captured("front", T), captured("left", T + 20), captured("old", T - 5000)]
    served = serve()
    assert remove(served, f"/api/captures/{names[0]}") == 200
    assert remove(served, f"/api/captures/{names[0]}") == 404
    assert [[one["name"] for one in session] for session in listed(served)] == [
        [names[1]],
        [names[2]],
    ]
    assert remove(served, f"/api/sessions/{names[1]}/{names[1]}") == 200
    assert {p.name.split(".")[0].removesuffix("_overlay") for p in (
        tmp_path / "captures").iterdir()} == {names[2]}  # fmt: skip


def test_paths_lead_nowhere_else(serve, captured, tmp_path):
    captured("face", T)
    (tmp_path / "secret.png").write_text("secret")
    served = serve()
    for name in ("..%2Fsecret", "%2e%2e/secret", "../secret", "secret", "%00", "a" * 3000):
        for kind in ("image", "pose", "../secret.png", "..%2f..%2fetc%2fpasswd"):
            status, _, body = ask(served, f"/api/captures/{name}/{kind}")
            assert status == 404 and b"secret" != body
    for name in ("..%2Fserver.py", "%2Fetc%2Fpasswd", "nothing.js"):
        assert ask(served, f"/static/{name}")[0] == 404


def test_a_folder_that_is_gone_is_one_sentence(serve, tmp_path):
    status, _, body = ask(serve(), "/api/captures")
    assert status == 404
    assert body.decode().startswith(f"the folder {tmp_path / 'captures'} is not there")
