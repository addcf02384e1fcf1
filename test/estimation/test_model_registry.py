# SPDX-License-Identifier: Apache-2.0
"""The models command against a real HTTP server on this machine."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
import time

import pytest

from dwpose_ros.cli import models as command
from dwpose_ros.core.errors import ModelError
from dwpose_ros.estimation import checksums
from dwpose_ros.estimation import model_registry as models
from dwpose_ros.estimation.backends import find

CONTENT = bytes(range(256)) * 20_000  # 5 MB: several chunks


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        start = 0
        if server.ranges and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if self.path not in server.files:
            self.send_error(404)
            return
        body = server.files[self.path][start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.stop_after is not None:
            body, server.stop_after = body[: server.stop_after], None
            self.close_connection = True
        if server.stall_after is not None:
            self.wfile.write(body[: server.stall_after])
            server.stall_after = None
            server.go_on.wait(30.0)
            return
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked = {"/m/tiny.onnx": CONTENT}, []
    server.ranges, server.stop_after, server.stall_after = True, None, None
    server.go_on = threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def tiny(server, tmp_path, monkeypatch):
    """The one model of the registry; the cache is empty."""
    monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path / "cache"))
    model = models.Model(
        "tiny", "pose", f"{server.url}/m/tiny.onnx", len(CONTENT),
        hashlib.sha256(CONTENT).hexdigest(), "Apache-2.0",
    )  # fmt: skip
    monkeypatch.setattr(models, "MODELS", {"tiny": model})
    return model


def leave_part(model, content):
    models.cache_dir().mkdir(parents=True)
    part = models.cached(model).with_name("tiny.onnx.part")
    part.write_bytes(content)
    return part


class TestFetch:
    def test_a_file_appears_under_its_name(self, tiny):
        told = []
        path = models.fetch(tiny, lambda done, total: told.append((done, total)))
        assert path == models.cache_dir() / "tiny.onnx"
        assert path.read_bytes() == CONTENT
        assert told == sorted(told) and told[-1] == (len(CONTENT), len(CONTENT)) and told[1:]
        assert not list(models.cache_dir().glob("*.part"))
        assert models.status(tiny) == "ready"

    def test_a_second_time_asks_nobody(self, tiny, server):
        models.fetch(tiny)
        models.fetch(tiny)
        assert len(server.asked) == 1

    def test_it_goes_on_where_the_connection_broke(self, tiny, server):
        server.stop_after = 1_500_000
        with pytest.raises(ModelError, match="after 1500000 of 5120000 bytes; fetch again to go"):
            models.fetch(tiny)
        assert models.status(tiny) == "partial"
        assert not models.cached(tiny).exists()
        assert models.fetch(tiny).read_bytes() == CONTENT
        assert [r for _, r in server.asked] == [None, "bytes=1500000-"]

    def test_a_server_that_cannot_resume_starts_again(self, tiny, server):
        server.ranges = False
        leave_part(tiny, b"x" * 1000)
        assert models.fetch(tiny).read_bytes() == CONTENT

    def test_a_whole_part_needs_no_network(self, tiny, server):
        leave_part(tiny, CONTENT)
        assert models.fetch(tiny).read_bytes() == CONTENT
        assert server.asked == []

    def test_a_part_that_is_too_long_is_thrown_away(self, tiny):
        leave_part(tiny, CONTENT + b"more")
        assert models.fetch(tiny).read_bytes() == CONTENT

    def test_wrong_content_is_deleted_and_named(self, tiny, server):
        server.files["/m/tiny.onnx"] = wrong = CONTENT[::-1]
        with pytest.raises(ModelError) as error:
            models.fetch(tiny)
        assert hashlib.sha256(wrong).hexdigest() in str(error.value)
        assert tiny.sha256 in str(error.value)
        assert models.status(tiny) == "absent"
        server.files["/m/tiny.onnx"] = CONTENT
        assert models.fetch(tiny).read_bytes() == CONTENT

    def test_a_login_page_does_not_spoil_what_is_there(self, tiny, server):
        part = leave_part(tiny, CONTENT[:1000])
        server.files["/m/tiny.onnx"] = b"<html>please log in</html>" * 100
        with pytest.raises(ModelError, match="offers 1600 bytes, expected 5119000"):
            models.fetch(tiny)
        assert part.read_bytes() == CONTENT[:1000]

    @pytest.mark.parametrize(
        "spoilt, status",
        [(b"\0" * len(CONTENT), "wrong content"), (b"short", "wrong size")],
        ids=["zeros", "short"],
    )
    def test_a_spoilt_file_in_the_cache_is_replaced(self, tiny, spoilt, status):
        models.fetch(tiny)
        models.cached(tiny).write_bytes(spoilt)
        assert models.status(tiny) == status
        with pytest.raises(ModelError, match="SHA-256 is .* expected .*; fetch it again"):
            models.verify(tiny)
        assert models.fetch(tiny).read_bytes() == CONTENT

    @pytest.mark.parametrize("reason, path", [("refused", None), ("404", "/elsewhere/tiny.onnx")])
    def test_offline_says_what_to_fetch_and_where_to_put_it(self, tiny, server, reason, path):
        url = f"{server.url}{path}" if path else "http://127.0.0.1:1/tiny.onnx"
        gone = tiny._replace(url=url)
        with pytest.raises(ModelError) as error:
            models.fetch(gone)
        message = str(error.value)
        assert reason in message and "\n" not in message
        assert f"fetch {url} where there is a network" in message
        assert f"put it at {models.cached(tiny)}" in message
        assert models.status(tiny) == "absent"

    def test_not_a_url(self, tiny):
        with pytest.raises(ModelError, match="nonsense/tiny.onnx: cannot be fetched"):
            models.fetch(tiny, mirror="nonsense")

    def test_a_mirror(self, tiny, server):
        gone = tiny._replace(url="http://127.0.0.1:1/tiny.onnx")
        assert models.fetch(gone, mirror=f"{server.url}/m/").read_bytes() == CONTENT

    def test_the_name_is_taken_only_after_the_check(self, tiny):
        """Whoever looks during the download sees no file, or the whole one."""
        looks = []
        models.fetch(tiny, lambda *_: looks.append(models.cached(tiny).exists()))
        assert looks and not any(looks)

    def test_two_at_once_download_once(self, tiny, server):
        both = [threading.Thread(target=models.fetch, args=(tiny,)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert models.cached(tiny).read_bytes() == CONTENT
        assert len(server.asked) == 1

    def test_two_processes_at_once_download_once(self, tiny, server):
        """As two nodes that start together with `download:=true`."""
        script = "from dwpose_ros.estimation.model_registry import *; print(fetch(Model(*%r)))" % (
            tuple(tiny),
        )
        both = [
            subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        assert [one.communicate(timeout=30)[0] for one in both] == [f"{models.cached(tiny)}\n"] * 2
        assert models.cached(tiny).read_bytes() == CONTENT
        assert len(server.asked) == 1

    def test_who_waits_goes_on_where_another_was_killed(self, tiny, server):
        script = "from dwpose_ros.estimation.model_registry import *; fetch(Model(*%r))" % (
            tuple(tiny),
        )
        server.stall_after = 1_500_000
        first = subprocess.Popen([sys.executable, "-c", script])
        part = models.cached(tiny).with_name("tiny.onnx.part")
        end = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        second = threading.Thread(target=models.fetch, args=(tiny,))
        second.start()
        second.join(0.2)
        assert second.is_alive() and len(server.asked) == 1  # it waits for the first
        first.kill()
        first.wait()
        second.join(20)
        assert models.cached(tiny).read_bytes() == CONTENT
        first_asked, second_asked = (r for _, r in server.asked)
        assert first_asked is None
        assert 0 < int(second_asked.removeprefix("bytes=").removesuffix("-")) <= 1_500_000

    def test_a_cache_that_cannot_be_written(self, tiny, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(ModelError, match="tiny.onnx: cannot be written: Not a directory"):
            models.fetch(tiny)

    def test_a_full_disk(self, tiny, monkeypatch):
        def full(fd):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(models.os, "fsync", full)
        with pytest.raises(ModelError, match="tiny.onnx: cannot be written: No space left"):
            models.fetch(tiny)
        assert not models.cached(tiny).exists()


class TestStatus:
    def test_a_file_of_the_right_size_and_wrong_content_is_not_ready(self, tiny, capsys):
        models.cache_dir().mkdir(parents=True)
        models.cached(tiny).write_bytes(CONTENT[::-1])
        assert models.status(tiny) == "wrong content"
        assert command.main(["list"]) == 0 and "wrong content" in capsys.readouterr().out
        with pytest.raises(ModelError, match="tiny.onnx is wrong content: .* models fetch tiny"):
            find("tiny")

    @pytest.fixture
    def taken(self, monkeypatch):
        """Files whose checksum was taken."""
        paths, take = [], checksums.sha256
        monkeypatch.setattr(checksums, "sha256", lambda path: paths.append(path) or take(path))
        return paths

    def test_it_is_read_once(self, tiny, taken):
        models.fetch(tiny)
        assert [models.status(tiny) for _ in range(3)] == ["ready"] * 3 and len(taken) == 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda path: path.write_bytes(CONTENT[::-1]),
            lambda path: (
                path.rename(path.with_name("old")),
                path.write_bytes(CONTENT[::-1]),
                os.utime(path, ns=(0, path.with_name("old").stat().st_mtime_ns)),
            ),
        ],
    )
    def test_and_again_when_it_has_changed(self, tiny, taken, change):
        models.fetch(tiny)
        os.utime(models.cached(tiny), ns=(0, 10**18))
        assert models.status(tiny) == "ready"
        change(models.cached(tiny))
        assert models.status(tiny) == "wrong content"

    @pytest.mark.parametrize(
        "broken",
        [
            b"",
            b"{",
            b"[]",
            b"\xff\xfe",
            b'{"tiny.onnx": 3}',
            b"[" * 10**5,
            b'{"tiny.onnx": {"file": [1, 2, 3], "sha256": "right"}}',
            b'{"tiny.onnx": {"file": null, "sha256": null}}',
        ],
        ids=["empty", "cut off", "list", "no text", "number", "deep", "another file", "null"],
    )
    def test_a_broken_memory_is_no_harm(self, tiny, broken, taken):
        models.fetch(tiny)
        memory = models.cache_dir() / checksums.MEMORY
        memory.write_bytes(broken)
        taken.clear()
        assert [models.status(tiny), models.status(tiny)] == ["ready"] * 2 and len(taken) == 1
        assert {p.name for p in models.cache_dir().iterdir()} == {
            "tiny.onnx",
            "tiny.lock",
            checksums.MEMORY,
        }

    def test_a_cache_that_cannot_be_written_is_read_each_time(self, tiny, taken, monkeypatch):
        models.fetch(tiny)

        def refused(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(checksums.tempfile, "mkstemp", refused)
        (models.cache_dir() / checksums.MEMORY).unlink(missing_ok=True)
        taken.clear()
        assert [models.status(tiny), models.status(tiny)] == ["ready"] * 2 and len(taken) == 2


class TestCacheDir:
    @pytest.mark.parametrize(
        "environment, wanted",
        [
            ({"DWPOSE_ROS_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
            ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/dwpose_ros"),
            ({"HOME": "/c"}, "/c/.cache/dwpose_ros"),
            ({"DWPOSE_ROS_CACHE": "~/x", "HOME": "/c"}, "/c/x"),
        ],
    )
    def test_where(self, monkeypatch, environment, wanted):
        for name in ("DWPOSE_ROS_CACHE", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert str(models.cache_dir()) == wanted


class TestCommand:
    def test_list(self, tiny, capsys):
        assert command.main(["list"]) == 0
        out = capsys.readouterr().out
        for part in ("tiny", "pose", "5.1 MB", "Apache-2.0", "absent", str(models.cached(tiny))):
            assert part in out

    def test_fetch_then_verify(self, tiny, capsys):
        assert command.main(["fetch"]) == 0
        assert capsys.readouterr().out == f"{models.cached(tiny)}\n"
        assert command.main(["verify", "tiny"]) == 0
        assert capsys.readouterr().out == "tiny: right\n"

    def test_verify_of_what_is_not_there(self, tiny, capsys):
        assert command.main(["verify"]) == 0
        assert capsys.readouterr().out == "tiny: absent\n"
        assert command.main(["verify", "tiny"]) == 1
        assert "No such file" in capsys.readouterr().err

    def test_an_unknown_name(self, tiny, capsys):
        assert command.main(["fetch", "dw-xl"]) == 1
        assert capsys.readouterr().err == "model 'dw-xl' is unknown; there are tiny\n"

    def test_one_failure_does_not_stop_the_others(self, tiny, monkeypatch, capsys):
        bad = tiny._replace(name="bad", url="http://127.0.0.1:1/bad.onnx")
        monkeypatch.setattr(models, "MODELS", {"bad": bad, "tiny": tiny})
        assert command.main(["fetch"]) == 1
        assert models.status(tiny) == "ready"

    def test_mirror(self, tiny, server):
        assert command.main(["fetch", "tiny", "--mirror", f"{server.url}/m"]) == 0

    def test_wrong_usage(self):
        with pytest.raises(SystemExit) as stop:
            command.main(["download"])
        assert stop.value.code == 2


def test_what_comes_with_the_package_is_there_and_right(cache):
    shipped = [model for model in models.MODELS.values() if not model.url]
    assert [model.name for model in shipped] == ["person_nano"]
    for model in shipped:
        path = models.fetch(model)
        assert models.status(model) == "ready" and path == models.cached(model)
        assert path.parent == models.SHIPPED and not list(path.parent.glob("*.json"))
        models.verify(model)


def test_the_registry():
    for name, model in models.MODELS.items():
        assert model.name == name and model.kind in ("pose", "detector", "holistic", "body")
        assert not model.url or model.url.partition("?")[0].endswith(f"/{model.file}")
        assert "/resolve/main/" not in model.url
        assert len(model.sha256) == 64 and model.size > 1e5
