# SPDX-License-Identifier: Apache-2.0
"""Track ids from frame to frame, and smoothing of keypoints."""
