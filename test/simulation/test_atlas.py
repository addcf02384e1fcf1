# SPDX-License-Identifier: Apache-2.0
"""The pictures of the virtual person and the points on them."""

import cv2
import numpy as np
import pytest

from dwpose_ros.core.keypoints import BODY, FACE, FEET, INDEX, LEFT_HAND, MIRROR, NAMES, RIGHT_HAND
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.atlas import FOLDER, Atlas, AtlasError, turn_deg

PICTURES = atlas.load()
OTHERS = atlas.names()[1:]
MASKED = ("lena",)
SPRITES = [
    s for p in PICTURES.postures for bust in (False, True) for s in PICTURES.sprites(p, bust)
]


def named(sprite, *names):
    return sprite.xy[[INDEX[n] for n in names]]


def test_it_is_complete_small_and_says_whose_it_is():
    assert {p.name for p in FOLDER.iterdir()} == {f"{n}.npz" for n in atlas.names()} | {"LICENSE"}
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 15e6
    licence = (FOLDER / "LICENSE").read_text()
    assert "LAAS-CNRS" in licence and "BSD-3" in licence and "Neither the name" in licence


def test_postures_and_yaws():
    assert set(PICTURES.postures) >= {
        "relaxed",
        "a_pose",
        "t_pose",
        "arms_up",
        "hands_shown",
        "slouched",
        "leaning",
        "feet_apart",
    }
    for posture in PICTURES.postures:
        step = 15 if posture == "relaxed" else 30
        there = {s.yaw_deg % 360 for s in PICTURES.sprites(posture)}
        assert there >= set(range(0, 360, step)), posture
        assert len(there) == len(PICTURES.sprites(posture))


@pytest.mark.parametrize(
    "a, b, angle", [(0, 0, 0), (10, -10, 20), (170, -170, 20), (0, 180, 180), (720, 15, 15)]
)
def test_turn(a, b, angle):
    assert turn_deg(a, b) == angle


def test_the_nearest_yaw_also_across_the_back():
    assert PICTURES.nearest("relaxed", 8).yaw_deg == 10
    assert PICTURES.nearest("relaxed", -174).yaw_deg == -180
    assert PICTURES.nearest("relaxed", 174).yaw_deg == -180
    assert PICTURES.nearest("t_pose", 374).yaw_deg == 0
    assert PICTURES.nearest("relaxed", 8, bust=True).bust
    assert PICTURES.nearest("t_pose", 8, bust=True) is None


@pytest.mark.parametrize("sprite", SPRITES, ids=lambda s: s.name)
def test_visible_points_are_on_the_person(sprite):
    on_the_person(sprite)


def on_the_person(sprite, reach: int = 7):
    rgba = sprite.pyramid()[0]
    h, w = rgba.shape[:2]
    # A finger's edge may be a pixel or two from where its bone ends.
    near = cv2.dilate((rgba[..., 3] > 127).astype(np.uint8), np.ones((reach, reach), np.uint8))
    i, j = np.rint(sprite.xy).astype(int).T
    shown = sprite.visible & (j < h - 3 if sprite.bust else True)
    assert ((i >= 0) & (i < w) & (j >= 0) & (j < h))[shown].all()
    off = [NAMES[k] for k in np.flatnonzero(shown) if not near[j[k], i[k]]]
    assert not off, sprite.name


@pytest.mark.parametrize("sprite", SPRITES, ids=lambda s: s.name)
def test_pictures_are_cut_and_colours_multiplied_by_alpha(sprite):
    is_cut(sprite)


