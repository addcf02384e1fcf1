# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several folders share."""

from coco_fixtures import annotate, crops, detector, folder, network, pictures, told, xtcocotools  # noqa: F401
