# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from dwpose_ros.core.keypoints import (
    BODY,
    COUNT,
    FACE,
    GROUPS,
    INDEX,
    LEFT_HAND,
    MIRROR,
    NAMES,
    RIGHT_HAND,  # fmt: skip
    SKELETON,
)


@pytest.mark.parametrize(
    "index, name",
    [
        (0, "nose"), (1, "left_eye"), (2, "right_eye"), (5, "left_shoulder"), (10, "right_wrist"),
        (16, "right_ankle"), (17, "left_big_toe"), (18, "left_small_toe"), (22, "right_heel"),
        (23, "face-0"), (90, "face-67"), (91, "left_hand_root"), (92, "left_thumb1"),
        (99, "left_forefinger4"), (112, "right_hand_root"), (132, "right_pinky_finger4"),
    ],
)  # fmt: skip
def test_names_stand_where_the_dataset_has_them(index, name):
    assert NAMES[index] == name
    assert INDEX[name] == index


def test_groups_cover_all_133_once():
    assert COUNT == len(set(NAMES)) == 133
    covered = np.concatenate([np.arange(COUNT)[group] for group in GROUPS.values()])
    assert covered.tolist() == list(range(COUNT))


@pytest.mark.parametrize(
    "name, counterpart",
    [
        ("nose", "nose"), ("left_eye", "right_eye"), ("right_small_toe", "left_small_toe"),
        ("face-0", "face-16"), ("face-8", "face-8"), ("face-21", "face-22"),
        ("face-30", "face-30"), ("face-31", "face-35"), ("face-36", "face-45"),
        ("face-41", "face-46"), ("face-48", "face-54"), ("face-57", "face-57"),
        ("face-60", "face-64"), ("face-67", "face-65"), ("left_thumb4", "right_thumb4"),
    ],
)  # fmt: skip
def test_mirror(name, counterpart):
    assert NAMES[MIRROR[INDEX[name]]] == counterpart


def test_mirroring_twice_changes_nothing():
    assert (MIRROR[MIRROR] == np.arange(COUNT)).all()
    assert (MIRROR != np.arange(COUNT)).sum() == COUNT - 1 - 10  # nose and 10 face points


def test_skeleton_is_its_own_mirror_image():
    limbs = {frozenset(limb) for limb in SKELETON.tolist()}
    assert len(limbs) == len(SKELETON) == 65
    assert {frozenset(MIRROR[list(limb)].tolist()) for limb in limbs} == limbs


def test_skeleton_joins_what_belongs_together():
    limbs = {frozenset((NAMES[a], NAMES[b])) for a, b in SKELETON}
    assert {"left_elbow", "left_wrist"} in limbs
    assert {"left_hand_root", "left_thumb1"} in limbs
    assert {"right_hand_root", "right_pinky_finger1"} in limbs
    assert {"right_forefinger3", "right_forefinger4"} in limbs
    ends = SKELETON[SKELETON[:, 0] >= LEFT_HAND.start]
    assert ((ends >= RIGHT_HAND.start).all(1) | (ends < RIGHT_HAND.start).all(1)).all()
    assert not (np.isin(SKELETON, np.arange(COUNT)[FACE])).any()
    assert np.isin(np.arange(COUNT)[BODY], SKELETON).all()


def test_data_cannot_be_changed():
    with pytest.raises(ValueError):
        MIRROR[0] = 1