def is_cut(sprite):
    pyramid = sprite.pyramid()
    rgba = pyramid[0]
    assert (rgba[..., :3] <= rgba[..., 3:]).all()
    assert (rgba[..., 3] > 250).mean() > 0.15
    edges = np.concatenate(
        [rgba[0, :, 3], rgba[:, 0, 3], rgba[:, -1, 3], [] if sprite.bust else rgba[-1, :, 3]]
    )
    assert edges.max() < 32
    for finer, coarser in zip(pyramid, pyramid[1:]):
        assert coarser.shape[:2] == ((finer.shape[0] + 1) // 2, (finer.shape[1] + 1) // 2)
        assert abs(finer[..., 3].sum() / 4 - coarser[..., 3].sum()) < 0.02 * coarser[..., 3].sum()


@pytest.mark.parametrize("sprite", SPRITES, ids=lambda s: s.name)
def test_points_in_space_are_where_the_camera_that_took_the_picture_saw_them(sprite):
    is_seen_where_it_is(sprite, PICTURES)


def is_seen_where_it_is(sprite, pictures, off_px: float = 0.1):
    x, y, z = pictures.xyz(sprite.posture).T  # ahead, left, up
    turn = np.radians(sprite.yaw_deg)
    # Turned left, ahead moves to the image's right, and their left away from the camera.
    right = x * np.sin(turn) + y * np.cos(turn)
    nearer = x * np.cos(turn) - y * np.sin(turn)
    k = sprite.px_per_m * sprite.distance_m / (sprite.distance_m - nearer)
    seen = np.stack(
        [
            sprite.origin[0] + k * right,
            sprite.origin[1] - sprite.px_per_m * sprite.height_m - k * (z - sprite.height_m),
        ],
        -1,
    )
    assert np.abs(seen - sprite.xy).max() < off_px


def test_upright_and_symmetric():
    xyz = PICTURES.xyz("relaxed")
    assert PICTURES.stature_m == pytest.approx(1.72, abs=0.03)
    assert xyz[:, 2].min() > 0
    assert xyz[INDEX["nose"], 2] == pytest.approx(0.91 * PICTURES.stature_m, abs=0.03)
    assert xyz[INDEX["left_big_toe"], 2] < 0.08
    for a, b in (("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "heel")):
        assert xyz[INDEX[f"left_{a}"], 2] > xyz[INDEX[f"left_{b}"], 2]
    # The mirror image of each point is its counterpart, to 2 mm.
    assert np.abs(xyz[MIRROR] * (1, -1, 1) - xyz).max() < 2e-3
    assert (xyz[LEFT_HAND, 1] > 0).all() and (xyz[RIGHT_HAND, 1] < 0).all()


def test_the_face_is_in_order():
    xyz = PICTURES.xyz("relaxed")[FACE]
    y, z = xyz[:, 1], xyz[:, 2]
    assert (np.diff(y[:17]) > 0).all()  # jaw, from the person's right to their left
    assert z[8] == z[:17].min()
    assert (np.diff(y[17:27]) > 0).all() and z[17:27].min() > z[36:48].max()  # brows over eyes
    assert (np.diff(z[27:31]) < 0).all() and (np.diff(y[31:36]) > 0).all()
    assert z[31:36].max() < z[30] and z[48:68].max() < z[31:36].min()
    assert z[49:54].min() > z[55:60].max()  # upper lip, lower lip
    assert z[61:64].min() > z[65:68].max()
    assert np.argmax(xyz[:, 0]) in (30, 33)  # nothing is further forward than the nose
    assert np.ptp(xyz[:, 0]) < 0.13


@pytest.mark.parametrize("hand", [LEFT_HAND, RIGHT_HAND])
@pytest.mark.parametrize("posture", PICTURES.postures)
def test_fingers_have_lengths_of_fingers(posture, hand):
    xyz = PICTURES.xyz(posture)[hand]
    for finger in range(5):
        chain = xyz[1 + 4 * finger : 5 + 4 * finger]
        steps = np.linalg.norm(np.diff(chain, axis=0), axis=1)
        assert (steps > 0.012).all() and (steps < 0.06).all(), (finger, steps)
        # From joint to joint a finger goes on, it does not come back.
        assert (
            np.einsum("ij,ij->i", np.diff(chain, axis=0)[1:], np.diff(chain, axis=0)[:-1]) > 0
        ).all()


def test_front_and_back():
    front, back = PICTURES.nearest("relaxed", 0), PICTURES.nearest("relaxed", 180)
    # The person's left is on the image's right when they face the camera.
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"):
        (left, _), (right, _) = named(front, f"left_{part}", f"right_{part}")
        assert left > right + 5
        (left, _), (right, _) = named(back, f"left_{part}", f"right_{part}")
        assert left < right - 5
    assert front.visible[: BODY.stop].all() and front.visible[FACE].all()
    assert front.visible[[INDEX["left_big_toe"], INDEX["right_small_toe"]]].all()
    assert not back.visible[FACE].any()
    assert not back.visible[[INDEX[n] for n in ("nose", "left_eye", "right_eye")]].any()
    assert back.visible[
        [INDEX[f"{s}_{p}"] for s in ("left", "right") for p in ("shoulder", "hip", "knee", "heel")]
    ].all()


def test_turned_to_their_left_they_show_their_right_side():
    side = PICTURES.nearest("relaxed", 90)
    (nose, _), (ear, _) = named(side, "nose", "right_ear")
    assert nose > ear  # and look to the image's right
    seen = {n: side.visible[INDEX[n]] for n in NAMES[: FEET.stop]}
    assert all(seen[f"right_{p}"] for p in ("ear", "shoulder", "elbow", "wrist", "hip", "heel"))
    assert not any(seen[f"left_{p}"] for p in ("ear", "shoulder", "elbow", "hip", "eye"))


def test_postures_are_what_they_are_called():
    def place(posture, name):
        return PICTURES.xyz(posture)[INDEX[name]]

    for side, sign in (("left", 1), ("right", -1)):
        shoulder, elbow, wrist = (f"{side}_{p}" for p in ("shoulder", "elbow", "wrist"))
        assert place("relaxed", wrist)[2] < place("relaxed", elbow)[2] < 1.2
        assert abs(place("t_pose", wrist)[2] - place("t_pose", shoulder)[2]) < 0.08
        assert sign * place("t_pose", wrist)[1] > 0.6
        dy, dz = (place("a_pose", wrist) - place("a_pose", shoulder))[1:]
        assert np.degrees(np.arctan2(sign * dy, -dz)) == pytest.approx(45, abs=5)
        assert place("arms_up", wrist)[2] > 1.72
        assert place("hands_shown", wrist)[2] > place("hands_shown", elbow)[2] + 0.15
        assert (
            sign * (place("feet_apart", f"{side}_ankle") - place("relaxed", f"{side}_ankle"))[1]
            > 0.06
        )
        other = {"left": "right", "right": "left"}[side]
        stride = place(f"step_{side}", f"{side}_ankle") - place(f"step_{side}", f"{other}_ankle")
        assert stride[0] > 0.35
    assert place("slouched", "nose")[0] > place("relaxed", "nose")[0] + 0.1
    assert place("leaning", "nose")[1] < -0.1


def test_shown_palms_face_the_camera():
    xyz = PICTURES.xyz("hands_shown")
    for side, sign in (("left", 1), ("right", -1)):
        root, index, little, thumb = (
            xyz[INDEX[f"{side}_{n}"]]
            for n in ("hand_root", "forefinger1", "pinky_finger1", "thumb4")
        )
        palm = -sign * np.cross(index - root, little - root)
        assert palm[0] / np.linalg.norm(palm) > 0.9
        assert sign * (little - index)[1] > 0 and sign * (thumb - root)[1] < 0.03
    front = PICTURES.nearest("hands_shown", 0)
    assert front.visible[LEFT_HAND].mean() > 0.9 and front.visible[RIGHT_HAND].mean() > 0.9


class TestCast:
    """The other people: fewer and smaller pictures, of all kinds of bodies."""

    @pytest.mark.parametrize("person", OTHERS)
    def test_pictures_and_points_fit_together(self, person):
        pictures = atlas.load(person)
        assert set(pictures.postures) == set(PICTURES.postures)
        sprites = [
            s for p in pictures.postures for bust in (0, 1) for s in pictures.sprites(p, bust)
        ]
        assert len(sprites) >= 40
        for sprite in sprites:
            on_the_person(sprite, reach=11)
            is_cut(sprite)
            is_seen_where_it_is(sprite, pictures, 0.5)  # their places are rounded

    @pytest.mark.parametrize("person", OTHERS)
    def test_they_are_bodies(self, person):
        pictures = atlas.load(person)
        about, xyz = pictures.about, pictures.xyz("relaxed")
        assert 1.10 <= pictures.stature_m <= 2.05 and 6 <= about.age_years <= 80
        names = ("nose", "left_shoulder", "left_hip", "left_knee", "left_ankle")
        height = dict(zip(names, xyz[[INDEX[n] for n in names], 2]))
        assert height["nose"] > height["left_shoulder"] > height["left_hip"] > height["left_ankle"]
        if about.seat:
            assert abs(height["left_hip"] - height["left_knee"]) < 0.15
            assert 0.6 < height["nose"] / pictures.stature_m < 0.8
        else:
            assert height["left_hip"] > height["left_knee"]
            assert height["nose"] == pytest.approx(0.91 * pictures.stature_m, abs=0.05)
        front, back = pictures.nearest("relaxed", 0), pictures.nearest("relaxed", 180)
        for part in ("shoulder", "hip", "eye"):
            (left, _), (right, _) = named(front, f"left_{part}", f"right_{part}")
            assert left > right
        assert front.visible[INDEX["nose"]] or person in MASKED
        assert not back.visible[FACE][17:].any()  # the jaw may be seen from behind

    @pytest.mark.parametrize("person", OTHERS)
    def test_hands_are_shown_to_the_camera(self, person):
        pictures = atlas.load(person)
        front = pictures.nearest("hands_shown", 0)
        for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
            seen = front.visible[hand].mean()
            if pictures.about.without == f"{side}_hand":
                assert seen < 0.1
                fingers = pictures.xyz("relaxed")[hand]
                assert np.linalg.norm(fingers - fingers[0], axis=1).max() < 0.06
            else:
                assert seen > 0.85

    def test_all_kinds_of_bodies_are_among_them(self):
        about = [atlas.load(person).about for person in atlas.names()]
        statures = [atlas.load(person).stature_m for person in atlas.names()]
        assert len(about) >= 25 and min(statures) < 1.2 and max(statures) == pytest.approx(2.05)
        assert sum(a.seat == "wheelchair" for a in about) == 2
        for body in atlas.BODIES:
            chosen = {atlas.choose(atlas.ANYONE, body, seed) for seed in range(50)}
            assert chosen and all(atlas.BODIES[body](atlas.load(n).about) for n in chosen)
        assert len({atlas.choose(atlas.ANYONE, "any", seed) for seed in range(50)}) > 10
        assert atlas.choose("emil", "wheelchair", 3) == "emil"


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(AtlasError, match="render_person"):
        Atlas(tmp_path / "nobody.npz")
    with pytest.raises(AtlasError, match="'sitting', wanted one of relaxed"):
        PICTURES.nearest("sitting", 0)
    with pytest.raises(AtlasError, match="'nobody', wanted one of man, amara"):
        atlas.load("nobody")
    with pytest.raises(AtlasError, match="'giant', wanted one of any"):
        atlas.choose(atlas.ANYONE, "giant")
    damaged = tmp_path / "man.npz"
    damaged.write_bytes((FOLDER / "man.npz").read_bytes()[:100_000])
    with pytest.raises(AtlasError, match="cannot be read"):
        Atlas(damaged)
    sprite = PICTURES.nearest("relaxed", 0)._replace(coded=b"not a picture")
    with pytest.raises(AtlasError, match="relaxed_000 cannot be decoded"):
        sprite.pyramid()
