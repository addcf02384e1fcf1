# SPDX-License-Identifier: Apache-2.0
"""The virtual person in a room: geometry by hand, and the picture against its own truth."""

import math

import cv2
import numpy as np
import pytest
from holistic_models import needs_holistic

from dwpose_ros.core.keypoints import BODY, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dwpose_ros.simulation import atlas
from dwpose_ros.simulation.backgrounds import NAMES
from dwpose_ros.simulation.camera import SimulatedCamera, SimulatedPerson
from dwpose_ros.simulation.scene import Scene, _Placed, bystanders

TALL = SimulatedCamera(1280, 1280, height_m=0.85)
FOCAL = 640 / math.tan(math.radians(30))  # 1108.5 px for 1280 px and 60 degrees


def clean(camera=SimulatedCamera(), **kwargs):
    return Scene(camera, **{"background": "plain", "noise": 0, **kwargs})


def point(people, name, i=0):
    return people.xy[i, INDEX[name]]


def test_the_camera_by_hand():
    camera = SimulatedCamera(1280, 720, 60, height_m=1.2)
    assert camera.focal_px == pytest.approx(1108.51, abs=0.01)
    xy, depth = camera.project([[0, 2, 1.2], [1, 2, 1.2], [0, 2, 0.2], [0, 4, 0.2]])
    assert depth == pytest.approx([2, 2, 2, 4])
    assert xy == pytest.approx(
        np.array(
            [
                (639.5, 359.5),
                (639.5 + FOCAL / 2, 359.5),
                (639.5, 359.5 + FOCAL / 2),
                (639.5, 359.5 + FOCAL / 4),
            ]
        )
    )
    # Looking up by 10 degrees, what is level sinks by f tan 10.
    (xy,), _ = SimulatedCamera(1280, 720, 60, 1.2, tilt_deg=10).project([[0, 2, 1.2]])
    assert xy == pytest.approx((639.5, 359.5 + FOCAL * math.tan(math.radians(10))))


def test_a_person_of_1_7_m_at_2_m_is_942_px_high():
    box = clean(TALL).truth([SimulatedPerson(0, 2, stature_m=1.7)]).boxes[0]
    # Hair adds a centimetre. Toes are 0.2 m before the axis and 1.2 m below the camera, which makes
    # them 0.13 m lower.
    assert FOCAL * 1.7 / 2 == pytest.approx(942.2, abs=0.1)
    assert box[3] - box[1] == pytest.approx(942 * 1.83 / 1.7, rel=0.015)
    assert (box[0] + box[2]) / 2 == pytest.approx(639.5, abs=8)


@pytest.mark.parametrize("x, distance, stature", [(0, 3, 1.72), (0, 2.5, 1.4), (0, 3.3, 1.9)])
def test_points_are_those_of_the_body_in_space(x, distance, stature):
    pictures = atlas.load()
    k = stature / pictures.stature_m
    # Where picture and scene are seen from the same place, they must agree to a pixel; from
    # elsewhere to what the depth of a pixel is not known to.
    for distance, limit_px in ((3 * k, 1.0), (distance, 0.01 * FOCAL * stature / distance)):
        camera = SimulatedCamera(height_m=1.2 * k)
        for posture in ("relaxed", "hands_shown", "step_left"):
            for yaw in (0, 30, 180, -60):
                body = pictures.xyz(posture) * k
                c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
                right, nearer = body[:, 0] * s + body[:, 1] * c, body[:, 0] * c - body[:, 1] * s
                expected, _ = camera.project(
                    np.stack([x + right, distance - nearer, body[:, 2]], -1)
                )
                figure = SimulatedPerson(x, distance, yaw, posture, stature)
                found = clean(camera).truth([figure]).xy[0]
                assert np.abs(found - expected).max() < limit_px


@pytest.mark.parametrize("distance", [1.5, 2.0, 4.5, 6.0])
@pytest.mark.parametrize("posture", ["hands_shown", "hands_half"])
def test_hands_before_the_body_have_the_right_size(distance, posture):
    pictures, camera = atlas.load(), SimulatedCamera(height_m=1.2)
    figure = SimulatedPerson(0, distance, 0, posture, pictures.stature_m)
    ahead, left, up = pictures.xyz(posture).T
    expected, _ = camera.project(np.stack([left, distance - ahead, up], -1))
    found = clean(camera).truth([figure]).xy[0]
    for hand in (LEFT_HAND, RIGHT_HAND):
        sizes = [np.ptp(xy[hand.start : hand.stop], axis=0).max() for xy in (found, expected)]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.015)


