# SPDX-License-Identifier: Apache-2.0
"""The markers node: people in space, for whoever looks."""

from __future__ import annotations

import copy
import importlib.util
import math
import time

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from definitions import FOXGLOVE, messages
from geometry_msgs.msg import Point
from harness import wait_until
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from test_guidance import HEIGHT, WIDTH, portrait
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from dwpose_ros.core.images import fill
from dwpose_ros.core.keypoints import FACE, INDEX
from dwpose_ros.msg import Guidance, WholeBodyPose, WholeBodyPose3D
from dwpose_ros.ros.camera_frame import STATIC
from dwpose_ros.ros.qos import NEWEST_IMAGE
from dwpose_ros.visualization.skeleton import FACE_COLOR, LEFT, MIDDLE

FOCAL_PX = 1000.0
K = [FOCAL_PX, 0.0, WIDTH / 2, 0.0, FOCAL_PX, HEIGHT / 2, 0.0, 0.0, 1.0]


@pytest.fixture
def show(peer, run):
    """show(person, ...) publishes them in one image, with what else is wanted of that moment."""

    class Show:
        stamp_s = 100

        def start(self, env=None, **parameters):
            self.markers = peer.listen(MarkerArray, "markers")
            self.points = peer.listen(WholeBodyPose3D, "wholebody_pose_3d")
            self.node = run("markers", env=env, **parameters)
            self.poses = peer.publisher(WholeBodyPose, "wholebody_pose", 1)
            self.told = peer.publisher(Guidance, "guidance", 1)
            self.infos = peer.publisher(CameraInfo, "camera_info", 1)
            if parameters.get("depth"):
                self.depths = peer.publisher(Image, "depth/image", NEWEST_IMAGE)
            return self

        def __call__(
            self, *persons, text="", info=None, depth=None, late_s=0.0, until=lambda found: True
        ) -> dict[tuple[str, int], Marker]:
            """Markers of that image, by namespace and id. All is sent again until they are as
            wanted: what has topics of its own comes in any order, and large images get lost."""
            self.stamp_s += 1
            header = Header(frame_id="camera", stamp=Time(sec=self.stamp_s))

            def drawn():
                if info is not None:
                    self.infos.publish(info)
                self.told.publish(Guidance(text=text, person_id=persons[0].id if persons else 0))
                if depth is not None:
                    encoding = "16UC1" if depth.dtype == np.uint16 else "32FC1"
                    message = fill(Image(), depth, encoding)
                    message.header.stamp = Time(sec=self.stamp_s, nanosec=int(late_s * 1e9))
                    self.depths.publish(message)
                time.sleep(0.05)
                self.poses.publish(
                    WholeBodyPose(header=header, width=WIDTH, height=HEIGHT, persons=list(persons))
                )
                time.sleep(0.05)
                for message in [m for m in self.markers if m.markers]:
                    found = {(m.ns, m.id): m for m in message.markers}
                    if message.markers[0].header == header and until(found):
                        return found

            return wait_until(drawn)

    return Show()


def depths(found) -> set[float]:
    """How far away points are, m."""
    return {round(point.z, 2) for marker in found.values() for point in marker.points}


def test_people_stand_where_they_are(show):
    show.start()
    person = portrait(0.5)
    # Shoulders of 1.4 units look as large as an adult's at this distance, in the same plane.
    shoulders = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
    z = 0.23 * 1.7 * FOCAL_PX / float(np.ptp(person.x[shoulders]))
    found = show(
        person,
        info=CameraInfo(width=WIDTH, height=HEIGHT, k=K),
        until=lambda found: depths(found) == {round(z, 2)},
    )
    assert set(found) == {("skeletons", 7), ("points", 7)}
    lines, points = found["skeletons", 7], found["points", 7]
    assert (lines.type, points.type) == (Marker.LINE_LIST, Marker.SPHERE_LIST)
    assert lines.header.frame_id == "camera" and lines.pose.orientation.w == 1.0
    assert lines.lifetime.sec > 0
    nose = points.points[0]
    assert nose.x == pytest.approx((person.x[0] - WIDTH / 2) * z / FOCAL_PX, abs=0.01)
    assert nose.y == pytest.approx((person.y[0] - HEIGHT / 2) * z / FOCAL_PX, abs=0.01)


def test_a_frame_is_upright(peer, show):
    """For RViz: x ahead, y left, z up, whichever frame the images have."""
    frames = peer.listen(TFMessage, "/tf_static", STATIC)
    show.start()
    show(portrait(0.5))
    (turned,) = wait_until(lambda: frames)[0].transforms
    assert (turned.header.frame_id, turned.child_frame_id) == ("camera", "dwpose_camera_link")
    q, moved = turned.transform.rotation, turned.transform.translation
    assert (moved.x, moved.y, moved.z) == (0.0, 0.0, 0.0)
    s, v = q.w, np.array([q.x, q.y, q.z])
    for axis, in_image in (
        ((1, 0, 0), (0, 0, 1)),
        ((0, 1, 0), (-1, 0, 0)),
        ((0, 0, 1), (0, -1, 0)),
    ):
        t = 2 * np.cross(v, axis)
        assert axis + s * t + np.cross(v, t) == pytest.approx(in_image)
    late = peer.listen(TFMessage, "/tf_static", STATIC)  # it is latched
    wait_until(lambda: late)
    show(portrait(0.5))
    assert len(frames) == 1  # and told once


