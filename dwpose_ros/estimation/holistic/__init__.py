# SPDX-License-Identifier: Apache-2.0
"""The networks of MediaPipe Holistic, run by this package for everybody in view."""

from dwpose_ros.estimation.holistic.estimator import Holistic as Holistic
