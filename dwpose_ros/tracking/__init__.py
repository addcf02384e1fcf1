"""Track ids from frame to frame, and smoothing of keypoints."""
