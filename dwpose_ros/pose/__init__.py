"""Frame in, people out: estimators of 133 keypoints, their models, and drawing. No ROS here."""

from dwpose_ros.pose.backend import load
from dwpose_ros.pose.people import Estimator, ModelError, People
from dwpose_ros.pose.runtimes import Place

__all__ = ["Estimator", "ModelError", "People", "Place", "load"]