def test_the_person_s_left_is_blue(show):
    show.start()
    lines = show(portrait(0.5))["skeletons", 7]
    assert len(lines.points) == len(lines.colors) > 16 and len(lines.points) % 2 == 0
    left = [
        p
        for p, c in zip(lines.points, lines.colors)
        if [round(v * 255) for v in (c.b, c.g, c.r)] == list(LEFT)
    ]
    assert left and all(p.x >= 0 for p in left)  # on the image's right


def test_the_points_of_a_face_are_small(show):
    """In RViz 68 points of 25 mm were one blob."""
    show.start()
    person = portrait(0.5)
    person.x[FACE] = np.linspace(person.x[0] - 30, person.x[0] + 30, 68)
    person.y[FACE], person.scores[FACE] = person.y[0], 0.9
    found = show(person)
    faces, points = found["faces", 7], found["points", 7]
    assert len(faces.points) == 68 and faces.scale.x < 0.01 < points.scale.x
    for marker, bgr in ((faces, FACE_COLOR), (points, MIDDLE)):  # one colour for all of them
        color = marker.color
        assert [round(v * 255) for v in (color.b, color.g, color.r, color.a)] == [*bgr, 255]
        assert not marker.colors


def test_who_leaves_is_deleted_once(show):
    show.start()
    other = portrait(0.3, x=0.8)
    other.id = 8
    assert {number for _, number in show(portrait(0.5), other)} == {7, 8}
    found = show(portrait(0.5))
    assert {(key, marker.action) for key, marker in found.items()} == {
        (("skeletons", 7), Marker.ADD),
        (("points", 7), Marker.ADD),
        (("skeletons", 8), Marker.DELETE),
        (("points", 8), Marker.DELETE),
    }
    header = Header(frame_id="camera", stamp=Time(sec=900))
    show.poses.publish(WholeBodyPose(header=header, width=WIDTH, height=HEIGHT))
    told = wait_until(
        lambda: [m for m in show.markers if m.markers and m.markers[0].header == header]
    )[0].markers
    assert {(m.ns, m.id, m.action) for m in told} == {
        ("skeletons", 7, Marker.DELETE),
        ("points", 7, Marker.DELETE),
    }
    show.markers.clear()
    show.poses.publish(WholeBodyPose(header=header, width=WIDTH, height=HEIGHT))
    assert wait_until(lambda: show.markers) and not show.markers[0].markers


def test_the_instruction_is_above_whom_it_is_for(show):
    show.start()
    found = show(
        portrait(0.4, x=0.7), text="Move to your right.", until=lambda found: ("text", 0) in found
    )
    text, points = found["text", 0], found["points", 7]
    assert (text.type, text.text) == (Marker.TEXT_VIEW_FACING, "Move to your right.")
    assert text.pose.position.y < min(p.y for p in points.points) - 0.1  # y is down
    assert text.pose.position.x == pytest.approx(points.points[0].x, abs=0.3)
    step = "Please step into view."
    alone = show(
        text=step, until=lambda found: ("text", 0) in found and found["text", 0].text == step
    )["text", 0]
    assert alone.pose.position == Point(x=0.0, y=-0.4, z=2.0)


def test_a_camera_without_calibration_is_said_once(show):
    node = show.start().node
    blank = CameraInfo(width=WIDTH, height=HEIGHT)
    show(
        portrait(0.5),
        info=blank,
        until=lambda found: (
            "camera_info has no calibration: the camera is taken for one of 60 degrees"
            in node.output
        ),
    )
    show(portrait(0.5), info=blank)
    assert node.output.count("has no calibration") == 1


