# SPDX-License-Identifier: Apache-2.0
"""Image encodings of sensor_msgs, and how OpenCV converts them."""

from __future__ import annotations

import cv2

# encoding: channels in the data, dtype, OpenCV conversion to BGR, and to RGB (None: as it is).
# Of more than 8 bits a fourth channel, which is transparency, is gone before the conversion.
ENCODINGS: dict[str, tuple[int, str, int | None, int | None]] = {
    "bgr8": (3, "u1", None, cv2.COLOR_BGR2RGB),
    "rgb8": (3, "u1", cv2.COLOR_RGB2BGR, None),
    "8UC3": (3, "u1", None, cv2.COLOR_BGR2RGB),
    **{
        name: (channels, kind, None, cv2.COLOR_BGR2RGB)
        for name, channels, kind in (
            ("bgr16", 3, "u2"),
            ("16UC3", 3, "u2"),
            ("bgra16", 4, "u2"),
            ("16UC4", 4, "u2"),
            ("32FC3", 3, "f4"),
            ("32FC4", 4, "f4"),
        )
    },
    **{
        name: (channels, "u2", cv2.COLOR_RGB2BGR, None)
        for name, channels in (("rgb16", 3), ("rgba16", 4))
    },
    "bgra8": (4, "u1", cv2.COLOR_BGRA2BGR, cv2.COLOR_BGRA2RGB),
    "8UC4": (4, "u1", cv2.COLOR_BGRA2BGR, cv2.COLOR_BGRA2RGB),
    "rgba8": (4, "u1", cv2.COLOR_RGBA2BGR, cv2.COLOR_RGBA2RGB),
    "mono8": (1, "u1", cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2RGB),
    "8UC1": (1, "u1", cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2RGB),
    "mono16": (1, "u2", cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2RGB),
    "16UC1": (1, "u2", cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2RGB),
    "32FC1": (1, "f4", cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2RGB),
    "yuv422": (2, "u1", cv2.COLOR_YUV2BGR_UYVY, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": (2, "u1", cv2.COLOR_YUV2BGR_UYVY, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": (2, "u1", cv2.COLOR_YUV2BGR_YUY2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": (2, "u1", cv2.COLOR_YUV2BGR_YUY2, cv2.COLOR_YUV2RGB_YUY2),
    # OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first's.
    **{
        f"bayer_{pattern}{bits}": (
            1,
            f"u{bits // 8}",
            getattr(cv2, f"COLOR_Bayer{name}2BGR"),
            getattr(cv2, f"COLOR_Bayer{name}2RGB"),
        )
        for pattern, name in (("rggb", "BG"), ("bggr", "RG"), ("gbrg", "GR"), ("grbg", "GB"))
        for bits in (8, 16)
    },
}
# Y as an image, then U and V at half its width and height: in pairs, or as two images.
PLANAR: dict[str, tuple[bool, int, int]] = {  # in pairs, conversion to BGR, and to RGB
    "nv12": (True, cv2.COLOR_YUV2BGR_NV12, cv2.COLOR_YUV2RGB_NV12),
    "nv21": (True, cv2.COLOR_YUV2BGR_NV21, cv2.COLOR_YUV2RGB_NV21),
    "i420": (False, cv2.COLOR_YUV2BGR_I420, cv2.COLOR_YUV2RGB_I420),
    "yuv420": (False, cv2.COLOR_YUV2BGR_I420, cv2.COLOR_YUV2RGB_I420),
    "yv12": (False, cv2.COLOR_YUV2BGR_YV12, cv2.COLOR_YUV2RGB_YV12),
}
DEPTHS = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}
