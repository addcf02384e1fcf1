#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Guides you: starts everything with your browser as the camera, and opens the page.

Starts `ros2 launch dwpose_ros guide.launch.py source:=browser`. Launch arguments, such as
profile:=full_body language:=fr, are passed on. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path

ARGUMENTS = {
    "source": "browser",
    "on_demand": "true",  # until Start is pressed
    "speaker": "page",
    "language": "en",
}
ADDRESS = re.compile(r"the screen is at (\S+)")
TOLD = re.compile(r"\[(ERROR|FATAL)\]|captured:")


def follow(launch: subprocess.Popen, log: Path) -> None:
    """Write the launch's output to a file, print what matters, and open the page."""
    opened = False
    with open(log, "w", encoding="utf-8") as file:
        for line in launch.stdout:
            file.write(line)
            file.flush()
            address = ADDRESS.search(line)
            if address and not opened:
                opened = True
                print(f"The page is {address[1]}\nCtrl-C ends it.\n", flush=True)
                # Some browsers stay in the foreground.
                threading.Thread(target=webbrowser.open, args=[address[1]], daemon=True).start()
            elif TOLD.search(line):
                print(line.rstrip(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, default=Path("demo/try.log"), help="of the nodes")
    args, given = parser.parse_known_args()
    if wrong := [word for word in given if ":=" not in word]:
        parser.error(f"{wrong[0]!r} is no launch argument, such as profile:=full_body")
    arguments = {**ARGUMENTS, **dict(word.split(":=", 1) for word in given)}
    args.log.parent.mkdir(parents=True, exist_ok=True)
    command = ["ros2", "launch", "dwpose_ros", "guide.launch.py"]
    command += [f"{name}:={value}" for name, value in arguments.items()]
    print(f"$ {' '.join(command)}\n(its output goes to {args.log})\n", flush=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    launch = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PATH": path},
        start_new_session=True,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        follow(launch, args.log)
    except KeyboardInterrupt:
        os.killpg(launch.pid, signal.SIGINT)
        launch.communicate()
    return launch.wait()


if __name__ == "__main__":
    sys.exit(main())
