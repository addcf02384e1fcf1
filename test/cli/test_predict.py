# SPDX-License-Identifier: Apache-2.0
"""The command on real files, with networks whose answer is known."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

from dwpose_ros.cli import predict
from dwpose_ros.core.keypoints import COUNT, NAMES
from dwpose_ros.estimation.dwpose import DWPose
from dwpose_ros.estimation.runtimes.target import ExecutionTarget
from dwpose_ros.tracking.pose_tracker import PoseTracker
from dwpose_ros.visualization.openpose import draw_pose_map, to_openpose

BOX = (80, 40, 200, 200)  # of the one person, in an image of 320 x 240; 3 : 4 as the crop
SIZE = (320, 240)


@pytest.fixture
def pair(standing_model, detector_model):
    """A pose network that sees a person who fills the box, and a detector that gives BOX."""
    return str(standing_model()), str(detector_model([BOX], [0.9]))


@pytest.fixture
def run(pair, tmp_path):
    """run(*arguments) -> the exit code; files go to tmp_path / out."""

    def _run(*arguments: object) -> int:
        model = ("--model", pair[0], "--detector", pair[1], "--device", "cpu")
        return predict.main([*map(str, arguments), *model, "--output", str(tmp_path / "out")])

    return _run


def picture(path: Path, grey: int = 100) -> Path:
    assert cv2.imwrite(str(path), np.full((SIZE[1], SIZE[0], 3), grey, np.uint8))
    return path


def film(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, SIZE)
    for i in range(frames):
        writer.write(np.full((SIZE[1], SIZE[0], 3), 10 + i % 200, np.uint8))
    writer.release()
    return path


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_an_image(run, tmp_path, capsys):
    image = picture(tmp_path / "a.png")
    assert run(image) == 0
    assert names(tmp_path / "out") == ["a.json", "a_overlay.jpg"]
    document = json.loads((tmp_path / "out" / "a.json").read_text())
    assert document["header"] == {"file": "a.png"}
    assert (document["width"], document["height"], document["model"]) == (*SIZE, "standing")
    assert document["keypoint_names"] == list(NAMES)
    (person,) = document["persons"]
    assert person["id"] == 1 and person["score"] == pytest.approx(0.9)
    assert person["box"] == pytest.approx(BOX, abs=0.01)
    points = np.array(person["keypoints"])
    assert points.shape == (COUNT, 3) and points[:, 2] == pytest.approx(0.9, abs=2e-3)
    # The first four are in the middles of the box's sides.
    assert points[:4, :2] == pytest.approx(
        np.array([[80, 120], [200, 120], [140, 40], [140, 200]]), abs=1
    )
    drawn = cv2.imread(str(tmp_path / "out" / "a_overlay.jpg"))
    assert drawn.shape == (240, 320, 3)
    changed = np.abs(drawn.astype(int) - 100).max(2) > 50
    assert changed[40:200, 80:200].any() and not changed[:, :70].any()
    out = capsys.readouterr().out
    assert out.startswith(f"{image}: 1 person, written: ") and out.count("\n") == 1


def test_only_openpose(run, pair, tmp_path):
    image = picture(tmp_path / "a.png")
    assert run(image, "--openpose") == 0
    assert names(tmp_path / "out") == ["a_openpose.json", "a_openpose.png"]
    poses = DWPose(*pair, ExecutionTarget(device="cpu"))(cv2.imread(str(image)))
    document = json.loads((tmp_path / "out" / "a_openpose.json").read_text())
    assert document == to_openpose(poses, *SIZE)
    pose_map = cv2.imread(str(tmp_path / "out" / "a_openpose.png"))
    assert np.array_equal(pose_map, draw_pose_map(poses, *SIZE)) and pose_map.any()


def test_points_up_to_the_threshold_are_not_drawn(run, tmp_path):
    assert run(picture(tmp_path / "a.png"), "--threshold", "0.95", "--overlay") == 0
    drawn = cv2.imread(str(tmp_path / "out" / "a_overlay.jpg"))
    assert np.abs(drawn.astype(int) - 100).max() < 5


def test_nobody(pose_model, detector_model, tmp_path, capsys):
    detector = detector_model([BOX], [0.1])
    assert predict.main([
        str(picture(tmp_path / "a.png")), "--model", str(pose_model()), "--detector",
        str(detector), "--output", str(tmp_path / "out"), "--openpose", "--json", "--overlay",
    ]) == 0  # fmt: skip
    assert "0 people" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "a.json").read_text())["persons"] == []


def test_a_folder(run, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("2.png", "10.png", "same.png", "same.bmp"):
        picture(folder / name)
    (folder / "notes.txt").write_text("no image")
    assert run(folder, "--json") == 0
    assert names(tmp_path / "out") == ["10.json", "2.json", "same.bmp.json", "same.png.json"]
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.split(":")[0]).name for line in lines[:2]] == ["2.png", "10.png"]


def test_the_rest_of_a_folder_is_done_when_one_image_is_damaged(run, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no image")
    picture(folder / "b.png")
    assert run(folder, "--json") == 1
    assert names(tmp_path / "out") == ["b.json"]
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "a.png" in x]
    assert "a.png: is no image that can be read" in line


def test_a_video(run, pair, tmp_path, capsys):
    video = film(tmp_path / "v.avi", 12)
    assert run(video, "--json", "--openpose", "--overlay") == 0
    out = tmp_path / "out"
    assert names(out) == ["v.jsonl", "v_openpose.json", "v_openpose.mp4", "v_overlay.mp4"]
    frames = [json.loads(line) for line in (out / "v.jsonl").read_text().splitlines()]
    assert [f["header"]["frame"] for f in frames] == list(range(12))
    assert [f["header"]["time_s"] for f in frames] == pytest.approx(
        [i / 25 for i in range(12)], abs=1e-3
    )
    tracker = PoseTracker(DWPose(*pair, ExecutionTarget(device="cpu")))
    black = np.zeros((240, 320, 3), np.uint8)
    wanted = [tracker(black, i / 25).ids.tolist() for i in range(12)]
    assert any(wanted)
    assert [[p["id"] for p in f["persons"]] for f in frames] == wanted
    poses = json.loads((out / "v_openpose.json").read_text())
    assert [len(f["people"]) for f in poses] == [len(ids) for ids in wanted]
    for name in ("v_openpose.mp4", "v_overlay.mp4"):
        capture = cv2.VideoCapture(str(out / name))
        assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 12
        assert capture.get(cv2.CAP_PROP_FPS) == 25
        there, frame = capture.read()
        assert there and frame.shape == (240, 320, 3)
    assert " in 12 frames, written: " in capsys.readouterr().out


def test_a_video_of_odd_sides_loses_no_row_and_no_column(run, tmp_path):
    """MP4 wants even ones, and OpenCV would cut one off."""
    jpeg = cv2.imencode(".jpg", np.full((241, 321, 3), 100, np.uint8))[1].tobytes()
    (tmp_path / "v.mjpeg").write_bytes(3 * jpeg)
    assert run(tmp_path / "v.mjpeg", "--overlay") == 0
    capture = cv2.VideoCapture(str(tmp_path / "out" / "v_overlay.mp4"))
    assert capture.read()[1].shape == (242, 322, 3)


def test_a_videos_first_frames(run, tmp_path):
    assert run(film(tmp_path / "v.avi", 12), "--json", "--frames", 5) == 0
    assert len((tmp_path / "out" / "v.jsonl").read_text().splitlines()) == 5


class TestRefused:
    """One line, exit code 2, and nothing is written."""

    @pytest.fixture
    def refused(self, run, tmp_path, capsys):
        def _refused(*arguments):
            before = names(tmp_path / "out") if (tmp_path / "out").is_dir() else []
            capsys.readouterr()
            assert run(*arguments) == 2
            out, err = capsys.readouterr()
            assert not out and err.count("\n") == 1, err
            assert (names(tmp_path / "out") if (tmp_path / "out").is_dir() else []) == before
            return err

        return _refused

    def test_what_is_not_there(self, refused):
        assert refused("nowhere.jpg").startswith("nowhere.jpg: does not exist; give an image")

    def test_a_pipe(self, refused, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert "pipe: is neither a file nor a folder" in refused(tmp_path / "pipe")

    def test_an_empty_folder(self, refused, tmp_path):
        (tmp_path / "in").mkdir()
        assert "in: the folder has no image" in refused(tmp_path / "in")

    def test_a_damaged_image(self, refused, tmp_path):
        (tmp_path / "a.png").write_bytes(b"no image")
        assert "a.png: is no image that can be read" in refused(tmp_path / "a.png")

    def test_a_damaged_video(self, refused, tmp_path):
        (tmp_path / "a.mp4").write_bytes(b"no video")
        assert "a.mp4 cannot be opened: it is no video" in refused(tmp_path / "a.mp4")

    def test_a_camera_that_is_absent(self, refused):
        assert "camera 77 cannot be opened" in refused("77")

    def test_what_is_written_already(self, refused, run, tmp_path):
        image = picture(tmp_path / "a.png")
        assert run(image) == 0
        before = (tmp_path / "out" / "a.json").read_bytes()
        picture(image, 50)
        assert "a.json and 1 more exist; give another --output, or --force" in refused(image)
        assert (tmp_path / "out" / "a.json").read_bytes() == before
        assert run(image, "--force") == 0

    def test_two_of_one_name(self, refused, tmp_path):
        for folder in ("x", "y"):
            (tmp_path / folder).mkdir()
            picture(tmp_path / folder / "a.png")
        says = refused(tmp_path / "x", tmp_path / "y" / "a.png")
        assert "x/a.png and" in says and "y/a.png would both be written to" in says

    def test_an_output_that_is_an_input(self, refused, tmp_path):
        (tmp_path / "out").mkdir()
        first, second = (picture(tmp_path / n) for n in ("a.png", "out/a_overlay.jpg"))
        says = refused(first, second, "--overlay", "--force")
        assert "a_overlay.jpg is an input itself" in says

    def test_an_output_that_is_no_folder(self, refused, tmp_path):
        (tmp_path / "out").write_text("a file")
        assert "out: cannot be written to: File exists" in refused(picture(tmp_path / "a.png"))

    def test_a_model_that_is_absent(self, tmp_path, capsys):
        given = [str(picture(tmp_path / "a.png")), "--output", str(tmp_path / "out")]
        assert predict.main([*given, "--model", "no.onnx"]) == 2
        assert capsys.readouterr().err == "no.onnx: no such model file\n"

    @pytest.mark.parametrize(
        "arguments, says",
        [
            (["--frames", "-1"], "--frames is -1; wanted 1 or more"),
            (["--detect-every", "-1"], "--detect-every is -1; wanted 1 or more, or 0"),
            (["--threshold", "30"], "--threshold is 30.0; wanted 0 to 1"),
        ],
    )
    def test_usage(self, arguments, says, capsys):
        with pytest.raises(SystemExit) as stop:
            predict.main(["a.png", *arguments])
        assert stop.value.code == 2 and says in capsys.readouterr().err


def test_a_full_disk_leaves_nothing(run, tmp_path, monkeypatch, capsys):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(picture(tmp_path / "a.png")) == 2
    assert run(film(tmp_path / "v.avi", 3)) == 2
    assert names(tmp_path / "out") == []
    assert capsys.readouterr().err.count("cannot be written to: No space left on device") == 2


class Process:
    """The command as a process, that Ctrl-C may reach."""

    def __init__(self, pair, out: Path, *arguments: object) -> None:
        self.out = out
        command = [
            sys.executable, "-m", "dwpose_ros.cli.main", "predict", *map(str, arguments),
            "--model", pair[0], "--detector", pair[1], "--device", "cpu", "--output", str(out),
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def interrupt_once_it_writes(self, size: int = 1) -> None:
        end = time.monotonic() + 60
        while not any(p.stat().st_size >= size for p in self.out.glob(".predict_*/*")):
            assert self._process.poll() is None and time.monotonic() < end
            time.sleep(0.01)
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out, err


def test_ctrl_c_leaves_nothing_that_is_not_finished(pair, tmp_path):
    process = Process(pair, tmp_path / "out", film(tmp_path / "v.avi", 6_000), "--json")
    process.interrupt_once_it_writes()
    code, out, err = process.end()
    assert code == 130 and not out
    assert "stopped: what was not finished was not written" in err and "Traceback" not in err
    assert names(tmp_path / "out") == []


@pytest.fixture
def stream():
    """The URL of an endless stream of JPEGs, as network cameras have."""
    _, jpeg = cv2.imencode(".jpg", np.full((SIZE[1], SIZE[0], 3), 100, np.uint8))
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            part = b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
            try:
                while not over.wait(0.02):
                    self.wfile.write(part % (len(jpeg), jpeg.tobytes()))
            except OSError:  # the reader has left
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/stream.mjpg"
    over.set()
    server.shutdown()
    server.server_close()


def test_ctrl_c_is_the_way_to_end_a_camera(pair, tmp_path, stream):
    process = Process(pair, tmp_path / "out", stream, "--json", "--overlay")
    process.interrupt_once_it_writes()
    code, out, err = process.end()
    assert code == 0, err
    (lines,) = (tmp_path / "out").glob("stream_*.jsonl")
    frames = [json.loads(line) for line in lines.read_text().splitlines()]
    assert f" in {len(frames)} frames, written: " in out and frames
    times = [frame["header"]["time_s"] for frame in frames]
    assert times[0] == 0 and times == sorted(times)
    (video,) = (tmp_path / "out").glob("stream_*_overlay.mp4")
    capture = cv2.VideoCapture(str(video))
    seconds = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    assert seconds == pytest.approx(times[-1], abs=0.1)


def test_a_stream_ends_with_frames(run, tmp_path, stream):
    assert run(stream, "--frames", 3, "--json") == 0
    (lines,) = (tmp_path / "out").glob("*.jsonl")
    assert len(lines.read_text().splitlines()) == 3


def _height(person: dict) -> float:
    return person["box"][3] - person["box"][1]


@needs_holistic
def test_a_real_video_with_holistic(data, tmp_path):
    """Several people walk through it; the one nearest to the camera is in all of it."""
    out = tmp_path / "out"
    video = data / "demo.mp4"
    assert predict.main([str(video), "--backend", "holistic", "--output", str(out)]) == 0
    frames = [json.loads(line) for line in (out / "demo.jsonl").read_text().splitlines()]
    capture = cv2.VideoCapture(str(video))
    assert len(frames) == capture.get(cv2.CAP_PROP_FRAME_COUNT)
    people = [p for frame in frames for p in frame["persons"]]
    nearest = [max(frame["persons"], key=_height)["id"] for frame in frames]
    assert len(set(nearest)) == 1
    seen = np.array([p["keypoints"] for p in people])
    assert (seen[:, :17, 2] > 0.5).mean() > 0.5  # most of the body, most of the time
