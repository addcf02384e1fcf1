# SPDX-License-Identifier: Apache-2.0
"""How long a picture takes to the screen's page, how many come, and what the node costs.

    python benchmark/screen.py            # 0, 1 and 5 viewers, 15 s each

A browser shows the page; pictures of 640x480 are published 30 times a second by a process of its
own, stamped when they are published, and the screen node has a process of its own. The page itself
measures when a picture was drawn (requestAnimationFrame after it). No estimator runs, so the times
are what the screen adds. CPU time is that of the node, not of the browser, whose pages share the
machine with it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import rclpy
from playwright.sync_api import sync_playwright
from sensor_msgs.msg import Image

from dwpose_ros.core.images import fill
from dwpose_ros.ros.qos import NEWEST_IMAGE

RATE_HZ, SIZE = 30.0, (640, 480)
BEGIN = "Object.assign(screenStats, {pictures: 0, stamps: [], began: performance.now()})"
RATE = "1000 * screenStats.pictures / (performance.now() - screenStats.began)"


def cpu_s(pid: int) -> float:
    """CPU time of a process and its threads, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


class Camera:
    """Publishes pictures with some detail, 30 times a second."""

    def __init__(self) -> None:
        rclpy.init(args=[])
        self._node = rclpy.create_node("camera")
        self._images = self._node.create_publisher(Image, "image_raw", NEWEST_IMAGE)
        noise = np.random.default_rng(1).normal(128, 40, (60, 80, 3)).clip(0, 255)
        self._bgr = cv2.resize(noise.astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._end.wait(max(0.0, due - time.monotonic())):
            due += 1 / RATE_HZ
            msg = fill(Image(), self._bgr)
            msg.header.stamp = self._node.get_clock().now().to_msg()
            self._images.publish(msg)

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        rclpy.try_shutdown()


class Screen:
    """The screen node as a process."""

    def __init__(self, folder: str) -> None:
        self._log = Path(folder, "screen.log")
        program = shutil.which("ros2", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        words = [program, "run", "dwpose_ros", "screen", "--ros-args", "-p", "port:=0"]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                words, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        while not (found := re.search(r"the screen is at (\S+)", self._log.read_text())):
            if self._process.poll() is not None:
                sys.exit(self._log.read_text())
            time.sleep(0.1)
        self.url = found[1]
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        started = children.read_text().split()  # `ros2 run` starts the node as a child, or is it
        self.pid = int(started[0]) if started else self._process.pid

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait(20)


def measure(browser, screen: Screen, viewers: int, seconds: float) -> dict[str, float]:
    """Open pages, let them settle, and measure."""
    # Windows of their own, since only the tab in front draws.
    pages = [browser.new_context().new_page() for _ in range(viewers)]
    for page in pages:
        page.goto(screen.url)
    time.sleep(4.0)
    for page in pages:
        page.evaluate(BEGIN)
    began, before = time.monotonic(), cpu_s(screen.pid)
    time.sleep(seconds)
    took, used = time.monotonic() - began, cpu_s(screen.pid) - before
    found = {"cpu": 100 * used / took}
    if pages:
        stamps = [pair for page in pages for pair in page.evaluate("screenStats.stamps")]
        ages = [1e3 * (drawn - stamp) for stamp, drawn in stamps]
        found["p50"], found["p95"] = np.percentile(ages, [50, 95])
        found["rate"] = min(page.evaluate(RATE) for page in pages)
    for page in pages:
        page.context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each number of viewers")
    parser.add_argument("--viewers", type=int, nargs="+", default=[0, 1, 5])
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no browser to measure in: apt-get install chromium")
    print("| viewers | stamp to pixel p50, p95 (ms) | pictures a second | CPU of the node (%) |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera, screen = Camera(), Screen(folder)
        browser = playwright.chromium.launch(
            executable_path=chromium,
            # Pages that are open beside each other all draw, as on several devices.
            args=["--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"],
        )
        try:
            for viewers in args.viewers * args.rounds:
                found = measure(browser, screen, viewers, args.seconds)
                shown = f"{found['p50']:.0f}, {found['p95']:.0f}" if viewers else "-"
                rate = f"{found['rate']:.1f}" if viewers else "-"
                print(f"| {viewers} | {shown} | {rate} | {found['cpu']:.1f} |", flush=True)
        finally:
            browser.close()
            screen.close()
            camera.close()


if __name__ == "__main__":
    main()
