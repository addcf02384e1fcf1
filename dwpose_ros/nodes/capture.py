"""Capture: the best of the recent frames, written to disk and published on request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sensor_msgs.msg import Image

from dwpose_ros.capture import CaptureError, Ring, check_label, measure, save, unwritable
from dwpose_ros.capture.quality import motion
from dwpose_ros.capture.store import pose_document
from dwpose_ros.images import ImageError, fill_compressed, to_bgr
from dwpose_ros.keypoints import NAMES
from dwpose_ros.msg import CapturedImage, WholeBodyPose
from dwpose_ros.nodes.common import NEWEST_IMAGE, DwposeNode, run
from dwpose_ros.nodes.conversions import from_msg, stamp_ns
from dwpose_ros.pose.draw import draw_skeleton
from dwpose_ros.srv import Capture as CaptureSrv
from rclpy.qos import DurabilityPolicy, QoSProfile

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Capture(DwposeNode):
    """Keeps a ring of frames with poses, and answers the capture service."""

    def __init__(self) -> None:
        super().__init__("capture")
        folder = self.parameter("folder", "~/dwpose_captures", "where captures are written")
        if not folder:
            raise ValueError("parameter folder is empty; give the folder to write captures to")
        self._folder = Path(folder).expanduser().absolute()
        if trouble := unwritable(self._folder):  # better told now than at the first capture
            self.get_logger().error(trouble)
        self._format = self.parameter("format", "png", "of the image", choices=("png", "jpg"))
        self._window_s = self.parameter(
            "window", 0.7, "s; how far back the best frame is looked for",
            minimum=0.05, maximum=5.0)
        self._ring = Ring(self._window_s + 1.0)
        self._captures = self.create_publisher(CapturedImage, "captures", LATCHED)
        self.create_subscription(Image, "image_raw", self._on_image, NEWEST_IMAGE)
        self.create_subscription(WholeBodyPose, "wholebody_pose", self._on_pose, 5)
        self.create_service(CaptureSrv, "capture", self._on_request)

    def _on_image(self, msg: Image) -> None:
        self._ring.add_frame(stamp_ns(msg.header), msg)

    def _on_pose(self, msg: WholeBodyPose) -> None:
        self._ring.add_pose(stamp_ns(msg.header), msg)

    def _on_request(self, request, response):
        try:
            response.capture = self._take(check_label(request.label), request.person_id)
        except (CaptureError, ImageError) as err:
            response.success, response.message = False, str(err)
            self.get_logger().error(f"capture failed: {err}")
            return response
        response.success = True
        response.message = response.capture.image_path
        self._captures.publish(response.capture)
        self.get_logger().info(f"captured {response.capture.image_path}")
        return response

    def _take(self, label: str, person_id: int) -> CapturedImage:
        """The best recent picture of a person (0: the largest), on disk. CaptureError if none."""
        now = self.get_clock().now().nanoseconds
        since = now - int(self._window_s * 1e9)
        shots = self._ring.shots()
        if not shots or shots[-1].stamp_ns < since:
            age = f"{(now - shots[-1].stamp_ns) / 1e9:.1f} s old" if shots else "not there at all"
            raise CaptureError(f"no frame with a pose in the last {self._window_s} s: the newest "
                               f"is {age}; are the camera and the pose node running?")
        candidates = []
        previous = None
        for shot in shots:
            ids, people = from_msg(shot.pose)
            chosen = _choose(ids, people, person_id)
            if chosen is None:
                continue
            xy, scores, box = people.xy[chosen], people.scores[chosen], people.boxes[chosen]
            speed = 0.0 if previous is None else motion(
                xy, scores, previous[1], (shot.stamp_ns - previous[0]) / 1e9,
                float(box[3] - box[1]))
            previous = shot.stamp_ns, xy
            if shot.stamp_ns >= since:  # those before only tell how fast the person moves
                bgr = to_bgr(shot.frame)
                candidates.append((measure(bgr, box, speed), shot, bgr, people, ids[chosen]))
        if not candidates:
            who = f"person {person_id}" if person_id else "nobody"
            raise CaptureError(f"{who} is {'not ' if person_id else ''}in view: nothing was "
                               "captured")
        quality, shot, bgr, people, found_id = max(candidates, key=lambda c: c[0].score)
        return self._write(label, quality, shot, bgr, people, found_id)

    def _write(self, label, quality, shot, bgr, people, person_id: int) -> CapturedImage:
        header = shot.pose.header
        capture = CapturedImage(
            header=header, label=label, pose=shot.pose, person_id=person_id,
            quality=float(quality.score), sharpness=float(quality.sharpness),
            motion=float(quality.motion))
        fill_compressed(capture.image, bgr, self._format)
        capture.image.header = header
        document = pose_document(
            {"stamp": {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec},
             "frame_id": header.frame_id}, shot.pose.width, shot.pose.height, shot.pose.model,
            NAMES, [_person(p) for p in shot.pose.persons])
        document.update(label=label, person_id=person_id, quality=quality._asdict())
        files = save(self._folder, label, shot.stamp_ns, bytes(capture.image.data), self._format,
                     document, draw_skeleton(bgr.copy(), people))
        capture.image_path, capture.pose_path, capture.overlay_path = map(str, files)
        return capture


def _choose(ids: list[int], people, person_id: int) -> int | None:
    """Index of the wanted person, or of the largest for 0; None if not there."""
    if person_id:
        return ids.index(person_id) if person_id in ids else None
    if not ids:
        return None
    sides = np.clip(people.boxes[:, 2:] - people.boxes[:, :2], 0, None)
    return int(np.nan_to_num(sides.prod(axis=1)).argmax())


def _person(person) -> dict:
    """A person as JSON can hold it: what is not finite has no place in it, and was not seen."""
    rows = np.column_stack([person.x, person.y, person.scores]).astype(float)
    rows[~np.isfinite(rows).all(1)] = 0.0
    return {"id": int(person.id), "score": float(np.nan_to_num(person.score)),
            "box": np.nan_to_num(np.asarray(person.box, float)).round(2).tolist(),
            "keypoints": rows.round(3).tolist()}


def main() -> None:
    run(Capture)