def test_left_and_right_are_the_persons_own():
    front = clean().truth([SimulatedPerson(0, 3, 0)])
    back = clean().truth([SimulatedPerson(0, 3, 180)])
    for part in ("wrist", "shoulder", "ankle", "eye"):
        assert point(front, f"left_{part}")[0] > point(front, f"right_{part}")[0] + 4
        assert point(back, f"left_{part}")[0] < point(back, f"right_{part}")[0] - 4
    left, right = (clean().truth([SimulatedPerson(0, 3, yaw)]) for yaw in (60, -60))
    assert point(left, "nose")[0] > point(left, "right_ear")[0] + 20
    assert point(right, "nose")[0] < point(right, "left_ear")[0] - 20


def test_from_behind_the_face_is_hidden():
    front, back = (clean().truth([SimulatedPerson(0, 3, yaw)]).scores[0] for yaw in (0, 180))
    assert front[INDEX["nose"]] == 1 and front[FACE].all()
    assert back[INDEX["nose"]] == 0 and not back[FACE].any()
    assert back[INDEX["left_shoulder"]] == 1


def test_nearer_is_larger_and_feet_are_lower():
    near, far = (clean(TALL).truth([SimulatedPerson(0, d)]) for d in (2.0, 4.0))
    height = [p.boxes[0, 3] - p.boxes[0, 1] for p in (near, far)]
    assert height[0] / height[1] == pytest.approx(2, abs=0.08)  # toes are before the axis
    assert near.boxes[0, 3] > far.boxes[0, 3] + 100
    assert near.boxes[0, 1] < far.boxes[0, 1] - 100


def test_to_the_right_is_right_and_wider():
    scene = clean(SimulatedCamera(height_m=0.9))
    middle, aside = (scene.truth([SimulatedPerson(x, 4)]) for x in (0, 1.5))
    assert point(aside, "nose")[0] - point(middle, "nose")[0] == pytest.approx(FOCAL * 1.5 / 4, 2)
    # Across the ray of sight they have their own width, further away; but the image plane meets
    # the rays slantwise: of the three cosines one remains.
    width = [
        np.linalg.norm(np.subtract(point(p, "left_shoulder"), point(p, "right_shoulder")))
        for p in (middle, aside)
    ]
    assert width[1] / width[0] == pytest.approx(math.hypot(1.5, 4) / 4, abs=0.005)


def test_tilt_moves_them_the_other_way():
    level, up, down = (
        clean(SimulatedCamera(tilt_deg=t)).truth([SimulatedPerson(0, 3)]) for t in (0, 10, -10)
    )
    shift = FOCAL * math.tan(math.radians(10))
    hips = [point(p, "left_hip")[1] for p in (down, level, up)]
    assert np.diff(hips) == pytest.approx([shift, shift], rel=0.1)
    # Seen from above, the head is nearer to the camera than the feet, and larger.
    high = clean(SimulatedCamera(height_m=2.5, tilt_deg=-25)).truth(
        [SimulatedPerson(0, 2.5, posture="t_pose")]
    )
    low = clean(SimulatedCamera(height_m=0.1, tilt_deg=20)).truth(
        [SimulatedPerson(0, 2.5, posture="t_pose")]
    )

    def shape(people):
        return np.linalg.norm(
            point(people, "left_shoulder") - point(people, "right_shoulder")
        ) / np.linalg.norm(point(people, "left_ankle") - point(people, "right_ankle"))

    assert shape(high) > 1.15 * shape(low)


def test_lean_is_about_the_feet():
    upright, leaning = (
        clean(SimulatedCamera(height_m=0.8)).truth([SimulatedPerson(0, 4, lean_deg=a)])
        for a in (0, 20)
    )
    for name, least, most in (("nose", 120, 180), ("left_hip", 50, 100), ("left_heel", -15, 15)):
        assert least < point(leaning, name)[0] - point(upright, name)[0] < most


