"""Whole-body pose by DWPose on ROS 2, and guidance of the person in front of the camera."""

# From the source folder, the generated dwpose_ros.msg and .srv lie elsewhere on the path.
__path__ = __import__("pkgutil").extend_path(__path__, __name__)