def test_a_calibration_of_another_aspect_ratio_is_not_used_and_that_is_said(show):
    k = [5000.0, 0.0, 640.0, 0.0, 5000.0, 360.0, 0.0, 0.0, 1.0]
    of_another = CameraInfo(width=WIDTH, height=HEIGHT + 240, k=k)
    node = show.start().node
    blank = show(portrait(0.5), info=CameraInfo(width=WIDTH, height=HEIGHT))["points", 7]
    found = show(
        portrait(0.5),
        info=of_another,
        until=lambda found: (
            f"for {WIDTH}x{HEIGHT + 240} pixels and does not fit {WIDTH}x{HEIGHT}" in node.output
        ),
    )
    assert found["points", 7].points[0].z == pytest.approx(blank.points[0].z)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_points_stand_where_a_depth_image_says(show, kind):
    show.start(depth=True)
    person = portrait(0.5)
    depth = np.full((HEIGHT, WIDTH), 2.5)
    x, y = round(person.x[INDEX["left_elbow"]]), round(person.y[INDEX["left_elbow"]])
    depth[y - 9 : y + 10, x - 9 : x + 10] = 2.1  # held towards the camera
    depth[:, : x - 400] = 9.0  # the wall, at the other elbow
    x, y = round(person.x[INDEX["right_elbow"]]), round(person.y[INDEX["right_elbow"]])
    depth[y - 9 : y + 10, x - 9 : x + 10] = 9.0
    depth = (depth * (1000 if kind == np.uint16 else 1)).astype(kind)
    info = CameraInfo(width=WIDTH, height=HEIGHT, k=K)
    show(
        person,
        info=info,
        depth=depth,
        until=lambda found: (
            # By the calibration: the nose is 72 px above the image's middle.
            depths(found) == {2.1, 2.5}
            and show.points
            and show.points[-1].persons[0].y[0] == pytest.approx(-0.072 * 2.5)
        ),
    )
    found = show.points[-1]
    assert found.header.frame_id == "camera" and found.header.stamp.sec == show.stamp_s
    (body,) = found.persons
    assert body.id == 7 and np.allclose(body.scores, person.scores)
    assert body.z[INDEX["nose"]] == pytest.approx(2.5)
    assert body.z[INDEX["left_elbow"]] == pytest.approx(2.1)
    assert body.x[INDEX["left_elbow"]] == pytest.approx(
        (person.x[INDEX["left_elbow"]] - WIDTH / 2) * 2.1 / FOCAL_PX, abs=0.01
    )
    assert math.isnan(body.z[INDEX["right_elbow"]])
    assert math.isnan(body.x[INDEX["left_ankle"]])  # not seen


def test_a_depth_image_of_another_moment_is_not_taken(show):
    node = show.start(depth=True, depth_tolerance=0.02).node
    near = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    show(portrait(0.5), depth=near, late_s=0.015, until=lambda found: depths(found) == {1.0})
    assert show.points
    show(
        portrait(0.5),
        depth=near,
        late_s=0.2,
        until=lambda found: "the nearest depth image is 0.200 s from the pose's" in node.output,
    )
    assert not [p for p in show.points if p.header.stamp.sec == show.stamp_s]
    assert not [
        p
        for m in show.markers
        for marker in m.markers
        for p in marker.points
        if m.markers[0].header.stamp.sec == show.stamp_s and p.z == 1.0
    ]  # by their size


def test_a_depth_image_of_another_size_is_named(show):
    node = show.start(depth=True).node
    show(
        portrait(0.5),
        depth=np.ones((240, 320), np.float32),
        until=lambda found: (
            "/depth/image: the depth image has 320x240 pixels, and the colour image 1280x720"
            in node.output
        ),
    )
    assert not show.points


def test_depth_that_never_comes_is_said(show):
    node = show.start(depth=True).node
    show(portrait(0.5), until=lambda found: "no depth image came yet" in node.output)


def test_it_listens_only_while_somebody_looks(peer, run):
    poses = peer.node.create_publisher(WholeBodyPose, "wholebody_pose", 1)
    run("markers").says(
        "foxglove_msgs is not installed" if not importlib.util.find_spec("foxglove_msgs") else ""
    )
    wait_until(lambda: peer.node.count_publishers("markers"))
    assert poses.get_subscription_count() == 0
    look = peer.node.create_subscription(MarkerArray, "markers", lambda msg: None, 1)
    wait_until(poses.get_subscription_count)
    peer.node.destroy_subscription(look)
    wait_until(lambda: poses.get_subscription_count() == 0)


def test_people_without_usable_points_are_no_markers(show):
    show.start()
    ghost = copy.deepcopy(portrait(0.5))
    ghost.x = np.full(133, np.nan, np.float32)
    found = show(ghost, text="Hold still.", until=len)
    assert set(found) == {("text", 0)}


def test_annotations_for_foxglove(peer, show, tmp_path, monkeypatch):
    foxglove = messages("foxglove_msgs", FOXGLOVE, tmp_path / "prefix", monkeypatch)
    show.start()
    heard = peer.listen(foxglove.ImageAnnotations, "annotations")
    person = portrait(0.5)
    person.scores[FACE] = 0.9
    show(person, text="Hold still.", until=lambda found: heard and heard[-1].texts)
    found = heard[-1]
    lines, dots, face = found.points
    assert lines.type == foxglove.PointsAnnotation.LINE_LIST
    assert len(lines.points) == 2 * len(lines.outline_colors) > 16
    assert dots.type == foxglove.PointsAnnotation.POINTS
    nose = dots.points[0]
    assert (nose.x, nose.y) == (pytest.approx(person.x[0]), pytest.approx(person.y[0]))
    assert face.type == dots.type and len(face.points) == 68 and len(dots.points) == 9
    assert face.thickness < np.ptp(person.x[FACE]) / 50  # larger, they hide the face
    (text,) = found.texts
    assert text.text == "Hold still." and 0 < text.position.y < HEIGHT
    assert text.timestamp.sec >= 101