def test_bystanders_are_people_too():
    by = SimulatedPerson(1.2, 5, 40)
    scene = clean(bystanders=[by])
    people = scene.truth([SimulatedPerson(-0.5, 3)])
    assert len(people) == 2
    assert people.xy[1] == pytest.approx(clean().truth([by]).xy[0])
    alone = clean().render([SimulatedPerson(-0.5, 3)])
    x1, y1, x2, y2 = people.boxes[1].astype(int)
    differs = (scene.render([SimulatedPerson(-0.5, 3)]) != alone).any(-1)
    assert differs[y1:y2, x1:x2].mean() > 0.4
    differs[y1 - 2 : y2 + 3, x1 - 2 : x2 + 3] = False
    assert not differs.any()


def test_some_people_stand_about():
    """Behind, to either side and in the picture, whatever the lens; the seed says who they are."""
    for fov in (30, 60, 100):
        camera = SimulatedCamera(horizontal_fov_deg=fov)
        people = clean(camera, bystanders=bystanders(4, camera)).truth()
        xy = np.stack([point(people, "nose", i) for i in range(4)])
        assert (np.sign(xy[:, 0] - 639.5) == [-1, 1, -1, 1]).all()
        assert people.box_scores.all() and (people.boxes[:, 0] > 0).all()
    assert bystanders(0, camera) == [] and bystanders(2, camera) == bystanders(4, camera)[:2]
    assert bystanders(2, camera, 1) == bystanders(2, camera, 1) != bystanders(2, camera, 2)


def test_who_is_nearer_hides_who_is_behind():
    front, behind = SimulatedPerson(0, 2), SimulatedPerson(0.1, 4)
    people = clean().truth([behind, front])
    assert people.scores[0].sum() < 10 < people.scores[1].sum()
    assert clean().truth([behind]).scores[0].sum() > 80
    # In whatever order they are named, the nearer one is drawn over the other.
    assert (clean().render([behind, front]) == clean().render([front, behind])).all()
    alone = clean().render([front])
    solid = np.all(
        [
            (clean(background=np.full((2, 2, 3), c, np.uint8)).render([front]) == alone).all(-1)
            for c in (0, 255)
        ],
        axis=0,
    )
    assert solid.mean() > 0.1
    assert (clean().render([behind, front]) == alone)[solid].all()


