#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the documentation.

    python tools/pictures.py                # all but the session
    python tools/pictures.py keypoints      # or: cast, frames, node_graph, guidance_states
    python tools/demo.py --animation docs/images/session.gif noise:=0.0    # the session

`node_graph` and `guidance_states` are drawn by Graphviz from the `.dot` files in docs/images
(`apt-get install graphviz`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"


def graphviz(name: str) -> None:
    """Draw docs/images/<name>.svg from the .dot file beside it."""
    if not shutil.which("dot"):
        sys.exit("dot is not installed: apt-get install graphviz")
    subprocess.run(
        ["dot", "-Tsvg", f"{FOLDER / name}.dot", "-o", f"{FOLDER / name}.svg"], check=True
    )


def keypoints() -> None:
    import keypoints_picture

    keypoints_picture.write(FOLDER / "keypoints.jpg")


def cast() -> None:
    import cast_picture

    cast_picture.write(FOLDER / "cast.jpg")


def frames() -> None:
    import frames_picture

    (FOLDER / "frames.svg").write_text(frames_picture.svg())


PICTURES = {
    "keypoints": keypoints,
    "cast": cast,
    "frames": frames,
    "node_graph": lambda: graphviz("node_graph"),
    "guidance_states": lambda: graphviz("guidance_states"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(PICTURES)}")
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - PICTURES.keys():
        parser.error(f"unknown picture {sorted(unknown)[0]!r}: there are {', '.join(PICTURES)}")
    for name in names:
        PICTURES[name]()


if __name__ == "__main__":
    main()
