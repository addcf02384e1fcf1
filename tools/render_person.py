#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Render the virtual person of the simulated camera: postures, yaws, and all 133 points.

    apt-get install blender morse-simulator-data
    python tools/render_person.py

writes dwpose_ros/simulation/atlas/man.npz anew, in about a quarter of an hour on two cores. The
person is human_rig.blend of Debian's morse-simulator-data (BSD-3-Clause); Blender renders it
without a display.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "person")]
from plan import views  # noqa: E402

from tools.person.pack import Told, pack  # noqa: E402

ATLAS = HERE.parent / "dwpose_ros" / "simulation" / "atlas"
ABOUT = {"age_years": 35, "seat": "", "stick": False, "without": ""}
RIG = Path("/usr/share/morse/data/robots/human_rig.blend")
COPYRIGHT = Path("/usr/share/doc/morse-simulator-data/copyright")
INSTALL = "apt-get install blender morse-simulator-data"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ATLAS, help="folder of the atlas (default: %(default)s)"
    )
    parser.add_argument("--rig", type=Path, default=RIG, help="the person (default: %(default)s)")
    parser.add_argument(
        "--renders",
        type=Path,
        help="keep Blender's pictures here, and do not render those again that are here",
    )
    parser.add_argument("--samples", type=int, default=24, help="rays a pixel (default: 24)")
    parser.add_argument("--only", default="", help="only views whose name contains this")
    chosen = parser.parse_args(arguments)
    blender = shutil.which("blender")
    if blender is None:
        raise SystemExit(f"blender is not installed: {INSTALL}")
    if not chosen.rig.exists():
        raise SystemExit(f"{chosen.rig} does not exist: {INSTALL}, or give --rig")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.renders or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        plan = [view for view in views() if chosen.only in view["name"]]
        if not plan:
            raise SystemExit(
                f"no view has {chosen.only!r} in its name, they are like {views()[0]['name']!r}"
            )
        render(blender, chosen.rig, plan, folder, chosen.samples)
        told = json.loads((folder / "views.json").read_text(encoding="utf-8"))
        told = Told(told["views"], told["postures"], told["stature"], ABOUT)
        size = pack(folder, told, chosen.out / "man.npz")
        (chosen.out / "LICENSE").write_text(licence(), encoding="utf-8")
    print(f"{chosen.out / 'man.npz'}: {size / 1e6:.1f} MB")


def render(blender: str, rig: Path, plan: list[dict], folder: Path, samples: int) -> None:
    """Run Blender on the plan. Raises SystemExit with the end of its output if it fails."""
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    command = [
        blender,
        "--background",
        str(rig),
        "--python-exit-code",
        "1",
        "--python",
        str(HERE / "person" / "in_blender.py"),
        "--",
        str(folder / "plan.json"),
        str(folder),
        str(samples),
        "2",
    ]
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout:
            said = [*said[-30:], line]
            if line.startswith("PROGRESS"):
                print(line[9:].rstrip(), flush=True)
    if process.returncode:
        raise SystemExit("Blender failed:\n" + "".join(said))


def licence() -> str:
    """Return the note that goes with the pictures: their origin, and Debian's copyright file."""
    if COPYRIGHT.exists():
        text = COPYRIGHT.read_text(encoding="utf-8").split("\nFiles: src/")[0].rstrip()
    elif (ATLAS / "LICENSE").exists():
        return (ATLAS / "LICENSE").read_text(encoding="utf-8")
    else:
        raise SystemExit(f"{COPYRIGHT} does not exist: {INSTALL}")
    return (
        "The pictures in man.npz are renders of robots/human_rig.blend of MORSE, as packaged\n"
        "in Debian's morse-simulator-data, made by tools/render_person.py. Their licence is that\n"
        "of the original, BSD-3-Clause; Debian's copyright file says:\n\n"
        + text
        + "\n\n"
        + WARRANTY
        + OTHERS
    )


# The disclaimer that the licence refers to, and the copyright file lacks.
WARRANTY = """\
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR
IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER
IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT
OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""
OTHERS = """

All other files in this folder are renders made by tools/people of MakeHuman's body, clothes, skins
and hair, which are CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/), as are they.
"""


if __name__ == "__main__":
    main()