@pytest.mark.parametrize(
    "camera",
    [
        SimulatedCamera(),
        SimulatedCamera(640, 480, 70, 0.9, -8),
        SimulatedCamera(1280, 720, 80, 2.2, -30),
        SimulatedCamera(1920, 1080, 60, 0.4, 18),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "figure",
    [
        SimulatedPerson(0, 3),
        SimulatedPerson(0.9, 2.2, 45, "arms_up"),
        SimulatedPerson(-1.1, 3.5, 180, "t_pose", 1.5, 12),
        SimulatedPerson(0.2, 0.8, 10),
        SimulatedPerson(0, 7, -90, "a_pose"),
    ],
    ids=str,
)
def test_the_picture_is_where_the_truth_says(camera, figure):
    # A room of a colour that the person does not have, not even mixed with others.
    scene = clean(camera, background=np.full((2, 2, 3), (255, 0, 255), np.uint8))
    differs = np.abs(scene.render([figure]).astype(int) - (255, 0, 255)).max(-1) > 90
    people = scene.truth([figure])
    if not people.box_scores[0]:
        assert not differs.any()
        return
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    # A convex outline that the image cuts may be larger than what of it is seen.
    x1, y1, x2, y2 = people.boxes[0]
    cut = x1 == 0 or y1 == 0 or x2 == camera.width - 1 or y2 == camera.height - 1
    slack = 3 + 0.006 * max(x2 - x1, y2 - y1)
    found = np.array([columns[0] - x1, rows[0] - y1, x2 - columns[-1], y2 - rows[-1]])
    assert (found > -slack).all()
    if not cut:
        assert (found < slack).all()
    i, j = np.rint(people.xy[0][people.scores[0] == 1]).astype(int).T
    near = np.lib.stride_tricks.sliding_window_view(np.pad(differs, 3), (7, 7)).any((-1, -2))
    assert near[j, i].all()


def test_near_the_camera_the_finer_picture_takes_over_without_a_jump():
    camera = SimulatedCamera(height_m=1.55)
    distances = np.arange(1.2, 2.4, 0.01)
    faces = [clean(camera).truth([SimulatedPerson(0, d)]).xy[0, FACE] for d in distances]
    sizes = np.array([np.ptp(f[:, 1]) for f in faces])
    assert sizes * distances == pytest.approx(np.mean(sizes * distances), rel=0.05)
    steps = np.abs(np.diff([f.mean(0) for f in faces], axis=0)).max(1)
    assert steps.max() < 0.12 * sizes.max()


@pytest.mark.parametrize(
    "camera, figure, bust",
    [
        (SimulatedCamera(height_m=1.5), SimulatedPerson(0, 0.8), True),
        (SimulatedCamera(height_m=1.5), SimulatedPerson(0, 1.6), True),
        (
            SimulatedCamera(height_m=1.5),
            SimulatedPerson(0, 1.6, stature_m=1.5),
            False,
        ),  # a smaller person is further
        (SimulatedCamera(height_m=1.5), SimulatedPerson(0, 3), False),
        (
            SimulatedCamera(height_m=1.5),
            SimulatedPerson(0, 0.8, posture="t_pose"),
            False,
        ),  # there is none
        (
            SimulatedCamera(height_m=1.5),
            SimulatedPerson(0, 0.8, 118),
            False,
        ),  # the nearest is turned otherwise
        (
            SimulatedCamera(height_m=0.5, tilt_deg=-10),
            SimulatedPerson(0, 0.8),
            False,
        ),  # its end would be seen
    ],
    ids=str,
)
def test_which_picture_is_taken(camera, figure, bust):
    assert _Placed(figure, camera).sprite.bust is bust


def test_far_away_they_are_as_fine_as_the_image_and_not_coarser():
    figures = [SimulatedPerson(0.5, 7)]
    small = clean(SimulatedCamera(640, 360)).render(figures)
    large = clean(SimulatedCamera(2560, 1440)).render(figures)
    reduced = cv2.resize(large, (640, 360), interpolation=cv2.INTER_AREA)
    person = np.abs(reduced.astype(int) - 128).max(-1) > 10
    assert person.sum() > 1000
    assert np.abs(small.astype(int) - reduced)[person].mean() < 2


def test_outside_the_image_nobody_is_seen():
    scene = clean()
    for figure in (SimulatedPerson(8, 3), SimulatedPerson(-8, 3)):
        people = scene.truth([figure])
        assert not people.scores.any() and not people.boxes.any() and not people.box_scores.any()
        assert (scene.render([figure]) == scene.render()).all()
    cut = scene.truth([SimulatedPerson(0, 1.5)])
    assert cut.scores[0, INDEX["left_ankle"]] == 0 and cut.scores[0, INDEX["nose"]] == 1
    assert cut.boxes[0, 3] == 719 and cut.box_scores[0] == 1
    below = clean(SimulatedCamera(height_m=2.5, tilt_deg=40)).truth([SimulatedPerson(0, 0.3)])
    assert np.isfinite(below.xy).all() and not below.scores.any()


def test_an_empty_room():
    scene = clean(background="wall")
    assert len(scene.truth().xy) == 0
    assert scene.render().shape == (720, 1280, 3) and scene.render().dtype == np.uint8
    assert (scene.render() == scene.render([SimulatedPerson(9, 3)])).all()


@pytest.mark.parametrize("name", NAMES)
def test_rooms(name):
    room = clean(background=name).render().astype(float)
    assert 60 < room.mean() < 220
    if name != "plain":
        assert room.std() > 8
        # It stays where it is, whatever is rendered in it.
        scene = clean(background=name)
        scene.render([SimulatedPerson(0, 2)])
        assert (scene.render() == room).all()
        # The floor's edge is where a wall 8 m away begins.
        edge = round(359.5 + FOCAL * 1.2 / 8)
        above, below = (
            room[rows].mean((0, 1))
            for rows in (np.s_[edge - 6 : edge - 2], np.s_[edge + 4 : edge + 8])
        )
        assert np.abs(above - below).max() > 15


def test_an_image_as_the_room():
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, 50:] = (10, 200, 30)
    frame = clean(background=image).render()
    scene = clean(background=np.zeros((720, 1280, 3), np.uint8))
    assert scene.render([SimulatedPerson()]).any() and not scene.render().any()
    assert tuple(frame[300, 100]) == (0, 0, 0) and tuple(frame[300, 1200]) == (10, 200, 30)


