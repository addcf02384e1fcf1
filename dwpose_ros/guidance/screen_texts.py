# SPDX-License-Identifier: Apache-2.0
"""Texts of the screen's pages: what a phrase file's section `screen` may hold."""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Any

from dwpose_ros.core.text import shown
from dwpose_ros.guidance.profile import ProfileError

# What can be in braces, by text.
FIELDS = {
    "kept": ("folder",),
    "kept_hours": ("folder", "hours"),
    "quality": ("score",),
    "step": ("step",),
    "size": ("width", "height"),
    "confirm_delete": ("count",),
}
SCREEN = (
    # this language
    "language_name",
    # the person's page
    "title", "start", "cancel", "which_picture", "language", "skeleton", "settings", "close",
    "checks", "ok", "not_yet", "waiting", "reconnecting", "no_guidance", "no_image", "quality",
    "step", "taken", "failed", "stopped", "full_screen",
    # profiles
    "face", "upper_body", "full_body", "hands", "a_pose", "turnaround",
    # the voice
    "voice", "voice_page", "voice_speech", "voice_both", "voice_none", "no_voice",
    # the camera
    "camera", "camera_start", "camera_stop", "camera_which", "camera_front", "camera_back",
    "camera_size", "size", "camera_denied", "camera_missing", "camera_busy", "camera_insecure",
    "camera_taken", "camera_take", "camera_needed", "camera_elsewhere", "camera_refused",
    "too_old",
    # the gallery
    "captures", "no_captures", "image", "with_overlay", "pose", "openpose", "download",
    "download_all", "delete", "delete_all", "confirm_delete", "rejected", "details",
    # what is kept
    "privacy", "told", "kept", "kept_hours", "local", "remove_them", "back", "operator",
    # checks
    "check_alone", "check_distance", "check_inside", "check_centred", "check_facing",
    "check_looking", "check_posture", "check_hands", "check_light", "check_sharp", "check_still",
    # measures of quality
    "sharpness", "hands_sharpness", "motion_blur", "motion", "under_exposure", "over_exposure",
    "crop_margins", "single_person", "face_sharpness", "face_under_exposure",
    "face_over_exposure", "illumination_uniformity", "inter_eye_distance", "head_size",
    "head_yaw", "head_pitch", "head_roll", "eyes_open", "mouth_closed",
)  # fmt: skip


def checked_texts(path: Path, texts: Any) -> dict[str, str]:
    """Return a phrase file's texts of the screen. Those that it lacks are English.

    Raises:
        ProfileError: there are others, or one cannot be used.
    """
    if not isinstance(texts, dict):
        raise ProfileError(f"{path}: screen must be a mapping, not {shown(texts)}")
    for name, text in texts.items():
        if name not in SCREEN:
            raise ProfileError(f"{path}: screen has unknown {shown(name)}")
        if not isinstance(text, str) or not text.strip():
            raise ProfileError(f"{path}: screen has no text for {name}")
        try:
            found = tuple(sorted(field for _, field, _, _ in Formatter().parse(text) if field))
        except ValueError as err:
            raise ProfileError(f"{path}: the text of {name} is {shown(text)}: {err}") from err
        wanted = tuple(sorted(FIELDS.get(name, ())))
        if found != wanted:
            must = " and ".join(f"{{{field}}}" for field in wanted) or "nothing"
            raise ProfileError(
                f"{path}: the text of {name} is {shown(text)}; it must have {must} in braces"
            )
    return dict(texts)
