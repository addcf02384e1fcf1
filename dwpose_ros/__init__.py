"""Whole-body pose by DWPose on ROS 2, and guidance of the person in front of the camera."""

import os

# OpenCV reads it when it is imported: a small file may claim to be a picture that nobody can hold.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))

# From the source folder, the generated dwpose_ros.msg and .srv lie elsewhere on the path.
__path__ = __import__("pkgutil").extend_path(__path__, __name__)
