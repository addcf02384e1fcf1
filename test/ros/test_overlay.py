# SPDX-License-Identifier: Apache-2.0
"""The overlay node: nothing to do while nobody looks."""

from __future__ import annotations

import time

import numpy as np
from harness import wait_until
from sensor_msgs.msg import Image
from test_guidance import portrait

from dwpose_ros.core.images import to_bgr
from dwpose_ros.msg import Guidance, WholeBodyPose
from dwpose_ros.ros.qos import NEWEST_IMAGE


def test_it_subscribes_and_draws_only_while_somebody_looks(peer, run, image):
    images = peer.node.create_publisher(Image, "image_raw", NEWEST_IMAGE)
    poses = peer.node.create_publisher(WholeBodyPose, "wholebody_pose", 5)
    told = peer.node.create_publisher(Guidance, "guidance", 5)
    run("overlay")
    wait_until(lambda: peer.node.count_publishers("overlay"))
    time.sleep(1.0)
    assert images.get_subscription_count() == 0

    overlays: list[Image] = []
    look = peer.node.create_subscription(Image, "overlay", overlays.append, NEWEST_IMAGE)
    for publisher in (images, poses, told):
        wait_until(publisher.get_subscription_count)

    def drawn():
        told.publish(Guidance(text="Hold still."))
        sent = image(np.full((720, 1280, 3), 100, np.uint8))
        images.publish(sent)
        time.sleep(0.1)
        poses.publish(
            WholeBodyPose(header=sent.header, width=1280, height=720, persons=[portrait(0.5)])
        )
        time.sleep(0.1)
        return overlays and overlays[-1].header == sent.header

    wait_until(drawn)
    bgr = to_bgr(overlays[-1])
    assert bgr.shape == (720, 1280, 3)
    assert (bgr[200:500] != 100).any()  # the skeleton
    assert (bgr[-30:] > 250).any()  # the text
    assert (bgr[:100] == 100).all()

    peer.node.destroy_subscription(look)
    wait_until(lambda: images.get_subscription_count() == 0)

    # It is still there for whoever looks next.
    overlays.clear()
    peer.node.create_subscription(Image, "overlay", overlays.append, NEWEST_IMAGE)
    for publisher in (images, poses):
        wait_until(publisher.get_subscription_count)
    wait_until(drawn)
