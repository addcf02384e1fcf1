# SPDX-License-Identifier: Apache-2.0
"""The screen: a web server for the person in front of the camera, without ROS."""