def test_the_shirt_is_white_and_the_jeans_are_blue_in_rgb():
    scene = clean()
    figure = SimulatedPerson(0, 3)
    frame, people = scene.render([figure]), scene.truth([figure])
    x, y = point(people, "left_knee").astype(int)
    r, g, b = frame[y + 30, x]
    assert b > r + 20
    x, y = ((point(people, "left_hip") + point(people, "right_shoulder")) / 2).astype(int)
    assert frame[y, x].min() > 170


def test_the_same_seed_is_the_same_picture():
    first, second = Scene(), Scene()
    figures = [SimulatedPerson(0, 2.5)]
    assert (first.render(figures, 3) == second.render(figures, 3)).all()
    assert (first.render(figures, 3) != first.render(figures, 4)).mean() > 0.3


def test_noise_is_as_asked():
    for sigma in (2, 8):
        grain = clean(noise=sigma).render().astype(float) - 128
        assert grain.std() == pytest.approx(sigma, rel=0.05)
        assert abs(grain.mean()) < 0.05


def test_light():
    scene, dim = clean(), clean(light=0.5)
    figures = [SimulatedPerson(0, 2.5)]
    assert dim.render(figures).mean() == pytest.approx(scene.render(figures).mean() / 2, abs=0.6)
    assert clean(light=3).render().max() == 255


def test_blur_and_motion():
    figures = [SimulatedPerson(0, 2.5)]

    def edges(axis, **kwargs):
        frame = clean(**kwargs).render(figures).astype(float)
        return np.abs(np.diff(frame, axis=axis)).max()

    for axis in (0, 1):
        assert edges(axis, blur_px=4) < 0.4 * edges(axis)
    assert edges(1, motion_px=15) < 0.25 * edges(1)
    assert edges(0, motion_px=15) > 2 * edges(1, motion_px=15)


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: SimulatedCamera(0, 720), "0x720"),
        (lambda: SimulatedCamera(horizontal_fov_deg=170), "170, wanted 5 to 120"),
        (lambda: SimulatedCamera(tilt_deg=80), "80, wanted -45 to 45"),
        (lambda: SimulatedPerson(0, 0.1), "0.1, wanted at least 0.25"),
        (lambda: SimulatedPerson(0, math.nan), "finite"),
        (lambda: SimulatedPerson(stature_m=3), "3, wanted 0.5 to 2.5"),
        (lambda: SimulatedPerson(lean_deg=70), "70"),
        (lambda: Scene(light=-1), "light is -1"),
        (lambda: Scene(noise=100), "noise is 100"),
        (lambda: bystanders(9, SimulatedCamera()), "9 bystanders, wanted 0 to 4"),
        (lambda: Scene(background="beach"), "'beach', wanted one of wall"),
        (lambda: Scene(background=np.zeros((4, 4), np.uint8)), r"\(4, 4\)"),
        (
            lambda: Scene().render([SimulatedPerson(posture="sitting")]),
            "'sitting', wanted one of relaxed",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


@needs_holistic
def test_a_real_estimator_finds_the_points():
    from dwpose_ros.estimation.holistic import Holistic

    camera = SimulatedCamera(height_m=1.0)
    scene, figures = Scene(camera, "wall"), [SimulatedPerson(0, 3)]
    estimator = Holistic(video=False)
    try:
        found, true = estimator(scene.render(figures)), scene.truth(figures)
    finally:
        estimator.close()
    assert len(found) == 1
    height = true.boxes[0, 3] - true.boxes[0, 1]
    error = np.linalg.norm(found.xy[0] - true.xy[0], axis=1) / height
    assert np.median(error[BODY]) < 0.03
    assert (
        error[
            [
                INDEX[f"{s}_{p}"]
                for s in ("left", "right")
                for p in ("shoulder", "knee", "ankle", "wrist")
            ]
        ].max()
        < 0.05
    )
